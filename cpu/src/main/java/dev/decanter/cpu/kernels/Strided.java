package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * A tensor of rows addressed by batch, head and row, with unit steps inside a row. It describes [B, H, S, D] and
 * [B, S, H, D] alike, so that a transposition between the two need not be carried out. A stride of 0 broadcasts.
 *
 * @param data memory
 * @param offset byte offset of element (0, 0, 0, 0)
 * @param batchStride elements from batch to batch
 * @param headStride elements from head to head
 * @param rowStride elements from row (token) to row
 */
public record Strided(MemorySegment data, long offset, long batchStride, long headStride, long rowStride)
        implements HeadRows {
    private static final Strided NONE = new Strided(MemorySegment.NULL, 0, 0, 0, 0);

    /** Returns what stands for a tensor that is not there. */
    public static Strided none() {
        return NONE;
    }

    /** Returns whether this stands for a tensor that is not there. */
    public boolean absent() {
        return data.byteSize() == 0;
    }

    /**
     * A contiguous [B, heads, rows, size].
     *
     * @param rows rows of a head that the memory has room for (a cache's capacity may exceed the rows in use)
     */
    public static Strided headMajor(MemorySegment data, long offset, long heads, long rows, long size) {
        return new Strided(data, offset, heads * rows * size, rows * size, size);
    }

    /** A contiguous [B, rows, heads, size]. */
    public static Strided rowMajor(MemorySegment data, long offset, long rows, long heads, long size) {
        return new Strided(data, offset, rows * heads * size, size, heads * size);
    }

    /** Returns the byte offset of the first element of a row. */
    long at(long batch, long head, long row) {
        return offset + (batch * batchStride + head * headStride + row * rowStride) * Float.BYTES;
    }

    /** Copies a row of {@code n} elements to the beginning of {@code target}. */
    public void row(int batch, int head, int row, float[] target, int n) {
        Mem.read(data, at(batch, head, row), target, 0, n);
    }

    /** Sets a row to {@code n} elements of {@code source} from {@code from} on. */
    public void row(float[] source, int from, int n, int batch, int head, int row) {
        Mem.write(source, from, n, data, at(batch, head, row));
    }

    @Override
    public void read(int batch, int head, int first, int n, int size, float[] target, int step) {
        for (int i = 0; i < n; i++) {
            Mem.read(data, at(batch, head, first + i), target, i * step, size);
        }
    }

    @Override
    public void columns(int batch, int head, int first, int n, int size, float[] target) {
        float[] rows = Scratch.current().floats(Scratch.INNER, n * size);
        read(batch, head, first, n, size, rows, size);
        PageLayout.turn(rows, size, n, size, target, 0, Paged.ROWS);
    }
}
