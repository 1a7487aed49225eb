package dev.decanter.genai;

/**
 * Assisted decoding: a draft of several tokens that the model checks in one step. Names and defaults of OpenVINO GenAI.
 *
 * @param numAssistantTokens tokens of a draft, at least 0; 0 leaves it to the method, which then takes 5 at most
 * @param assistantConfidenceThreshold the draft ends where the draft model gives no token this probability, 0 to 1, or after 20 tokens;
 *     0 is none; not together with {@code numAssistantTokens}
 * @param maxNgramSize longest end of the text that prompt lookup looks for, at least 0; needs {@code numAssistantTokens}
 */
public record AssistedSettings(int numAssistantTokens, float assistantConfidenceThreshold, int maxNgramSize) {
    /** Tokens of a draft where the settings leave it open. */
    static final int DEFAULT_TOKENS = 5;

    /** No drafts. */
    public static final AssistedSettings NONE = new AssistedSettings(0, 0, 0);

    /** Throws {@link GenerationException} naming the field that is out of range. */
    public AssistedSettings {
        GenerationConfig.check(numAssistantTokens >= 0, "num_assistant_tokens", numAssistantTokens, "at least 0");
        GenerationConfig.check(
                assistantConfidenceThreshold >= 0 && assistantConfidenceThreshold <= 1,
                "assistant_confidence_threshold",
                assistantConfidenceThreshold,
                "from 0 to 1");
        GenerationConfig.check(
                assistantConfidenceThreshold == 0 || numAssistantTokens == 0,
                "assistant_confidence_threshold",
                assistantConfidenceThreshold,
                "0 when num_assistant_tokens is set, here to " + numAssistantTokens);
        GenerationConfig.check(maxNgramSize >= 0, "max_ngram_size", maxNgramSize, "at least 0");
        GenerationConfig.check(
                maxNgramSize == 0 || numAssistantTokens > 0,
                "max_ngram_size",
                maxNgramSize,
                "0 without num_assistant_tokens");
    }

    /** Whether drafts are asked for. */
    public boolean enabled() {
        return numAssistantTokens > 0 || assistantConfidenceThreshold > 0;
    }

    void checkWith(BeamSettings beams, int numReturnSequences) {
        if (enabled()) {
            GenerationConfig.check(beams.numBeams() == 1, "num_beams", beams.numBeams(), "1 with assisted decoding");
            GenerationConfig.check(
                    numReturnSequences == 1, "num_return_sequences", numReturnSequences, "1 with assisted decoding");
        }
    }

    /** Throws if drafts are asked for and there is nothing to make them, or several rows to make them for. */
    void check(int prompts, boolean hasDraftModel) {
        if (enabled() && prompts > 1) {
            throw new GenerationException(
                    "assisted decoding (num_assistant_tokens, assistant_confidence_threshold) is for"
                            + " one prompt at a time, not for " + prompts
                            + "; leave both out, or give the prompts one by one");
        }
        if (enabled() && maxNgramSize == 0 && !hasDraftModel) {
            throw new GenerationException("num_assistant_tokens or assistant_confidence_threshold is set, but there is"
                    + " nothing to draft with; load the pipeline with a draft model, or set max_ngram_size for prompt"
                    + " lookup");
        }
    }
}
