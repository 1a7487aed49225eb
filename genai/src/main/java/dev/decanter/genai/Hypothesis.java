package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;

/**
 * A finished sequence of beam search.
 *
 * @param tokens of the answer, the one that ended it included
 * @param logprobs of those tokens, by the model's own logits
 * @param score sum of their log-probabilities with penalties, divided by their number to the power of the length penalty
 */
record Hypothesis(List<Long> tokens, List<Float> logprobs, double score, FinishReason reason) {

    /** The best finished sequences of a group, best first. */
    static final class Best {
        private final int size;
        private final double lengthPenalty;
        private final List<Hypothesis> kept = new ArrayList<>();

        Best(int size, double lengthPenalty) {
            this.size = size;
            this.lengthPenalty = lengthPenalty;
        }

        /** The score of a sequence of {@code length} tokens of which the log-probabilities sum to {@code sum}. */
        double score(double sum, int length) {
            return length == 0 ? sum : sum / Math.pow(length, lengthPenalty);
        }

        /** Keeps a sequence if it is among the best; of equals the one that came first. */
        void offer(List<Long> tokens, List<Float> logprobs, double sum, FinishReason reason) {
            double score = score(sum, tokens.size());
            int at = kept.size();
            while (at > 0 && kept.get(at - 1).score() < score) {
                at--;
            }
            if (at < size) {
                kept.add(at, new Hypothesis(List.copyOf(tokens), List.copyOf(logprobs), score, reason));
            }
            if (kept.size() > size) {
                kept.removeLast();
            }
        }

        boolean full() {
            return kept.size() == size;
        }

        /** The worst score that is kept. */
        double worst() {
            return kept.getLast().score();
        }

        List<Hypothesis> all() {
            return kept;
        }
    }
}
