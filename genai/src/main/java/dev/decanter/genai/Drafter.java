package dev.decanter.genai;

import java.util.List;
import java.util.Optional;

/** Guesses how a sequence goes on, for the model to check several tokens in one step. */
sealed interface Drafter permits PromptLookup, ModelDrafter {
    /**
     * What the configuration asks for: prompt lookup, or else the draft model if there is one; nothing for several rows.
     *
     * @param vocabulary of the model that checks
     */
    static Optional<Drafter> of(DecodingTask task, int vocabulary) {
        GenerationConfig config = task.config();
        if (task.prompts().size() > 1 || config.numReturnSequences() > 1) {
            return Optional.empty();
        }
        AssistedSettings settings = config.assisted();
        if (settings.maxNgramSize() > 0) {
            return Optional.of(new PromptLookup(settings.numAssistantTokens(), settings.maxNgramSize()));
        }
        return task.draft().map(model -> new ModelDrafter(model, config, vocabulary));
    }

    /**
     * Guesses the next tokens.
     *
     * @param state of the sequence, which is not changed
     * @param most how many tokens at most, at least 1
     * @return the guesses in order; none if there is nothing to go by
     */
    List<Proposal> propose(SequenceState state, int most);
}
