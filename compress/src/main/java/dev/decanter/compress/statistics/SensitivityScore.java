package dev.decanter.compress.statistics;

import dev.decanter.compress.SensitivityMetric;
import dev.decanter.ir.ElementType;

/** The score by which layers are ranked when the ratio is below 1; see NNCF's {@code mixed_precision.py}. */
public final class SensitivityScore {
    private SensitivityScore() {}

    /**
     * The score of a MatMul; embeddings score 0 with the metrics that look at data.
     *
     * @param error of 8-bit quantization of the weight: {@code max_o mean_i (w − ŵ)²}, or {@code ‖W − Ŵ‖} for
     *     {@link SensitivityMetric#HESSIAN_INPUT_ACTIVATION}
     * @param stored type of the weight as the model has it
     */
    public static double of(SensitivityMetric metric, double error, ElementType stored, LayerStatistics statistics) {
        double weight = metric == SensitivityMetric.HESSIAN_INPUT_ACTIVATION ? error : 1 / (error + epsilon(stored));
        return weight * statistics.activationScore(metric);
    }

    /**
     * What NNCF adds to the error before it takes the inverse: the machine epsilon of the type in which the weight is stored, so
     * that errors of f16 weights hardly count beside the activations. It widens bf16 to f32 first.
     */
    public static double epsilon(ElementType stored) {
        return switch (stored) {
            case F16 -> 0x1p-10;
            case F64 -> Math.ulp(1.0);
            default -> Math.ulp(1f);
        };
    }
}
