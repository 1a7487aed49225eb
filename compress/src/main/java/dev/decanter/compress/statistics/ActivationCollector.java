package dev.decanter.compress.statistics;

import dev.decanter.compress.CompressionException;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Gathers {@link LayerStatistics} of a value. */
final class ActivationCollector implements Observer {
    /** Elements that a Java array can have, a few less. */
    private static final long LARGEST_HESSIAN = Integer.MAX_VALUE - 8L;

    private final ActivationInput input;
    private final boolean withHessian;
    private final List<float[]> means = new ArrayList<>();
    private final List<Long> lengths = new ArrayList<>();
    private final List<Gram> hessians = new ArrayList<>();
    private int batch;
    private int channels;
    private long sequences;
    private double meanVariance;
    private double maxVariance;
    private double meanMagnitude;
    private double trace;

    ActivationCollector(ActivationInput input, boolean withHessian) {
        this.input = input;
        this.withHessian = withHessian;
    }

    @Override
    public void sample(int index, Tensor value) {
        add(
                Activations.of(input.layers().getFirst().name(), value, input.channelAxis()),
                value.shape().rank());
    }

    void add(Activations x, int rank) {
        int parts = input.batched() && rank == 3 ? x.batch() : 1;
        if (means.isEmpty()) {
            batch = parts;
            channels = x.channels();
        } else if (batch != parts || channels != x.channels()) {
            throw new CompressionException(
                    "the input of layer \"" + input.layers().getFirst().name() + "\" has " + x.channels()
                            + " channels and not " + channels + " for sample " + means.size());
        }
        means.add(means(x, parts));
        lengths.add((long) x.batch() * x.tokens());
        moments(x);
        if (withHessian) {
            addHessian(x, parts, rank);
        }
    }

    private static float[] means(Activations x, int parts) {
        int channels = x.channels();
        int rows = x.batch() * x.tokens() / parts;
        float[] out = new float[parts * channels];
        double[] sums = new double[channels];
        for (int part = 0; part < parts; part++) {
            Arrays.fill(sums, 0);
            for (int row = 0; row < rows; row++) {
                int from = (part * rows + row) * channels;
                for (int c = 0; c < channels; c++) {
                    sums[c] += x.values()[from + c];
                }
            }
            for (int c = 0; c < channels; c++) {
                out[part * channels + c] = (float) (sums[c] / rows);
            }
        }
        return out;
    }

    private void moments(Activations x) {
        int n = x.channels();
        double variances = 0;
        double largest = 0;
        double magnitudes = 0;
        double squares = 0;
        double[] sums = new double[n];
        double[] deviations = new double[n];
        float[] peaks = new float[n];
        float[] values = x.values();
        for (int b = 0; b < x.batch(); b++) {
            Arrays.fill(sums, 0);
            Arrays.fill(deviations, 0);
            Arrays.fill(peaks, 0);
            int base = b * x.tokens() * n;
            for (int t = 0; t < x.tokens(); t++) {
                for (int c = 0; c < n; c++) {
                    float v = values[base + t * n + c];
                    sums[c] += v;
                    peaks[c] = Math.max(peaks[c], Math.abs(v));
                }
            }
            for (int c = 0; c < n; c++) {
                sums[c] /= x.tokens();
            }
            // Of the differences, since a large mean would swallow a small variance in the difference of squares.
            for (int t = 0; t < x.tokens(); t++) {
                for (int c = 0; c < n; c++) {
                    double d = values[base + t * n + c] - sums[c];
                    deviations[c] += d * d;
                }
            }
            for (int c = 0; c < n; c++) {
                double variance = deviations[c] / x.tokens();
                variances += variance;
                largest = Math.max(largest, variance);
                magnitudes += peaks[c];
                squares += deviations[c] + sums[c] * sums[c] * x.tokens();
            }
        }
        meanVariance += variances / ((double) n * x.batch());
        maxVariance += largest;
        meanMagnitude += magnitudes / ((double) n * x.batch());
        trace = (trace + squares) / values.length;
    }

    private void addHessian(Activations x, int parts, int rank) {
        if ((long) channels * channels * parts > LARGEST_HESSIAN) {
            throw new CompressionException(
                    "layer \"" + input.layers().getFirst().name() + "\" has " + channels
                            + " input channels, and --gptq keeps the products of all their pairs in one array, which holds those of 46,340;"
                            + " name the layer in --ignored-scope, or leave --gptq out");
        }
        while (hessians.size() < parts) {
            hessians.add(new Gram(channels));
        }
        int rows = x.batch() * x.tokens() / parts;
        for (int part = 0; part < parts; part++) {
            hessians.get(part).add(x.values(), part * rows, rows);
        }
        sequences += parts > 1 || rank != 3 ? 1 : x.batch();
    }

    /** What was seen; throws {@link CompressionException} if that was nothing. */
    LayerStatistics statistics() {
        int samples = means.size();
        if (samples == 0) {
            throw new CompressionException("no sample was seen at the input of layer \""
                    + input.layers().getFirst().name() + "\"");
        }
        float[] all = new float[Math.multiplyExact(means.getFirst().length, samples)];
        for (int s = 0; s < samples; s++) {
            float[] mean = means.get(s);
            for (int c = 0; c < mean.length; c++) {
                all[c * samples + s] = mean[c];
            }
        }
        return new LayerStatistics(
                batch,
                channels,
                all,
                lengths.stream().mapToLong(Long::longValue).toArray(),
                (float) (meanVariance / samples),
                (float) (maxVariance / samples),
                (float) (meanMagnitude / samples),
                (float) (trace * 2 / samples),
                withHessian ? Optional.of(hessian()) : Optional.empty());
    }

    private float[] hessian() {
        float factor = 2f / sequences;
        if (batch == 1) {
            return hessians.getFirst().finish(factor);
        }
        int size = channels * channels;
        float[] all = new float[Math.multiplyExact(batch, size)];
        for (int part = 0; part < batch; part++) {
            System.arraycopy(hessians.get(part).finish(factor), 0, all, part * size, size);
        }
        return all;
    }
}
