package dev.decanter.compress.weights;

import java.util.Optional;

/**
 * What was decided for a weight: how it is stored, and the scales that data-aware methods found. The insertion honours it.
 *
 * @param config empty if the weight stays as it is
 * @param ratioDefining whether the ratio counts it
 * @param parameters scales and zero points instead of those that the formulas give (scale estimation, GPTQ)
 */
public record LayerPlan(
        WeightedLayer layer,
        Optional<WeightConfig> config,
        boolean ratioDefining,
        Optional<GroupParameters> parameters) {

    /**
     * {@code y += (x·aᵀ)·bᵀ}.
     *
     * @param a [rank, columns]
     * @param b [rows, rank]
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record LowRank(int rank, float[] a, float[] b) {}

    public LayerPlan(WeightedLayer layer, Optional<WeightConfig> config, boolean ratioDefining) {
        this(layer, config, ratioDefining, Optional.empty());
    }

    public LayerPlan withConfig(Optional<WeightConfig> value) {
        return new LayerPlan(layer, value, ratioDefining, parameters);
    }

    public LayerPlan withParameters(GroupParameters value) {
        return new LayerPlan(layer, config, ratioDefining, Optional.of(value));
    }
}
