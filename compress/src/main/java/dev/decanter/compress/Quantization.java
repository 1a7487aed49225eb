package dev.decanter.compress;

import dev.decanter.compress.ptq.Quantizer;
import dev.decanter.compress.ptq.QuantizerSettings;
import dev.decanter.ir.Model;
import dev.decanter.runtime.Core;
import java.util.List;
import java.util.Optional;

/**
 * Post-training quantization of activations and weights to int8, as NNCF's {@code nncf.quantize} does it for OpenVINO:
 * weights become i8 with a scale for each output channel, activations get FakeQuantize layers whose ranges come from
 * running the model on a calibration dataset.
 *
 * {@snippet :
 * CompressionReport report = Quantization.builder()
 *         .modelType(Quantization.ModelType.TRANSFORMER)
 *         .dataset(dataset)
 *         .build()
 *         .compress(model);
 * System.out.println(report.table());
 * }
 */
public final class Quantization {
    /** How activations are quantized; weights are symmetric in any case. */
    public enum Preset {
        /** Symmetric ranges. */
        PERFORMANCE,
        /** Ranges from the least to the greatest value. */
        MIXED
    }

    /** What kind of model it is. */
    public enum ModelType {
        NONE,
        /** Sums, norms and the attention's second product stay in float; SmoothQuant runs first. */
        TRANSFORMER
    }

    /** Which weights keep within half of the codes, so that processors that sum in 16 bits do not overflow. */
    public enum OverflowFix {
        /** The first convolutions behind the inputs. */
        FIRST_LAYER,
        /** All convolutions and products. */
        ENABLE,
        DISABLE
    }

    private final QuantizerSettings settings;
    private final CalibrationDataset dataset;
    private final Optional<Core> core;
    private final String device;
    private final CompressionListener listener;

    private Quantization(Builder builder, QuantizerSettings settings, CalibrationDataset dataset) {
        this.settings = settings;
        this.dataset = dataset;
        this.core = builder.core;
        this.device = builder.device;
        this.listener = builder.listener;
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Quantizes {@code model} in place. Weights are read for their ranges and when the model is written, piece by
     * piece.
     *
     * @return which weights are i8 now
     * @throws CompressionException if the model is quantized or compressed already, has nothing to quantize, an
     *     ignored scope fits no layer, or the dataset does not fit the model; all but the last before anything is
     *     read
     */
    public CompressionReport compress(Model model) {
        List<LayerDecision> layers =
                new Quantizer(settings, dataset, core.orElseGet(Core::create), device, listener).quantize(model);
        return new CompressionReport(BitwidthTable.of(layers), layers);
    }

    /** Collects options; what is not given is as NNCF has it. */
    public static final class Builder {
        private Optional<Preset> preset = Optional.empty();
        private ModelType modelType = ModelType.NONE;
        private int subsetSize = 300;
        private boolean biasCorrection = true;
        private Optional<Boolean> fastBiasCorrection = Optional.empty();
        private Optional<Double> matmulAlpha = Optional.empty();
        private Optional<Double> convolutionAlpha = Optional.empty();
        private Optional<RangeEstimator> activationRange = Optional.empty();
        private Optional<RangeEstimator> weightRange = Optional.empty();
        private OverflowFix overflowFix = OverflowFix.FIRST_LAYER;
        private IgnoredScope ignoredScope = IgnoredScope.NONE;
        private Optional<CalibrationDataset> dataset = Optional.empty();
        private Optional<Core> core = Optional.empty();
        private String device = Core.AUTO;
        private CompressionListener listener = CompressionListener.NONE;

        private Builder() {}

        /** Default: {@link Preset#MIXED} for transformers, else {@link Preset#PERFORMANCE}. */
        public Builder preset(Preset value) {
            preset = Optional.of(value);
            return this;
        }

        public Builder modelType(ModelType value) {
            modelType = value;
            return this;
        }

        /** How many samples of the dataset are used, 1 or more. */
        public Builder subsetSize(int value) {
            subsetSize = value;
            return this;
        }

        /** Whether biases are moved to keep mean outputs; on by default. */
        public Builder biasCorrection(boolean value) {
            biasCorrection = value;
            return this;
        }

        /** True (the default): each layer by itself. False: layer after layer, slower and on a fifth of the samples. */
        public Builder fastBiasCorrection(boolean value) {
            fastBiasCorrection = Optional.of(value);
            return this;
        }

        /**
         * SmoothQuant's α for products, 0 to 1 (0.95 by default); a negative one switches it off. Transformers only.
         */
        public Builder smoothQuantMatmul(double alpha) {
            matmulAlpha = Optional.of(alpha);
            return this;
        }

        /** SmoothQuant's α for convolutions, 0 to 1; negative (the default) switches it off. Transformers only. */
        public Builder smoothQuantConvolution(double alpha) {
            convolutionAlpha = Optional.of(alpha);
            return this;
        }

        /** Default: the mean of samples' extremes, and the extremes of all samples for ranges by channel. */
        public Builder activationRange(RangeEstimator value) {
            activationRange = Optional.of(value);
            return this;
        }

        /** Default: the greatest magnitude of the channel. */
        public Builder weightRange(RangeEstimator value) {
            weightRange = Optional.of(value);
            return this;
        }

        public Builder overflowFix(OverflowFix value) {
            overflowFix = value;
            return this;
        }

        public Builder ignoredScope(IgnoredScope value) {
            ignoredScope = value;
            return this;
        }

        /** The samples to run the model on; needed. */
        public Builder dataset(CalibrationDataset value) {
            dataset = Optional.of(value);
            return this;
        }

        /** The device that runs the samples; the best one by default. */
        public Builder device(String name) {
            device = name;
            return this;
        }

        /** The core to run the samples with; one with all installed devices by default. */
        public Builder core(Core value) {
            core = Optional.of(value);
            return this;
        }

        public Builder listener(CompressionListener value) {
            listener = value;
            return this;
        }

        /** Throws {@link CompressionException} for options that do not go together. */
        public Quantization build() {
            CalibrationDataset samples = dataset.orElseThrow(() -> new CompressionException(
                    "quantization needs samples to see the activations of; give them with --dataset"));
            if (subsetSize < 1) {
                throw new CompressionException("--subset-size " + subsetSize + ": it must be 1 or more");
            }
            boolean transformer = modelType == ModelType.TRANSFORMER;
            alpha("--smooth-quant-alpha", matmulAlpha, transformer);
            alpha("--smooth-quant-convolution-alpha", convolutionAlpha, transformer);
            if (!biasCorrection && fastBiasCorrection.isPresent()) {
                throw new CompressionException(
                        "--fast-bias-correction says how biases are corrected, but that is off; leave one out");
            }
            if (weightRange.isPresent() && weightRange.get().kind() == RangeEstimator.Kind.MEAN_MIN_MAX) {
                throw new CompressionException(
                        "a weight has no samples to take a mean of; use min-max or a percentile for weights");
            }
            return new Quantization(this, settings(transformer), samples);
        }

        private static void alpha(String flag, Optional<Double> alpha, boolean transformer) {
            if (alpha.isEmpty()) {
                return;
            }
            double value = alpha.get();
            if (Double.isNaN(value) || value > 1) {
                throw new CompressionException(flag + " " + value + ": give 0 to 1, or -1 to switch it off");
            }
            if (value >= 0 && !transformer) {
                throw new CompressionException(
                        flag + " is for transformers; add --model-type transformer, or leave it out");
            }
        }

        private QuantizerSettings settings(boolean transformer) {
            Preset chosen = preset.orElse(transformer ? Preset.MIXED : Preset.PERFORMANCE);
            return new QuantizerSettings(
                    chosen == Preset.PERFORMANCE,
                    transformer,
                    subsetSize,
                    biasCorrection,
                    fastBiasCorrection.orElse(true),
                    matmulAlpha.orElse(0.95),
                    convolutionAlpha.orElse(-1.0),
                    activationRange,
                    weightRange,
                    overflowFix,
                    ignoredScope);
        }
    }
}
