package dev.decanter.genai;

/** The tokens of one sequence, prompt and answer so far; a view, nothing is copied. */
public interface TokenHistory {
    /** Number of tokens of the prompt, at least 1. */
    int promptLength();

    /** Number of tokens of prompt and answer together. */
    int length();

    /**
     * A token id.
     *
     * @param index from 0, the prompt's first, to {@code length() - 1}
     * @throws IndexOutOfBoundsException if there is none
     */
    long token(int index);

    /** Number of tokens of the answer so far. */
    default int generated() {
        return length() - promptLength();
    }

    /**
     * How many tokens the answer may still get, the next one included: what the limit of new tokens leaves, or the model's
     * context if there is no limit; {@link Integer#MAX_VALUE} less the length if neither is known.
     */
    int remaining();
}
