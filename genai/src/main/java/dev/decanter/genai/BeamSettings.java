package dev.decanter.genai;

/**
 * Beam search; names and defaults of OpenVINO GenAI. Scores, ranks and the end are those of Transformers' {@code generate}, which
 * OpenVINO GenAI describes alike but for this: {@code repetition_penalty} is allowed and, like all that changes logits, works on
 * log-probabilities, which are not normalized again; and the running beam that a finished answer is compared with is the
 * best after the step, with the length it then has. Length counts all new tokens, a stop token and those of a stop string included.
 *
 * <p>Which beam wins is known only at the end, so a streamer gets the text in one piece, and nothing when the call is
 * interrupted. There are fewer answers than {@code num_return_sequences} if fewer can be found.
 *
 * @param numBeams beams, at least 1; 1 is no beam search
 * @param numBeamGroups groups of beams that are kept apart; divides {@code numBeams}
 * @param diversityPenalty taken off a token that an earlier group chose in the same step; not 0 if and only if there are
 *     several groups
 * @param lengthPenalty exponent of the length that divides an answer's score
 * @param stopCriteria when to stop
 */
public record BeamSettings(
        int numBeams, int numBeamGroups, float diversityPenalty, float lengthPenalty, StopCriteria stopCriteria) {

    /** No beam search. */
    public static final BeamSettings NONE = new BeamSettings(1, 1, 0, 1, StopCriteria.HEURISTIC);

    /** Throws {@link GenerationException} naming the field that is out of range. */
    public BeamSettings {
        GenerationConfig.check(numBeams >= 1, "num_beams", numBeams, "at least 1");
        GenerationConfig.check(
                numBeamGroups >= 1 && numBeams % numBeamGroups == 0,
                "num_beam_groups",
                numBeamGroups,
                "a divisor of num_beams, " + numBeams);
        GenerationConfig.check(
                Float.isFinite(diversityPenalty) && (diversityPenalty != 0) == (numBeamGroups > 1),
                "diversity_penalty",
                diversityPenalty,
                "other than 0 with more than one beam group, else 0");
        GenerationConfig.check(Float.isFinite(lengthPenalty), "length_penalty", lengthPenalty, "a finite number");
    }

    /** A repetition penalty goes with beams, as in Transformers; OpenVINO GenAI refuses it too. */
    void checkWith(boolean doSample, int numReturnSequences, float presence, float frequency) {
        if (numBeams == 1) {
            return;
        }
        GenerationConfig.check(
                numReturnSequences <= numBeams,
                "num_return_sequences",
                numReturnSequences,
                "at most num_beams, " + numBeams);
        GenerationConfig.check(!doSample, "do_sample", true, "false with num_beams " + numBeams);
        GenerationConfig.check(presence == 0, "presence_penalty", presence, "0 with num_beams " + numBeams);
        GenerationConfig.check(frequency == 0, "frequency_penalty", frequency, "0 with num_beams " + numBeams);
    }
}
