package dev.decanter.cli;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.CompressionReport;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter compress}. */
@Command(
        name = "compress",
        description = {
            "Compresses the weights of an IR model to 8 or 4 bits, as NNCF does, and shows which share of them got which precision.",
            "Activations stay as they are; 'decanter quantize' is for those. The flags below --mode are for 4 bits."
        },
        footer = "  decanter compress llama-ov llama-ov-int4 --mode int4_asym --group-size 64 --ratio 0.8")
final class CompressCommand extends BaseCommand {
    @Parameters(
            index = "0",
            paramLabel = "IN",
            description = "A folder with openvino_model.xml, whose other files go along, or an XML file.")
    private Path in = Path.of("");

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "The folder or XML file to make; an earlier one is replaced when the new one is complete.")
    private Path out = Path.of("");

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "int8_asym (the default), int8_sym, int4_asym, int4_sym, nf4, mxfp4, mxfp8_e4m3, fp8_e4m3 or fp4.")
    private CompressionMode mode = CompressionMode.INT8_ASYM;

    @Mixin
    private CompressionOptions options = new CompressionOptions();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        CompressionSettings settings = checked(options.settings(mode));
        IrCopy copy = IrCopy.of(in, out);
        ProgressBar progress = new ProgressBar(err(), Terminal.watched());
        WeightCompressor compressor = new WeightCompressor(settings, mode.label(), progress, report -> {
            if (!json) {
                out().println(report.table());
                out().flush();
            }
        });
        long start = System.nanoTime();
        CompressionReport report;
        try {
            report = copy.write(progress, Files.isDirectory(in) ? compressor::compressInto : compressor::compress);
        } finally {
            progress.end();
        }
        double ms = (System.nanoTime() - start) / 1e6;
        if (json) {
            print(Bitwidths.json(in, out, mode.label(), report, ms));
        } else {
            out().println(Bitwidths.line(in, out, mode.label(), ms));
        }
    }

    /** Flags that do not go together are refused before anything is read. */
    private CompressionSettings checked(CompressionSettings settings) {
        try {
            settings.check();
            return settings;
        } catch (CompressionException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }
}
