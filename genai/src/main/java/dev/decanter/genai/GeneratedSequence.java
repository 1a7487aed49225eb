package dev.decanter.genai;

import dev.decanter.genai.parsers.OutputFormat;
import dev.decanter.genai.parsers.ParsedMessage;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One answer.
 *
 * @param text the text, all that was streamed and nothing else; empty if the pipeline has no detokenizer. With {@link
 *     GenerationConfig#echo} the prompt's text comes first, special tokens left out.
 * @param tokenIds the generated ids, an end-of-sequence id included when one was produced; with a stop string the fewest whose
 *     text is {@code text} or begins with it. With {@link GenerationConfig#echo} the prompt's ids come first.
 * @param finishReason why it ended
 * @param score sum of the log-probabilities of the generated ids, of the model's own logits before any penalty or cut; of beam
 *     search, what the answers are ranked by: that sum with penalties, those of a stop string's tokens included, divided by the
 *     number of tokens to the power of the length penalty
 * @param logprobs natural logarithms of the probabilities of {@code tokenIds}, by the model's own logits, if {@link
 *     GenerationConfig#logprobs} asks for them, else empty; 0 for the first token of an echoed prompt, which nothing is before
 * @param message the text with reasoning and tool calls told apart, if {@link GenerationConfig#outputFormat} asks for it
 */
public record GeneratedSequence(
        String text,
        List<Long> tokenIds,
        FinishReason finishReason,
        double score,
        List<Float> logprobs,
        Optional<ParsedMessage> message) {
    public GeneratedSequence {
        tokenIds = List.copyOf(tokenIds);
        logprobs = List.copyOf(logprobs);
    }

    /** An answer in a format: one that stopped and calls tools ends with {@link FinishReason#TOOL_CALL}. */
    static GeneratedSequence of(
            Optional<OutputFormat> format,
            String text,
            List<Long> tokenIds,
            FinishReason reason,
            double score,
            List<Float> logprobs) {
        Optional<ParsedMessage> message = format.map(known -> known.parse(text));
        boolean calls = message.isPresent() && !message.get().toolCalls().isEmpty();
        FinishReason told = calls && reason == FinishReason.STOP ? FinishReason.TOOL_CALL : reason;
        return new GeneratedSequence(text, tokenIds, told, score, logprobs, message);
    }

    /** The ids as an array. */
    public long[] ids() {
        long[] ids = new long[tokenIds.size()];
        Arrays.setAll(ids, tokenIds::get);
        return ids;
    }
}
