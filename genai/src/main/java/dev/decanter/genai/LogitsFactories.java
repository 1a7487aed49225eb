package dev.decanter.genai;

import java.util.List;
import java.util.function.Supplier;

/**
 * Makers of what changes the logits of one answer, called once for each.
 *
 * @param masks of structured output: before the penalties, so that these choose among what is allowed
 * @param processors the user's: after the penalties
 */
record LogitsFactories(List<Supplier<LogitsProcessor>> masks, List<Supplier<LogitsProcessor>> processors) {
    LogitsFactories {
        masks = List.copyOf(masks);
        processors = List.copyOf(processors);
    }

    /** What a configuration asks for. */
    static LogitsFactories of(GenerationConfig config) {
        return new LogitsFactories(List.of(), config.logitsProcessors());
    }
}
