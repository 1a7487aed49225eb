package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.QuantizedRows.TILE;

import java.lang.foreign.MemorySegment;

/**
 * Linear layers of {@link BlockWeights} on {@link QuantizedRows}: cuts the work into tasks for a team. What an output is
 * summed from, and in which order, depends on neither the cut nor the number of threads.
 */
public final class BlockLinear {
    /** Bytes of codes of activations that tasks go through again and again: half of a second-level cache. */
    private static final long ROW_BLOCK = 1 << 20;

    /** Bytes of weights of a task for one row, which memory delivers in about 10 to 20 µs. */
    private static final long TASK_BYTES = 192 << 10;

    /** Least bytes of weights of a task for one row, when there are many threads. */
    private static final long LEAST_BYTES = 32 << 10;

    /** Products of a task for many rows: 20 µs or more at 750 G/s, the most that a core is known to do. */
    private static final long TASK_PRODUCTS = 16L << 20;

    /** Panels that kernels for many rows take together: two or three. */
    private static final int TOGETHER = 6;

    /** Panels that kernels for one row take in turns: a few, and an even number. */
    private static final int ONE_ROW = 4;

    private static final int TASKS_PER_THREAD = 4;

    /** Elements of the two operands of a gate that a task holds. */
    private static final int GATE_ELEMENTS = 96 << 10;

    private BlockLinear() {}

    /**
     * A product and where it goes.
     *
     * @param weights W[N, K]
     * @param y receives f32; y(m, n) is at byte {@code yOffset + 4 * (m * yStride + n)}
     * @param yStride elements from row to row, at least N
     */
    public record Product(BlockWeights weights, MemorySegment y, long yOffset, long yStride) {}

    /** {@code y[M, N] = x[M, K] · W[N, K]ᵀ + bias}. */
    public static void apply(
            ThreadTeam team,
            BlockKernels kernels,
            BlockWeights weights,
            QuantizedRows x,
            MemorySegment y,
            long yOffset,
            long yStride) {
        apply(team, kernels, x, new Product(weights, y, yOffset, yStride));
    }

    /**
     * Several products of the same rows, as of queries, keys and values, in one call of the team.
     *
     * @throws IllegalArgumentException if a weight has other inputs or another group than the rows
     */
    public static void apply(ThreadTeam team, BlockKernels kernels, QuantizedRows x, Product... products) {
        long codes = 0;
        int panels = 0;
        for (Product p : products) {
            check(p.weights, x);
            codes += p.weights.codes().byteSize();
            panels += p.weights.panels();
        }
        if (panels == 0 || x.rows() == 0) {
            return;
        }
        int height = rowBlock(x);
        long each = each(team, Math.ceilDiv(codes, panels), x.paddedInputs(), Math.min(height, x.rows()), panels);
        for (int row = 0; row < x.rows(); row += height) {
            int from = row;
            int rows = Math.min(height, x.rows() - row);
            int tasks = 0;
            for (Product p : products) {
                tasks += (int) Math.ceilDiv(p.weights.panels(), each);
            }
            team.run(tasks, task -> {
                int rest = task;
                int i = 0;
                while (rest >= Math.ceilDiv(products[i].weights.panels(), each)) {
                    rest -= (int) Math.ceilDiv(products[i++].weights.panels(), each);
                }
                Product p = products[i];
                int panel = (int) (rest * each);
                int count = (int) Math.min(each, p.weights.panels() - panel);
                kernels.multiply(p.weights, panel, count, x, from, rows, p.y, p.yOffset, p.yStride);
            });
        }
    }

    /**
     * {@code y = op(x · Gᵀ) * (x · Uᵀ)}, as in a gated MLP: gives the bits that the two products and {@link
     * Elementwise#gated} give, without either in memory.
     *
     * @param gate G[N, K]
     * @param up U[N, K]
     * @param alpha parameter of the operation, if it has one
     * @throws IllegalArgumentException if the weights differ in their outputs, or have other inputs or another group than the rows
     */
    public static void gated(
            ThreadTeam team,
            BlockKernels kernels,
            BlockWeights gate,
            BlockWeights up,
            UnaryOp op,
            float alpha,
            QuantizedRows x,
            MemorySegment y,
            long yOffset,
            long yStride) {
        check(gate, x);
        check(up, x);
        if (gate.outputs() != up.outputs()) {
            throw new IllegalArgumentException(
                    "a gate of " + gate.outputs() + " outputs has " + up.outputs() + " to be multiplied by");
        }
        if (x.rows() == 0) {
            return;
        }
        int panels = gate.panels();
        int height = rowBlock(x);
        long panelBytes = gate.panelBytes() + up.panelBytes();
        int lines = Math.min(height, x.rows());
        long fit = Math.max(1, GATE_ELEMENTS / ((long) PANEL * lines));
        fit = fit < TOGETHER ? fit : fit / TOGETHER * TOGETHER;
        long each = Math.min(fit, each(team, panelBytes, 2L * x.paddedInputs(), lines, panels));
        for (int row = 0; row < x.rows(); row += height) {
            int from = row;
            int rows = Math.min(height, x.rows() - row);
            team.run((int) Math.ceilDiv(panels, each), task -> {
                int panel = (int) (task * each);
                int count = (int) Math.min(each, panels - panel);
                int width = count * PANEL;
                MemorySegment both = Scratch.current().memory(2L * rows * width * Float.BYTES);
                // the first row and panel of the task lie at the beginning
                long gateAt = -Float.BYTES * ((long) from * width + (long) panel * PANEL);
                long upAt = gateAt + (long) rows * width * Float.BYTES;
                kernels.multiply(gate, panel, count, x, from, rows, both, gateAt, width);
                kernels.multiply(up, panel, count, x, from, rows, both, upAt, width);
                int live = Math.min(width, gate.outputs() - panel * PANEL);
                long at = yOffset + (from * yStride + (long) panel * PANEL) * Float.BYTES;
                long second = (long) rows * width * Float.BYTES;
                x.kernels().gate(op, alpha, both, 0, second, width, rows, live, y, at, yStride);
            });
        }
    }

    private static void check(BlockWeights w, QuantizedRows x) {
        if (w.inputs() != x.inputs() || w.group() != x.group()) {
            throw new IllegalArgumentException("a weight of " + w.inputs() + " inputs in groups of " + w.group()
                    + " cannot take rows of " + x.inputs() + " in groups of " + x.group());
        }
    }

    /** Rows that a task takes, a multiple of a tile: blocks of about one height whose codes stay in cache. */
    private static int rowBlock(QuantizedRows x) {
        long most = Math.max(1, ROW_BLOCK / x.paddedInputs() / TILE);
        long tiles = Math.ceilDiv(x.rows(), TILE);
        long blocks = Math.ceilDiv(tiles, most);
        return (int) Math.ceilDiv(tiles, blocks) * TILE;
    }

    /** Panels of a task: a few tasks for each thread, but none too short to be worth its call. */
    private static long each(ThreadTeam team, long panelBytes, long inputs, int rows, int panels) {
        long fair = Math.max(1, panels / ((long) TASKS_PER_THREAD * team.size()));
        if (rows == 1) {
            long least = Math.ceilDiv(LEAST_BYTES, panelBytes);
            long each = Math.clamp(fair, least, Math.max(least, Math.ceilDiv(TASK_BYTES, panelBytes)));
            return each == 1 ? 1 : Math.ceilDiv(each, ONE_ROW) * ONE_ROW;
        }
        long each = Math.max(fair, Math.ceilDiv(TASK_PRODUCTS, inputs * PANEL * rows));
        return Math.ceilDiv(each, TOGETHER) * TOGETHER;
    }
}
