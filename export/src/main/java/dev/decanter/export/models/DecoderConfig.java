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

    /**
     * As {@link #read(ModelConfig, int, int)}, for architectures where a head's width follows from the other sizes: the
     * share of {@code hidden_size}, rounded down.
     */
    static DecoderConfig read(ModelConfig config, int kvHeads) {
        int heads = config.size("num_attention_heads");
        return read(config, kvHeads, Math.max(1, config.size("hidden_size") / heads));
    }

    /**
     * Reads {@code config.json} with Transformers' defaults.
     *
     * @param kvHeads the number of key and value heads where {@code num_key_value_heads} is absent; null means all heads
     * @param headDim a head's width where {@code head_dim} is absent
     * @throws dev.decanter.export.ExportException naming the key that is missing or not supported
     */
    static DecoderConfig read(ModelConfig config, int kvHeads, int headDim) {
        int heads = config.size("num_attention_heads");
        String kvKey = "num_key_value_heads";
        int shared = config.size(kvKey, config.isNull(kvKey) ? heads : kvHeads);
        if (heads % shared != 0) {
            throw config.fault("num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + shared);
        }
        int width = config.size("head_dim", headDim);
        // nothing in the graph needs it, but who runs the model reads it
        config.size("max_position_embeddings", 1);
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
                shared,
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
