package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightMatrix;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Ranges of groups that are narrower than their extremes: the few weights beyond are clipped, and all the others get finer
 * steps. Each group of each row takes the range of the least squared error of its output, of those that shrink both ends
 * alike, and with zero points then each end by itself. AWQ's published code searches the first kind; its paper calls it
 * clipping.
 */
final class RangeSearch {
    private static final int TILE_ROWS = ChannelSearch.TILE_ROWS;
    private static final float STEP = 0.03125f;
    private static final int STEPS = 16;

    /** How often each end is searched by itself. All pairs of ends took three times as long for 2 % less divergence. */
    private static final int ROUNDS = 2;

    private final CompressionMode mode;
    private final Levels levels;
    private final int columns;
    private final int length;
    private final InputMoments moments;
    private final float[] factors;

    private RangeSearch(WeightConfig config, InputMoments moments, float[] factors) {
        mode = config.mode();
        levels = new Levels(mode);
        columns = moments.channels();
        length = config.groupLength(columns);
        this.moments = moments;
        this.factors = factors;
    }

    /**
     * Scales and zero points of a layer.
     *
     * @param factors what its columns are multiplied by, and its input is divided by
     */
    static GroupParameters search(LayerPlan plan, InputMoments moments, float[] factors) {
        WeightConfig config = plan.config().orElseThrow();
        WeightMatrix matrix = plan.layer().matrix();
        int columns = moments.channels();
        int groups = config.groups(columns);
        float[] scales = new float[matrix.rows() * groups];
        float[] zeroPoints = new float[scales.length];
        RangeSearch search = new RangeSearch(config, moments, factors);
        IntStream.range(0, Math.ceilDiv(matrix.rows(), TILE_ROWS)).parallel().forEach(tile -> {
            int row = tile * TILE_ROWS;
            int count = Math.min(TILE_ROWS, matrix.rows() - row);
            float[] w = new float[count * columns];
            matrix.read(row, count, w);
            for (int group = 0; group < groups; group++) {
                Group best = search.new Group(w, count, group);
                best.run();
                for (int r = 0; r < count; r++) {
                    scales[(row + r) * groups + group] = best.scales[r];
                    zeroPoints[(row + r) * groups + group] = best.zeroPoints[r];
                }
            }
        });
        int[] zeros = new int[config.mode().hasZeroPoint() ? zeroPoints.length : 0];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (int) zeroPoints[i];
        }
        return new GroupParameters(matrix.rows(), groups, scales, zeros);
    }

    /** One group in several rows. */
    private final class Group {
        final float[] scales;
        final float[] zeroPoints;
        private final int count;
        private final int group;
        private final float[] w;
        private final float[] low;
        private final float[] high;
        private final int[] lowSteps;
        private final int[] highSteps;
        private final double[] least;
        private final double[] errors;
        private final float[] triedScales;
        private final float[] triedZeroPoints;
        private final float[] level;
        private final float[] difference;
        private final float[] products;

        Group(float[] tile, int count, int group) {
            this.count = count;
            this.group = group;
            w = new float[count * length];
            for (int r = 0; r < count; r++) {
                for (int i = 0; i < length; i++) {
                    w[r * length + i] = tile[r * columns + group * length + i] * factors[group * length + i];
                }
            }
            scales = new float[count];
            zeroPoints = new float[count];
            low = new float[count];
            high = new float[count];
            lowSteps = new int[count];
            highSteps = new int[count];
            least = new double[count];
            errors = new double[count];
            triedScales = new float[count];
            triedZeroPoints = new float[count];
            level = new float[length];
            difference = new float[count * length];
            products = new float[count * moments.length(moments.firstBlock(group))];
        }

        void run() {
            for (int r = 0; r < count; r++) {
                low[r] = w[r * length];
                high[r] = low[r];
                for (int i = r * length; i < (r + 1) * length; i++) {
                    low[r] = Math.min(low[r], w[i]);
                    high[r] = Math.max(high[r], w[i]);
                }
            }
            Arrays.fill(least, Double.POSITIVE_INFINITY);
            for (int step = 0; step < STEPS; step++) {
                attempt(step, step);
            }
            for (int round = 0; round < (mode.hasZeroPoint() ? ROUNDS : 0); round++) {
                for (int step = 0; step < STEPS; step++) {
                    attempt(-1, step);
                }
                for (int step = 0; step < STEPS; step++) {
                    attempt(step, -1);
                }
            }
        }

        /** Shrinks the ends by so many steps, −1 being as far as was best until now, and keeps what is better. */
        private void attempt(int lowStep, int highStep) {
            for (int r = 0; r < count; r++) {
                float from = low[r] * (1 - STEP * (lowStep < 0 ? lowSteps[r] : lowStep));
                float to = high[r] * (1 - STEP * (highStep < 0 ? highSteps[r] : highStep));
                triedScales[r] = GroupQuantizer.scale(from, to, mode);
                triedZeroPoints[r] = mode.hasZeroPoint() ? GroupQuantizer.zeroPoint(from, triedScales[r], mode) : 0;
            }
            measure();
            for (int r = 0; r < count; r++) {
                if (errors[r] < least[r]) {
                    least[r] = errors[r];
                    scales[r] = triedScales[r];
                    zeroPoints[r] = triedZeroPoints[r];
                    lowSteps[r] = lowStep < 0 ? lowSteps[r] : lowStep;
                    highSteps[r] = highStep < 0 ? highSteps[r] : highStep;
                }
            }
        }

        private void measure() {
            int channel = group * length;
            for (int r = 0; r < count; r++) {
                int start = r * length;
                float scale = triedScales[r];
                levels.of(w, start, length, scale, triedZeroPoints[r], level, 0);
                for (int i = 0; i < length; i++) {
                    difference[start + i] = (level[i] * scale - w[start + i]) / factors[channel + i];
                }
            }
            Arrays.fill(errors, 0);
            for (int block = moments.firstBlock(group); block < moments.firstBlock(group + 1); block++) {
                moments.addErrors(block, difference, moments.start(block) - channel, length, count, products, errors);
            }
        }
    }
}
