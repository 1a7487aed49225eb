package dev.decanter.genai;

import java.util.List;
import java.util.Optional;

/**
 * What {@code generate} gives for one prompt.
 *
 * @param sequences the answers, best (by score) first; at least one
 * @param promptLogits a copy of the logits behind the prompt, one for each token of the vocabulary, if {@link
 *     GenerationConfig#keepPromptLogits} asks for them
 * @param metrics times of this call
 */
public record GenerationResult(List<GeneratedSequence> sequences, Optional<float[]> promptLogits, PerfMetrics metrics) {
    public GenerationResult {
        sequences = List.copyOf(sequences);
    }

    /** The best answer. */
    public GeneratedSequence best() {
        return sequences.getFirst();
    }

    /** The best answer's text. */
    public String text() {
        return best().text();
    }

    /** The best answer's ids. */
    public List<Long> tokenIds() {
        return best().tokenIds();
    }

    /** Why the best answer ended. */
    public FinishReason finishReason() {
        return best().finishReason();
    }
}
