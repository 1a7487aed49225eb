package dev.decanter.cpu.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Element layouts of tensors in memory: little-endian and readable at any byte offset, because a constant lies wherever
 * its file put it.
 */
final class Mem {
    static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
    static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
    static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private Mem() {}

    /** Copies {@code n} floats from byte {@code offset} of {@code s} to {@code dst[at..]}. */
    static void read(MemorySegment s, long offset, float[] dst, int at, int n) {
        MemorySegment.copy(s, F32, offset, dst, at, n);
    }

    /** Copies {@code src[at..at+n)} to byte {@code offset} of {@code s}. */
    static void write(float[] src, int at, int n, MemorySegment s, long offset) {
        MemorySegment.copy(src, at, s, F32, offset, n);
    }
}
