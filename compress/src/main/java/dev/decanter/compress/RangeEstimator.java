package dev.decanter.compress;

/**
 * How the range of a quantizer follows from the values that were seen.
 *
 * @param kind the rule
 * @param outlierProbability share of the values that {@link Kind#PERCENTILE} leaves out at each end, above 0 and below 0.5;
 *     other kinds ignore it
 */
public record RangeEstimator(Kind kind, double outlierProbability) {
    /** The least and the greatest value of all samples. */
    public static final RangeEstimator MIN_MAX = new RangeEstimator(Kind.MIN_MAX, 0.0001);

    /** The mean of the samples' least and of their greatest values. */
    public static final RangeEstimator MEAN_MIN_MAX = new RangeEstimator(Kind.MEAN_MIN_MAX, 0.0001);

    /** What a sample gives, and how samples are put together. */
    public enum Kind {
        MIN_MAX,
        MEAN_MIN_MAX,
        PERCENTILE
    }

    /** Throws {@link CompressionException} if the probability is out of range. */
    public RangeEstimator {
        if (!(outlierProbability > 0 && outlierProbability < 0.5)) {
            throw new CompressionException("the outlier probability of a range estimator is " + outlierProbability
                    + "; give it above 0 and below 0.5");
        }
    }

    /** The mean over samples of the quantiles {@code outlierProbability} and {@code 1 − outlierProbability}. */
    public static RangeEstimator percentile(double outlierProbability) {
        return new RangeEstimator(Kind.PERCENTILE, outlierProbability);
    }
}
