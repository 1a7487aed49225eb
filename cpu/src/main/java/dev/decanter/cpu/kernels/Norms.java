package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Normalisations along the last axis of contiguous f32 rows. Outputs may be the very memory of an input. */
public final class Norms {
    private static final long TASK = 4 << 10;

    private Norms() {}

    /**
     * {@code y = x / sqrt(mean(x²) + eps) · weight}.
     *
     * @param n length of a row
     * @param weight f32 [n] at byte {@code weightOffset}; {@link MemorySegment#NULL} for none
     */
    public static void rms(
            ThreadTeam team,
            RowKernels kernels,
            long rows,
            int n,
            MemorySegment x,
            long xOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            MemorySegment y,
            long yOffset) {
        long task = Math.max(1, kernels.task() / Math.max(1, n));
        if (rows <= task) {
            kernels.rms(x, xOffset, weight, weightOffset, eps, n, 0, rows, y, yOffset);
            return;
        }
        team.runRange(
                rows, task, (from, to) -> kernels.rms(x, xOffset, weight, weightOffset, eps, n, from, to, y, yOffset));
    }

    /**
     * {@code sum = x + residual; y = rms(sum)}, in one pass.
     *
     * @param sum receives the sum; may be x or residual itself
     */
    public static void addRms(
            ThreadTeam team,
            long rows,
            int n,
            MemorySegment x,
            long xOffset,
            MemorySegment residual,
            long residualOffset,
            MemorySegment sum,
            long sumOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            MemorySegment y,
            long yOffset) {
        run(team, rows, n, (row, line, factors) -> {
            long at = row * n * Float.BYTES;
            Mem.read(x, xOffset + at, line, 0, n);
            Mem.read(residual, residualOffset + at, factors, 0, n);
            BinaryOp.ADD.apply(line, factors, n);
            Mem.write(line, 0, n, sum, sumOffset + at);
            rmsRow(VectorSupport.ENABLED, line, n, eps, weight, weightOffset, factors);
            Mem.write(line, 0, n, y, yOffset + at);
        });
    }

    /**
     * {@code y = (x - mean) / sqrt(variance + eps) · weight + bias} (layer normalisation; MVN without weight and bias).
     *
     * @param normalizeVariance whether to divide; if not, only the mean is taken away
     * @param insideSqrt whether eps is added to the variance, and not to its root
     * @param weight f32 [n] or {@link MemorySegment#NULL}; likewise bias
     */
    public static void layer(
            ThreadTeam team,
            long rows,
            int n,
            MemorySegment x,
            long xOffset,
            boolean normalizeVariance,
            boolean insideSqrt,
            float eps,
            MemorySegment weight,
            long weightOffset,
            MemorySegment bias,
            long biasOffset,
            MemorySegment y,
            long yOffset) {
        run(team, rows, n, (row, line, factors) -> {
            Mem.read(x, xOffset + row * n * Float.BYTES, line, 0, n);
            float mean = Rows.sum(line, 0, n) / n;
            for (int i = 0; i < n; i++) {
                line[i] -= mean;
            }
            if (normalizeVariance) {
                float variance = Rows.dot(line, 0, line, 0, n) / n;
                double root = insideSqrt ? Math.sqrt(variance + eps) : Math.sqrt(variance) + eps;
                Rows.scale(line, 0, n, (float) (1 / root));
            }
            if (weight.byteSize() > 0) {
                Mem.read(weight, weightOffset, factors, 0, n);
                BinaryOp.MULTIPLY.apply(line, factors, n);
            }
            if (bias.byteSize() > 0) {
                Mem.read(bias, biasOffset, factors, 0, n);
                BinaryOp.ADD.apply(line, factors, n);
            }
            Mem.write(line, 0, n, y, yOffset + row * n * Float.BYTES);
        });
    }

    /** {@code y = e^(x - max) / Σ e^(x - max)}; a row of -∞ alone gives NaN. */
    public static void softmax(
            ThreadTeam team, long rows, int n, MemorySegment x, long xOffset, MemorySegment y, long yOffset) {
        run(team, rows, n, (row, line, factors) -> {
            Mem.read(x, xOffset + row * n * Float.BYTES, line, 0, n);
            Rows.expMinus(line, 0, n, Rows.max(line, 0, n));
            Rows.scale(line, 0, n, 1 / Rows.sum(line, 0, n));
            Mem.write(line, 0, n, y, yOffset + row * n * Float.BYTES);
        });
    }

    /** {@code y = x - max - ln Σ e^(x - max)}. */
    public static void logSoftmax(
            ThreadTeam team, long rows, int n, MemorySegment x, long xOffset, MemorySegment y, long yOffset) {
        run(team, rows, n, (row, line, factors) -> {
            Mem.read(x, xOffset + row * n * Float.BYTES, line, 0, n);
            System.arraycopy(line, 0, factors, 0, n);
            float max = Rows.max(line, 0, n);
            Rows.expMinus(factors, 0, n, max);
            float log = (float) (max + Math.log(Rows.sum(factors, 0, n)));
            for (int i = 0; i < n; i++) {
                line[i] -= log;
            }
            Mem.write(line, 0, n, y, yOffset + row * n * Float.BYTES);
        });
    }

    /** A row of {@link #rms} in place; {@code factors} is for its own use. */
    static void rmsRow(
            boolean vectors, float[] line, int n, float eps, MemorySegment weight, long weightOffset, float[] factors) {
        float squares = vectors ? Rows.dot(line, 0, line, 0, n) : ScalarRows.dot(line, 0, line, 0, n);
        float mean = squares / n;
        Rows.scale(line, 0, n, (float) (1 / Math.sqrt(mean + eps)));
        if (weight.byteSize() > 0) {
            Mem.read(weight, weightOffset, factors, 0, n);
            BinaryOp.MULTIPLY.apply(line, factors, n);
        }
    }

    /** Work on one row with two buffers of its length. */
    @FunctionalInterface
    private interface RowTask {
        void run(long row, float[] line, float[] factors);
    }

    private static void run(ThreadTeam team, long rows, int n, RowTask task) {
        team.runRange(rows, Math.max(1, TASK / Math.max(1, n)), (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] line = scratch.floats(Scratch.STRIP, n);
            float[] factors = scratch.floats(Scratch.A, n);
            for (long row = from; row < to; row++) {
                task.run(row, line, factors);
            }
        });
    }
}
