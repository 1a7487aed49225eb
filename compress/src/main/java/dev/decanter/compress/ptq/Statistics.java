package dev.decanter.compress.ptq;

import dev.decanter.compress.RangeEstimator;
import java.util.Arrays;

/** The arithmetic of what is kept of samples: extremes, means, quantiles. Memory is that of one sample's statistic. */
final class Statistics {
    private Statistics() {}

    /** Least and greatest values by channel, put together from sample to sample as an estimator says. */
    static final class Extremes {
        private final boolean mean;
        private double[] min = {};
        private double[] max = {};
        private int samples;

        Extremes(RangeEstimator.Kind kind) {
            this.mean = kind != RangeEstimator.Kind.MIN_MAX;
        }

        void add(float[] least, float[] greatest) {
            if (samples == 0) {
                min = new double[least.length];
                max = new double[greatest.length];
                if (!mean) {
                    Arrays.fill(min, Double.POSITIVE_INFINITY);
                    Arrays.fill(max, Double.NEGATIVE_INFINITY);
                }
            }
            for (int i = 0; i < least.length; i++) {
                min[i] = mean ? min[i] + least[i] : Math.min(min[i], least[i]);
                max[i] = mean ? max[i] + greatest[i] : Math.max(max[i], greatest[i]);
            }
            samples++;
        }

        int samples() {
            return samples;
        }

        float[] min() {
            return result(min);
        }

        float[] max() {
            return result(max);
        }

        private float[] result(double[] sums) {
            float[] out = new float[sums.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) (mean ? sums[i] / samples : sums[i]);
            }
            return out;
        }
    }

    /** The mean of samples' values by channel. */
    static final class Mean {
        private double[] sums = {};
        private int samples;

        void add(float[] values) {
            if (samples == 0) {
                sums = new double[values.length];
            }
            for (int i = 0; i < values.length; i++) {
                sums[i] += values[i];
            }
            samples++;
        }

        float[] get() {
            float[] out = new float[sums.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) (sums[i] / samples);
            }
            return out;
        }
    }

    /** Element by element the greater of both; {@code known} is empty before the first sample. */
    static float[] greatest(float[] known, float[] values) {
        if (known.length == 0) {
            return values.clone();
        }
        for (int i = 0; i < known.length; i++) {
            known[i] = Math.max(known[i], values[i]);
        }
        return known;
    }

    /** The quantile {@code q} of 0 to 1, between neighbours linearly as NumPy has it; sorts {@code values}. */
    static float quantile(float[] values, double q) {
        Arrays.sort(values);
        return sortedQuantile(values, q);
    }

    static float sortedQuantile(float[] values, double q) {
        double at = q * (values.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, values.length - 1);
        double share = at - below;
        return (float) (values[below] + (values[above] - (double) values[below]) * share);
    }

    /**
     * SmoothQuant's factors for one layer: what its weights are multiplied with, by input channel
     * ({@code a^α / w^(1−α)}, at least their 0.1 quantile, at most 100).
     *
     * @param activations greatest magnitude of each input channel
     * @param weights greatest magnitude of the weights of each input channel
     */
    static float[] smoothing(float[] activations, float[] weights, double alpha) {
        float[] factors = new float[activations.length];
        for (int i = 0; i < factors.length; i++) {
            float activation = Math.max(activations[i], 1e-5f);
            float weight = Math.max(weights[i], 1e-5f);
            float power = (float) Math.pow(weight, 1 - alpha);
            factors[i] = (float) Math.pow(activation, alpha) / (power + Math.ulp(1f));
        }
        float least = quantile(factors.clone(), 0.1);
        for (int i = 0; i < factors.length; i++) {
            factors[i] = Math.min(Math.max(factors[i], least), 100f);
        }
        return factors;
    }

    /** How even factors are: least by greatest. */
    static float evenness(float[] factors) {
        float least = Float.POSITIVE_INFINITY;
        float greatest = 0;
        for (float factor : factors) {
            least = Math.min(least, factor);
            greatest = Math.max(greatest, factor);
        }
        return least / (greatest + Math.ulp(1f));
    }
}
