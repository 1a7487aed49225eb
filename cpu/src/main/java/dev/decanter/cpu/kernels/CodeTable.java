package dev.decanter.cpu.kernels;

/**
 * The numbers that codes of four or eight bits stand for: a small float format, or a codebook. Immutable.
 *
 * @see WeightFormat#CODE4
 * @see WeightFormat#CODE8
 */
public final class CodeTable {
    private static final int MAGNITUDES = 128;
    private static final int MANTISSA_BITS = 3;
    private static final int BIAS = 7;

    private final float[] values;
    private final boolean e4m3;

    private CodeTable(float[] values) {
        this.values = values;
        e4m3 = isE4m3(values);
    }

    private static boolean isE4m3(float[] values) {
        boolean equal = values.length == 2 * MAGNITUDES;
        for (int code = 0; equal && code < MAGNITUDES - 1; code++) {
            int mantissa = code & ((1 << MANTISSA_BITS) - 1);
            int exponent = code >> MANTISSA_BITS;
            int whole = exponent == 0 ? mantissa : mantissa + (1 << MANTISSA_BITS);
            float number = Math.scalb((float) whole, Math.max(1, exponent) - BIAS - MANTISSA_BITS);
            equal = same(values[code], number) && same(values[code + MAGNITUDES], -number);
        }
        return equal;
    }

    private static boolean same(float a, float b) {
        return Float.floatToRawIntBits(a) == Float.floatToRawIntBits(b);
    }

    /**
     * Makes a table.
     *
     * @param format CODE4 or CODE8, which says how many codes there are: 16 or 256
     * @param values number of each code from 0 on; codes past the last stand for 0, numbers past the last code are left out
     * @throws IllegalArgumentException for another format
     */
    public static CodeTable of(WeightFormat format, float... values) {
        if (!format.coded()) {
            throw new IllegalArgumentException(format + " has no codes");
        }
        float[] all = new float[1 << format.bits()];
        System.arraycopy(values, 0, all, 0, Math.min(all.length, values.length));
        return new CodeTable(all);
    }

    /** Whether all codes but {@code 0x7f} and {@code 0xff} stand for what they are in the 8-bit floats of OCP's E4M3. */
    boolean e4m3() {
        return e4m3;
    }

    /** The number of a code. */
    float at(int code) {
        return values[code];
    }

    /** All numbers, not to be changed. */
    float[] values() {
        return values;
    }

    /** Puts numbers in the place of codes. */
    void replace(float[] codes, int n) {
        for (int i = 0; i < n; i++) {
            codes[i] = values[(int) codes[i]];
        }
    }
}
