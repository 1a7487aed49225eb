package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import java.util.List;
import java.util.Optional;

/**
 * Rotary position embedding as {@code config.json} describes it, in the style of Transformers 4 ({@code rope_theta},
 * {@code rope_scaling}) or 5 ({@code rope_parameters}). The formulas are those of Transformers'
 * {@code modeling_rope_utils.py}, in f32 where it computes in f32.
 */
final class RopeParameters {
    private final int dim;
    private final float[] inverseFrequencies;
    private final float attentionScaling;
    private final Optional<Dynamic> dynamic;

    private RopeParameters(int dim, float[] inverseFrequencies, float attentionScaling, Optional<Dynamic> dynamic) {
        this.dim = dim;
        this.inverseFrequencies = inverseFrequencies;
        this.attentionScaling = attentionScaling;
        this.dynamic = dynamic;
    }

    /** Rotated dimensions of a head, even. */
    int dim() {
        return dim;
    }

    /** {@code dim / 2} values; where frequencies are dynamic, those within the trained length. */
    float[] inverseFrequencies() {
        return inverseFrequencies.clone();
    }

    /** Factor of both cosine and sine (YaRN). */
    float attentionScaling() {
        return attentionScaling;
    }

    /** How frequencies follow the sequence's length, if they do. */
    Optional<Dynamic> dynamic() {
        return dynamic;
    }

    /**
     * NTK scaling by sequence length L: beyond the trained length M, the base becomes
     * {@code theta · (factor · L / M − (factor − 1))^(dim / (dim − 2))}.
     */
    record Dynamic(double theta, double factor, int trainedLength) {}

    /**
     * Reads the parameters.
     *
     * @throws dev.decanter.export.ExportException if the kind is not supported or a value is missing or out of range
     */
    static RopeParameters read(ModelConfig config, int headDim) {
        // an empty rope_scaling gives way to rope_parameters, as in Transformers
        ModelConfig rope = config.object("rope_scaling")
                .filter(scaling -> !scaling.isEmpty())
                .or(() -> config.object("rope_parameters"))
                .orElse(config);
        for (String layerType : List.of("full_attention", "sliding_attention")) {
            if (rope.has(layerType)) {
                throw rope.fault("parameters for each layer type (\"" + layerType + "\") are not supported");
            }
        }
        double theta = rope.positive("rope_theta", config.positive("rope_theta", 10_000));
        double share = rope.positive("partial_rotary_factor", config.positive("partial_rotary_factor", 1));
        int dim = (int) (headDim * share);
        if (share > 1 || dim < 2 || dim % 2 != 0) {
            throw config.fault("rotary position embedding needs an even number of dimensions of a head, not " + dim
                    + " of head_dim " + headDim);
        }
        String type = rope == config
                ? "default"
                : rope.text("rope_type").or(() -> rope.text("type")).orElse("default");
        float[] plain = frequencies(theta, dim);
        return switch (type) {
            case "default" -> new RopeParameters(dim, plain, 1, Optional.empty());
            case "linear" -> new RopeParameters(dim, divided(plain, rope.positive("factor")), 1, Optional.empty());
            case "dynamic" -> new RopeParameters(dim, plain, 1, Optional.of(dynamic(config, rope, theta, dim)));
            case "llama3" -> new RopeParameters(dim, llama3(config, rope, plain), 1, Optional.empty());
            case "yarn" -> yarn(config, rope, theta, dim);
            default ->
                throw rope.fault("rope type \"" + type
                        + "\" is not supported; supported are default, linear, dynamic, llama3, yarn");
        };
    }

    /** {@code 1 / theta^(2i / dim)}. */
    private static float[] frequencies(double theta, int dim) {
        float[] out = new float[dim / 2];
        for (int i = 0; i < out.length; i++) {
            out[i] = 1f / power(theta, i, dim);
        }
        return out;
    }

    private static float power(double theta, int i, int dim) {
        return (float) Math.pow(theta, 2f * i / dim);
    }

    private static float[] divided(float[] values, double factor) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[i] / (float) factor;
        }
        return out;
    }

    private static Dynamic dynamic(ModelConfig config, ModelConfig rope, double theta, int dim) {
        if (dim < 4) {
            throw rope.fault("rope type \"dynamic\" needs at least 4 rotated dimensions, not " + dim);
        }
        return new Dynamic(theta, atLeastOne(rope, "factor"), config.size("max_position_embeddings"));
    }

    private static double atLeastOne(ModelConfig rope, String key) {
        double value = rope.positive(key);
        if (value < 1) {
            throw rope.fault("\"" + key + "\" must be at least 1, not " + value);
        }
        return value;
    }

    /** The length before scaling; a key of config.json itself goes before one of the rope parameters. */
    private static int originalLength(ModelConfig config, ModelConfig rope) {
        String key = "original_max_position_embeddings";
        if (config.has(key)) {
            return config.size(key);
        }
        return rope.has(key) ? rope.size(key) : config.size("max_position_embeddings");
    }

    /** Low frequencies are divided, high ones kept, those between mixed. */
    private static float[] llama3(ModelConfig config, ModelConfig rope, float[] plain) {
        float factor = (float) rope.positive("factor");
        double low = rope.positive("low_freq_factor");
        double high = rope.positive("high_freq_factor");
        if (high <= low) {
            throw rope.fault("high_freq_factor " + high + " must be greater than low_freq_factor " + low);
        }
        int length = originalLength(config, rope);
        float[] out = new float[plain.length];
        for (int i = 0; i < out.length; i++) {
            float wavelength = (float) (2 * Math.PI) / plain[i];
            if (wavelength > length / low) {
                out[i] = plain[i] / factor;
            } else if (wavelength < length / high) {
                out[i] = plain[i];
            } else {
                float smooth = (length / wavelength - (float) low) / (float) (high - low);
                out[i] = (1 - smooth) * plain[i] / factor + smooth * plain[i];
            }
        }
        return out;
    }

    /** YaRN (arXiv 2309.00071): a ramp over the dimensions between interpolated and kept frequencies. */
    private static RopeParameters yarn(ModelConfig config, ModelConfig rope, double theta, int dim) {
        int length = originalLength(config, rope);
        double factor =
                rope.has("factor") ? rope.positive("factor") : (double) config.size("max_position_embeddings") / length;
        double low = correction(rope.positive("beta_fast", 32), dim, theta, length);
        double high = correction(rope.positive("beta_slow", 1), dim, theta, length);
        if (rope.flag("truncate", true)) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, dim - 1);
        if (low == high) {
            high += 0.001;
        }
        float[] out = new float[dim / 2];
        for (int i = 0; i < out.length; i++) {
            float ramp = Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
            float kept = 1 - ramp;
            float frequency = power(theta, i, dim);
            out[i] = 1f / ((float) factor * frequency) * (1 - kept) + 1f / frequency * kept;
        }
        return new RopeParameters(dim, out, (float) yarnScaling(rope, factor), Optional.empty());
    }

    /** The dimension that turns {@code rotations} times within {@code length} positions. */
    private static double correction(double rotations, int dim, double theta, int length) {
        return dim * Math.log(length / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private static double yarnScaling(ModelConfig rope, double factor) {
        if (rope.has("attention_factor")) {
            return rope.positive("attention_factor");
        }
        double mscale = rope.number("mscale").orElse(0.0);
        double allDims = rope.number("mscale_all_dim").orElse(0.0);
        return mscale != 0 && allDims != 0 ? mscale(factor, mscale) / mscale(factor, allDims) : mscale(factor, 1);
    }

    private static double mscale(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }
}
