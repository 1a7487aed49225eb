package dev.decanter.compress.weights;

import java.util.Optional;

/**
 * What was decided for a weight: how it is stored, and what data-aware methods found. The insertion honours it.
 *
 * @param config empty if the weight stays as it is
 * @param ratioDefining whether the ratio counts it
 * @param parameters scales and zero points instead of those that the formulas give (scale estimation, GPTQ)
 * @param columnScale a factor for each column, by which the weight is multiplied before it is quantized (AWQ); the graph
 *     has been changed to divide the activation by it
 * @param codes codes of all elements, row by row, as {@link GroupQuantizer#codes} gives them (GPTQ); needs parameters
 * @param adapters a low-rank correction
 */
public record LayerPlan(
        WeightedLayer layer,
        Optional<WeightConfig> config,
        boolean ratioDefining,
        Optional<GroupParameters> parameters,
        Optional<float[]> columnScale,
        Optional<byte[]> codes,
        Optional<LowRank> adapters) {

    /**
     * {@code y += (x·aᵀ)·bᵀ}.
     *
     * @param a [rank, columns]
     * @param b [rows, rank]
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record LowRank(int rank, float[] a, float[] b) {}

    public LayerPlan(WeightedLayer layer, Optional<WeightConfig> config, boolean ratioDefining) {
        this(layer, config, ratioDefining, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    public LayerPlan withConfig(Optional<WeightConfig> value) {
        return new LayerPlan(layer, value, ratioDefining, parameters, columnScale, codes, adapters);
    }

    public LayerPlan withParameters(GroupParameters value) {
        return new LayerPlan(layer, config, ratioDefining, Optional.of(value), columnScale, codes, adapters);
    }

    public LayerPlan withColumnScale(float[] value) {
        return new LayerPlan(layer, config, ratioDefining, parameters, Optional.of(value), codes, adapters);
    }

    public LayerPlan withCodes(GroupParameters values, byte[] allCodes) {
        return new LayerPlan(
                layer, config, ratioDefining, Optional.of(values), columnScale, Optional.of(allCodes), adapters);
    }

    public LayerPlan withAdapters(LowRank value) {
        return new LayerPlan(layer, config, ratioDefining, parameters, columnScale, codes, Optional.of(value));
    }
}
