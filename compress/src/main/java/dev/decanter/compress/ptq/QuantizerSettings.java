package dev.decanter.compress.ptq;

import dev.decanter.compress.IgnoredScope;
import dev.decanter.compress.Quantization;
import dev.decanter.compress.RangeEstimator;
import dev.decanter.ir.RtInfo;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The options of a quantization, all decided.
 *
 * @param symmetric whether activations get symmetric ranges
 * @param subsetSize number of samples at most
 * @param matmulAlpha SmoothQuant's exponent for products; negative for none
 * @param convolutionAlpha the same for convolutions
 */
public record QuantizerSettings(
        boolean symmetric,
        boolean transformer,
        int subsetSize,
        boolean biasCorrection,
        boolean fastBiasCorrection,
        double matmulAlpha,
        double convolutionAlpha,
        Optional<RangeEstimator> activationRange,
        Optional<RangeEstimator> weightRange,
        Quantization.OverflowFix overflowFix,
        IgnoredScope ignoredScope) {

    /** Samples for the full bias correction, which takes longer: a fifth, as NNCF. */
    int biasSamples() {
        return fastBiasCorrection ? subsetSize : Math.max(subsetSize / 5, 1);
    }

    /** {@code info} with the entries that NNCF leaves, so that other tools know the model is quantized. */
    RtInfo.Section record(RtInfo.Section info) {
        RtInfo.Section with = put(info, "advanced_parameters", advanced());
        with = put(with, "fast_bias_correction", python(fastBiasCorrection));
        if (ignoredScope.isEmpty()) {
            with = put(with, "ignored_scope", "[]");
        }
        with = list(with, "names", ignoredScope.names());
        with = list(with, "patterns", ignoredScope.patterns());
        with = list(with, "types", ignoredScope.types());
        with = put(with, "model_type", transformer ? "transformer" : "None");
        with = put(with, "preset", symmetric ? "performance" : "mixed");
        with = put(with, "subset_size", Integer.toString(subsetSize));
        return put(with, "target_device", "ANY");
    }

    private static RtInfo.Section put(RtInfo.Section info, String key, String value) {
        return info.with(value, "nncf", "quantization", key);
    }

    private static RtInfo.Section list(RtInfo.Section info, String key, List<String> values) {
        if (values.isEmpty()) {
            return info;
        }
        List<String> quoted = values.stream()
                .map(v -> "'" + v.replace("\\", "\\\\").replace("'", "\\'") + "'")
                .toList();
        return info.with("[" + String.join(", ", quoted) + "]", "nncf", "quantization", "ignored_scope", key);
    }

    private String advanced() {
        String none = "{'min': {'statistics_type': None, 'aggregator_type': None, 'clipping_value': None,"
                + " 'quantile_outlier_prob': 0.0001}, 'max': {'statistics_type': None, 'aggregator_type': None,"
                + " 'clipping_value': None, 'quantile_outlier_prob': 0.0001}}";
        return "{'overflow_fix': '"
                + overflowFix.name().toLowerCase(Locale.ROOT).replace("first_layer", "first_layer_only")
                + "', 'quantize_outputs': False, 'inplace_statistics': True, 'disable_channel_alignment': True,"
                + " 'disable_bias_correction': " + python(!biasCorrection)
                + ", 'batchwise_statistics': None, 'activations_quantization_params': None,"
                + " 'weights_quantization_params': None, 'activations_range_estimator_params': "
                + activationRange.map(QuantizerSettings::python).orElse(none)
                + ", 'weights_range_estimator_params': "
                + weightRange.map(QuantizerSettings::python).orElse(none)
                + ", 'bias_correction_params': {'apply_for_all_nodes': False, 'threshold': None},"
                + " 'smooth_quant_alphas': {'convolution': " + number(convolutionAlpha) + ", 'matmul': "
                + number(matmulAlpha) + "}, 'smooth_quant_alpha': None, 'backend_params': {}}";
    }

    /** NNCF's dictionary of an estimator. */
    private static String python(RangeEstimator estimator) {
        boolean quantile = estimator.kind() == RangeEstimator.Kind.PERCENTILE;
        boolean mean = estimator.kind() != RangeEstimator.Kind.MIN_MAX;
        String form = "{'statistics_type': '%s', 'aggregator_type': '%s', 'clipping_value': None,"
                + " 'quantile_outlier_prob': " + estimator.outlierProbability() + "}";
        String min = String.format(Locale.ROOT, form, quantile ? "quantile" : "min", mean ? "mean" : "min");
        String max = String.format(Locale.ROOT, form, quantile ? "quantile" : "max", mean ? "mean" : "max");
        return "{'min': " + min + ", 'max': " + max + "}";
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static String python(boolean value) {
        return value ? "True" : "False";
    }
}
