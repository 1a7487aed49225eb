package dev.decanter.compress.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Codes as the bytes of a constant: one a byte, or two a byte with the first in the low half. */
final class Packing {
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
        for (int i = 0; i < bytes; i++) {
            packed[i] = (byte) ((codes[from + 2 * i] & 15) | (codes[from + 2 * i + 1] << 4));
        }
        MemorySegment.copy(packed, 0, target, ValueLayout.JAVA_BYTE, offset, bytes);
        if ((to - from) % 2 != 0) {
            target.set(ValueLayout.JAVA_BYTE, offset + bytes, (byte) (codes[to - 1] & 15));
        }
    }
}
