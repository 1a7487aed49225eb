package dev.decanter.compress;

/**
 * How scale estimation looks for scales. {@link #DEFAULT} is NNCF's.
 *
 * @param subsetSize calibration samples that errors are measured on, at least 1; up to twice as many take part
 * @param initialSteps how often scale and levels are refined in turn, at least 0
 * @param scaleSteps how many starting points are tried, from the first scale down in steps of 5 %; 0 to 19
 * @param weightPenalty how much the squared error of the weights counts beside that of the outputs; −1 for not at all
 */
public record ScaleEstimationParameters(int subsetSize, int initialSteps, int scaleSteps, double weightPenalty) {
    public static final ScaleEstimationParameters DEFAULT = new ScaleEstimationParameters(64, 5, 5, -1);

    /** Throws {@link CompressionException} for a value out of range. */
    public ScaleEstimationParameters {
        if (subsetSize < 1) {
            throw new CompressionException("--scale-estimation: subset size " + subsetSize + " must be at least 1");
        }
        if (initialSteps < 0 || scaleSteps < 0 || scaleSteps > 19) {
            throw new CompressionException("--scale-estimation: " + initialSteps
                    + " initial steps must not be negative," + " " + scaleSteps + " scale steps must be from 0 to 19");
        }
    }
}
