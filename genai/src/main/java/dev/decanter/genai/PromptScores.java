package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Log-probabilities of a prompt's own tokens. */
final class PromptScores {
    /** Positions of which logits exist at a time: with a vocabulary of 128k tokens those of 64 take 32 MiB. */
    private static final int CHUNK = 64;

    private PromptScores() {}

    /**
     * For each token of a prompt its log-probability behind those before it; 0 for the first, which nothing is before.
     * Afterwards the prompt is the cache's only row.
     */
    static List<Float> of(LanguageModel model, long[] prompt) {
        model.trim(0);
        List<Float> scores = new ArrayList<>();
        scores.add(0f);
        float[] logits = new float[0];
        for (int from = 0; from < prompt.length; from += CHUNK) {
            int to = Math.min(prompt.length, from + CHUNK);
            StepLogits step =
                    model.step(Step.one(Arrays.copyOfRange(prompt, from, to)).withPositions(to - from));
            if (from == 0) {
                logits = new float[step.vocabulary()];
            }
            for (int i = from; i < to && i + 1 < prompt.length; i++) {
                step.copyTo(0, i - from, logits);
                int token = (int) prompt[i + 1];
                float logit = logits[token];
                scores.add((float) (logit - LogitTransforms.logSumExp(logits, logits)));
            }
        }
        return scores;
    }
}
