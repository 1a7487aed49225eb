package dev.decanter.genai;

import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.List;

/** Log-probabilities of a prompt's own tokens. */
final class PromptScores {
    private PromptScores() {}

    /**
     * For each token of a prompt its log-probability behind those before it; 0 for the first, which nothing is before.
     *
     * @param logits of all positions of the step that ran the prompt
     */
    static List<Float> of(StepLogits logits, int row, long[] prompt) {
        float[] position = new float[logits.vocabulary()];
        int first = logits.positions() - prompt.length;
        List<Float> scores = new ArrayList<>();
        scores.add(0f);
        for (int i = 1; i < prompt.length; i++) {
            logits.copyTo(row, first + i - 1, position);
            double norm = LogitTransforms.logSumExp(position);
            scores.add((float) (position[(int) prompt[i]] - norm));
        }
        return scores;
    }
}
