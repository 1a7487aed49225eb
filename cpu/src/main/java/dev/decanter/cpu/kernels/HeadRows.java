package dev.decanter.cpu.kernels;

/** Rows of [B, heads, T, size], wherever they lie and in whatever precision; what attention reads keys and values from. */
public sealed interface HeadRows permits Strided, Paged, TurnedKeys {
    /**
     * Copies {@code n} rows of a head, row {@code first + i} to {@code target[i * step …]}.
     *
     * @param first a multiple of {@link Paged#ROWS}
     * @param n at most {@link Paged#ROWS}
     * @param size elements of a row
     * @param step at least {@code size}; what lies between rows is left as it is
     */
    void read(int batch, int head, int first, int n, int size, float[] target, int step);

    /**
     * Copies {@code n} rows of a head as columns: element c of row {@code first + i} to {@code target[c * Paged.ROWS + i]}.
     * The other columns of the {@link Paged#ROWS} are left as they are or get numbers of no meaning.
     *
     * @param first a multiple of {@link Paged#ROWS}
     * @param n at most {@link Paged#ROWS}
     * @param size elements of a row
     */
    void columns(int batch, int head, int first, int n, int size, float[] target);
}
