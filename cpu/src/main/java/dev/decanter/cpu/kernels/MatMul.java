package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** {@code y[b, M, N] = a[b, M, K] · b[b, K, N]} of two f32 tensors that are both only known at run time. */
public final class MatMul {
    private static final int STRIP = 128;
    /** Multiplications worth handing to another thread. */
    private static final long TASK = 1 << 16;

    private MatMul() {}

    /**
     * A batch of matrices; a transposed operand has its strides swapped, a broadcast one a batch stride of 0.
     *
     * @param data memory
     * @param offset byte offset of element (0, 0, 0)
     * @param batchStride elements from matrix to matrix
     * @param rowStride elements from row to row
     * @param colStride elements from column to column
     */
    public record Matrices(MemorySegment data, long offset, long batchStride, long rowStride, long colStride) {
        long at(long batch, long row, long col) {
            return offset + (batch * batchStride + row * rowStride + col * colStride) * Float.BYTES;
        }
    }

    /**
     * Multiplies {@code batches} pairs of matrices. For more than one batch dimension call once per outer index.
     *
     * @param a M rows, K columns
     * @param b K rows, N columns
     * @param y receives M rows, N columns; its column stride is 1
     */
    public static void apply(ThreadTeam team, int batches, int m, int n, int k, Matrices a, Matrices b, Matrices y) {
        if (y.colStride() != 1) {
            throw new IllegalArgumentException("result with column stride " + y.colStride() + ", not 1");
        }
        int panels = Math.ceilDiv(n, PANEL);
        long panelWork = Math.max(1, (long) m * PANEL * Math.max(1, k));
        int least = (int) Math.min(panels, Math.ceilDiv(TASK, panelWork));
        // every task lays out all of a once, so few large tasks a matrix, but enough to occupy the team
        int pieces = Math.ceilDiv(2 * team.size(), Math.max(1, batches));
        int each = Math.max(least, Math.ceilDiv(panels, pieces));
        int chunks = Math.ceilDiv(panels, each);
        team.run(Math.multiplyExact(batches, chunks), task -> {
            int first = task % chunks * each;
            multiply(task / chunks, m, n, k, a, b, y, first, Math.min(panels, first + each));
        });
    }

    private static void multiply(
            int batch, int m, int n, int k, Matrices a, Matrices b, Matrices y, int firstPanel, int endPanel) {
        Scratch scratch = Scratch.current();
        int tiles = Math.ceilDiv(m, ROWS);
        float[] left = scratch.floats(Scratch.B, (long) tiles * ROWS * k);
        float[] strip = scratch.floats(Scratch.STRIP, STRIP * PANEL);
        float[] sum = scratch.floats(Scratch.SUM, (long) tiles * ROWS * PANEL);
        for (int tile = 0; tile < tiles; tile++) {
            loadRows(a, batch, tile * ROWS, Math.min(ROWS, m - tile * ROWS), k, left, tile * ROWS * k);
        }
        for (int panel = firstPanel; panel < endPanel; panel++) {
            int col0 = panel * PANEL;
            int cols = Math.min(PANEL, n - col0);
            Arrays.fill(sum, 0, tiles * ROWS * PANEL, 0);
            for (int k0 = 0; k0 < k; k0 += STRIP) {
                int count = Math.min(STRIP, k - k0);
                loadPanel(b, batch, k0, count, col0, cols, strip);
                for (int tile = 0; tile < tiles; tile++) {
                    int live = Math.min(ROWS, m - tile * ROWS);
                    int at = (tile * k + k0) * ROWS;
                    Tiles.multiply(left, at, strip, 0, PANEL, count, live, sum, tile * ROWS * PANEL, PANEL);
                }
            }
            for (int row = 0; row < m; row++) {
                Mem.write(sum, row * PANEL, cols, y.data(), y.at(batch, row, col0));
            }
        }
    }

    private static void loadRows(Matrices a, int batch, int row0, int rows, int k, float[] dst, int at) {
        if (a.colStride() == 1) {
            Interleave.rows(a.data(), a.at(batch, row0, 0), a.rowStride(), rows, k, k, dst, at);
            return;
        }
        if (rows < ROWS) {
            Arrays.fill(dst, at, at + k * ROWS, 0);
        }
        for (int i = 0; i < k; i++) {
            if (a.rowStride() == 1) {
                Mem.read(a.data(), a.at(batch, row0, i), dst, at + i * ROWS, rows);
            } else {
                for (int r = 0; r < rows; r++) {
                    dst[at + i * ROWS + r] = a.data().get(Mem.F32, a.at(batch, row0 + r, i));
                }
            }
        }
    }

    /** Columns past the last are left as they are: what is computed from them is not written. */
    private static void loadPanel(Matrices b, int batch, int k0, int count, int col0, int cols, float[] strip) {
        if (b.colStride() == 1) {
            for (int i = 0; i < count; i++) {
                Mem.read(b.data(), b.at(batch, k0 + i, col0), strip, i * PANEL, cols);
            }
            return;
        }
        float[] line = Scratch.current().floats(Scratch.A, STRIP);
        for (int c = 0; c < cols; c++) {
            if (b.rowStride() == 1) {
                Mem.read(b.data(), b.at(batch, k0, col0 + c), line, 0, count);
            } else {
                for (int i = 0; i < count; i++) {
                    line[i] = b.data().get(Mem.F32, b.at(batch, k0 + i, col0 + c));
                }
            }
            for (int i = 0; i < count; i++) {
                strip[i * PANEL + c] = line[i];
            }
        }
    }
}
