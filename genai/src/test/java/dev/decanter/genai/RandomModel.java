package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Logits that depend on all tokens before them, so that a row out of place is noticed. */
final class RandomModel implements LanguageModel {
    final int vocabulary;
    final long seed;
    final List<Integer> rowsOfSteps = new ArrayList<>();
    List<List<Long>> cache = List.of();
    int interruptAtStep = -1;
    boolean broken;

    RandomModel(int vocabulary, long seed) {
        this.vocabulary = vocabulary;
        this.seed = seed;
    }

    float[] logits(List<Long> tokens) {
        long hash = seed;
        for (long token : tokens) {
            hash = (hash ^ token) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        Random random = new Random(hash);
        float[] logits = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            logits[i] = (float) (1.5 * random.nextGaussian());
        }
        logits[vocabulary / 2] = broken ? Float.NaN : logits[vocabulary / 2];
        return logits;
    }

    @Override
    public int rows() {
        return length() == 0 ? 0 : cache.size();
    }

    @Override
    public int length() {
        return cache.isEmpty() ? 0 : cache.getFirst().size();
    }

    @Override
    public StepLogits step(Step step) {
        List<List<Long>> next = new ArrayList<>();
        for (int r = 0; r < step.rows(); r++) {
            List<Long> row = new ArrayList<>(length() == 0 ? List.of() : cache.get(step.parents()[r]));
            for (int i = 0; i < step.count(); i++) {
                row.add(i < step.padding()[r] ? -1 : step.ids()[r][i]);
            }
            next.add(row);
        }
        cache = next;
        rowsOfSteps.add(next.size());
        if (rowsOfSteps.size() == interruptAtStep) {
            Thread.currentThread().interrupt();
        }
        return new GivenLogits(next.size(), step.positions(), vocabulary, (row, position, target) -> {
            List<Long> all = next.get(row);
            List<Long> before = all.subList(0, all.size() - step.positions() + position + 1);
            float[] logits = logits(before.stream().filter(token -> token >= 0).toList());
            System.arraycopy(logits, 0, target, 0, vocabulary);
        });
    }

    @Override
    public int trim(int length) {
        throw new AssertionError("nothing goes back here");
    }

    @Override
    public void close() {}
}
