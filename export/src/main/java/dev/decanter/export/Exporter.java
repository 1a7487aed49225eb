package dev.decanter.export;

import dev.decanter.export.checkpoint.Checkpoint;
import dev.decanter.export.checkpoint.JsonFile;
import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.export.checkpoint.QuantizationConfig;
import dev.decanter.export.models.Architectures;
import dev.decanter.export.models.Weights;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.file.IrWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Makes an OpenVINO IR folder from a Hugging Face checkpoint folder, laid out as Optimum-Intel does:
 * {@code openvino_model.xml} and {@code .bin}, tokenizer and detokenizer, and the checkpoint's configuration beside them.
 *
 * <pre>{@code
 * ExportReport report = Exporter.builder()
 *         .weightFormat(WeightFormat.FP16)
 *         .tokenizer(TokenizerExport.STANDARD)
 *         .build()
 *         .export(Path.of("TinyLlama-1.1B-Chat-v1.0"), Path.of("tinyllama-ov"));
 * }</pre>
 *
 * <p>Weights are mapped and streamed: memory does not grow with the model. Nothing is at the output's place before all of it
 * has been written; an earlier export there is replaced, a folder with other files refused.
 */
public final class Exporter {
    /** Optimum-Intel's name of the task that is exported. */
    public static final String TASK = "text-generation-with-past";

    /** Models of as many parameters and more are large ones, for {@link Builder#largeModels}; Optimum-Intel's number. */
    public static final long LARGE_FROM_PARAMETERS = 1_000_000_000;

    private final Optional<WeightFormat> weightFormat;
    private final Optional<ModelTransform> transform;
    private final Optional<ModelTransform> largeModels;
    private final boolean stateful;
    private final Optional<TokenizerExport> tokenizer;
    private final ExportListener listener;

    private Exporter(Builder builder) {
        weightFormat = builder.weightFormat;
        transform = builder.transform;
        largeModels = builder.largeModels;
        stateful = builder.stateful;
        tokenizer = builder.tokenizer;
        listener = builder.listener;
    }

    /** A builder with the defaults: fp16, stateful, no tokenizer, no listener. */
    public static Builder builder() {
        return new Builder();
    }

    /** The {@code model_type}s that can be exported. */
    public static List<String> modelTypes() {
        return Architectures.modelTypes();
    }

    /** What to export and how. */
    public static final class Builder {
        private Optional<WeightFormat> weightFormat = Optional.empty();
        private Optional<ModelTransform> transform = Optional.empty();
        private Optional<ModelTransform> largeModels = Optional.empty();
        private boolean stateful = true;
        private Optional<TokenizerExport> tokenizer = Optional.empty();
        private ExportListener listener = ExportListener.SILENT;

        private Builder() {}

        /** How matrices are stored; fp16 unless chosen. */
        public Builder weightFormat(WeightFormat format) {
            weightFormat = Optional.of(format);
            transform = Optional.empty();
            return this;
        }

        /** Changes the model before it is written; takes the place of {@link #weightFormat}. */
        public Builder transform(ModelTransform change) {
            transform = Optional.of(change);
            weightFormat = Optional.empty();
            return this;
        }

        /**
         * What is done to models of {@link #LARGE_FROM_PARAMETERS} parameters and more if neither {@link #weightFormat} nor
         * {@link #transform} is chosen; nothing unless set.
         */
        public Builder largeModels(ModelTransform change) {
            largeModels = Optional.of(change);
            return this;
        }

        /** Whether the KV cache is the model's state (the default), else it is passed in and out. */
        public Builder stateful(boolean state) {
            stateful = state;
            return this;
        }

        /** Converts the tokenizer too; without it, tokenizer files are only copied. */
        public Builder tokenizer(TokenizerExport conversion) {
            tokenizer = Optional.of(conversion);
            return this;
        }

        /** Optimum-Intel's {@code --task}; throws {@link ExportException} for another than {@link #TASK} or auto. */
        public Builder task(String task) {
            if (!task.equals(TASK) && !task.equals("auto")) {
                throw new ExportException("task \"" + task + "\" is not supported; supported are auto, " + TASK);
            }
            return this;
        }

        /** Who is told what is going on. */
        public Builder listener(ExportListener told) {
            listener = told;
            return this;
        }

        public Exporter build() {
            return new Exporter(this);
        }
    }

    /**
     * Exports.
     *
     * @param checkpoint a folder with {@code config.json} and safetensors
     * @param out the folder to make: a free place, an empty folder or an earlier export
     * @throws dev.decanter.safetensors.SafetensorsException if a weight file is damaged
     * @throws ExportException if the checkpoint is not supported, incomplete or damaged, or the output cannot be written;
     *     nothing is left at {@code out} then that was not there before
     */
    public ExportReport export(Path checkpoint, Path out) {
        listener.stage("reading " + checkpoint);
        ModelConfig config = ModelConfig.read(checkpoint);
        checkCompanions(checkpoint);
        String modelType = Architectures.of(config).modelType();
        try (Checkpoint weights = Checkpoint.open(checkpoint)) {
            Optional<QuantizationConfig> quantization = QuantizationConfig.find(checkpoint, config, weights);
            quantization.ifPresent(this::requireNoTransform);
            Optional<ModelTransform> change =
                    quantization.isPresent() ? Optional.empty() : transform.or(() -> byDefault(weights.parameters()));
            Weights stored = change.isPresent()
                    ? Weights.asTheyAre(weights)
                    : new Weights(weights, weightFormat.orElse(WeightFormat.FP16), quantization);
            Model model = Architectures.of(config).build(config, stored, stateful);
            weights.requireAllTaken();
            String format = change.map(ModelTransform::weightFormat)
                    .orElseGet(() -> weightFormat.orElse(WeightFormat.FP16).flag());
            model.rtInfo(rtInfo(modelType, format));
            quantization.ifPresent(packed -> carryOver(config, model, packed, stored.packedMatrices()));
            try (OutputFolder folder = OutputFolder.replacing(out)) {
                copyCompanions(checkpoint, folder.work());
                writeGenerationConfig(config, folder.work());
                if (tokenizer.isPresent()) {
                    listener.stage("converting the tokenizer");
                    tokenizer.get().convert(checkpoint, folder.work());
                }
                change.ifPresent(todo -> todo.apply(model, folder.work()));
                write(model, folder.work());
                List<String> files = names(folder.work());
                return new ExportReport(folder.commit(), modelType, weights.parameters(), format, files);
            }
        }
    }

    private Optional<ModelTransform> byDefault(long parameters) {
        if (weightFormat.isPresent() || largeModels.isEmpty() || parameters < LARGE_FROM_PARAMETERS) {
            return Optional.empty();
        }
        String format = largeModels.get().weightFormat();
        listener.note(String.format(
                Locale.ROOT,
                "the model has %,d parameters: weights are stored as %s, the default from %,d on"
                        + " (--weight-format fp16 keeps them as they are)",
                parameters,
                format,
                LARGE_FROM_PARAMETERS));
        return largeModels;
    }

    private void requireNoTransform(QuantizationConfig packed) {
        transform.ifPresent(change -> {
            throw new ExportException("--weight-format " + change.weightFormat()
                    + " cannot be given for a checkpoint that is "
                    + "quantized already (" + packed + "), of which the weights are carried over as they are; leave it "
                    + "out, or give fp16 or fp32 for the other weights");
        });
    }

    private void carryOver(ModelConfig config, Model model, QuantizationConfig packed, int matrices) {
        if (matrices == 0) {
            throw config.fault("quantization_config says that weights are packed (" + packed
                    + "), but none are; remove it if the weights are not quantized");
        }
        model.rtInfo(packed.describe(model.rtInfo(), matrices));
        listener.note("the checkpoint is quantized already (" + packed + "): " + matrices
                + " matrices are carried over as they are");
    }

    private void write(Model model, Path folder) {
        String xml = "openvino_model.xml";
        listener.stage("writing " + xml);
        IrWriter.write(model, folder.resolve(xml), (done, total, layer) -> {
            listener.progress(done, total);
            return true;
        });
    }

    /** As Optimum-Intel sets it, with our own name and version where it has its. */
    private RtInfo.Section rtInfo(String modelType, String format) {
        RtInfo.Section info = RtInfo.Section.EMPTY
                .with(version(), "decanter_version")
                .with("pytorch", "conversion_parameters", "framework")
                .with(modelType, "conversion_parameters", "model_type")
                .with(Boolean.toString(stateful), "conversion_parameters", "stateful")
                .with(TASK, "conversion_parameters", "task")
                .with(format, "conversion_parameters", "weight_format")
                .with("8.0", "runtime_options", "ACTIVATIONS_SCALE_FACTOR");
        // who asks for fp32 wants exact numbers: no hint to keep the cache in f16 then
        return format.equals(WeightFormat.FP32.flag())
                ? info
                : info.with("f16", "runtime_options", "KV_CACHE_PRECISION");
    }

    private static String version() {
        try (InputStream in = Exporter.class.getResourceAsStream("version.properties")) {
            Properties properties = new Properties();
            if (in != null) {
                properties.load(in);
            }
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A damaged file beside the weights would be found by whoever runs the export, long after the weights were written. */
    private static void checkCompanions(Path checkpoint) {
        for (String name : OutputFolder.COMPANIONS) {
            Path file = checkpoint.resolve(name);
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            if (!Files.isRegularFile(file)) {
                throw new ExportException(
                        file + ": is not a file, or a link to none; put the checkpoint's file there, or remove it");
            }
            if (name.endsWith(".json")) {
                JsonFile.check(file);
            }
        }
    }

    private static void copyCompanions(Path from, Path to) {
        for (String name : OutputFolder.COMPANIONS) {
            Path file = from.resolve(name);
            if (Files.isRegularFile(file)) {
                try {
                    Files.copy(file, to.resolve(name));
                } catch (IOException e) {
                    throw new ExportException(
                            file + ": cannot be copied to the output folder: " + DecanterException.reason(e), e);
                }
            }
        }
    }

    /** A checkpoint without one gets what Transformers derives from config.json. */
    private static void writeGenerationConfig(ModelConfig config, Path folder) {
        Path file = folder.resolve("generation_config.json");
        if (Files.exists(file)) {
            return;
        }
        try {
            Files.writeString(file, config.subset("bos_token_id", "eos_token_id", "pad_token_id") + "\n");
        } catch (IOException e) {
            throw new ExportException(file + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new ExportException(folder + ": cannot be listed: " + DecanterException.reason(e), e);
        }
    }
}
