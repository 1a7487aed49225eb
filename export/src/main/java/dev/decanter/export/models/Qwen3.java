package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.export.models.Decoder.Attention;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;

/** Qwen 3: a Llama whose queries and keys are normalised head by head, and windows on the upper layers. */
final class Qwen3 implements Architecture {
    /** Where config.json does not say. */
    private static final int KV_HEADS = 32;

    /** A head's width where config.json does not say: it never follows from the other sizes. */
    private static final int HEAD_DIM = 128;

    @Override
    public String modelType() {
        return "qwen3";
    }

    @Override
    public Model build(ModelConfig config, Weights weights, boolean stateful) {
        DecoderConfig sizes = DecoderConfig.read(config, KV_HEADS, HEAD_DIM);
        AttentionWindows windows = AttentionWindows.byLayer(config, sizes.layers());
        boolean bias = config.flag("attention_bias", false);

        Decoder d = new Decoder(sizes, weights, stateful);
        Output x = d.embedding("model.embed_tokens");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "model.layers." + i;
            Attention attention = new Attention(bias, bias, true, windows.layer(i));
            Output h = d.rmsNorm(layer + ".input_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.attention(layer + ".self_attn", h, i, attention));
            h = d.rmsNorm(layer + ".post_attention_layernorm", x, sizes.hidden());
            x = d.residual(layer, x, d.gatedMlp(layer + ".mlp", h, false));
        }
        x = d.rmsNorm("model.norm", x, sizes.hidden());
        return d.model("lm_head", "model.embed_tokens", x);
    }
}
