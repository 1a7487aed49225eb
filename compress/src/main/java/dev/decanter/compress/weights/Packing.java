package dev.decanter.compress.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Codes as the bytes of a constant: one a byte, or two a byte with the first in the low half. */
final class Packing {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Packing() {}

    /**
     * Writes the codes {@code from} (included) to {@code to} (excluded) of an array to {@code target}. With 4 bits
     * {@code from} is even; an odd last code leaves the high half 0.
     */
    static void pack(byte[] codes, int from, int to, int bits, MemorySegment target, long offset) {
        if (bits == 8) {
            MemorySegment.copy(codes, from, target, ValueLayout.JAVA_BYTE, offset, to - from);
            return;
        }
        int bytes = (to - from) / 2;
        byte[] packed = new byte[bytes];
        int i = 0;
        for (; i + 4 <= bytes; i += 4) {
            INT.set(packed, i, nibbles((long) LONG.get(codes, from + 2 * i)));
        }
        for (; i < bytes; i++) {
            packed[i] = (byte) ((codes[from + 2 * i] & 15) | (codes[from + 2 * i + 1] << 4));
        }
        MemorySegment.copy(packed, 0, target, ValueLayout.JAVA_BYTE, offset, bytes);
        if ((to - from) % 2 != 0) {
            target.set(ValueLayout.JAVA_BYTE, offset + bytes, (byte) (codes[to - 1] & 15));
        }
    }

    /** The low halves of eight bytes, pushed together in three steps. */
    private static int nibbles(long codes) {
        long x = codes & 0x0F0F_0F0F_0F0F_0F0FL;
        x = (x | (x >>> 4)) & 0x00FF_00FF_00FF_00FFL;
        x = (x | (x >>> 8)) & 0x0000_FFFF_0000_FFFFL;
        return (int) (x | (x >>> 16));
    }
}
