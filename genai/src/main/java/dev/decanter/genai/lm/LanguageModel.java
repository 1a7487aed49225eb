package dev.decanter.genai.lm;

/**
 * A decoder with its KV cache, for rows (sequences) that advance together. All rows have equally many positions in the cache,
 * left padding included. For use by one thread at a time.
 */
public interface LanguageModel extends AutoCloseable {
    /** Number of rows in the cache; 0 if it is empty. */
    int rows();

    /** Number of positions in the cache, padding included, the same for all rows. */
    int length();

    /**
     * Runs new tokens behind the rows of the cache, to which they are added. Afterwards the cache has the step's rows, and a
     * cached row that no row of the step continues is forgotten.
     *
     * @return the logits of the last positions, valid until the next step
     * @throws dev.decanter.runtime.InferenceException if the device fails; the cache is then as before
     * @throws dev.decanter.genai.GenerationException if the step does not fit the cache or the model; the cache is then as before
     */
    StepLogits step(Step step);

    /**
     * Forgets what is behind the first {@code length} positions. All rows stay, unless nothing is left.
     *
     * @return how many positions are left: {@code length}, or fewer if this model cannot go back so far
     */
    int trim(int length);

    @Override
    void close();
}
