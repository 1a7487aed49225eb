package dev.decanter.compress;

/**
 * How AWQ looks for the factors of input channels.
 *
 * <p>{@link #DEFAULT} is the search of the paper (Lin et al., "AWQ: Activation-aware Weight Quantization", 2023): it takes
 * every input that a norm, the layer before or a new Multiply can divide, gives all its channels their mean magnitude to
 * the power that leaves the least error of the outputs of all layers that read it, and then searches, for every group of
 * weights, the range that does so. {@link #NNCF} is what NNCF does: down projections and layers behind activations only,
 * a few channels, and ranges as they are.
 *
 * @param search which of the two
 * @param subsetSize most calibration samples that are looked at, at least 1; NNCF's takes up to twice as many
 * @param percentToApply share of the input channels, those with the largest inputs, whose groups NNCF's search corrects, 0
 *     to 1; 1 with the paper's, which corrects all
 * @param alphaMin least power of the channels' sizes that is tried
 * @param alphaMax greatest power, which is not tried itself
 * @param steps how many powers are tried, at least 1
 * @param preferDataAwareScaling whether calibration data, if there is any, is used; without, both are NNCF's data-free form
 */
public record AwqParameters(
        Search search,
        int subsetSize,
        double percentToApply,
        double alphaMin,
        double alphaMax,
        int steps,
        boolean preferDataAwareScaling) {
    /** Whose method. */
    public enum Search {
        /** All channels of all inputs, and the ranges of groups. */
        PAPER,
        /** NNCF's, to the number. */
        NNCF
    }

    public static final AwqParameters DEFAULT = new AwqParameters(Search.PAPER, 128, 1, 0, 1, 20, true);

    /** NNCF's defaults. */
    public static final AwqParameters NNCF = new AwqParameters(Search.NNCF, 32, 0.002, 0, 1, 100, true);

    /** Throws {@link CompressionException} for a value out of range. */
    public AwqParameters {
        if (subsetSize < 1 || steps < 1) {
            throw new CompressionException(
                    "--awq: subset size " + subsetSize + " and steps " + steps + " must be at least 1");
        }
        if (!(percentToApply >= 0 && percentToApply <= 1)) {
            throw new CompressionException("--awq: share of channels " + percentToApply + " must be from 0 to 1");
        }
        if (search == Search.PAPER && percentToApply != 1) {
            throw new CompressionException("--awq: the paper's search corrects all channels, not a share of "
                    + percentToApply + "; leave that at 1, or take NNCF's search");
        }
        if (!(alphaMin <= alphaMax)) {
            throw new CompressionException("--awq: least power " + alphaMin + " is above the greatest, " + alphaMax);
        }
    }

    /** Whether the paper's search runs if there is {@code data}. */
    boolean searchesPlaces(boolean data) {
        return data && search == Search.PAPER && preferDataAwareScaling;
    }
}
