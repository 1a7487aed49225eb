package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;

/** A model with the tokens of the one row that its cache holds. */
final class CachedModel implements AutoCloseable {
    private final LanguageModel model;
    private long[] held = new long[0];

    /** Takes the model over; its cache is empty. */
    CachedModel(LanguageModel model) {
        this.model = model;
    }

    /** Runs what the cache lacks of a sequence, its last token at least; gives the logits behind it. */
    StepLogits run(Tokens tokens) {
        int length = tokens.length();
        int common = 0;
        while (common < held.length && common < length - 1 && held[common] == tokens.token(common)) {
            common++;
        }
        int reused = model.trim(common);
        held = tokens.range(0, reused);
        StepLogits logits = model.step(Step.one(tokens.range(reused, length)));
        held = tokens.range(0, length);
        return logits;
    }

    /** Forgets everything. */
    void reset() {
        held = new long[model.trim(0)];
    }

    @Override
    public void close() {
        model.close();
    }
}
