package dev.decanter.cli;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.CompressionReport;
import dev.decanter.compress.presets.Preset;
import dev.decanter.compress.presets.PresetSettings;
import dev.decanter.compress.presets.Presets;
import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter export}. */
@Command(
        name = "export",
        description = {
            "Exports a Hugging Face checkpoint (config.json and safetensors) to an OpenVINO IR folder, and compresses its weights on the way.",
            "--weight-format int4 alone takes the settings that suit the model; each flag from --ratio to --ignored-scope-type"
                    + " takes the choice into your hands."
        },
        footer = "  decanter export --model Llama-3.2-1B-Instruct --weight-format int4 llama-ov")
final class ExportCommand extends BaseCommand {
    private static final Map<String, CompressionMode> COMPRESSED = compressed();

    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "DIR",
            description = "The checkpoint's folder.")
    private String model = "";

    @Parameters(paramLabel = "OUT", description = "The IR folder to make; an earlier export there is replaced.")
    private Path out = Path.of("");

    @Option(
            names = "--weight-format",
            paramLabel = "FORMAT",
            description =
                    "How weights are stored: fp32, fp16 (the default), int8 (the default from one billion parameters"
                            + " on), int4, nf4, mxfp4, mxfp8, fp8 or fp4.")
    private Optional<String> weightFormat = Optional.empty();

    @Option(names = "--sym", description = "With int8 or int4: without zero points.")
    private boolean sym;

    @Mixin
    private CompressionOptions options = new CompressionOptions();

    @Option(names = "--task", paramLabel = "TASK", description = "text-generation-with-past or auto (the default).")
    private Optional<String> task = Optional.empty();

    @Option(
            names = "--disable-stateful",
            description = "Pass the KV cache in and out, instead of keeping it as the model's state.")
    private boolean disableStateful;

    @Option(names = "--disable-convert-tokenizer", description = "Leave the tokenizer as it is.")
    private boolean disableConvertTokenizer;

    @Option(
            names = "--trust-remote-code",
            description = "Accepted for compatibility and ignored: code of a checkpoint is never run.")
    private boolean trustRemoteCode;

    private static Map<String, CompressionMode> compressed() {
        Map<String, CompressionMode> modes = new LinkedHashMap<>();
        modes.put("int8", CompressionMode.INT8_ASYM);
        modes.put("int4", CompressionMode.INT4_ASYM);
        modes.put("nf4", CompressionMode.NF4);
        modes.put("mxfp4", CompressionMode.MXFP4);
        modes.put("mxfp8", CompressionMode.MXFP8_E4M3);
        modes.put("fp8", CompressionMode.FP8_E4M3);
        modes.put("fp4", CompressionMode.FP4);
        return modes;
    }

    @Override
    void run() {
        Exporter.Builder exporter = Exporter.builder().stateful(!disableStateful);
        ProgressBar progress = new ProgressBar(err(), Terminal.watched());
        exporter.listener(progress);
        requireFormats();
        Path checkpoint = ModelFolders.existing(model);
        if (trustRemoteCode) {
            note("--trust-remote-code is ignored: code of a checkpoint is never run");
        }
        format(exporter, progress);
        task.ifPresent(exporter::task);
        if (!disableConvertTokenizer) {
            exporter.tokenizer(new TokenizerStage(progress));
        }
        long start = System.nanoTime();
        ExportReport report;
        try {
            report = exporter.build().export(checkpoint, out);
        } finally {
            progress.end();
        }
        out().printf(
                        Locale.ROOT,
                        "%s: %s, %s parameters, %s, %s in %s%n",
                        out,
                        report.modelType(),
                        Quantity.count(report.parameters()),
                        report.weightFormat(),
                        Quantity.bytes(ModelFolders.size(report.folder())),
                        Quantity.duration((System.nanoTime() - start) / 1e6));
    }

    /** What no checkpoint can make right. */
    private void requireFormats() {
        List<String> formats = formats();
        weightFormat.ifPresent(flag -> {
            if (!formats.contains(flag)) {
                throw usage("Invalid value for option '--weight-format': " + flag + " is not one of "
                        + String.join(", ", formats));
            }
        });
        if (sym && !weightFormat.map(flag -> flag.startsWith("int")).orElse(false)) {
            throw usage("--sym belongs to --weight-format int8 or int4");
        }
        List<String> flags = options.all();
        if (!flags.isEmpty() && !weightFormat.map(COMPRESSED::containsKey).orElse(false)) {
            throw usage(flags.getFirst() + " says how to compress, but "
                    + weightFormat
                            .map(flag -> "--weight-format " + flag + " compresses nothing; give int4, nf4 or mxfp4")
                            .orElse("not to what; add --weight-format int4, nf4 or mxfp4"));
        }
    }

    private static List<String> formats() {
        List<String> flags = new ArrayList<>();
        for (WeightFormat format : WeightFormat.values()) {
            flags.add(format.flag());
        }
        flags.addAll(COMPRESSED.keySet());
        return flags;
    }

    private void format(Exporter.Builder exporter, ProgressBar progress) {
        if (weightFormat.isEmpty()) {
            exporter.largeModels(WeightCompressor.ofLargeModels(model, progress, this::table));
            return;
        }
        String flag = weightFormat.get();
        CompressionMode mode = COMPRESSED.get(flag);
        if (mode == null) {
            exporter.weightFormat(WeightFormat.fromFlag(flag));
            return;
        }
        CompressionSettings settings = settings(flag, mode);
        try {
            settings.check();
        } catch (CompressionException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        exporter.transform(new WeightCompressor(settings, flag, progress, this::table));
    }

    private void table(CompressionReport report) {
        out().println(report.table());
        out().flush();
    }

    /** Optimum-Intel's choice: settings of a table if no flag chooses, else what the flags say. */
    private CompressionSettings settings(String flag, CompressionMode mode) {
        if (sym) {
            return options.settings(flag.equals("int8") ? CompressionMode.INT8_SYM : CompressionMode.INT4_SYM);
        }
        if (!options.knobs().isEmpty() || (!flag.equals("int4") && !flag.equals("int8"))) {
            return options.settings(mode);
        }
        Optional<Preset> preset = flag.equals("int4") ? Presets.int4(model) : Presets.int8(model);
        if (preset.isPresent()) {
            return settings(flag, preset.get());
        }
        if (flag.equals("int8")) {
            return options.settings(mode);
        }
        PresetSettings usual = Presets.int4Default();
        note("int4: no settings are known for this model, so the usual ones are taken: " + usual);
        return options.settings(usual);
    }

    private CompressionSettings settings(String flag, Preset preset) {
        PresetSettings table = preset.settings();
        if (table.ignoredBecome().isPresent()) {
            throw new CommandFailure("--weight-format " + flag + ": the settings of " + preset.modelId() + " ("
                    + preset.match().reason() + ") ask for a second pass over layers left out, which is not"
                    + " supported; say how to compress, for example --group-size 128");
        }
        CompressionSettings settings = options.settings(table);
        note("%s: settings of %s (%s): %s"
                .formatted(flag, preset.modelId(), preset.match().reason(), table));
        if (options.dataset().isEmpty() && settings.dataset().isPresent()) {
            note(("they are calibrated on %s, which is not at hand: the model writes texts itself (--dataset FILE"
                            + " takes yours)")
                    .formatted(table.dataset().orElse("a dataset")));
        }
        return settings;
    }
}
