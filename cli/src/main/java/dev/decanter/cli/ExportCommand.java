package dev.decanter.cli;

import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter export}. */
@Command(
        name = "export",
        description = "Exports a Hugging Face checkpoint (config.json and safetensors) to an OpenVINO IR folder.",
        footer = "  decanter export --model Llama-3.2-1B-Instruct --weight-format fp16 llama-ov")
final class ExportCommand extends BaseCommand {
    private static final List<String> COMPRESSED = List.of("int8", "int4", "nf4", "mxfp4");

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
            description = "How weights are stored: fp32 or fp16 (the default).")
    private Optional<String> weightFormat = Optional.empty();

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

    @Override
    void run() {
        Path checkpoint = ModelFolders.existing(model);
        if (trustRemoteCode) {
            note("--trust-remote-code is ignored: code of a checkpoint is never run");
        }
        ProgressBar progress = new ProgressBar(err(), Terminal.watched());
        Exporter.Builder exporter =
                Exporter.builder().stateful(!disableStateful).listener(progress);
        weightFormat.ifPresent(format -> exporter.weightFormat(format(format)));
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

    private WeightFormat format(String flag) {
        if (COMPRESSED.contains(flag)) {
            throw new CommandFailure("--weight-format " + flag
                    + " needs weight compression, which this version does not" + " have; use fp16 or fp32");
        }
        for (WeightFormat format : WeightFormat.values()) {
            if (format.flag().equals(flag)) {
                return format;
            }
        }
        throw usage("Invalid value for option '--weight-format': " + flag + " is not one of fp32, fp16");
    }
}
