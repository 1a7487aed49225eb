package dev.decanter.compress.aware;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.weights.WeightConfig;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Factors for the input channels of a layer that make its quantized weights err less where the inputs are large (AWQ):
 * the weights of a channel are multiplied, its activation is divided. See awq.py of NNCF.
 */
final class AwqScales {
    private static final float EPSILON = 0x1p-23f;

    /** A quarter of the largest f16: how far the merged layer's outputs may grow. */
    private static final float OVERFLOW = 0.25f * 65504;

    private static final float LARGEST_BASE = 100;
    private static final int TILE_ROWS = 64;

    /**
     * The layer that the division is merged into.
     *
     * @param magnitudes for each of its outputs (the target's channels) the mean size of its weights
     * @param inputs how many inputs it sums
     * @param largest the largest magnitude of its inputs
     */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Producer(float[] magnitudes, int inputs, float largest) {
        /** Of the weights [outputs, inputs]. */
        static Producer of(float[] w, int outputs, int inputs, float largest) {
            float[] means = new float[outputs];
            for (int o = 0; o < outputs; o++) {
                double sum = 0;
                for (int i = o * inputs; i < (o + 1) * inputs; i++) {
                    sum += Math.abs(w[i]);
                }
                means[o] = (float) (sum / inputs);
            }
            return new Producer(means, inputs, largest);
        }
    }

    private final AwqParameters settings;
    private final Levels levels;

    AwqScales(WeightConfig config, AwqParameters settings) {
        this.settings = settings;
        levels = new Levels(config.mode());
    }

    /** Without data: one over the mean size of each channel's weights [rows, columns]. */
    static float[] dataFree(float[] w, int rows, int columns) {
        double[] sums = new double[columns];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                sums[c] += Math.abs(w[r * columns + c]);
            }
        }
        float[] factors = new float[columns];
        for (int c = 0; c < columns; c++) {
            factors[c] = 1 / Math.max((float) (sums[c] / rows), EPSILON);
        }
        return factors;
    }

    /**
     * Searches, for each group that holds one of the largest channels, the power of the channels' sizes that leaves the
     * least error of the group's outputs; channels of other groups keep 1.
     *
     * @param w [rows, I]
     */
    static float[] dataAware(
            float[] w,
            int rows,
            WeightConfig config,
            ActivationSummary x,
            Optional<Producer> producer,
            AwqParameters settings) {
        AwqScales search = new AwqScales(config, settings);
        int columns = x.channels();
        int length = config.groupLength(columns);
        float[] factors = new float[columns];
        Arrays.fill(factors, 1);
        for (int group : search.groups(x.maxima(), length)) {
            search.best(w, rows, columns, group * length, length, x, producer)
                    .ifPresent(best -> System.arraycopy(best, 0, factors, group * length, length));
        }
        return factors;
    }

    private Set<Integer> groups(float[] sizes, int length) {
        int top = Math.max((int) (sizes.length * settings.percentToApply()), 1);
        Set<Integer> groups = new TreeSet<>();
        IntStream.range(0, sizes.length)
                .boxed()
                .sorted((a, b) -> Float.compare(sizes[b], sizes[a]))
                .limit(top)
                .forEach(channel -> groups.add(channel / length));
        return groups;
    }

    private Optional<float[]> best(
            float[] w, int rows, int columns, int start, int length, ActivationSummary x, Optional<Producer> producer) {
        float[] base = clipped(Arrays.copyOfRange(x.maxima(), start, start + length));
        ActivationSummary inputs = x.channels(start, length);
        Slice slice = new Slice(w, rows, columns, start, inputs);
        float[][] candidates = new float[settings.steps()][];
        double alpha = settings.alphaMin();
        double step = (settings.alphaMax() - settings.alphaMin()) / settings.steps();
        for (int i = 0; i < candidates.length; i++) {
            candidates[i] = candidate(base, (float) alpha, producer, start);
            alpha += step;
        }
        double[] errors = IntStream.range(0, candidates.length)
                .parallel()
                .mapToDouble(i -> error(slice, candidates[i]))
                .toArray();
        double least = largestOutput(slice);
        int best = -1;
        for (int i = 0; i < errors.length; i++) {
            if (errors[i] < least) {
                least = errors[i];
                best = i;
            }
        }
        return best < 0 ? Optional.empty() : Optional.of(candidates[best]);
    }

    /** Columns of a weight with the inputs that belong to them. */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    private record Slice(float[] w, int rows, int columns, int start, ActivationSummary x) {
        int length() {
            return x.channels();
        }

        int tiles() {
            return (rows + TILE_ROWS - 1) / TILE_ROWS;
        }
    }

    /** From the lower decile (interpolated as NumPy does) to 100. */
    private static float[] clipped(float[] sizes) {
        float[] sorted = sizes.clone();
        Arrays.sort(sorted);
        double position = 0.1 * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        float least = (float) (sorted[below] + (sorted[above] - sorted[below]) * (position - below));
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = Math.min(Math.max(sizes[i], least), LARGEST_BASE);
        }
        return sizes;
    }

    private static float[] candidate(float[] base, float alpha, Optional<Producer> producer, int start) {
        float[] factors = new float[base.length];
        for (int i = 0; i < base.length; i++) {
            // Channels that are zero in all samples would be divided by zero.
            factors[i] = Math.max((float) Math.pow(base[i], alpha), EPSILON);
            if (producer.isPresent()) {
                Producer merged = producer.get();
                float sum = merged.magnitudes[start + i] * merged.largest * merged.inputs;
                if (sum / factors[i] >= OVERFLOW) {
                    factors[i] = sum / OVERFLOW;
                }
            }
        }
        return factors;
    }

    /** Mean size of what outputs change by if weights times factors are quantized, one group for each row. */
    private double error(Slice slice, float[] factors) {
        int length = slice.length();
        int samples = slice.x.samples();
        float[] inputs = slice.x.means().clone();
        for (int i = 0; i < length; i++) {
            for (int s = i * samples; s < (i + 1) * samples; s++) {
                inputs[s] /= factors[i];
            }
        }
        float[] scaled = new float[length];
        float[] level = new float[length];
        float[] difference = new float[TILE_ROWS * length];
        float[] output = new float[TILE_ROWS * samples];
        float[] scale = new float[1];
        float[] zeroPoint = new float[1];
        double sum = 0;
        for (int tile = 0; tile < slice.tiles(); tile++) {
            int first = tile * TILE_ROWS;
            int count = Math.min(TILE_ROWS, slice.rows - first);
            for (int r = 0; r < count; r++) {
                int from = (first + r) * slice.columns + slice.start;
                for (int i = 0; i < length; i++) {
                    scaled[i] = slice.w[from + i] * factors[i];
                }
                levels.parameters(scaled, 0, length, scale, zeroPoint, 0);
                levels.of(scaled, 0, length, scale[0], zeroPoint[0], level, 0);
                float s = scale[0];
                int to = r * length;
                for (int i = 0; i < length; i++) {
                    difference[to + i] = level[i] * s - scaled[i];
                }
            }
            Arrays.fill(output, 0);
            Products.View product = Products.View.of(output, samples);
            Products.addHere(
                    count,
                    samples,
                    length,
                    1,
                    Products.View.of(difference, length),
                    Products.View.of(inputs, samples),
                    product);
            for (int i = 0; i < count * samples; i++) {
                sum += Math.abs(output[i]);
            }
        }
        return sum / ((double) slice.rows * samples);
    }

    private static double largestOutput(Slice slice) {
        int samples = slice.x.samples();
        return IntStream.range(0, slice.tiles())
                .parallel()
                .mapToDouble(tile -> {
                    int first = tile * TILE_ROWS;
                    int count = Math.min(TILE_ROWS, slice.rows - first);
                    float[] output = new float[count * samples];
                    Products.View rows =
                            new Products.View(slice.w, first * slice.columns + slice.start, slice.columns, 1);
                    Products.View product = Products.View.of(output, samples);
                    Products.addHere(count, samples, slice.length(), 1, rows, slice.x.view(), product);
                    float largest = 0;
                    for (float value : output) {
                        largest = Math.max(largest, Math.abs(value));
                    }
                    return largest;
                })
                .max()
                .orElse(0);
    }
}
