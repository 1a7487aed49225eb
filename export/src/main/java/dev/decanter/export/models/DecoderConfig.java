package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;

/**
 * The sizes that decoders of the Llama kind share.
 *
 * @param layers number of decoder layers
 * @param hidden width between layers
 * @param intermediate width inside the MLP
 * @param vocabulary number of tokens
 * @param heads number of query heads
 * @param kvHeads number of key and value heads, a divisor of {@code heads}
 * @param headDim width of a head, even
 * @param eps RMSNorm's epsilon
 * @param activation of the MLP's gate
 * @param tied whether the LM head is the embedding
 * @param rope rotary position embedding
 */
record DecoderConfig(
        int layers,
        int hidden,
        int intermediate,
        int vocabulary,
        int heads,
        int kvHeads,
        int headDim,
        float eps,
        Activation activation,
        boolean tied,
        RopeParameters rope) {

    /** More than any real model has; a graph of a forged number of layers would fill the memory. */
    private static final int MAX_LAYERS = 4096;

    private static final int MAX_HEAD_DIM = 1 << 16;

    /** As {@link #read(ModelConfig, int)}, for architectures where a head's width follows from the other sizes. */
    static DecoderConfig read(ModelConfig config) {
        int heads = config.size("num_attention_heads");
        int hidden = config.size("hidden_size");
        if (!config.has("head_dim") && hidden % heads != 0) {
            throw config.fault("hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads
                    + ", and there is no head_dim");
        }
        return read(config, Math.max(1, hidden / heads));
    }

    /**
     * Reads {@code config.json} with Transformers' defaults.
     *
     * @param headDim a head's width where {@code head_dim} is absent
     * @throws dev.decanter.export.ExportException naming the key that is missing or not supported
     */
    static DecoderConfig read(ModelConfig config, int headDim) {
        int heads = config.size("num_attention_heads");
        int kvHeads = config.size("num_key_value_heads", heads);
        if (heads % kvHeads != 0) {
            throw config.fault("num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + kvHeads);
        }
        int width = config.size("head_dim", headDim);
        int layers = config.size("num_hidden_layers");
        if (layers > MAX_LAYERS || width > MAX_HEAD_DIM) {
            throw config.fault("num_hidden_layers " + layers + " and head_dim " + width + " may be " + MAX_LAYERS
                    + " and " + MAX_HEAD_DIM + " at most");
        }
        return new DecoderConfig(
                layers,
                config.size("hidden_size"),
                config.size("intermediate_size"),
                config.size("vocab_size"),
                heads,
                kvHeads,
                width,
                (float) config.positive("rms_norm_eps", 1e-6),
                Activation.read(config),
                config.flag("tie_word_embeddings", false),
                RopeParameters.read(config, width));
    }

    /** Query heads that share a key head. */
    int groupSize() {
        return heads / kvHeads;
    }
}
