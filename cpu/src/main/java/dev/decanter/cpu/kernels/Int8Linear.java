package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** {@code y[M, N] = (x[M, K] − zero) · W[N, K]ᵀ · factor[N] + offset[N]}: bytes by bytes, summed in integers. */
public final class Int8Linear {
    private static final long TASK_BYTES = 32 << 10;
    private static final int ONE_READ = 1024;

    private Int8Linear() {}

    /** What is done to integer sums. */
    public static final class Scaling {
        private final int last;
        private final int zero;
        private final float[] factor;
        private final float[] offset;

        /**
         * Any scaling.
         *
         * @param last greatest code of the activations
         * @param zero code that stands for 0
         * @param factor N values that multiply the sums
         * @param offset N values that are then added
         */
        Scaling(int last, int zero, float[] factor, float[] offset) {
            this.last = last;
            this.zero = zero;
            this.factor = factor;
            this.offset = offset;
        }

        int zero() {
            return zero;
        }

        /**
         * The scaling that gives real numbers: activations {@code scale · (code − zero) + rest} times weights, plus bias.
         *
         * @param bias N values or none
         */
        public static Scaling of(Int8Weights w, QuantizerLevels x, float[] bias) {
            float[] factor = new float[w.outputs()];
            float[] offset = new float[w.outputs()];
            for (int n = 0; n < factor.length; n++) {
                factor[n] = (float) (x.scale() * w.scale(n));
                offset[n] = (float) (x.rest() * w.scale(n) * w.sum(n) + (bias.length == 0 ? 0 : bias[n]));
            }
            return new Scaling(x.steps(), Math.toIntExact(x.zero()), factor, offset);
        }
    }

    /**
     * Multiplies.
     *
     * @param x codes; row m begins at byte {@code xOffset + m * xStride}
     * @param rows M, 0 or more
     * @param y receives f32; must not overlap x
     * @param yStride elements from row to row, at least N
     */
    public static void apply(
            ThreadTeam team,
            Int8Weights w,
            Scaling scaling,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        for (int m = 0; m < rows; m += Linear.TOKENS) {
            long xAt = xOffset + m * xStride;
            long yAt = yOffset + m * yStride * Float.BYTES;
            block(team, w, scaling, x, xAt, xStride, Math.min(Linear.TOKENS, rows - m), y, yAt, yStride);
        }
    }

    private static void block(
            ThreadTeam team,
            Int8Weights w,
            Scaling scaling,
            MemorySegment x,
            long xOffset,
            long xStride,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        PackedWeights codes = w.codes();
        int padded = codes.paddedInputs();
        int tiles = Math.ceilDiv(rows, ROWS);
        float[] in = Scratch.current().floats(Scratch.SHARED, (long) tiles * ROWS * padded);
        team.run(tiles, tile -> {
            int live = Math.min(ROWS, rows - tile * ROWS);
            long at = xOffset + (long) tile * ROWS * xStride;
            interleave(x, at, xStride, 1, live, codes.inputs(), padded, scaling.zero, in, tile * ROWS * padded);
        });
        long most = (long) w.most() * Codes.most(scaling.last, scaling.zero);
        int panels = codes.panels();
        int each = (int) Math.min(panels, Math.ceilDiv(TASK_BYTES, codes.panelBytes() * tiles));
        team.run(Math.ceilDiv(panels, each), task -> {
            int end = Math.min(panels, (task + 1) * each);
            for (int p = task * each; p < end; p++) {
                int panel = p;
                int row0 = panel * PANEL;
                int count = Math.min(PANEL, codes.outputs() - row0);
                float[] out = Int8Panel.multiply(
                        in,
                        rows,
                        padded,
                        padded,
                        most,
                        (k0, n, strip) -> Strips.decode(codes, panel, k0, n, strip),
                        scaling.factor,
                        scaling.offset,
                        row0,
                        count);
                for (int m = 0; m < rows; m++) {
                    Mem.write(out, m * PANEL, count, y, yOffset + (m * yStride + row0) * Float.BYTES);
                }
            }
        });
    }

    /**
     * As {@link Interleave#rows} for codes, of which input k of row m lies at {@code offset + m * rowStride + k *
     * colStride}.
     */
    static void interleave(
            MemorySegment s,
            long offset,
            long rowStride,
            long colStride,
            int rows,
            int n,
            int padded,
            int zero,
            float[] dst,
            int at) {
        if (rows < ROWS || padded > n) {
            Arrays.fill(dst, at, at + padded * ROWS, 0);
        }
        for (int k0 = 0; k0 < n; k0 += ONE_READ) {
            int count = Math.min(ONE_READ, n - k0);
            for (int m = 0; m < rows; m++) {
                long from = offset + m * rowStride + k0 * colStride;
                Codes.read(s, from, colStride, count, zero, dst, at + k0 * ROWS + m, ROWS);
            }
        }
    }
}
