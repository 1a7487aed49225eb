package dev.decanter.cpu.kernels;

/**
 * The numbers by which every implementation of {@code e^x} works, so that all give the same bits: x, cut to {@link #EXP_MIN} …
 * {@link #EXP_MAX}, is n ln 2 + r; a polynomial in r (Cephes) is multiplied by 2^n in two steps.
 */
public final class Exponential {
    /** 1 / ln 2. */
    public static final float LOG2_E = 1.442695f;

    // ln 2 in two parts; the upper has 9 trailing zero bits, so its product with an exponent is exact
    /** The upper part of ln 2. */
    public static final float LN2_HIGH = 0x1.63p-1f;
    /** The rest of ln 2. */
    public static final float LN2_LOW = -0.00021219444f;

    /** Adding 1.5 · 2^23 rounds to an integer that then lies in the low bits. */
    public static final float ROUNDER = 12582912f;

    /** The bits of {@link #ROUNDER}. */
    public static final int ROUNDER_BITS = 0x4b400000;

    /** What is added to an exponent in a float. */
    public static final int EXPONENT_BIAS = 127;

    /** Bits of a float right of its exponent. */
    public static final int MANTISSA_BITS = 23;

    /** Coefficients of the polynomial: of r^7 and less. */
    public static final float P6 = 0.00019875691f;

    /** Of r^6. */
    public static final float P5 = 0.0013981999f;

    /** Of r^5. */
    public static final float P4 = 0.008333452f;

    /** Of r^4. */
    public static final float P3 = 0.041665796f;

    /** Of r^3. */
    public static final float P2 = 0.16666666f;

    /** Of r^2; those of r and 1 are 1. */
    public static final float P1 = 0.5f;

    /** Greater numbers have the infinite exponential of this one. */
    public static final float EXP_MAX = 89f;

    /** The least number whose exponential is in the normal range. */
    public static final float EXP_MIN = -87.33654f;

    private Exponential() {}
}
