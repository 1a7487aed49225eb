package dev.decanter.compress.presets;

import java.util.Map;

/**
 * An entry of the table, and why it was taken.
 *
 * @param modelId the model that the settings were chosen for, as the Hugging Face Hub names it
 * @param match how the model at hand was recognised
 * @param settings for its language model
 * @param parts for other models of a pipeline, such as {@code vision_embeddings_model}; empty for models of one part
 */
public record Preset(String modelId, Match match, PresetSettings settings, Map<String, PresetSettings> parts) {
    public Preset {
        parts = Map.copyOf(parts);
    }

    /** How a model was recognised, the surest first. */
    public enum Match {
        MODEL_ID("it is the model asked for"),
        NAME_OR_PATH("config.json names it"),
        CACHE_FOLDER("the Hub cache's folder is called so"),
        FOLDER_NAME("the folder is called so"),
        SIZES("config.json has its architecture and sizes");

        private final String reason;

        Match(String reason) {
            this.reason = reason;
        }

        /** For people, to go into brackets behind the model's name. */
        public String reason() {
            return reason;
        }
    }
}
