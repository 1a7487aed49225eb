package dev.decanter.cpu.kernels;

/**
 * Inner loops of attention with few queries, straight from the pages of a cache. Implementations are safe for several threads, and
 * give the same bits whenever they are given the same numbers.
 */
public interface AttentionKernels {
    /** Rows of a call. */
    int ROWS = Tiles.ROWS;

    /**
     * Returns whether these pages can be read.
     *
     * @param keys pages of keys
     * @param values pages of values
     */
    boolean reads(PageLayout keys, PageLayout values);

    /**
     * Products of queries and keys.
     *
     * @param page first page
     * @param pages number of pages
     * @param queries number c of row r at {@code at + c * ROWS + r}; rows past {@code rows} must be 0
     * @param rows 1 to {@link #ROWS}
     * @param scores receives the product of row r and key i at {@code r * 64 * pages + i}; those past the last key that was
     *     stored have no meaning
     */
    void scores(
            Paged keys, int batch, int head, int page, int pages, float[] queries, int at, int rows, float[] scores);

    /**
     * Sums of values by weights.
     *
     * @param page first page
     * @param count number of keys, from the first of that page on
     * @param weights weight of row r and key i at {@code r * step + i}
     * @param rows 1 to {@link #ROWS}
     * @param sums number c of row r, at {@code at + r * width + c}, grows by the sum
     */
    void weigh(
            Paged values,
            int batch,
            int head,
            int page,
            int count,
            float[] weights,
            int step,
            int rows,
            float[] sums,
            int at,
            int width);
}
