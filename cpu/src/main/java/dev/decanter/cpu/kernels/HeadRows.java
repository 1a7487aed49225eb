package dev.decanter.cpu.kernels;

/** Rows of [B, heads, T, size], wherever they lie; what attention reads keys and values from. */
public sealed interface HeadRows permits Strided, Paged {
    /**
     * Copies {@code n} rows of a head, row {@code first + i} to {@code target[i * step …]}.
     *
     * @param first a multiple of {@link Paged#ROWS}
     * @param n at most {@link Paged#ROWS}
     * @param size elements of a row
     * @param step at least {@code size}; what lies between rows is left as it is
     */
    void read(int batch, int head, int first, int n, int size, float[] target, int step);
}
