package dev.decanter.genai;

import dev.decanter.genai.Beam.Candidate;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.List;

/** Turns logits into the best candidates of beams: a few passes over the vocabulary, no sorting. */
final class BeamScorer {
    private final boolean raw;
    private final float diversityPenalty;
    private float[] scores = new float[0];
    private float[] scratch = new float[0];

    BeamScorer(GenerationConfig config) {
        raw = config.logprobs() > 0;
        diversityPenalty = config.beams().diversityPenalty();
    }

    /**
     * The best candidates of each beam of a group.
     *
     * @param picked tokens that earlier groups go on with in this step, each as often as it was picked
     * @throws GenerationException if a logit is not a number
     */
    List<Candidate> candidates(BeamGroup group, StepLogits logits, List<Long> picked) {
        if (scores.length != logits.vocabulary()) {
            scores = new float[logits.vocabulary()];
            scratch = new float[scores.length];
        }
        List<Candidate> all = new ArrayList<>();
        int count = Math.min(group.candidates(), scores.length);
        for (int i = 0; i < group.beams().size(); i++) {
            Beam beam = group.beams().get(i);
            logits.copyTo(beam.row(), 0, scores);
            float norm = (float) LogitTransforms.logSumExp(scores, scratch);
            for (int t = 0; t < scores.length; t++) {
                scores[t] -= norm;
            }
            if (raw) {
                System.arraycopy(scores, 0, scratch, 0, scores.length);
            }
            if (!beam.state().tryApply(scores)) {
                continue;
            }
            for (long token : picked) {
                scores[(int) token] -= diversityPenalty;
            }
            for (int token : LogitTransforms.largest(scores, count)) {
                if (scores[token] > Float.NEGATIVE_INFINITY) {
                    float own = raw ? scratch[token] : scores[token];
                    all.add(new Candidate(i, token, beam.score() + scores[token], own));
                }
            }
        }
        return all;
    }
}
