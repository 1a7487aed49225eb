package dev.decanter.genai;

import java.util.Optional;

/**
 * Changes the logits of one answer before its next token is chosen. {@link GenerationConfig#logitsProcessors} holds
 * factories: every answer of a call gets a processor of its own, so that one may keep state of its answer.
 *
 * <p>A step's logits pass, in this order: the mask of {@code min_new_tokens}; the mask of structured output; the mask of
 * {@code no_repeat_ngram_size}; repetition, presence and frequency penalty; then the processors in the order of the
 * configuration; then, for sampling, top-k, temperature, min-p and top-p. Processors come after the penalties, so that what
 * they set is what is drawn from: a token that one of them forces or forbids is not changed any more.
 *
 * {@snippet :
 * LogitsProcessor never13 = (logits, tokens) -> logits[13] = Float.NEGATIVE_INFINITY;
 * var config = GenerationConfig.builder().maxNewTokens(100).logitsProcessor(() -> never13).build();
 * }
 */
@FunctionalInterface
public interface LogitsProcessor {
    /**
     * Changes logits in place. Called once for each token to be chosen, in the thread of the {@code generate} call.
     *
     * @param logits one for each token of the vocabulary; −∞ makes a token impossible. The array is used again: do not keep it
     * @param tokens prompt and answer so far; a view that grows with the answer, valid during the call of {@code generate}
     */
    void process(float[] logits, TokenHistory tokens);

    /**
     * Called for each token that the answer got, in order, the last one included; never for tokens of the prompt, nor for
     * tokens of a draft that were not accepted.
     */
    default void accepted(long token) {}

    /**
     * A processor in the same state, for an answer that continues this one's as another branch (beam search, drafts). The
     * default gives none: a new one is made by the factory then, and {@link #accepted} called for all tokens of the answer.
     */
    default Optional<LogitsProcessor> copy() {
        return Optional.empty();
    }
}
