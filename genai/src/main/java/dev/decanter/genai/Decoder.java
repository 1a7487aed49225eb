package dev.decanter.genai;

import java.util.List;

/** A decoding method at work on one call: how the tokens of the answers are found. */
sealed interface Decoder permits Generation, BeamSearch {
    /** The method that the configuration asks for. */
    static Decoder of(DecodingTask task) {
        task.config().assisted().check(task.prompts().size(), task.draft().isPresent());
        return task.config().beams().numBeams() > 1 ? new BeamSearch(task) : new Generation(task);
    }

    /** Runs to the end; gives a result for each prompt, in order. */
    List<GenerationResult> run();

    /**
     * The tokens of the cache's first row from its first position on, as far as they can be continued by a later call; after a
     * run that ended in any way, an exception included. Fewer than the cache has if the rest is not to be kept.
     */
    long[] cached();
}
