package dev.decanter.compress;

import dev.decanter.ir.Model;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Compresses the weights of a model in place, as NNCF's {@code compress_weights} does: the same layers, formulas and graphs.
 *
 * {@snippet :
 * WeightCompression int4 = WeightCompression.builder()
 *         .mode(CompressionMode.INT4_SYM)
 *         .groupSize(64)
 *         .ratio(0.8)
 *         .build();
 * System.out.println(int4.compress(model).table());
 * IrWriter.write(model, xml); // weights are computed while they are written
 * }
 *
 * <p>Weights are not read before a writer or device asks for them, but for a ratio below 1 and by data-aware methods. So a
 * weight that is not finite is refused then, with {@link CompressionException}.
 */
public final class WeightCompression {
    private final CompressionOptions options;

    private WeightCompression(CompressionOptions options) {
        this.options = options;
    }

    /** A builder with NNCF's defaults: INT8_ASYM, every layer. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Compresses the weights of {@code model}; says what became of each.
     *
     * @throws CompressionException if the model is compressed already, if a name of the ignored scope matches nothing, if
     *     the group size does not divide the channels of a layer, or if there is nothing for AWQ to do; the model is not
     *     changed then
     */
    public CompressionReport compress(Model model) {
        return new CompressionRun(model, options).run();
    }

    /** Options that are not set have NNCF's defaults. */
    public static final class Builder {
        private CompressionMode mode = CompressionMode.INT8_ASYM;
        private Optional<Double> ratio = Optional.empty();
        private Optional<Integer> groupSize = Optional.empty();
        private GroupSizeFallback fallback = GroupSizeFallback.ERROR;
        private Optional<Boolean> allLayers = Optional.empty();
        private Optional<BackupMode> backupMode = Optional.empty();
        private Optional<SensitivityMetric> metric = Optional.empty();
        private IgnoredScope ignoredScope = IgnoredScope.NONE;
        private Optional<CalibrationDataset> dataset = Optional.empty();
        private Optional<Integer> subsetSize = Optional.empty();
        private Optional<AwqParameters> awq = Optional.empty();
        private Optional<ScaleEstimationParameters> scaleEstimation = Optional.empty();
        private Optional<GptqParameters> gptq = Optional.empty();
        private Optional<LoraCorrectionParameters> loraCorrection = Optional.empty();
        private Optional<Path> statistics = Optional.empty();
        private CompressionListener listener = CompressionListener.NONE;

        private Builder() {}

        /** The form of the weights that the ratio counts; INT8_ASYM by default. */
        public Builder mode(CompressionMode value) {
            mode = value;
            return this;
        }

        /** The share of weights, 0 to 1, that gets the mode; the more sensitive rest gets the backup mode. 1 by default. */
        public Builder ratio(double value) {
            ratio = Optional.of(value);
            return this;
        }

        /** Elements that share a scale; −1: a whole row. By default what the mode says. */
        public Builder groupSize(int value) {
            groupSize = Optional.of(value);
            return this;
        }

        public Builder groupSizeFallback(GroupSizeFallback value) {
            fallback = value;
            return this;
        }

        /** Whether embeddings and the last MatMul get the mode too, and not the backup mode; false by default. */
        public Builder allLayers(boolean value) {
            allLayers = Optional.of(value);
            return this;
        }

        public Builder backupMode(BackupMode value) {
            backupMode = Optional.of(value);
            return this;
        }

        /** By what layers are ranked if the ratio is below 1. */
        public Builder sensitivityMetric(SensitivityMetric value) {
            metric = Optional.of(value);
            return this;
        }

        public Builder ignoredScope(IgnoredScope value) {
            ignoredScope = value;
            return this;
        }

        /** Samples for the methods and metrics that look at activations. */
        public Builder dataset(CalibrationDataset value) {
            dataset = Optional.of(value);
            return this;
        }

        /** How many samples of the dataset are used, the first ones; 128 by default. */
        public Builder subsetSize(int value) {
            subsetSize = Optional.of(value);
            return this;
        }

        /** AWQ: channels with large inputs get larger weights, which err less. Without a dataset by the weights alone. */
        public Builder awq(boolean value) {
            awq = value ? Optional.of(AwqParameters.DEFAULT) : Optional.empty();
            return this;
        }

        /** AWQ with settings of one's own. */
        public Builder awq(AwqParameters value) {
            awq = Optional.of(value);
            return this;
        }

        /** Scales of 4-bit weights by the error of the layer's outputs; needs a dataset. */
        public Builder scaleEstimation(boolean value) {
            scaleEstimation = value ? Optional.of(ScaleEstimationParameters.DEFAULT) : Optional.empty();
            return this;
        }

        /** Scale estimation with settings of one's own. */
        public Builder scaleEstimation(ScaleEstimationParameters value) {
            scaleEstimation = Optional.of(value);
            return this;
        }

        /** GPTQ: later columns make up for the errors of earlier ones; needs a dataset, and not with LoRA correction. */
        public Builder gptq(boolean value) {
            gptq = value ? Optional.of(GptqParameters.DEFAULT) : Optional.empty();
            return this;
        }

        /** GPTQ with settings of one's own. */
        public Builder gptq(GptqParameters value) {
            gptq = Optional.of(value);
            return this;
        }

        /** Thin matrices beside 4-bit layers that stand in for what these lose; needs a dataset. */
        public Builder loraCorrection(boolean value) {
            loraCorrection = value ? Optional.of(LoraCorrectionParameters.DEFAULT) : Optional.empty();
            return this;
        }

        /** LoRA correction with settings of one's own. */
        public Builder loraCorrection(LoraCorrectionParameters value) {
            loraCorrection = Optional.of(value);
            return this;
        }

        /** A folder in which statistics of the activations are kept for the next time; needs a dataset. */
        public Builder statistics(Path folder) {
            statistics = Optional.of(folder);
            return this;
        }

        public Builder listener(CompressionListener value) {
            listener = value;
            return this;
        }

        /** Throws {@link CompressionException} if the options do not go together, naming them and the remedy. */
        public WeightCompression build() {
            return new WeightCompression(new CompressionOptions(
                            mode,
                            ratio,
                            groupSize,
                            fallback,
                            allLayers,
                            backupMode,
                            metric,
                            ignoredScope,
                            dataset,
                            subsetSize,
                            awq,
                            scaleEstimation,
                            gptq,
                            loraCorrection,
                            statistics,
                            listener)
                    .checked());
        }
    }
}
