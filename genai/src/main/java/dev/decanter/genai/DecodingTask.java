package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a decoding method works on.
 *
 * @param model with the reused part of the only prompt in its cache (row 0), or an empty cache
 * @param draft a smaller model of the same vocabulary that may draft
 * @param config what is asked for
 * @param factories makers of masks and processors
 * @param prompts at least one, none empty
 * @param limits most new tokens for each prompt
 * @param reused how many tokens of the prompt the cache holds, fewer than the prompt has; 0 with several prompts
 * @param streams makes a stream of text for each answer
 * @param streamer gets the text; {@link Streamer#NONE} unless there is one answer
 * @param watch of the call
 * @param loadTimeMs for the metrics
 */
record DecodingTask(
        LanguageModel model,
        Optional<CachedModel> draft,
        GenerationConfig config,
        LogitsFactories factories,
        List<long[]> prompts,
        List<Integer> limits,
        int reused,
        Supplier<TextStream> streams,
        Streamer streamer,
        Stopwatch watch,
        double loadTimeMs) {

    /** A sequence that begins with a prompt. */
    SequenceState newState(int prompt) {
        return new SequenceState(config, factories, prompts.get(prompt), limits.get(prompt));
    }

    /** An answer without text. */
    Answer newAnswer() {
        return new Answer(config, streams);
    }

    /** The flag stays set, for the caller to see. */
    static boolean interrupted() {
        return Thread.currentThread().isInterrupted();
    }
}
