package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.export.models.Decoder.Attention;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import java.util.List;
import java.util.OptionalInt;

/** Mistral 7B and its relatives: a Llama without biases in which every layer may have a sliding window. */
final class Mistral implements Architecture {
    /** Where config.json does not say. */
    private static final int KV_HEADS = 8;

    @Override
    public String modelType() {
        return "mistral";
    }

    @Override
    public Model build(ModelConfig config, Weights weights, boolean stateful) {
        DecoderConfig sizes = DecoderConfig.read(config, KV_HEADS);
        OptionalInt window = window(config);
        Attention attention = new Attention(false, false, false, window);
        requireUniform(config, window.isPresent() ? "sliding_attention" : "full_attention");

        Decoder d = new Decoder(sizes, weights, stateful);
        Output x = d.embedding("model.embed_tokens");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "model.layers." + i;
            Output h = d.rmsNorm(layer + ".input_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.attention(layer + ".self_attn", h, i, attention));
            h = d.rmsNorm(layer + ".post_attention_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.gatedMlp(layer + ".mlp", h, false));
        }
        x = d.rmsNorm("model.norm", x, sizes.hidden());
        return d.model("lm_head", "model.embed_tokens", x);
    }

    /** Models that mix windows call themselves ministral. */
    private static void requireUniform(ModelConfig config, String type) {
        for (String found : config.texts("layer_types").orElse(List.of())) {
            if (!found.equals(type)) {
                throw config.fault("layer_types has \"" + found + "\", but with this sliding_window every layer of a "
                        + "mistral is \"" + type + "\"");
            }
        }
    }

    /** None where {@code sliding_window} is null; a checkpoint without the key has the first release's 4096. */
    private static OptionalInt window(ModelConfig config) {
        if (config.isNull("sliding_window")) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(config.size("sliding_window", 4096));
    }
}
