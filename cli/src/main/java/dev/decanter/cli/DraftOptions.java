package dev.decanter.cli;

import dev.decanter.genai.DraftModel;
import dev.decanter.genai.GenerationConfigBuilder;
import dev.decanter.runtime.Core;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flags of speculative decoding and prompt lookup. */
final class DraftOptions {
    @Option(
            names = "--draft-model",
            paramLabel = "DIR",
            description = "A smaller model with the same tokenizer that guesses tokens for the model to check.")
    private Optional<String> model = Optional.empty();

    @Option(names = "--draft-device", paramLabel = "NAME", description = "The device of the draft model.")
    private String device = Core.AUTO;

    @Option(names = "--num-assistant-tokens", paramLabel = "N", description = "Tokens to guess at a time.")
    private Optional<Integer> numAssistantTokens = Optional.empty();

    @Option(
            names = "--assistant-confidence-threshold",
            paramLabel = "P",
            description = "Guess on as long as the draft model gives a token this probability.")
    private Optional<Float> confidence = Optional.empty();

    @Option(
            names = "--max-ngram-size",
            paramLabel = "N",
            description = "Guess what followed the last N tokens or fewer before, in prompt or answer (prompt lookup).")
    private Optional<Integer> maxNgramSize = Optional.empty();

    void over(GenerationConfigBuilder builder) {
        numAssistantTokens.ifPresent(builder::numAssistantTokens);
        confidence.ifPresent(builder::assistantConfidenceThreshold);
        maxNgramSize.ifPresent(builder::maxNgramSize);
    }

    Optional<DraftModel> model(BaseCommand command) {
        return model.map(name -> new DraftModel(new ModelFolders(command).language(name), device));
    }
}
