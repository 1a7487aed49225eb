package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * {@code y[M, N] = x[M, K] · W[N, K]ᵀ + bias} with a packed constant weight. One row streams the weight once, at the
 * speed of memory; more rows decode a strip of weights once for up to {@value #TOKENS} rows and run register tiles.
 */
public final class Linear {
    /** Rows that share one decoding of the weights; their interleaved activations stay in the second-level cache. */
    static final int TOKENS = 512;

    /** Inputs decoded at once: a strip of 16 KiB leaves room in the first-level cache for activations. */
    static final int STRIP = 128;

    /** Weight bytes worth handing to another thread. */
    private static final long TASK_BYTES = 32 << 10;

    /** Panels that a task of machine code takes together: a strip's activations come from far away once for all of them. */
    private static final int TOGETHER = 4;

    private static final int TASKS_PER_THREAD = 4;

    /** Rows from which on tiles of {@link StripKernels} pay. */
    private static final int LEAST_ROWS = 5;

    /** Panels that take turns when there is one row: of each some memory is on its way meanwhile. */
    private static final int TURN = 4;

    private Linear() {}

    /**
     * Multiplies.
     *
     * @param x activations f32; row m begins at byte {@code xOffset + 4 * m * xStride}
     * @param rows M, 0 or more
     * @param xStride elements from row to row
     * @param y receives f32; must not overlap x
     * @param yStride elements from row to row, at least N
     */
    public static void apply(
            ThreadTeam team,
            PackedWeights w,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        apply(team, Optional.empty(), w, x, xOffset, xStride, rows, y, yOffset, yStride);
    }

    /**
     * As the other, with inner loops of another making for many rows, which give the same bits.
     *
     * @param kernels the loops, if there are any
     */
    public static void apply(
            ThreadTeam team,
            Optional<StripKernels> kernels,
            PackedWeights w,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        if (rows == 1) {
            one(team, kernels, w, x, xOffset, y, yOffset);
            return;
        }
        for (int m = 0; m < rows; m += TOKENS) {
            long xAt = xOffset + m * xStride * Float.BYTES;
            long yAt = yOffset + m * yStride * Float.BYTES;
            int count = Math.min(TOKENS, rows - m);
            if (kernels.isPresent() && count >= LEAST_ROWS) {
                tiles(team, kernels.get(), w, x, xAt, xStride, count, y, yAt, yStride);
            } else {
                many(team, w, x, xAt, xStride, count, y, yAt, yStride);
            }
        }
    }

    private static void one(
            ThreadTeam team,
            Optional<StripKernels> kernels,
            PackedWeights w,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset) {
        int padded = w.paddedInputs();
        float[] in = Scratch.current().floats(Scratch.SHARED, padded);
        Mem.read(x, xOffset, in, 0, w.inputs());
        Arrays.fill(in, w.inputs(), padded, 0);
        float after = rescale(in, w.inputs(), Strips.scale(w));
        int panels = w.panels();
        int atOnce = (int) Math.min(panels, Math.ceilDiv(TASK_BYTES, w.panelBytes()));
        if (kernels.isPresent() && VectorSupport.ENABLED && kernels.get().reads(w)) {
            MemorySegment row = Scratch.current().memory(Scratch.ROWS_OF_CALL, (long) padded * Float.BYTES);
            Mem.write(in, 0, padded, row, 0);
            team.run(Math.ceilDiv(panels, atOnce), task -> {
                int panel = task * atOnce;
                onePanels(kernels.get(), w, panel, Math.min(atOnce, panels - panel), row, after, y, yOffset);
            });
            return;
        }
        int turn = Math.clamp(panels / ((long) TASKS_PER_THREAD * team.size()), 1, TURN);
        int each = (int) Math.min(panels, Math.ceilDiv(TASK_BYTES, turn * w.panelBytes()) * turn);
        team.run(Math.ceilDiv(panels, each), task -> {
            int end = Math.min(panels, (task + 1) * each);
            for (int panel = task * each; panel < end; panel += turn) {
                fewPanels(w, panel, Math.min(turn, end - panel), in, after, y, yOffset);
            }
        });
    }

    /**
     * Multiplies activations by the scale that the weights lack, a power of two, and returns what the result is then to
     * be multiplied by: 1, or, when activations are so great that they would overflow, the part of the scale held back.
     */
    private static float rescale(float[] x, int n, float scale) {
        if (scale == 1) {
            return 1;
        }
        float most = 0;
        for (int i = 0; i < n; i++) {
            most = Math.max(most, Math.abs(x[i]));
        }
        float root = (float) Math.sqrt(scale);
        float now = most < Float.MAX_VALUE / scale ? scale : most < Float.MAX_VALUE / root ? root : 1;
        Rows.scale(x, 0, n, now);
        return scale / now;
    }

    private static void fewPanels(
            PackedWeights w, int panel, int panels, float[] in, float after, MemorySegment y, long yOffset) {
        float[] sum = Scratch.current().floats(Scratch.SUM, panels * PANEL);
        Arrays.fill(sum, 0, panels * PANEL, 0);
        int padded = w.paddedInputs();
        int visit = Strips.visit(w);
        for (int k = 0; k < padded; k += visit) {
            int n = Math.min(visit, padded - k);
            for (int i = 0; i < panels; i++) {
                Strips.multiply(w, panel + i, k, n, in, sum, i * PANEL);
            }
        }
        int row0 = panel * PANEL;
        int count = Math.min(panels * PANEL, w.outputs() - row0);
        if (after != 1) {
            Rows.scale(sum, 0, count, after);
        }
        addBias(w, row0, count, sum, 0);
        Mem.write(sum, 0, count, y, yOffset + (long) row0 * Float.BYTES);
    }

    private static void onePanels(
            StripKernels kernels,
            PackedWeights w,
            int panel,
            int panels,
            MemorySegment in,
            float after,
            MemorySegment y,
            long yOffset) {
        Scratch scratch = Scratch.current();
        int width = panels * PANEL;
        MemorySegment out = scratch.memory(Scratch.SUMS_OF_TASK, (long) width * Float.BYTES);
        kernels.multiplyRow(w, panel, panels, in, out);
        int row0 = panel * PANEL;
        int count = Math.min(width, w.outputs() - row0);
        float[] sum = scratch.floats(Scratch.SUM, width);
        Mem.read(out, 0, sum, 0, count);
        if (after != 1) {
            Rows.scale(sum, 0, count, after);
        }
        addBias(w, row0, count, sum, 0);
        Mem.write(sum, 0, count, y, yOffset + (long) row0 * Float.BYTES);
    }

    private static void many(
            ThreadTeam team,
            PackedWeights w,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        int padded = w.paddedInputs();
        int tiles = Math.ceilDiv(rows, ROWS);
        float[] in = Scratch.current().floats(Scratch.SHARED, (long) tiles * ROWS * padded);
        team.run(tiles, tile -> {
            int row0 = tile * ROWS;
            long at = xOffset + row0 * xStride * Float.BYTES;
            Interleave.rows(x, at, xStride, Math.min(ROWS, rows - row0), w.inputs(), padded, in, row0 * padded);
        });
        int panels = w.panels();
        long work = Math.multiplyExact(w.panelBytes(), (long) tiles);
        int each = (int) Math.min(panels, Math.ceilDiv(TASK_BYTES, work));
        team.run(Math.ceilDiv(panels, each), task -> {
            int end = Math.min(panels, (task + 1) * each);
            for (int panel = task * each; panel < end; panel++) {
                manyPanel(w, panel, in, rows, y, yOffset, yStride);
            }
        });
    }

    private static void manyPanel(
            PackedWeights w, int panel, float[] in, int rows, MemorySegment y, long yOffset, long yStride) {
        Scratch scratch = Scratch.current();
        int padded = w.paddedInputs();
        int tiles = Math.ceilDiv(rows, ROWS);
        float[] strip = scratch.floats(Scratch.STRIP, STRIP * PANEL);
        float[] sum = scratch.floats(Scratch.SUM, tiles * ROWS * PANEL);
        Arrays.fill(sum, 0, tiles * ROWS * PANEL, 0);
        for (int k = 0; k < padded; k += STRIP) {
            int n = Math.min(STRIP, padded - k);
            Strips.decode(w, panel, k, n, strip);
            for (int tile = 0; tile < tiles; tile++) {
                int a = (tile * padded + k) * ROWS;
                int live = Math.min(ROWS, rows - tile * ROWS);
                Tiles.multiply(in, a, strip, 0, PANEL, n, live, sum, tile * ROWS * PANEL, PANEL);
            }
        }
        int row0 = panel * PANEL;
        int count = Math.min(PANEL, w.outputs() - row0);
        for (int m = 0; m < rows; m++) {
            addBias(w, row0, count, sum, m * PANEL);
            Mem.write(sum, m * PANEL, count, y, yOffset + (m * yStride + row0) * Float.BYTES);
        }
    }

    private static void tiles(
            ThreadTeam team,
            StripKernels kernels,
            PackedWeights w,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        int padded = w.paddedInputs();
        int tiles = Math.ceilDiv(rows, ROWS);
        int each = padded * ROWS;
        MemorySegment in = Scratch.current().memory(Scratch.ROWS_OF_CALL, (long) tiles * each * Float.BYTES);
        team.run(tiles, tile -> {
            int row0 = tile * ROWS;
            long at = xOffset + row0 * xStride * Float.BYTES;
            float[] lines = Scratch.current().floats(Scratch.STRIP, each);
            Interleave.rows(x, at, xStride, Math.min(ROWS, rows - row0), w.inputs(), padded, lines, 0);
            Mem.write(lines, 0, each, in, (long) tile * each * Float.BYTES);
        });
        int panels = w.panels();
        int together = Math.clamp(panels / (TASKS_PER_THREAD * team.size()), 1, TOGETHER);
        team.run(Math.ceilDiv(panels, together), task -> {
            int panel = task * together;
            int count = Math.min(together, panels - panel);
            tilesOfPanels(kernels, w, panel, count, in, rows, y, yOffset, yStride);
        });
    }

    private static void tilesOfPanels(
            StripKernels kernels,
            PackedWeights w,
            int panel,
            int count,
            MemorySegment in,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        Scratch scratch = Scratch.current();
        int padded = w.paddedInputs();
        int tiles = Math.ceilDiv(rows, ROWS);
        boolean plain = w.format() == WeightFormat.F32 && w.data().isNative();
        float[] decoded = scratch.floats(Scratch.STRIP, STRIP * PANEL);
        MemorySegment own = scratch.memory(Scratch.STRIP_OF_TASK, (long) STRIP * PANEL * Float.BYTES);
        long sumBytes = (long) tiles * ROWS * PANEL * Float.BYTES;
        MemorySegment sums = scratch.memory(Scratch.SUMS_OF_TASK, count * sumBytes);
        sums.asSlice(0, count * sumBytes).fill((byte) 0);
        long inputBytes = (long) PANEL * w.format().bits() / Byte.SIZE;
        for (int k = 0; k < padded; k += STRIP) {
            int n = Math.min(STRIP, padded - k);
            for (int p = 0; p < count; p++) {
                long at = (panel + p) * w.panelBytes() + k * inputBytes;
                if (!plain) {
                    Strips.decode(w, panel + p, k, n, decoded);
                    Mem.write(decoded, 0, n * PANEL, own, 0);
                }
                long xAt = (long) k * ROWS * Float.BYTES;
                long xTile = (long) padded * ROWS * Float.BYTES;
                MemorySegment from = plain ? w.data() : own;
                var strip = new StripKernels.Strip(in, xAt, xTile, from, plain ? at : 0, n, tiles, sums, p * sumBytes);
                long next = p + 1 < count ? at + w.panelBytes() : at - p * w.panelBytes() + n * inputBytes;
                kernels.multiply(strip, w.data(), next, n * inputBytes);
            }
        }
        for (int p = 0; p < count; p++) {
            int row0 = (panel + p) * PANEL;
            int width = Math.min(PANEL, w.outputs() - row0);
            float[] sum = scratch.floats(Scratch.SUM, rows * PANEL);
            Mem.read(sums, p * sumBytes, sum, 0, rows * PANEL);
            for (int m = 0; m < rows; m++) {
                addBias(w, row0, width, sum, m * PANEL);
                Mem.write(sum, m * PANEL, width, y, yOffset + (m * yStride + row0) * Float.BYTES);
            }
        }
    }

    private static void addBias(PackedWeights w, int row0, int count, float[] sum, int at) {
        if (w.hasBias()) {
            float[] bias = w.bias();
            for (int r = 0; r < count; r++) {
                sum[at + r] += bias[row0 + r];
            }
        }
    }
}
