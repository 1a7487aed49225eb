package dev.decanter.compress;

/**
 * How GPTQ runs. {@link #DEFAULT} is NNCF's.
 *
 * @param dampPercent what is added to the diagonal of the inputs' second moments, as a share of its mean; positive
 * @param blockSize columns that are quantized before the others hear of the errors, at least 1
 * @param subsetSize calibration samples, at least 1
 */
public record GptqParameters(double dampPercent, int blockSize, int subsetSize) {
    public static final GptqParameters DEFAULT = new GptqParameters(0.1, 128, 128);

    /** Throws {@link CompressionException} for a value out of range. */
    public GptqParameters {
        if (!(dampPercent > 0) || blockSize < 1 || subsetSize < 1) {
            throw new CompressionException("--gptq: damping " + dampPercent + " must be positive, block size "
                    + blockSize + " and subset size " + subsetSize + " at least 1");
        }
    }
}
