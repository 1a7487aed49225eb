package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.ir.Model;

/** How checkpoints of one {@code model_type} become a graph. One implementation a file, listed in {@link Architectures}. */
public interface Architecture {
    /** The {@code model_type} in {@code config.json}. */
    String modelType();

    /**
     * Builds the text-generation graph: {@code input_ids}, {@code attention_mask}, {@code position_ids} (and
     * {@code beam_idx} or past keys and values) to {@code logits}.
     *
     * @param stateful whether the KV cache is the model's state
     * @throws dev.decanter.export.ExportException for a configuration that is not supported, or a tensor that is missing or
     *     has another shape
     */
    Model build(ModelConfig config, Weights weights, boolean stateful);
}
