package dev.decanter.compress.aware;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * What the data-aware methods know of a layer's input: its mean over the tokens of each calibration sample.
 *
 * @param channels inputs of the layer, I
 * @param samples how many samples {@code means} holds, S
 * @param means [I, S]
 * @param maxima for each channel the largest magnitude of its mean over all samples, those left out of {@code means} too
 */
@SuppressWarnings("ArrayRecordComponent") // passed on, never compared
record ActivationSummary(int channels, int samples, float[] means, float[] maxima) {
    ActivationSummary {
        if (means.length != channels * samples || maxima.length != channels || samples == 0) {
            throw new IllegalArgumentException(
                    means.length + " means and " + maxima.length + " maxima for " + channels + " x " + samples);
        }
    }

    /**
     * Of the means [I, N] of N samples. If there are more than {@code subset}, they are ordered by tokens, most first, and
     * every (N / subset)-th is kept, so that up to twice the subset remain, as NNCF does it.
     *
     * @param lengths tokens of each sample
     */
    static ActivationSummary of(int channels, float[] means, long[] lengths, int subset) {
        int all = lengths.length;
        float[] maxima = new float[channels];
        for (int c = 0; c < channels; c++) {
            for (int n = 0; n < all; n++) {
                maxima[c] = Math.max(maxima[c], Math.abs(means[c * all + n]));
            }
        }
        if (all <= subset) {
            return new ActivationSummary(channels, all, means, maxima);
        }
        int step = all / subset;
        int[] order = IntStream.range(0, all)
                .boxed()
                .sorted(Comparator.comparingLong(n -> -lengths[n]))
                .mapToInt(n -> n)
                .toArray();
        int[] kept = IntStream.range(0, all)
                .filter(i -> i % step == 0)
                .map(i -> order[i])
                .toArray();
        float[] chosen = new float[channels * kept.length];
        for (int c = 0; c < channels; c++) {
            for (int s = 0; s < kept.length; s++) {
                chosen[c * kept.length + s] = means[c * all + kept[s]];
            }
        }
        return new ActivationSummary(channels, kept.length, chosen, maxima);
    }

    /** Of the same layer after its input was multiplied by a factor for each channel. */
    ActivationSummary times(float[] factors) {
        float[] scaled = means.clone();
        float[] largest = maxima.clone();
        for (int c = 0; c < channels; c++) {
            largest[c] = Math.abs(largest[c] * factors[c]);
            for (int s = 0; s < samples; s++) {
                scaled[c * samples + s] *= factors[c];
            }
        }
        return new ActivationSummary(channels, samples, scaled, largest);
    }

    /** Channels {@code start} to {@code start + length}. */
    ActivationSummary channels(int start, int length) {
        return new ActivationSummary(
                length,
                samples,
                Arrays.copyOfRange(means, start * samples, (start + length) * samples),
                Arrays.copyOfRange(maxima, start, start + length));
    }

    /** The means as a matrix [I, S]. */
    Products.View view() {
        return Products.View.of(means, samples);
    }
}
