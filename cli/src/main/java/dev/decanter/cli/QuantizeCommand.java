package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionReport;
import dev.decanter.compress.Quantization;
import dev.decanter.compress.Quantization.ModelType;
import dev.decanter.compress.Quantization.OverflowFix;
import dev.decanter.compress.Quantization.Preset;
import dev.decanter.compress.RangeEstimator;
import dev.decanter.ir.Model;
import dev.decanter.runtime.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter quantize}. */
@Command(
        name = "quantize",
        description = {
            "Quantizes weights and activations of an IR model to int8, from what it does on samples, as NNCF does.",
            "For encoders and convolutional networks; language models that write are better compressed ('decanter compress')."
        },
        footer = "  decanter quantize bert-ov bert-int8 --dataset samples --num-samples 300")
final class QuantizeCommand extends BaseCommand {
    private static final String MODE = "int8";
    private static final String PERCENTILE = "percentile";
    private static final double OUTLIERS = 0.0001;
    private static final int SAMPLES = 300;

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
            names = "--dataset",
            required = true,
            paramLabel = "DIR|FILE",
            description = "Samples: a folder of .npy tensors or of images, or a text file for models with a tokenizer.")
    private Path dataset = Path.of("");

    @Option(
            names = {"--num-samples", "--subset-size"},
            paramLabel = "N",
            description = "Most samples of the dataset; 300 by default.")
    private Optional<Integer> numSamples = Optional.empty();

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            description = "Most tokens of a sample of a text file; 32 by default, 256 where each line is a sample.")
    private Optional<Integer> sampleTokens = Optional.empty();

    @Option(
            names = "--model-type",
            paramLabel = "transformer|none",
            description = "What is kept in float, and whether SmoothQuant runs; transformer by default.")
    private ModelType modelType = ModelType.TRANSFORMER;

    @Option(
            names = "--preset",
            paramLabel = "mixed|performance",
            description = "Activations with zero points (mixed, the default of transformers) or without.")
    private Optional<Preset> preset = Optional.empty();

    @Option(
            names = "--smooth-quant-alpha",
            paramLabel = "A",
            description = "How far SmoothQuant moves outliers of products from activations to weights, 0 to 1;"
                    + " 0.95 by default, -1 switches it off.")
    private Optional<Double> smoothQuantAlpha = Optional.empty();

    @Option(
            names = "--smooth-quant-convolution-alpha",
            paramLabel = "A",
            description = "The same for convolutions; -1 by default.")
    private Optional<Double> convolutionAlpha = Optional.empty();

    @Option(names = "--no-bias-correction", description = "Do not move biases to keep the mean of each output.")
    private boolean noBiasCorrection;

    @Option(
            names = "--fast-bias-correction",
            arity = "1",
            paramLabel = "true|false",
            description = "Correct each layer by itself (the default), or layer after layer, which is slower.")
    private Optional<Boolean> fastBiasCorrection = Optional.empty();

    @Option(
            names = "--overflow-fix",
            paramLabel = "first_layer|enable|disable",
            description = "Which weights keep to half of the codes, for processors without VNNI that sum in 16 bits.")
    private Optional<OverflowFix> overflowFix = Optional.empty();

    @Option(
            names = "--activation-range",
            paramLabel = "RULE",
            description = "min_max, mean_min_max (the default) or percentile[:P], P the share left out at each end.")
    private Optional<String> activationRange = Optional.empty();

    @Option(names = "--weight-range", paramLabel = "RULE", description = "min_max (the default) or percentile[:P].")
    private Optional<String> weightRange = Optional.empty();

    @Mixin
    private IgnoredScopeOptions ignored = new IgnoredScopeOptions();

    @Option(
            names = "--device",
            paramLabel = "NAME",
            description = "Where samples run: CPU, REFERENCE or AUTO (the default).")
    private String device = Core.AUTO;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        try {
            builder().dataset(CalibrationDataset.of(List.of(Map.of()))).build();
        } catch (CompressionException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        IrCopy copy = IrCopy.of(in, out);
        if (!Files.exists(dataset)) {
            throw new CommandFailure("--dataset " + dataset + " does not exist; name a folder of .npy files or images,"
                    + " or a text file");
        }
        ProgressBar progress = new ProgressBar(err(), Terminal.watched());
        CompressionReport report;
        long start = System.nanoTime();
        try {
            report = copy.write(progress, (model, folder) -> quantize(model, folder, progress));
        } finally {
            progress.end();
        }
        double ms = (System.nanoTime() - start) / 1e6;
        if (json) {
            print(Bitwidths.json(in, out, MODE, report, ms));
        } else {
            out().println(Bitwidths.line(in, out, MODE, ms));
        }
    }

    private CompressionReport quantize(Model model, Path folder, ProgressBar progress) {
        CompressionReport report = builder()
                .dataset(samples(model, folder))
                .listener(progress.steps())
                .build()
                .compress(model);
        if (Files.isDirectory(in)) {
            OpenvinoConfig.write(folder, MODE, settings());
        }
        if (!json) {
            progress.end();
            out().println(report.table());
            out().flush();
        }
        return report;
    }

    /** As Optimum-Intel describes a quantization of activations. */
    private ObjectNode settings() {
        return JSON.createObjectNode()
                .put("bits", 8)
                .put("dataset", dataset.toString())
                .put("dtype", MODE)
                .put("fast_bias_correction", fastBiasCorrection.orElse(!noBiasCorrection))
                .put("model_type", modelType == ModelType.TRANSFORMER ? "transformer" : null)
                .put("num_samples", numSamples.orElse(SAMPLES))
                .put(
                        "overflow_fix",
                        overflowFix
                                .map(fix -> fix.name().toLowerCase(Locale.ROOT))
                                .orElse("first_layer"))
                .put("smooth_quant_alpha", smoothQuantAlpha.orElse(null))
                .put("sym", preset.map(Preset.PERFORMANCE::equals).orElse(modelType == ModelType.NONE));
    }

    /** Arrays, images or texts, whichever the dataset holds. */
    private CalibrationDataset samples(Model model, Path folder) {
        if (!Files.isDirectory(dataset)) {
            CalibrationOptions options = CalibrationOptions.DEFAULT.withSamples(numSamples.orElse(SAMPLES));
            if (sampleTokens.isPresent()) {
                options = options.withTokens(sampleTokens.get());
            }
            return CalibrationDataset.completed(CalibrationDataset.text(folder, dataset, options), model);
        }
        try (Stream<Path> files = Files.walk(dataset, 2)) {
            return files.anyMatch(file -> file.toString().endsWith(".npy"))
                    ? CalibrationDataset.numpy(dataset, model)
                    : CalibrationDataset.images(dataset, folder, model);
        } catch (IOException e) {
            throw unreadable(dataset, e);
        }
    }

    private Quantization.Builder builder() {
        Quantization.Builder builder = Quantization.builder()
                .modelType(modelType)
                .device(device)
                .ignoredScope(ignored.scope())
                .biasCorrection(!noBiasCorrection);
        numSamples.ifPresent(builder::subsetSize);
        preset.ifPresent(builder::preset);
        smoothQuantAlpha.ifPresent(builder::smoothQuantMatmul);
        convolutionAlpha.ifPresent(builder::smoothQuantConvolution);
        fastBiasCorrection.ifPresent(builder::fastBiasCorrection);
        overflowFix.ifPresent(builder::overflowFix);
        activationRange.ifPresent(rule -> builder.activationRange(range("--activation-range", rule)));
        weightRange.ifPresent(rule -> builder.weightRange(range("--weight-range", rule)));
        return builder;
    }

    private RangeEstimator range(String flag, String rule) {
        try {
            if (rule.equals("min_max")) {
                return RangeEstimator.MIN_MAX;
            }
            if (rule.equals("mean_min_max")) {
                return RangeEstimator.MEAN_MIN_MAX;
            }
            if (rule.startsWith(PERCENTILE)) {
                String share = rule.substring(PERCENTILE.length());
                return RangeEstimator.percentile(share.isEmpty() ? OUTLIERS : Double.parseDouble(share.substring(1)));
            }
        } catch (NumberFormatException | CompressionException e) {
            throw usage("Invalid value for option '" + flag + "': " + rule + ": " + e.getMessage());
        }
        throw usage("Invalid value for option '" + flag + "': " + rule
                + " is not one of min_max, mean_min_max, percentile[:P]");
    }
}
