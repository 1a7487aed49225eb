package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import java.util.List;

/** The architectures that are known, one line each. */
public final class Architectures {
    private static final List<Architecture> ALL = List.of(
            new Llama(), //
            new Mistral(),
            new Qwen2(),
            new Qwen3());

    private Architectures() {}

    /** The supported {@code model_type}s. */
    public static List<String> modelTypes() {
        return ALL.stream().map(Architecture::modelType).toList();
    }

    /**
     * The architecture that {@code model_type} names.
     *
     * @throws dev.decanter.export.ExportException listing the supported ones if it is none of them
     */
    public static Architecture of(ModelConfig config) {
        String type = config.text("model_type").orElseThrow(() -> config.fault("\"model_type\" is missing"));
        return ALL.stream()
                .filter(architecture -> architecture.modelType().equals(type))
                .findFirst()
                .orElseThrow(() -> config.fault("model_type \"" + type + "\" is not supported; supported are "
                        + String.join(", ", modelTypes())));
    }
}
