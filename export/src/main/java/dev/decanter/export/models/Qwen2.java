package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.export.models.Decoder.Attention;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;

/** Qwen 1.5, 2 and 2.5: a Llama with biases on queries, keys and values, and windows on the upper layers. */
final class Qwen2 implements Architecture {
    /** Where config.json does not say. */
    private static final int KV_HEADS = 32;

    @Override
    public String modelType() {
        return "qwen2";
    }

    @Override
    public Model build(ModelConfig config, Weights weights, boolean stateful) {
        DecoderConfig sizes = DecoderConfig.read(config, KV_HEADS);
        AttentionWindows windows = AttentionWindows.byLayer(config, sizes.layers());

        Decoder d = new Decoder(sizes, weights, stateful);
        Output x = d.embedding("model.embed_tokens");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "model.layers." + i;
            Attention attention = new Attention(true, false, false, windows.layer(i));
            Output h = d.rmsNorm(layer + ".input_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.attention(layer + ".self_attn", h, i, attention));
            h = d.rmsNorm(layer + ".post_attention_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.gatedMlp(layer + ".mlp", h, false));
        }
        x = d.rmsNorm("model.norm", x, sizes.hidden());
        return d.model("lm_head", "model.embed_tokens", x);
    }
}
