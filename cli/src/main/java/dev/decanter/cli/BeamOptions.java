package dev.decanter.cli;

import dev.decanter.genai.GenerationConfigBuilder;
import dev.decanter.genai.StopCriteria;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flags of beam search and of several answers. */
final class BeamOptions {
    @Option(
            names = "--num-beams",
            paramLabel = "N",
            description = "Follow the N likeliest continuations; 1 is no beam search.")
    private Optional<Integer> numBeams = Optional.empty();

    @Option(
            names = "--num-beam-groups",
            paramLabel = "N",
            description = "Groups of beams that avoid each other's tokens.")
    private Optional<Integer> numBeamGroups = Optional.empty();

    @Option(names = "--diversity-penalty", paramLabel = "X", description = "How much groups avoid each other's tokens.")
    private Optional<Float> diversityPenalty = Optional.empty();

    @Option(
            names = "--length-penalty",
            paramLabel = "X",
            description =
                    "Scores are divided by length to the power X: above 0 favours long answers, below 0 short ones.")
    private Optional<Float> lengthPenalty = Optional.empty();

    @Option(
            names = "--stop-criteria",
            paramLabel = "WHEN",
            description = "When beam search ends: ${COMPLETION-CANDIDATES}.")
    private Optional<StopCriteria> stopCriteria = Optional.empty();

    @Option(names = "--num-return-sequences", paramLabel = "N", description = "Give N answers (beams, or sampling).")
    private Optional<Integer> numReturnSequences = Optional.empty();

    void over(GenerationConfigBuilder builder) {
        numBeams.ifPresent(builder::numBeams);
        numBeamGroups.ifPresent(builder::numBeamGroups);
        diversityPenalty.ifPresent(builder::diversityPenalty);
        lengthPenalty.ifPresent(builder::lengthPenalty);
        stopCriteria.ifPresent(builder::stopCriteria);
        numReturnSequences.ifPresent(builder::numReturnSequences);
    }

    /** Whether beams are asked for here, which exclude sampling. */
    boolean search() {
        return numBeams.orElse(1) > 1;
    }
}
