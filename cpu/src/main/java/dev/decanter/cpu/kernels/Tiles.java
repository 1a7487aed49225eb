package dev.decanter.cpu.kernels;

/** The multiplying inner loops on heap buffers: vectors where they can be used, else plain loops. */
final class Tiles {
    /** Rows of the first operand that lie interleaved: element (m, k) of a tile at {@code k * ROWS + m}. */
    static final int ROWS = 8;

    private Tiles() {}

    /**
     * Adds {@code n} inputs of a strip times activations to the sums of one panel: {@code sum[to + r] += Σ_k x[xAt + k] ·
     * strip[k * PANEL + r]}.
     *
     * @param n number of inputs, a multiple of {@link PackedWeights#K_STEP}
     */
    static void gemv(float[] strip, int n, float[] x, int xAt, float[] sum, int to) {
        if (VectorSupport.ENABLED) {
            VectorTiles.gemv(strip, n, x, xAt, sum, to);
        } else {
            ScalarTiles.gemv(strip, n, x, xAt, sum, to);
        }
    }

    /**
     * {@code c[m, j] += Σ_k a[k, m] · b[k, j]} for a tile of at most {@link #ROWS} rows and {@link PackedWeights#PANEL}
     * columns. Rows past {@code rows} up to the next multiple of 4 are computed too, so {@code a} and {@code c} must
     * have them.
     *
     * @param a interleaved rows, element (m, k) at {@code aAt + k * ROWS + m}
     * @param b element (k, j) at {@code bAt + k * bStep + j}
     * @param c element (m, j) at {@code cAt + m * cStep + j}
     */
    static void multiply(
            float[] a, int aAt, float[] b, int bAt, int bStep, int n, int rows, float[] c, int cAt, int cStep) {
        multiply(a, aAt, ROWS, b, bAt, bStep, n, rows, c, cAt, cStep);
    }

    /** As the other, with element (m, k) of the first operand at {@code aAt + k * aStep + m}. */
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
        if (VectorSupport.ENABLED) {
            VectorTiles.multiply(a, aAt, aStep, b, bAt, bStep, n, rows, c, cAt, cStep);
        } else {
            ScalarTiles.multiply(a, aAt, aStep, b, bAt, bStep, n, rows, c, cAt, cStep);
        }
    }

    /** {@code d[at + k * PANEL + r] = (d[…] - zero[r]) * scale[r]} for {@code n} inputs. */
    static void rescale(float[] d, int at, int n, float[] scale, float[] zero) {
        if (VectorSupport.ENABLED) {
            VectorTiles.rescale(d, at, n, scale, zero);
        } else {
            ScalarTiles.rescale(d, at, n, scale, zero);
        }
    }
}
