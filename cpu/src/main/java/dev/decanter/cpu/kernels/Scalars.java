package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Conversions of single numbers between storage formats and float, exact or rounded to nearest even. */
final class Scalars {
    private static final int BF16_HALF = 0x7fff;
    private static final int QUIET = 0x0040;
    private static final int ABS = 0x7fffffff;
    private static final int INFINITY = 0x7f800000;

    private Scalars() {}

    /** Widens the 16 bits of a bfloat16; exact for every pattern. */
    static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Rounds to bfloat16, to nearest even; a NaN stays a NaN of the same sign. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int upper = bits >>> 16;
        if ((bits & ABS) > INFINITY) {
            return (short) (upper | QUIET);
        }
        return (short) ((bits + BF16_HALF + (upper & 1)) >>> 16);
    }

    /** Reads element {@code index} of a packed tensor, as the number it stores (no scale applied), or its code. */
    static float read(MemorySegment s, long offset, WeightFormat format, long index) {
        return switch (format) {
            case F32 -> s.get(Mem.F32, offset + 4 * index);
            case F16 -> Float.float16ToFloat(s.get(Mem.I16, offset + 2 * index));
            case BF16 -> fromBf16(s.get(Mem.I16, offset + 2 * index));
            case U8, CODE8 -> s.get(Mem.I8, offset + index) & 0xff;
            case I8 -> s.get(Mem.I8, offset + index);
            case U4, CODE4 -> nibble(s, offset, index);
            case I4 -> (nibble(s, offset, index) ^ 8) - 8;
        };
    }

    /** Returns the unsigned half byte {@code index}, the first of two in the low nibble. */
    static int nibble(MemorySegment s, long offset, long index) {
        return s.get(Mem.I8, offset + (index >> 1)) >>> ((index & 1) << 2) & 15;
    }
}
