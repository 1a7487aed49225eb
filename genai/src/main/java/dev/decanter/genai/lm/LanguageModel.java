package dev.decanter.genai.lm;

/** A decoder with its KV cache, for one sequence. For use by one thread at a time. */
public interface LanguageModel extends AutoCloseable {
    /** Number of tokens in the cache. */
    int length();

    /**
     * Runs {@code ids[from]} to {@code ids[to - 1]} behind the tokens of the cache, to which they are added.
     *
     * @return the logits behind the last of them, one for each token of the vocabulary; the caller may change them, the next
     *     step overwrites them
     * @throws dev.decanter.runtime.InferenceException if the device fails; the cache is then as before
     */
    float[] step(long[] ids, int from, int to);

    /**
     * Forgets what is behind the first {@code length} tokens.
     *
     * @return how many tokens are left: {@code length}, or fewer if this model cannot go back so far
     */
    int trim(int length);

    @Override
    void close();
}
