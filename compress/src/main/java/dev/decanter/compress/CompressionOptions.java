package dev.decanter.compress;

import dev.decanter.compress.weights.Selection;
import dev.decanter.compress.weights.WeightConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What was asked of a {@link WeightCompression}, checked; what is empty was not said. */
record CompressionOptions(
        CompressionMode mode,
        Optional<Double> ratioSet,
        Optional<Integer> groupSizeSet,
        GroupSizeFallback fallback,
        Optional<Boolean> allLayersSet,
        Optional<BackupMode> backupSet,
        Optional<SensitivityMetric> metricSet,
        IgnoredScope ignoredScope,
        CompressionListener listener) {

    CompressionOptions {
        if (ratioSet.filter(r -> !(r >= 0 && r <= 1)).isPresent()) {
            throw new CompressionException("--ratio " + ratioSet.get() + " is not between 0 and 1");
        }
        if (mode.isInt8()) {
            checkInt8(mode, ratioSet, groupSizeSet, fallback, allLayersSet, backupSet, metricSet);
        }
        if (mode.scaleType() != dev.decanter.ir.ElementType.F16) {
            if (groupSizeSet.filter(g -> g != mode.defaultGroupSize()).isPresent()) {
                throw new CompressionException("--group-size " + groupSizeSet.get() + ": groups of " + mode.label()
                        + " have 32 elements always; leave the option out");
            }
            if (fallback == GroupSizeFallback.ADJUST) {
                throw new CompressionException("--group-size-fallback adjust: groups of " + mode.label()
                        + " have 32 elements always; choose ignore or error");
            }
        }
        if (metricSet.filter(SensitivityMetric::needsData).isPresent()
                && ratioSet.filter(r -> r > 0).isPresent()) {
            throw new CompressionException(
                    "--sensitivity-metric " + metricSet.get().label()
                            + " ranks layers by their activations: give a --dataset, or leave the metric out");
        }
    }

    private static void checkInt8(
            CompressionMode mode,
            Optional<Double> ratio,
            Optional<Integer> groupSize,
            GroupSizeFallback fallback,
            Optional<Boolean> allLayers,
            Optional<BackupMode> backup,
            Optional<SensitivityMetric> metric) {
        List<String> illegal = new ArrayList<>();
        ratio.filter(r -> r != 1).ifPresent(r -> illegal.add("--ratio"));
        groupSize.filter(g -> g != -1).ifPresent(g -> illegal.add("--group-size"));
        if (fallback != GroupSizeFallback.ERROR) {
            illegal.add("--group-size-fallback");
        }
        allLayers.ifPresent(a -> illegal.add("--all-layers"));
        backup.ifPresent(b -> illegal.add("--backup-precision"));
        metric.ifPresent(m -> illegal.add("--sensitivity-metric"));
        if (!illegal.isEmpty()) {
            throw new CompressionException(String.join(", ", illegal) + " cannot be used with " + mode.label()
                    + ", which compresses every layer to 8 bits with one scale for each channel; leave "
                    + (illegal.size() == 1 ? "it" : "them") + " out, or choose a 4-bit format");
        }
    }

    double ratio() {
        return ratioSet.orElse(1.0);
    }

    int groupSize() {
        return groupSizeSet.orElse(mode.defaultGroupSize());
    }

    boolean allLayers() {
        return allLayersSet.orElse(false);
    }

    SensitivityMetric metric() {
        return metricSet.orElse(SensitivityMetric.WEIGHT_QUANTIZATION_ERROR);
    }

    /** NNCF's name of the backup mode. */
    String backupLabel() {
        return request().backup().map(config -> config.mode().label()).orElse("none");
    }

    /** What weights are to become. */
    Selection.Request request() {
        return new Selection.Request(new WeightConfig(mode, groupSize()), backup(), allLayers(), fallback);
    }

    private Optional<WeightConfig> backup() {
        if (backupSet.isEmpty()) {
            return Optional.of(
                    switch (mode) {
                        case MXFP4, MXFP8_E4M3 -> new WeightConfig(CompressionMode.MXFP8_E4M3, 32);
                        case FP4, FP8_E4M3 -> new WeightConfig(CompressionMode.FP8_E4M3, groupSize());
                        default -> new WeightConfig(CompressionMode.INT8_ASYM, -1);
                    });
        }
        return switch (backupSet.get()) {
            case INT8_ASYM -> Optional.of(new WeightConfig(CompressionMode.INT8_ASYM, -1));
            case INT8_SYM -> Optional.of(new WeightConfig(CompressionMode.INT8_SYM, -1));
            case NONE -> Optional.empty();
        };
    }
}
