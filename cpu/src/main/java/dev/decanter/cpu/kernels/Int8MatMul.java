package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@code y[b, M, N] = (a[b, M, K] − zeroA) · (b[b, K, N] − zeroB) · factor} of two tensors of codes that are both only
 * known at run time, summed in integers.
 */
public final class Int8MatMul {
    private static final long TASK = 1 << 16;

    private Int8MatMul() {}

    /**
     * A batch of matrices of codes.
     *
     * @param data memory
     * @param offset byte of element (0, 0, 0)
     * @param batchStride bytes from matrix to matrix, 0 if all are the same
     * @param rowStride bytes from row to row
     * @param colStride bytes from column to column
     * @param last greatest code
     * @param zero code that stands for 0
     */
    public record Matrices(
            MemorySegment data, long offset, long batchStride, long rowStride, long colStride, int last, int zero) {
        private long at(long batch, long row, long col) {
            return offset + batch * batchStride + row * rowStride + col * colStride;
        }
    }

    /**
     * Multiplies {@code batches} pairs of matrices.
     *
     * @param a M rows, K columns
     * @param b K rows, N columns
     * @param y receives f32 [batches, M, N], contiguous
     */
    public static void apply(
            ThreadTeam team,
            int batches,
            int m,
            int n,
            int k,
            Matrices a,
            Matrices b,
            float factor,
            MemorySegment y,
            long yOffset) {
        int panels = Math.ceilDiv(n, PANEL);
        long panelWork = Math.max(1, (long) m * PANEL * Math.max(1, k));
        int least = (int) Math.min(panels, Math.ceilDiv(TASK, panelWork));
        // as in MatMul: each task lays out all of a
        int pieces = Math.ceilDiv(2 * team.size(), Math.max(1, batches));
        int each = Math.max(least, Math.ceilDiv(panels, pieces));
        int chunks = Math.ceilDiv(panels, each);
        float[] factors = new float[PANEL];
        float[] zeros = new float[PANEL];
        Arrays.fill(factors, factor);
        team.run(Math.multiplyExact(batches, chunks), task -> {
            int batch = task / chunks;
            int first = task % chunks * each;
            int tiles = Math.ceilDiv(m, ROWS);
            float[] left = Scratch.current().floats(Scratch.B, (long) tiles * ROWS * k);
            for (int tile = 0; tile < tiles; tile++) {
                int live = Math.min(ROWS, m - tile * ROWS);
                long at = a.at(batch, (long) tile * ROWS, 0);
                Int8Linear.interleave(a.data, at, a.rowStride, a.colStride, live, k, k, a.zero, left, tile * ROWS * k);
            }
            long most = (long) Codes.most(a.last, a.zero) * Codes.most(b.last, b.zero);
            for (int panel = first; panel < Math.min(panels, first + each); panel++) {
                int col0 = panel * PANEL;
                int cols = Math.min(PANEL, n - col0);
                float[] out = Int8Panel.multiply(
                        left,
                        m,
                        k,
                        k,
                        most,
                        (k0, count, strip) -> load(b, batch, k0, count, col0, cols, strip),
                        factors,
                        zeros,
                        0,
                        cols);
                for (int row = 0; row < m; row++) {
                    long to = yOffset + (((long) batch * m + row) * n + col0) * Float.BYTES;
                    Mem.write(out, row * PANEL, cols, y, to);
                }
            }
        });
    }

    /** Columns past the last keep what they had, some float: what comes of them is not read. */
    private static void load(Matrices b, int batch, int k0, int count, int col0, int cols, float[] strip) {
        if (b.colStride == 1) {
            for (int i = 0; i < count; i++) {
                Codes.read(b.data, b.at(batch, k0 + i, col0), 1, cols, b.zero, strip, i * PANEL, 1);
            }
        } else {
            for (int c = 0; c < cols; c++) {
                Codes.read(b.data, b.at(batch, k0, col0 + c), b.rowStride, count, b.zero, strip, c, PANEL);
            }
        }
    }
}
