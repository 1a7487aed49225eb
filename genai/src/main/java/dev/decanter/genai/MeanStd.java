package dev.decanter.genai;

import java.util.List;

/**
 * Mean and standard deviation (of the whole population) of samples, in their unit.
 *
 * @param mean the mean, −1 if there are no samples
 * @param std the standard deviation, −1 if there are no samples
 */
public record MeanStd(double mean, double std) {
    /** No samples. */
    public static final MeanStd ABSENT = new MeanStd(-1, -1);

    /** Of some samples. */
    public static MeanStd of(List<Double> samples) {
        if (samples.isEmpty()) {
            return ABSENT;
        }
        double sum = 0;
        for (double x : samples) {
            sum += x;
        }
        double mean = sum / samples.size();
        double squares = 0;
        for (double x : samples) {
            squares += (x - mean) * (x - mean);
        }
        return new MeanStd(mean, Math.sqrt(squares / samples.size()));
    }

    /** Whether there were samples. */
    public boolean isPresent() {
        return mean >= 0;
    }
}
