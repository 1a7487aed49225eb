package dev.decanter.compress;

/**
 * How low-rank correction runs. {@link #DEFAULT} is NNCF's.
 *
 * @param adapterRank rank of the adapters, at least 1; a layer's smaller dimension bounds it
 * @param numIterations how often both adapters are fitted in turn, at least 0
 * @param applyRegularization whether the adapters must stand for the loss of the weights too, not of the outputs alone
 * @param subsetSize calibration samples that are fitted to, at least 1; up to twice as many take part
 * @param useInt8Adapters whether adapters are stored in 8 bits, else in f16
 */
public record LoraCorrectionParameters(
        int adapterRank, int numIterations, boolean applyRegularization, int subsetSize, boolean useInt8Adapters) {
    public static final LoraCorrectionParameters DEFAULT = new LoraCorrectionParameters(8, 3, true, 128, true);

    /** Throws {@link CompressionException} for a value out of range. */
    public LoraCorrectionParameters {
        if (adapterRank < 1 || subsetSize < 1 || numIterations < 0) {
            throw new CompressionException("--lora-correction: rank " + adapterRank + " and subset size " + subsetSize
                    + " must be at least 1, the number of iterations " + numIterations + " not negative");
        }
    }
}
