package dev.decanter.compress.aware;

import dev.decanter.compress.ScaleEstimationParameters;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.WeightConfig;
import java.util.stream.IntStream;

/**
 * Scales for which the outputs of a group, not its weights, come out nearest to what they were. For every group the
 * scale is the mean of |w| / |level| weighted by the size of the inputs; levels and scale are refined in turn, then
 * other scales are tried as starting points, and what does not reduce the squared error of the group's output is
 * dropped. Zero points stay. See scale_estimation.py of NNCF.
 */
final class ScaleEstimation {
    private static final float EPSILON = 0x1p-23f;

    /** What a level of zero counts as, so that a weight that is rounded to zero pulls the scale up. */
    private static final float ZERO_LEVEL = 0.001f;

    private static final double GRID_STEP = 0.05;
    private static final int TILE_ROWS = 64;

    private final Levels levels;
    private final ScaleEstimationParameters settings;

    ScaleEstimation(WeightConfig config, ScaleEstimationParameters settings) {
        levels = new Levels(config.mode());
        this.settings = settings;
    }

    /**
     * Estimates all scales of a matrix.
     *
     * @param w [rows, I], row by row
     */
    static GroupParameters estimate(
            float[] w, int rows, WeightConfig config, ActivationSummary x, ScaleEstimationParameters settings) {
        int columns = x.channels();
        int groups = config.groups(columns);
        int length = config.groupLength(columns);
        float[] scales = new float[rows * groups];
        float[] zeroPoints = new float[rows * groups];
        ScaleEstimation estimation = new ScaleEstimation(config, settings);
        int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
        IntStream.range(0, tiles * groups).parallel().forEach(task -> {
            int group = task / tiles;
            int row = task % tiles * TILE_ROWS;
            int count = Math.min(TILE_ROWS, rows - row);
            Group result =
                    estimation.group(w, row * columns + group * length, columns, count, x, group * length, length);
            for (int r = 0; r < count; r++) {
                scales[(row + r) * groups + group] = result.best[r];
                zeroPoints[(row + r) * groups + group] = result.zeroPoints[r];
            }
        });
        int[] zeros = new int[config.mode().hasZeroPoint() ? zeroPoints.length : 0];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (int) zeroPoints[i];
        }
        return new GroupParameters(rows, groups, scales, zeros);
    }

    /**
     * Estimates the scales of one group in {@code count} rows, in the calling thread.
     *
     * @param start where the group's first weight of the first row lies
     * @param stride from a row to the next
     * @param channel the group's first channel in {@code x}
     */
    Group group(float[] w, int start, int stride, int count, ActivationSummary x, int channel, int length) {
        Group group = new Group(count, length, x, channel);
        for (int r = 0; r < count; r++) {
            System.arraycopy(w, start + r * stride, group.w, r * length, length);
        }
        group.run();
        return group;
    }

    /** One group in several rows: all its numbers stay in the cache while the steps go over it. */
    final class Group {
        final float[] zeroPoints;
        final float[] best;
        private final int count;
        private final int length;
        private final ActivationSummary x;
        private final int channel;
        private final float[] w;
        private final float[] first;
        private final float[] near;
        private final float[] importance;
        private final float[] target;
        private final float[] level;
        private final float[] output;
        private final double[] bestError;
        private final double[] error;

        private Group(int count, int length, ActivationSummary x, int channel) {
            this.count = count;
            this.length = length;
            this.x = x;
            this.channel = channel;
            w = new float[count * length];
            importance = new float[count * length];
            target = new float[count * length];
            level = new float[count * length];
            output = new float[count * x.samples()];
            zeroPoints = new float[count];
            best = new float[count];
            first = new float[count];
            near = new float[count];
            bestError = new double[count];
            error = new double[count];
        }

        private void run() {
            for (int r = 0; r < count; r++) {
                levels.parameters(w, r * length, length, first, zeroPoints, r);
                quantize(r, first[r], target);
                weigh(r);
            }
            System.arraycopy(first, 0, best, 0, count);
            measure(target, first, bestError);
            for (int step = 0; step < settings.initialSteps(); step++) {
                rectify();
                for (int r = 0; r < count; r++) {
                    if (accept(r)) {
                        System.arraycopy(level, r * length, target, r * length, length);
                    }
                }
            }
            for (int step = 0; step < settings.scaleSteps(); step++) {
                float factor = (float) (1.0 - GRID_STEP * step);
                for (int r = 0; r < count; r++) {
                    quantize(r, factor * first[r], target);
                }
                rectify();
                for (int r = 0; r < count; r++) {
                    accept(r);
                }
            }
        }

        private void quantize(int row, float scale, float[] into) {
            levels.of(w, row * length, length, scale, zeroPoints[row], into, row * length);
        }

        /** Shares of the weights in their group's output, by the size of their inputs; weights at level zero have none. */
        private void weigh(int row) {
            int start = row * length;
            double sum = 0;
            for (int i = 0; i < length; i++) {
                importance[start + i] = target[start + i] == 0 ? 0 : x.maxima()[channel + i];
                sum += importance[start + i];
            }
            float total = (float) sum + EPSILON;
            for (int i = start; i < start + length; i++) {
                importance[i] /= total;
            }
        }

        /** The scales that fit the target levels best, and the errors with them. */
        private void rectify() {
            for (int r = 0; r < count; r++) {
                int start = r * length;
                float sum = 0;
                for (int i = start; i < start + length; i++) {
                    float size = Math.abs(target[i]);
                    sum += Math.abs(w[i]) / (size == 0 ? ZERO_LEVEL : size) * importance[i];
                }
                near[r] = Math.copySign(sum, first[r]);
                quantize(r, near[r], level);
            }
            measure(level, near, error);
        }

        /** Mean squares over the samples of the outputs' errors. */
        private void measure(float[] quantized, float[] scales, double[] errors) {
            float[] difference = new float[count * length];
            for (int r = 0; r < count; r++) {
                float scale = scales[r];
                double distance = 0;
                for (int i = r * length; i < (r + 1) * length; i++) {
                    difference[i] = w[i] - quantized[i] * scale;
                }
                if (settings.weightPenalty() > 0) {
                    for (int i = r * length; i < (r + 1) * length; i++) {
                        distance += difference[i] * difference[i];
                    }
                }
                errors[r] = distance / length * settings.weightPenalty();
            }
            int samples = x.samples();
            java.util.Arrays.fill(output, 0);
            Products.View inputs = x.view().at(channel, 0);
            Products.addHere(
                    count,
                    samples,
                    length,
                    1,
                    Products.View.of(difference, length),
                    inputs,
                    Products.View.of(output, samples));
            for (int r = 0; r < count; r++) {
                double sum = 0;
                for (int s = r * samples; s < (r + 1) * samples; s++) {
                    sum += output[s] * output[s];
                }
                errors[r] = sum / samples + (settings.weightPenalty() > 0 ? errors[r] : 0);
            }
        }

        /** Takes the rectified scale unless it is worse, or none at all because the group's inputs were always zero. */
        private boolean accept(int row) {
            if (error[row] > bestError[row] || !(Math.abs(near[row]) >= EPSILON)) {
                return false;
            }
            bestError[row] = error[row];
            best[row] = near[row];
            return true;
        }
    }
}
