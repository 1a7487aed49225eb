package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.BackupMode;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.compress.SensitivityMetric;
import dev.decanter.compress.WeightCompression;
import dev.decanter.ir.Model;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How weights are compressed, whether flags or a preset say so.
 *
 * @param dataset a file, or {@link #AUTO}
 * @param sampleTokens most tokens of a sample
 * @param dynamicQuantizationGroupSize for the model's {@code runtime_options}
 */
record CompressionSettings(
        CompressionMode mode,
        Optional<Double> ratio,
        Optional<Integer> groupSize,
        Optional<GroupSizeFallback> groupSizeFallback,
        boolean allLayers,
        Optional<BackupMode> backup,
        Optional<SensitivityMetric> metric,
        boolean awq,
        boolean scaleEstimation,
        boolean gptq,
        boolean loraCorrection,
        Optional<String> dataset,
        Optional<Integer> numSamples,
        Optional<Integer> sampleTokens,
        Optional<Path> statistics,
        IgnoredScope ignored,
        Optional<Integer> dynamicQuantizationGroupSize) {
    /** What Optimum-Intel finds on the Hub by these names. */
    private static final List<String> DATASETS = List.of("wikitext2", "c4", "c4-new", "gsm8k");

    /** The dataset that the model writes itself. */
    static final String AUTO = "auto";

    /** Without flags. */
    static CompressionSettings of(CompressionMode mode, int groupSize) {
        return new CompressionOptions().settings(mode, Optional.of(groupSize));
    }

    /** A builder with everything but the dataset. */
    WeightCompression.Builder builder() {
        WeightCompression.Builder builder =
                WeightCompression.builder().mode(mode).ignoredScope(ignored);
        ratio.ifPresent(builder::ratio);
        groupSize.ifPresent(builder::groupSize);
        groupSizeFallback.ifPresent(builder::groupSizeFallback);
        backup.ifPresent(builder::backupMode);
        metric.ifPresent(builder::sensitivityMetric);
        numSamples.ifPresent(builder::subsetSize);
        statistics.ifPresent(builder::statistics);
        // what is not said must stay unset: int8 refuses even a false one
        if (allLayers) {
            builder.allLayers(true);
        }
        if (awq) {
            builder.awq(true);
        }
        if (scaleEstimation) {
            builder.scaleEstimation(true);
        }
        if (gptq) {
            builder.gptq(true);
        }
        if (loraCorrection) {
            builder.loraCorrection(true);
        }
        return builder;
    }

    /** Throws {@link dev.decanter.compress.CompressionException} if the settings do not go together, whatever the model. */
    void check() {
        WeightCompression.Builder builder = builder();
        dataset.ifPresent(_ -> builder.dataset(CalibrationDataset.of(List.of(Map.of()))));
        builder.build();
        dataset.filter(name -> !name.equals(AUTO)).ifPresent(CompressionSettings::requireFile);
    }

    private static void requireFile(String name) {
        if (DATASETS.contains(name)) {
            throw new CommandFailure(
                    "--dataset " + name + ": Decanter has no datasets and downloads none; give a text file,"
                            + " or auto for texts that the model writes itself");
        }
        if (!Files.isRegularFile(Path.of(name))) {
            throw new CommandFailure(
                    "--dataset " + name + (Files.exists(Path.of(name)) ? " is not a file" : " does not exist")
                            + "; give a text file, JSON lines, or auto for texts that the model writes itself");
        }
    }

    /** Samples of texts for the model of {@code folder}, which has the tokenizer. */
    CalibrationDataset samples(String name, Model model, Path folder, CompressionListener listener) {
        CalibrationOptions options = CalibrationOptions.DEFAULT;
        if (numSamples.isPresent()) {
            options = options.withSamples(numSamples.get());
        }
        if (sampleTokens.isPresent()) {
            options = options.withTokens(sampleTokens.get());
        }
        return name.equals(AUTO)
                ? CalibrationDataset.generated(folder, model, options, listener)
                : CalibrationDataset.text(folder, Path.of(name), options);
    }

    /** {@code quantization_config} of openvino_config.json, as Optimum-Intel writes it. */
    ObjectNode json() {
        ObjectNode json = BaseCommand.JSON.createObjectNode();
        json.put("all_layers", allLayers ? Boolean.TRUE : null);
        json.put("backup_precision", backup.map(CompressionSettings::lower).orElse(null));
        json.put("bits", mode.bits());
        json.put("dataset", dataset.orElse(null));
        json.put("dtype", dtype());
        json.put("gptq", gptq ? Boolean.TRUE : null);
        json.put("group_size", mode.isInt8() ? Integer.valueOf(-1) : groupSize.orElse(mode.defaultGroupSize()));
        json.put(
                "group_size_fallback",
                groupSizeFallback.map(CompressionSettings::lower).orElse(null));
        json.set("ignored_scope", ignored.isEmpty() ? null : ignoredJson());
        json.put("lora_correction", loraCorrection ? Boolean.TRUE : null);
        json.put("num_samples", numSamples.orElse(null));
        json.putNull("processor");
        json.put("quant_method", awq ? "awq" : "default");
        json.put("ratio", ratio.orElse(1.0));
        json.put("scale_estimation", scaleEstimation ? Boolean.TRUE : null);
        json.put("sensitivity_metric", metric.map(SensitivityMetric::label).orElse(null));
        json.put("statistics_path", statistics.map(Path::toString).orElse(null));
        json.put("sym", mode.isInteger() && !mode.hasZeroPoint());
        json.putNull("tokenizer");
        return json;
    }

    private ObjectNode ignoredJson() {
        ObjectNode json = BaseCommand.JSON.createObjectNode();
        ignored.names().forEach(json.putArray("names")::add);
        ignored.patterns().forEach(json.putArray("patterns")::add);
        ignored.types().forEach(json.putArray("types")::add);
        return json;
    }

    /** Optimum's name of the format, which leaves the zero points aside. */
    String dtype() {
        return mode.isInteger() ? "int" + mode.bits() : mode.label();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
