package dev.decanter.compress.aware;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightMatrix;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Factors for all channels of an input that several layers read: the mean magnitude of each channel to one power, that of
 * the least error of the layers' outputs when weights times factors are quantized by the formulas. Lin et al., "AWQ:
 * Activation-aware Weight Quantization", 2023, section 3.2.
 */
final class ChannelSearch {
    static final int TILE_ROWS = 64;

    /** Tiles of a layer that errors are measured on at most: the power is one number, which 2,048 rows tell well enough. */
    private static final int MOST_TILES = 32;

    /** Factors are within 2⁻¹⁰ and 2¹⁰, so that no f16 weight that takes them overflows. */
    private static final float LIMIT = 1024;

    private ChannelSearch() {}

    /**
     * Searches.
     *
     * @param layers those that read the input and become 4-bit
     * @return what the layers' columns are multiplied by; all 1 if no power is better than none
     */
    static float[] factors(List<LayerPlan> layers, InputMoments moments, AwqParameters settings) {
        float[] magnitudes = moments.magnitudes();
        float[][] candidates = new float[settings.steps()][];
        for (int i = 0; i < candidates.length; i++) {
            double alpha = settings.alphaMin() + i * (settings.alphaMax() - settings.alphaMin()) / candidates.length;
            candidates[i] = powers(magnitudes, alpha);
        }
        double[] errors = new double[candidates.length];
        double unscaled = 0;
        float[] ones = powers(magnitudes, 0);
        for (LayerPlan plan : layers) {
            double[] ofLayer = errors(plan, moments, candidates, ones);
            for (int i = 0; i < errors.length; i++) {
                errors[i] += ofLayer[i];
            }
            unscaled += ofLayer[errors.length];
        }
        int best = -1;
        double least = unscaled;
        for (int i = 0; i < errors.length; i++) {
            if (errors[i] < least) {
                least = errors[i];
                best = i;
            }
        }
        return best < 0 ? ones : candidates[best];
    }

    /** Around 1: the geometric mean of the largest and the least is. Channels that never had any input keep 1. */
    private static float[] powers(float[] magnitudes, double alpha) {
        float[] factors = new float[magnitudes.length];
        Arrays.fill(factors, 1);
        double least = Double.POSITIVE_INFINITY;
        double largest = 0;
        for (float magnitude : magnitudes) {
            if (magnitude > 0) {
                least = Math.min(least, Math.pow(magnitude, alpha));
                largest = Math.max(largest, Math.pow(magnitude, alpha));
            }
        }
        double middle = Math.sqrt(least * largest);
        for (int i = 0; i < factors.length; i++) {
            if (magnitudes[i] > 0) {
                factors[i] = (float) Math.clamp(Math.pow(magnitudes[i], alpha) / middle, 1 / LIMIT, LIMIT);
            }
        }
        return factors;
    }

    /** The sum over rows of a layer's mean squared error with each candidate, and with none. */
    private static double[] errors(LayerPlan plan, InputMoments moments, float[][] candidates, float[] none) {
        WeightMatrix matrix = plan.layer().matrix();
        int tiles = Math.ceilDiv(matrix.rows(), TILE_ROWS);
        int step = Math.ceilDiv(tiles, MOST_TILES);
        double[][] parts = IntStream.range(0, Math.ceilDiv(tiles, step))
                .parallel()
                .mapToObj(i -> {
                    int row = i * step * TILE_ROWS;
                    int count = Math.min(TILE_ROWS, matrix.rows() - row);
                    float[] w = new float[count * moments.channels()];
                    matrix.read(row, count, w);
                    double[] errors = new double[candidates.length + 1];
                    Rounding rounding = new Rounding(plan.config().orElseThrow(), moments, count);
                    for (int k = 0; k < errors.length; k++) {
                        errors[k] = rounding.error(w, k < candidates.length ? candidates[k] : none) * step;
                    }
                    return errors;
                })
                .toArray(double[][]::new);
        double[] sums = new double[candidates.length + 1];
        for (double[] part : parts) {
            for (int k = 0; k < sums.length; k++) {
                sums[k] += part[k];
            }
        }
        return sums;
    }

    /** Quantizes some rows again and again. */
    private static final class Rounding {
        private final Levels levels;
        private final InputMoments moments;
        private final int rows;
        private final int length;
        private final float[] scaled;
        private final float[] difference;
        private final float[] level;
        private final float[] products;
        private final double[] errors;

        Rounding(WeightConfig config, InputMoments moments, int rows) {
            this.moments = moments;
            this.rows = rows;
            levels = new Levels(config.mode());
            length = config.groupLength(moments.channels());
            scaled = new float[length];
            level = new float[length];
            difference = new float[rows * moments.channels()];
            products = new float[rows * Math.min(length, moments.length(0))];
            errors = new double[rows];
        }

        double error(float[] w, float[] factors) {
            int columns = moments.channels();
            float[] scale = new float[1];
            float[] zeroPoint = new float[1];
            for (int start = 0; start < w.length; start += length) {
                int channel = start % columns;
                for (int i = 0; i < length; i++) {
                    scaled[i] = w[start + i] * factors[channel + i];
                }
                levels.parameters(scaled, 0, length, scale, zeroPoint, 0);
                levels.of(scaled, 0, length, scale[0], zeroPoint[0], level, 0);
                float s = scale[0];
                for (int i = 0; i < length; i++) {
                    difference[start + i] = (level[i] * s - scaled[i]) / factors[channel + i];
                }
            }
            Arrays.fill(errors, 0);
            for (int block = 0; block < moments.blocks(); block++) {
                moments.addErrors(block, difference, moments.start(block), columns, rows, products, errors);
            }
            return Arrays.stream(errors).sum();
        }
    }
}
