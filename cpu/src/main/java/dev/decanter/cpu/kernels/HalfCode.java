package dev.decanter.cpu.kernels;

/**
 * A second 16-bit code for f16 numbers below 128: sign, 5 bits of exponent and 10 of mantissa as before, but exponents
 * count from 2^-24, so that subnormals become normal and only zero keeps exponent 0. Nothing is lost, and three integer
 * operations turn a code into a float that is 2^-102 times the number: {@code code << 16 >> 3 & 0x8fffffff}. With the
 * usual code, subnormals (one weight in 400 of a typical model) would cost masks in the loop, or trips into microcode.
 */
final class HalfCode {
    /** What the decoded float must be multiplied by. */
    static final float SCALE = 0x1p102f;

    /** Smallest magnitude, as f16 bits, that has no code: 128. */
    private static final int TOO_LARGE = 0x5800;

    private static final int SIGN = 0x8000;
    private static final int MAGNITUDE = 0x7fff;
    private static final int HIDDEN_BIT = 0x400;
    private static final int MANTISSA_BITS = 10;
    private static final int SHIFT = 10 << MANTISSA_BITS;

    private HalfCode() {}

    /** Returns whether an f16 has a code; infinities, NaN and numbers from 128 have none. */
    static boolean exists(short half) {
        return (half & MAGNITUDE) < TOO_LARGE;
    }

    /** Returns the code of an f16 that has one. */
    static short encode(short half) {
        int magnitude = half & MAGNITUDE;
        if (magnitude >= HIDDEN_BIT) {
            return (short) (half + SHIFT);
        }
        if (magnitude == 0) {
            return half;
        }
        int top = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(magnitude);
        int mantissa = (magnitude << (MANTISSA_BITS - top)) & (HIDDEN_BIT - 1);
        return (short) ((half & SIGN) | ((top + 1) << MANTISSA_BITS) | mantissa);
    }

    /** Returns the number of a code. */
    static float decode(short code) {
        return Float.intBitsToFloat(((code << 16) >> 3) & 0x8fffffff) * SCALE;
    }
}
