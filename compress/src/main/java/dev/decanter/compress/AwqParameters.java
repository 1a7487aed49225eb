package dev.decanter.compress;

/**
 * How AWQ looks for the factors of input channels. {@link #DEFAULT} is NNCF's.
 *
 * @param subsetSize calibration samples that errors are measured on, at least 1; up to twice as many take part
 * @param percentToApply share of the input channels, those with the largest inputs, whose groups are corrected; 0 to 1
 * @param alphaMin least power of the channels' sizes that is tried
 * @param alphaMax greatest power, which is not tried itself
 * @param steps how many powers are tried, at least 1
 * @param preferDataAwareScaling whether calibration data, if there is any, is used
 */
public record AwqParameters(
        int subsetSize,
        double percentToApply,
        double alphaMin,
        double alphaMax,
        int steps,
        boolean preferDataAwareScaling) {
    public static final AwqParameters DEFAULT = new AwqParameters(32, 0.002, 0, 1, 100, true);

    /** Throws {@link CompressionException} for a value out of range. */
    public AwqParameters {
        if (subsetSize < 1 || steps < 1) {
            throw new CompressionException(
                    "--awq: subset size " + subsetSize + " and steps " + steps + " must be at least 1");
        }
        if (!(percentToApply >= 0 && percentToApply <= 1)) {
            throw new CompressionException("--awq: share of channels " + percentToApply + " must be from 0 to 1");
        }
        if (!(alphaMin <= alphaMax)) {
            throw new CompressionException("--awq: least power " + alphaMin + " is above the greatest, " + alphaMax);
        }
    }
}
