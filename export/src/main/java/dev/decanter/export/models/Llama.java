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
        DecoderConfig sizes = DecoderConfig.read(config);
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
}
