package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

/** Plain-loop twins of {@link VectorTiles}: for JVMs without vectors, and the oracle of their tests. */
final class ScalarTiles {
    private ScalarTiles() {}

    /** See {@link Tiles#gemv}. */
    static void gemv(float[] strip, int n, float[] x, int xAt, float[] sum, int to) {
        for (int k = 0; k < n; k++) {
            float v = x[xAt + k];
            for (int r = 0; r < PANEL; r++) {
                sum[to + r] += v * strip[k * PANEL + r];
            }
        }
    }

    /** See {@link Tiles#multiply}. */
    static void multiply(
            float[] a,
            int aAt,
            int aStep,
            float[] b,
            int bAt,
            int bStep,
            int n,
            int rows,
            float[] c,
            int cAt,
            int cStep) {
        for (int m = 0; m < rows; m++) {
            for (int k = 0; k < n; k++) {
                float v = a[aAt + k * aStep + m];
                for (int j = 0; j < PANEL; j++) {
                    c[cAt + m * cStep + j] += v * b[bAt + k * bStep + j];
                }
            }
        }
    }

    /** See {@link Tiles#rescale}. */
    static void rescale(float[] d, int at, int n, float[] scale, float[] zero) {
        for (int k = 0; k < n; k++) {
            for (int r = 0; r < PANEL; r++) {
                int i = at + k * PANEL + r;
                d[i] = (d[i] - zero[r]) * scale[r];
            }
        }
    }
}
