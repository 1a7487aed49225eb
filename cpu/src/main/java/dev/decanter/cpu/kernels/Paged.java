package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Rows of [B, heads, T, size] in pages of {@link #ROWS} positions: page p of batch b is f32 [heads, ROWS, size] and holds
 * positions {@code p * ROWS} on. Batches may share pages.
 */
public final class Paged implements HeadRows {
    /** Positions of a page. */
    public static final int ROWS = 64;

    private final MemorySegment[] pages;
    private final int perBatch;

    /**
     * Takes the array over.
     *
     * @param pages the pages of batch 0, then those of batch 1 …
     * @param perBatch pages of each batch
     */
    public Paged(MemorySegment[] pages, int perBatch) {
        this.pages = pages;
        this.perBatch = perBatch;
    }

    @Override
    public void read(int batch, int head, int first, int n, int size, float[] target, int step) {
        MemorySegment page = pages[batch * perBatch + first / ROWS];
        long from = (long) head * ROWS * size * Float.BYTES;
        if (step == size) {
            Mem.read(page, from, target, 0, n * size);
            return;
        }
        for (int i = 0; i < n; i++) {
            Mem.read(page, from + (long) i * size * Float.BYTES, target, i * step, size);
        }
    }
}
