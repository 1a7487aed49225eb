package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * How far back each layer sees: a window of w is the token itself and the w − 1 before it; none is everything before.
 *
 * @param layers one entry for each layer
 */
record AttentionWindows(List<OptionalInt> layers) {
    private static final String SLIDING = "sliding_attention";
    private static final String FULL = "full_attention";

    AttentionWindows {
        layers = List.copyOf(layers);
    }

    /** The same for every layer. */
    static AttentionWindows everywhere(int layers, OptionalInt window) {
        return new AttentionWindows(Collections.nCopies(layers, window));
    }

    /**
     * As Qwen's configuration says it: {@code layer_types} where present, else all layers from {@code max_window_layers} on
     * slide, provided that {@code use_sliding_window} is true.
     */
    static AttentionWindows byLayer(ModelConfig config, int layers) {
        boolean use = config.flag("use_sliding_window", false) && !config.isNull("sliding_window");
        OptionalInt window = use ? OptionalInt.of(config.size("sliding_window", 4096)) : OptionalInt.empty();
        int from = config.count("max_window_layers", 28);
        List<String> types = config.texts("layer_types").orElse(List.of());
        if (!types.isEmpty() && types.size() != layers) {
            throw config.fault("layer_types has " + types.size() + " entries, but num_hidden_layers is " + layers);
        }
        List<OptionalInt> all = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            String type = types.isEmpty() ? (use && i >= from ? SLIDING : FULL) : types.get(i);
            switch (type) {
                case FULL -> all.add(OptionalInt.empty());
                case SLIDING -> {
                    if (window.isEmpty()) {
                        throw config.fault("layer_types has \"" + SLIDING
                                + "\", but use_sliding_window and sliding_window give no window");
                    }
                    all.add(window);
                }
                default ->
                    throw config.fault("layer_types has \"" + type + "\", which is not supported; supported are " + FULL
                            + ", " + SLIDING);
            }
        }
        return new AttentionWindows(all);
    }

    OptionalInt layer(int index) {
        return layers.get(index);
    }
}
