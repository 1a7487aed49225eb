package dev.decanter.cli;

import dev.decanter.compress.BackupMode;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.compress.SensitivityMetric;
import dev.decanter.compress.presets.PresetSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags of weight compression, as Optimum-Intel spells them, that {@code export} and {@code compress} share. */
final class CompressionOptions {
    @Option(
            names = "--ratio",
            paramLabel = "R",
            description = "Share of the weights that get the 4-bit format, from 0 to 1 (the default); the most"
                    + " sensitive rest gets the backup precision.")
    private Optional<Double> ratio = Optional.empty();

    @Option(
            names = "--group-size",
            paramLabel = "N",
            description = "Weights that share a scale; -1 is a whole row. 128 by default, 32 with mxfp4.")
    private Optional<Integer> groupSize = Optional.empty();

    @Option(
            names = "--group-size-fallback",
            paramLabel = "error|ignore|adjust",
            description = "What becomes of layers that the group size does not divide: refuse (the default), leave"
                    + " them, or take the largest size that does.")
    private Optional<GroupSizeFallback> groupSizeFallback = Optional.empty();

    @Option(names = "--all-layers", description = "Give embeddings and the last layer the 4-bit format too.")
    private boolean allLayers;

    @Option(
            names = "--backup-precision",
            paramLabel = "none|int8_sym|int8_asym",
            description = "Of the layers that do not get the 4-bit format; int8_asym by default.")
    private Optional<BackupMode> backupPrecision = Optional.empty();

    @Option(
            names = "--sensitivity-metric",
            paramLabel = "METRIC",
            description = "Ranks layers if --ratio is below 1: weight_quantization_error, hessian_input_activation,"
                    + " mean_activation_variance, max_activation_variance or mean_activation_magnitude.")
    private Optional<SensitivityMetric> sensitivityMetric = Optional.empty();

    @Option(
            names = "--awq",
            description = "Scale weights by the activations that they meet and search their ranges; without --dataset"
                    + " scale them by their own size.")
    private boolean awq;

    @Option(names = "--scale-estimation", description = "Fit scales to activations.")
    private boolean scaleEstimation;

    @Option(names = "--gptq", description = "Let later columns make up for the error of earlier ones; takes long.")
    private boolean gptq;

    @Option(names = "--lora-correction", description = "Add a small adapter to each layer that makes up for its error.")
    private boolean loraCorrection;

    @Option(
            names = "--dataset",
            paramLabel = "FILE|auto",
            description =
                    "What to calibrate with: a text file, JSON lines (a text or a conversation each), or text that the"
                            + " model writes itself (auto).")
    private Optional<String> dataset = Optional.empty();

    @Option(names = "--num-samples", paramLabel = "N", description = "Most samples of the dataset; 128 by default.")
    private Optional<Integer> numSamples = Optional.empty();

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            description = "Most tokens of a sample; 32 by default, 256 where each line is a sample.")
    private Optional<Integer> sampleTokens = Optional.empty();

    @Option(
            names = "--quantization-statistics-path",
            paramLabel = "DIR",
            description = "Where statistics of activations are kept, and found by the next run on the same dataset.")
    private Optional<Path> statistics = Optional.empty();

    @Mixin
    private IgnoredScopeOptions ignored = new IgnoredScopeOptions();

    /** The flags that say how to compress, so that a model's preset is not wanted. Data to calibrate with say nothing of that. */
    List<String> knobs() {
        List<String> set = new ArrayList<>();
        ratio.ifPresent(_ -> set.add("--ratio"));
        groupSize.ifPresent(_ -> set.add("--group-size"));
        groupSizeFallback.ifPresent(_ -> set.add("--group-size-fallback"));
        backupPrecision.ifPresent(_ -> set.add("--backup-precision"));
        sensitivityMetric.ifPresent(_ -> set.add("--sensitivity-metric"));
        Map<String, Boolean> switches = new LinkedHashMap<>();
        switches.put("--all-layers", allLayers);
        switches.put("--awq", awq);
        switches.put("--scale-estimation", scaleEstimation);
        switches.put("--gptq", gptq);
        switches.put("--lora-correction", loraCorrection);
        switches.putAll(ignored.flags());
        switches.forEach((flag, on) -> {
            if (on) {
                set.add(flag);
            }
        });
        return set;
    }

    /** All flags that are set. */
    List<String> all() {
        List<String> set = new ArrayList<>(knobs());
        dataset.ifPresent(_ -> set.add("--dataset"));
        numSamples.ifPresent(_ -> set.add("--num-samples"));
        sampleTokens.ifPresent(_ -> set.add("--seq-len"));
        statistics.ifPresent(_ -> set.add("--quantization-statistics-path"));
        return set;
    }

    Optional<String> dataset() {
        return dataset;
    }

    /** Settings of a table, calibrated as the flags say. */
    CompressionSettings settings(PresetSettings table) {
        boolean needsData =
                table.scaleEstimation() || (table.awq() && table.dataset().isPresent());
        return new CompressionSettings(
                table.mode(),
                table.ratio(),
                table.groupSize(),
                table.groupSizeFallback(),
                table.allLayers(),
                table.backupMode(),
                Optional.empty(),
                table.awq(),
                table.scaleEstimation(),
                false,
                false,
                dataset.or(() -> needsData ? Optional.of(CompressionSettings.AUTO) : Optional.empty()),
                numSamples,
                sampleTokens,
                statistics,
                new IgnoredScope(List.of(), table.ignoredPatterns(), List.of()),
                table.dynamicQuantizationGroupSize());
    }

    /** What the flags say, with this mode. */
    CompressionSettings settings(CompressionMode mode) {
        return settings(mode, groupSize);
    }

    CompressionSettings settings(CompressionMode mode, Optional<Integer> size) {
        return new CompressionSettings(
                mode,
                ratio,
                size,
                groupSizeFallback,
                allLayers,
                backupPrecision,
                sensitivityMetric,
                awq,
                scaleEstimation,
                gptq,
                loraCorrection,
                dataset,
                numSamples,
                sampleTokens,
                statistics,
                ignored.scope(),
                Optional.empty());
    }
}
