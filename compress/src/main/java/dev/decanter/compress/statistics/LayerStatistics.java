package dev.decanter.compress.statistics;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.SensitivityMetric;
import java.util.Optional;

/**
 * What is known of the input x of a layer after calibration. With weights of three dimensions, experts, each of the
 * {@code batch} experts has a part of its own in {@code means} and {@code hessian}, one after the other; else batch is 1.
 *
 * <p>The formulas are those of NNCF's collectors; tokens are the axis beside the channels, rows all axes but the channels'.
 *
 * @param channels inputs of the layer, I
 * @param means [batch, I, S]: for each sample the mean of x over its rows
 * @param lengths rows of each sample, S of them
 * @param meanVariance mean over samples of mean over channels of the variance of x over tokens
 * @param maxVariance mean over samples of the largest variance of a channel
 * @param meanMagnitude mean over samples of mean over channels of max |x| over tokens
 * @param hessianTrace NNCF's running mean of squares: a ← (a + Σx²) / elements for each sample, at the end 2a / S
 * @param hessian if asked for, {@code 2 / n · Σ x·xᵀ} over all rows, [batch, I, I], n the number of sequences, as GPTQ takes it
 */
@SuppressWarnings("ArrayRecordComponent") // not compared
public record LayerStatistics(
        int batch,
        int channels,
        float[] means,
        long[] lengths,
        double meanVariance,
        double maxVariance,
        double meanMagnitude,
        double hessianTrace,
        Optional<float[]> hessian) {
    public LayerStatistics {
        if (lengths.length == 0 || means.length != (long) batch * channels * lengths.length) {
            throw new CompressionException("statistics with " + means.length + " means of " + lengths.length
                    + " samples of " + batch + " x " + channels + " channels are damaged; collect them again");
        }
    }

    /** The number of samples, S. */
    public int samples() {
        return lengths.length;
    }

    /** How strongly the input weighs the error of a layer's weights; 1 for the metric that looks at weights alone. */
    public double activationScore(SensitivityMetric metric) {
        return switch (metric) {
            case WEIGHT_QUANTIZATION_ERROR -> 1;
            case HESSIAN_INPUT_ACTIVATION -> hessianTrace;
            case MEAN_ACTIVATION_VARIANCE -> meanVariance;
            case MAX_ACTIVATION_VARIANCE -> maxVariance;
            case MEAN_ACTIVATION_MAGNITUDE -> meanMagnitude;
        };
    }

    /** For a weight that is no stack of experts but reads the same value: of all parts together, as means. */
    public LayerStatistics joined() {
        if (batch == 1) {
            return this;
        }
        return new LayerStatistics(
                1,
                channels,
                meanOfParts(means),
                lengths,
                meanVariance,
                maxVariance,
                meanMagnitude,
                hessianTrace,
                hessian.map(this::meanOfParts));
    }

    private float[] meanOfParts(float[] parts) {
        float[] mean = new float[parts.length / batch];
        for (int i = 0; i < parts.length; i++) {
            mean[i % mean.length] += parts[i] / batch;
        }
        return mean;
    }

    /** The same without the Hessian, which is large. */
    public LayerStatistics withoutHessian() {
        return new LayerStatistics(
                batch,
                channels,
                means,
                lengths,
                meanVariance,
                maxVariance,
                meanMagnitude,
                hessianTrace,
                Optional.empty());
    }
}
