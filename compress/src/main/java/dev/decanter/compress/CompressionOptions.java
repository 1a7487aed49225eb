package dev.decanter.compress;

import dev.decanter.compress.weights.Selection;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.ir.ElementType;
import java.nio.file.Path;
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
        Optional<CalibrationDataset> dataset,
        Optional<Integer> subsetSizeSet,
        Optional<AwqParameters> awq,
        Optional<ScaleEstimationParameters> scaleEstimation,
        Optional<GptqParameters> gptq,
        Optional<LoraCorrectionParameters> loraCorrection,
        Optional<Path> statistics,
        CompressionListener listener) {

    /** How many samples of the dataset are used unless said otherwise. */
    private static final int DEFAULT_SUBSET = 128;

    CompressionOptions {
        if (ratioSet.filter(r -> !(r >= 0 && r <= 1)).isPresent()) {
            throw new CompressionException("--ratio " + ratioSet.get() + " is not between 0 and 1");
        }
        if (subsetSizeSet.filter(size -> size < 1).isPresent()) {
            throw new CompressionException("--num-samples " + subsetSizeSet.get() + " must be at least 1");
        }
    }

    /** Throws {@link CompressionException} for options that do not go together. */
    CompressionOptions checked() {
        if (mode.isInt8()) {
            checkInt8();
        }
        checkGroups();
        checkData();
        checkMethods();
        // a group size that is none is refused here
        request();
        return this;
    }

    private void checkInt8() {
        List<String> illegal = new ArrayList<>();
        illegal.addAll(ratioSet.filter(r -> r != 1).map(_ -> "--ratio").stream().toList());
        groupSizeSet.filter(g -> g != -1).ifPresent(_ -> illegal.add("--group-size"));
        if (fallback != GroupSizeFallback.ERROR) {
            illegal.add("--group-size-fallback");
        }
        allLayersSet.ifPresent(_ -> illegal.add("--all-layers"));
        backupSet.ifPresent(_ -> illegal.add("--backup-precision"));
        metricSet.ifPresent(_ -> illegal.add("--sensitivity-metric"));
        dataset.ifPresent(_ -> illegal.add("--dataset"));
        awq.ifPresent(_ -> illegal.add("--awq"));
        scaleEstimation.ifPresent(_ -> illegal.add("--scale-estimation"));
        gptq.ifPresent(_ -> illegal.add("--gptq"));
        loraCorrection.ifPresent(_ -> illegal.add("--lora-correction"));
        statistics.ifPresent(_ -> illegal.add("--quantization-statistics-path"));
        if (!illegal.isEmpty()) {
            throw new CompressionException(String.join(", ", illegal) + " cannot be used with " + mode.label()
                    + ", which compresses every layer to 8 bits with one scale for each channel; leave "
                    + (illegal.size() == 1 ? "it" : "them") + " out, or choose a 4-bit format");
        }
    }

    private void checkGroups() {
        if (mode.scaleType() != ElementType.F8E8M0) {
            return;
        }
        if (groupSizeSet.filter(g -> g != mode.defaultGroupSize()).isPresent()) {
            throw new CompressionException("--group-size " + groupSizeSet.get() + ": groups of " + mode.label()
                    + " have 32 elements always; leave the option out");
        }
        if (fallback == GroupSizeFallback.ADJUST) {
            throw new CompressionException("--group-size-fallback adjust: groups of " + mode.label()
                    + " have 32 elements always; choose ignore or error");
        }
    }

    private void checkData() {
        if (dataset.isPresent()) {
            if (dataset.get().size() < 1) {
                throw new CompressionException("--dataset: there are no samples in it");
            }
            return;
        }
        if (metricSet.filter(SensitivityMetric::needsData).isPresent()) {
            throw new CompressionException(
                    "--sensitivity-metric " + metricSet.get().label()
                            + " ranks layers by their activations: give a --dataset, or leave the metric out");
        }
        scaleEstimation.ifPresent(_ -> refuseWithoutData("--scale-estimation"));
        gptq.ifPresent(_ -> refuseWithoutData("--gptq"));
        loraCorrection.ifPresent(_ -> refuseWithoutData("--lora-correction"));
        statistics.ifPresent(_ -> refuseWithoutData("--quantization-statistics-path"));
    }

    private static void refuseWithoutData(String flag) {
        throw new CompressionException(
                flag + " looks at the activations of the model: give a --dataset, or leave it out");
    }

    private void checkMethods() {
        if (gptq.isPresent() && loraCorrection.isPresent()) {
            throw new CompressionException(
                    "--gptq and --lora-correction cannot be used together; leave one of them out");
        }
        if (mode.isInt8()) {
            return;
        }
        boolean estimable = mode.bits() == 4 && mode.scaleType() == ElementType.F16;
        if (scaleEstimation.isPresent() && !estimable) {
            throw new CompressionException("--scale-estimation finds f16 scales of 4-bit weights, and " + mode.label()
                    + " has none; leave it out, or choose int4");
        }
        if (mode.bits() != 4) {
            awq.ifPresent(_ -> refuseForBits("--awq"));
            loraCorrection.ifPresent(_ -> refuseForBits("--lora-correction"));
        }
    }

    private void refuseForBits(String flag) {
        throw new CompressionException(
                flag + " corrects 4-bit weights, and " + mode.label() + " has 8 bits; leave it out, or choose int4");
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
        return metricSet.orElse(
                dataset.isPresent()
                        ? SensitivityMetric.MAX_ACTIVATION_VARIANCE
                        : SensitivityMetric.WEIGHT_QUANTIZATION_ERROR);
    }

    int subsetSize() {
        return subsetSizeSet.orElse(DEFAULT_SUBSET);
    }

    private boolean dividesByData() {
        return ratio() < 1 && metric().needsData();
    }

    /** Whether the paper's AWQ runs. */
    boolean searchesPlaces() {
        return awq.filter(settings -> settings.searchesPlaces(dataset.isPresent()))
                .isPresent();
    }

    /** Whether statistics of the unchanged model are needed; GPTQ and the paper's AWQ gather their own. */
    boolean needsStatistics() {
        boolean awqLooks = awq.filter(AwqParameters::preferDataAwareScaling).isPresent()
                && dataset.isPresent()
                && !searchesPlaces();
        return dividesByData() || awqLooks || estimatesScales() || loraCorrection.isPresent();
    }

    /** Whether scale estimation runs by itself: GPTQ has its own, and the paper's AWQ finds scales already. */
    boolean estimatesScales() {
        return scaleEstimation.isPresent() && gptq.isEmpty() && !searchesPlaces();
    }

    /** Whether the dataset is of any use. */
    boolean usesData() {
        return needsStatistics() || searchesPlaces() || gptq.isPresent();
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
