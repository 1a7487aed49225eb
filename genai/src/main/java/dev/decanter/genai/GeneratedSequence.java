package dev.decanter.genai;

import java.util.Arrays;
import java.util.List;

/**
 * One answer.
 *
 * @param text the text; empty if the pipeline has no detokenizer
 * @param tokenIds the generated ids, an end-of-sequence id included when one was produced; ids of which the whole text was cut
 *     off with a stop string are left out
 * @param finishReason why it ended
 * @param score sum of the log-probabilities of {@code tokenIds}, of the model's own logits before any penalty or cut; of beam search,
 *     what the answers are ranked by: that sum with penalties, those of a stop string's tokens included, divided by the number of
 *     tokens to the power of the length penalty
 * @param logprobs those log-probabilities one by one, if {@link GenerationConfig#logprobs} asks for them, else empty
 */
public record GeneratedSequence(
        String text, List<Long> tokenIds, FinishReason finishReason, double score, List<Float> logprobs) {
    public GeneratedSequence {
        tokenIds = List.copyOf(tokenIds);
        logprobs = List.copyOf(logprobs);
    }

    /** The ids as an array. */
    public long[] ids() {
        long[] ids = new long[tokenIds.size()];
        Arrays.setAll(ids, tokenIds::get);
        return ids;
    }
}
