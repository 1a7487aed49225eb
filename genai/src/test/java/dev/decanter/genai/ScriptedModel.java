package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gives each token of a script in turn the highest logit, each prompt by a script of its own. */
final class ScriptedModel implements LanguageModel {
    private final int vocabulary;
    private final int[][] scripts;
    /** How many rows each step had. */
    final List<Integer> steps = new ArrayList<>();
    /** Which script each row of the cache follows. */
    private List<Integer> rows = new ArrayList<>();

    private int length;
    private int said;

    ScriptedModel(int vocabulary, int[]... scripts) {
        this.vocabulary = vocabulary;
        this.scripts = scripts;
    }

    @Override
    public int rows() {
        return rows.size();
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public StepLogits step(Step step) {
        List<Integer> next = new ArrayList<>();
        for (int r = 0; r < step.rows(); r++) {
            next.add(length == 0 ? r : rows.get(step.parents()[r]));
        }
        rows = next;
        length += step.count();
        steps.add(step.rows());
        int at = said++;
        return new GivenLogits(next.size(), 1, vocabulary, (row, _, target) -> {
            int[] script = scripts[next.get(row)];
            Arrays.fill(target, 0);
            target[script[Math.min(at, script.length - 1)]] = 5;
        });
    }

    @Override
    public int trim(int wanted) {
        length = Math.min(length, wanted);
        return length;
    }

    @Override
    public void close() {}
}
