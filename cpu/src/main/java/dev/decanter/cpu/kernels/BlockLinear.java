package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.QuantizedRows.TILE;

import java.lang.foreign.MemorySegment;

/**
 * Linear layers of {@link BlockWeights} on {@link QuantizedRows}: cuts the work into tasks for a team. What an output is
 * summed from, and in which order, depends on neither the cut nor the number of threads.
 */
public final class BlockLinear {
    /** Products of a task for many rows: 20 µs or more at 750 G/s, the most that a core is known to do. */
    private static final long TASK_PRODUCTS = 16L << 20;

    /** Panels that kernels for many rows take together: two or three. */
    private static final int TOGETHER = 6;

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
        long bytes = 0;
        int panels = 0;
        for (Product p : products) {
            check(p.weights, x);
            bytes += p.weights.byteSize();
            panels += p.weights.panels();
        }
        if (panels == 0 || x.rows() == 0) {
            return;
        }
        int height = rowBlock(kernels, x);
        int lines = Math.min(height, x.rows());
        Cut cut = x.rows() == 1
                ? Cut.oneRow(panels, team.size(), Math.ceilDiv(bytes, panels), panels)
                : cut(team, kernels, x.paddedInputs(), lines, panels, panels);
        for (int row = 0; row < x.rows(); row += height) {
            int from = row;
            int rows = Math.min(height, x.rows() - row);
            team.run(cut.tasks(), task -> multiply(kernels, x, from, rows, products, cut.from(task), cut.to(task)));
        }
    }

    /** The part from panel {@code begin} to before panel {@code end}, counted through all products. */
    private static void multiply(
            BlockKernels kernels, QuantizedRows x, int row, int rows, Product[] products, int begin, int end) {
        int first = 0;
        for (Product p : products) {
            int panel = Math.max(begin - first, 0);
            int count = Math.min(end - first, p.weights.panels()) - panel;
            if (count > 0) {
                kernels.multiply(p.weights, panel, count, x, row, rows, p.y, p.yOffset, p.yStride);
            }
            first += p.weights.panels();
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
        int height = rowBlock(kernels, x);
        int lines = Math.min(height, x.rows());
        long fit = Math.max(kernels.panels(), GATE_ELEMENTS / ((long) PANEL * lines));
        Cut cut = x.rows() == 1
                ? Cut.oneRow(panels, team.size(), gate.panelBytes() + up.panelBytes(), fit)
                : cut(team, kernels, 2L * x.paddedInputs(), lines, panels, fit);
        for (int row = 0; row < x.rows(); row += height) {
            int from = row;
            int rows = Math.min(height, x.rows() - row);
            team.run(cut.tasks(), task -> {
                int panel = cut.from(task);
                int count = cut.to(task) - panel;
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

    /** Rows that a task takes, a multiple of a tile: blocks of about one height. */
    private static int rowBlock(BlockKernels kernels, QuantizedRows x) {
        int most = Math.max(1, kernels.rows(x) / TILE);
        long tiles = Math.ceilDiv(x.rows(), TILE);
        long blocks = Math.ceilDiv(tiles, most);
        return (int) Math.ceilDiv(tiles, blocks) * TILE;
    }

    /** Tasks for many rows: none too short to be worth its call, none longer than what kernels want at once. */
    private static Cut cut(ThreadTeam team, BlockKernels kernels, long inputs, int rows, int panels, long most) {
        long least = Math.max(TOGETHER, Math.ceilDiv(TASK_PRODUCTS, inputs * PANEL * rows));
        long pass = kernels.panels();
        return Cut.falling(panels, team.size(), least, pass > 1 ? Math.min(most, pass) : most, TOGETHER);
    }
}
