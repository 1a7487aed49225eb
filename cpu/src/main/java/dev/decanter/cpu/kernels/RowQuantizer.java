package dev.decanter.cpu.kernels;

/** The arithmetic of {@link QuantizedRows} on a group of a row: vectors or plain loops. */
final class RowQuantizer {
    static final float ROUNDER = 0x1.8p23f;
    static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);

    /** Bytes that {@link #codes} may write past the last code. */
    static final int SURPLUS = 8;

    private RowQuantizer() {}

    /** Returns the bits of the greatest magnitude; of a NaN, if there is one. */
    static int greatest(boolean vectors, float[] x, int at, int n) {
        if (vectors) {
            return VectorRowQuantizer.greatest(x, at, n);
        }
        int most = 0;
        for (int i = at; i < at + n; i++) {
            most = Math.max(most, Float.floatToRawIntBits(Math.abs(x[i])));
        }
        return most;
    }

    /**
     * {@code codes[i] = round(x[i] * inverse)} for i from {@code at} on.
     *
     * @param n a multiple of 16
     * @param inverse such that no code is beyond ±127
     * @return the sum of the codes
     */
    static int codes(boolean vectors, float[] x, int at, int n, float inverse, byte[] codes) {
        if (vectors) {
            return VectorRowQuantizer.codes(x, at, n, inverse, codes);
        }
        int sum = 0;
        for (int i = at; i < at + n; i++) {
            int q = (int) Math.rint(x[i] * inverse);
            codes[i] = (byte) q;
            sum += q;
        }
        return sum;
    }
}
