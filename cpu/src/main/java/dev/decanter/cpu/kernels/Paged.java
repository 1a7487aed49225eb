package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Rows of [B, heads, T, size] in pages of {@link #ROWS} positions: page p of batch b holds positions {@code p * ROWS} on, as its
 * {@link PageLayout} says. Batches may share pages.
 */
public final class Paged implements HeadRows {
    /** Positions of a page. */
    public static final int ROWS = 64;

    private final PageLayout layout;
    private final MemorySegment[] pages;
    private final int perBatch;
    private MemorySegment table = MemorySegment.NULL;

    /**
     * Takes the array over.
     *
     * @param layout how each page lies
     * @param pages the pages of batch 0, then those of batch 1 …
     * @param perBatch pages of each batch
     */
    public Paged(PageLayout layout, MemorySegment[] pages, int perBatch) {
        this.layout = layout;
        this.pages = pages;
        this.perBatch = perBatch;
    }

    /** Returns how each page lies. */
    public PageLayout layout() {
        return layout;
    }

    /** Returns page {@code page} of a batch. */
    public MemorySegment page(int batch, int page) {
        return pages[batch * perBatch + page];
    }

    /**
     * Returns the addresses of all pages, 8 bytes each, those of batch b from {@code b * perBatch} on; made once. Not for several
     * threads at a time.
     *
     * @throws IllegalArgumentException if a page is no native memory or too small for the layout
     */
    public MemorySegment table() {
        if (table.byteSize() == 0) {
            long[] addresses = new long[pages.length];
            for (int i = 0; i < pages.length; i++) {
                if (!pages[i].isNative() || pages[i].byteSize() < layout.bytes()) {
                    throw new IllegalArgumentException("a page of " + pages[i].byteSize() + " bytes for " + layout);
                }
                addresses[i] = pages[i].address();
            }
            MemorySegment made = Arena.ofAuto().allocate(Math.max(1, pages.length) * (long) Long.BYTES, Long.BYTES);
            MemorySegment.copy(addresses, 0, made, ValueLayout.JAVA_LONG, 0, addresses.length);
            table = made;
        }
        return table;
    }

    /** Returns the pages of each batch. */
    public int perBatch() {
        return perBatch;
    }

    @Override
    public void read(int batch, int head, int first, int n, int size, float[] target, int step) {
        layout.rows(pages[batch * perBatch + first / ROWS], head, n, target, step);
    }

    @Override
    public void columns(int batch, int head, int first, int n, int size, float[] target) {
        layout.columns(pages[batch * perBatch + first / ROWS], head, n, target);
    }

    /**
     * Copies rows to memory, as f32.
     *
     * @param first a multiple of {@link #ROWS}
     * @param n at most {@link #ROWS}
     * @param offset byte offset of the first row in {@code target}; the others follow
     */
    public void copy(int batch, int head, int first, int n, MemorySegment target, long offset) {
        int size = layout.size();
        float[] rows = Scratch.current().floats(Scratch.A, n * size);
        read(batch, head, first, n, size, rows, size);
        Mem.write(rows, 0, n * size, target, offset);
    }
}
