package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.export.models.Decoder.Attention;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import java.util.OptionalInt;

/** Llama 1, 2, 3 and what shares their {@code model_type} (TinyLlama, SmolLM2, Yi …). */
final class Llama implements Architecture {
    @Override
    public String modelType() {
        return "llama";
    }

    @Override
    public Model build(ModelConfig config, Weights weights, boolean stateful) {
        requireWholeHeads(config);
        DecoderConfig sizes = DecoderConfig.read(config, config.size("num_attention_heads"));
        boolean attentionBias = config.flag("attention_bias", false);
        boolean mlpBias = config.flag("mlp_bias", false);
        Attention attention = new Attention(attentionBias, attentionBias, false, OptionalInt.empty());

        Decoder d = new Decoder(sizes, weights, stateful);
        Output x = d.embedding("model.embed_tokens");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "model.layers." + i;
            Output h = d.rmsNorm(layer + ".input_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.attention(layer + ".self_attn", h, i, attention));
            h = d.rmsNorm(layer + ".post_attention_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.gatedMlp(layer + ".mlp", h, mlpBias));
        }
        x = d.rmsNorm("model.norm", x, sizes.hidden());
        return d.model("lm_head", "model.embed_tokens", x);
    }

    /** Where Mistral and Qwen round a head's width down, Transformers refuses a Llama. */
    private static void requireWholeHeads(ModelConfig config) {
        int heads = config.size("num_attention_heads");
        int hidden = config.size("hidden_size");
        if (!config.has("head_dim") && hidden % heads != 0) {
            throw config.fault("hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads
                    + ", and there is no head_dim");
        }
    }
}
