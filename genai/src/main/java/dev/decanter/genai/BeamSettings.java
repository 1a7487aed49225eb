package dev.decanter.genai;

import java.util.OptionalInt;

/**
 * Beam search and the number of answers; names and defaults of OpenVINO GenAI.
 *
 * @param numBeams beams, at least 1; 1 is no beam search
 * @param numBeamGroups groups of beams that are kept apart; divides {@code numBeams}
 * @param diversityPenalty taken off a token that an earlier group chose in the same step; not 0 if and only if there are
 *     several groups
 * @param lengthPenalty exponent of the length that divides an answer's score
 * @param numReturnSequences answers, at least 1
 * @param noRepeatNgramSize sequences of so many tokens occur once only, at least 1; no limit if empty
 * @param stopCriteria when to stop
 */
public record BeamSettings(
        int numBeams,
        int numBeamGroups,
        float diversityPenalty,
        float lengthPenalty,
        int numReturnSequences,
        OptionalInt noRepeatNgramSize,
        StopCriteria stopCriteria) {

    /** No beam search, one answer. */
    public static final BeamSettings NONE =
            new BeamSettings(1, 1, 0, 1, 1, OptionalInt.empty(), StopCriteria.HEURISTIC);

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
        GenerationConfig.check(numReturnSequences >= 1, "num_return_sequences", numReturnSequences, "at least 1");
        noRepeatNgramSize.ifPresent(n -> GenerationConfig.check(n >= 1, "no_repeat_ngram_size", n, "at least 1"));
    }

    void checkWith(boolean doSample, float repetition, float presence, float frequency) {
        boolean enough = numBeams > 1 ? numReturnSequences <= numBeams : doSample || numReturnSequences == 1;
        GenerationConfig.check(
                enough,
                "num_return_sequences",
                numReturnSequences,
                numBeams > 1 ? "at most num_beams, " + numBeams : "1 without beams and without sampling");
        if (numBeams > 1) {
            GenerationConfig.check(!doSample, "do_sample", true, "false with num_beams " + numBeams);
            boolean neutral = repetition == 1 && presence == 0 && frequency == 0;
            GenerationConfig.check(neutral, "a penalty for tokens", "set", "left out with num_beams " + numBeams);
        }
    }

    /** Throws for what generation cannot do yet, rather than answer with something else. */
    void requireSingle() {
        if (numBeams > 1) {
            throw new GenerationException(
                    "num_beams is " + numBeams + ": beam search is not supported; leave num_beams at 1");
        }
        if (numReturnSequences > 1) {
            throw new GenerationException("num_return_sequences is " + numReturnSequences
                    + ": several answers of one call are not supported; leave it at 1");
        }
        if (noRepeatNgramSize.isPresent()) {
            throw new GenerationException(
                    "no_repeat_ngram_size is " + noRepeatNgramSize.getAsInt() + ": it is not supported; leave it out");
        }
    }
}
