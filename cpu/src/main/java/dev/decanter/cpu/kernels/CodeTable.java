package dev.decanter.cpu.kernels;

/**
 * The numbers that codes of four or eight bits stand for: a small float format, or a codebook. Immutable.
 *
 * @see WeightFormat#CODE4
 * @see WeightFormat#CODE8
 */
public final class CodeTable {
    private final float[] values;

    private CodeTable(float[] values) {
        this.values = values;
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
