package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.List;

/**
 * Decoding of one row with drafts: the model runs the last token and the draft behind it in one step, and keeps the draft up
 * to the first token that it would not have chosen itself. Greedily the answer is the one without drafts; sampled it has the
 * same distribution (Leviathan et al. 2023, Chen et al. 2023).
 */
final class AssistedLoop {
    private final DecodingTask task;
    private final Row row;
    private final Drafter drafter;
    private final float[] logits;

    AssistedLoop(DecodingTask task, Row row, Drafter drafter, int vocabulary) {
        this.task = task;
        this.row = row;
        this.drafter = drafter;
        this.logits = new float[vocabulary];
    }

    /** Runs until the row ends. The prompt is in the model's cache, the first token of the answer is chosen. */
    void run() {
        LanguageModel model = task.model();
        while (!row.ended()) {
            Tokens tokens = row.tokens();
            // a draft as long as the answer may be would leave no token to be chosen behind it
            int most = tokens.remaining() - 1;
            long begin = System.nanoTime();
            List<Proposal> draft = most > 0 ? drafter.propose(row.state(), most) : List.of();
            int known = tokens.length();
            StepLogits step = model.step(step(tokens, model.length(), draft));
            task.watch().inference(begin);
            try {
                choose(step, draft);
            } finally {
                // the rest of the draft must go, whatever happened; a model that cannot go back so far runs again what
                // it lost
                model.trim(tokens.length() - 1);
            }
            task.watch().drafted(draft.size(), tokens.length() - 1 - known);
            if (DecodingTask.interrupted() && !row.ended()) {
                row.cancel();
            }
        }
    }

    /** What the cache lacks, the last token at least, and the draft; logits behind the last token and each of the draft. */
    private static Step step(Tokens tokens, int cached, List<Proposal> draft) {
        int missing = tokens.length() - cached;
        long[] ids = new long[missing + draft.size()];
        System.arraycopy(tokens.range(cached, tokens.length()), 0, ids, 0, missing);
        for (int i = 0; i < draft.size(); i++) {
            ids[missing + i] = draft.get(i).token();
        }
        return Step.one(ids).withPositions(draft.size() + 1);
    }

    private void choose(StepLogits step, List<Proposal> draft) {
        boolean kept = true;
        for (int i = 0; kept && !row.ended() && i <= draft.size(); i++) {
            step.copyTo(0, i, logits);
            if (i < draft.size()) {
                kept = row.choose(logits, draft.get(i));
            } else {
                row.choose(logits);
            }
        }
    }
}
