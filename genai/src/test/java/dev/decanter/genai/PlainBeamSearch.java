package dev.decanter.genai;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** Beam search with groups as plain loops over whole vocabularies: nothing shared, nothing cut short. */
final class PlainBeamSearch {
    /** Tokens of the answer, and the score: while it runs the sum, when finished the sum over the length's power. */
    record Found(List<Long> tokens, double score) {}

    private final GenerationConfig config;
    private final Function<List<Long>, float[]> model;
    private final Predicate<List<Long>> stops;
    private final List<Long> prompt;
    private final int limit;
    private final int size;

    /**
     * For one prompt.
     *
     * @param model gives the logits behind a prompt and an answer
     * @param stops whether an answer ends, apart from stop tokens
     */
    PlainBeamSearch(
            GenerationConfig config,
            Function<List<Long>, float[]> model,
            Predicate<List<Long>> stops,
            List<Long> prompt,
            int limit) {
        this.stops = stops;
        this.config = config;
        this.model = model;
        this.prompt = prompt;
        this.limit = limit;
        this.size = config.beams().numBeams() / config.beams().numBeamGroups();
    }

    List<Found> run() {
        int groups = config.beams().numBeamGroups();
        List<List<Found>> running = new ArrayList<>();
        List<List<Found>> finished = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            running.add(List.of(new Found(List.of(), 0)));
            finished.add(new ArrayList<>());
        }
        for (int length = 1; length <= limit; length++) {
            List<Long> picked = new ArrayList<>();
            for (int g = 0; g < groups; g++) {
                if (!running.get(g).isEmpty()) {
                    List<Found> next = step(running.get(g), finished.get(g), picked, length);
                    next.forEach(found -> picked.add(found.tokens().getLast()));
                    running.set(g, done(next, finished.get(g), length) ? List.of() : next);
                }
            }
        }
        List<Found> all = new ArrayList<>();
        finished.forEach(all::addAll);
        all.sort(Comparator.comparingDouble(Found::score).reversed());
        return all.subList(0, Math.min(all.size(), config.numReturnSequences()));
    }

    private List<Found> step(List<Found> beams, List<Found> finished, List<Long> picked, int length) {
        List<Found> candidates = new ArrayList<>();
        for (Found beam : beams) {
            double[] scores = scores(beam.tokens());
            picked.forEach(token -> scores[token.intValue()] -= config.beams().diversityPenalty());
            for (int token = 0; token < scores.length; token++) {
                if (scores[token] > Double.NEGATIVE_INFINITY) {
                    List<Long> tokens = new ArrayList<>(beam.tokens());
                    tokens.add((long) token);
                    candidates.add(new Found(tokens, beam.score() + scores[token]));
                }
            }
        }
        candidates.sort(Comparator.comparingDouble(Found::score).reversed());
        List<Found> next = new ArrayList<>();
        for (int rank = 0; rank < candidates.size(); rank++) {
            Found candidate = candidates.get(rank);
            boolean stop = stops.test(candidate.tokens())
                    || (!config.ignoreEos()
                            && config.stopTokenIds().contains(candidate.tokens().getLast()));
            if (!stop && length < limit) {
                if (next.size() < size) {
                    next.add(candidate);
                }
            } else if (rank < size) {
                finished.add(new Found(candidate.tokens(), penalized(candidate.score(), length)));
                finished.sort(Comparator.comparingDouble(Found::score).reversed());
                if (finished.size() > size) {
                    finished.removeLast();
                }
            }
        }
        return next;
    }

    private boolean done(List<Found> next, List<Found> finished, int length) {
        if (next.isEmpty() || finished.size() < size) {
            return false;
        }
        double worst = finished.getLast().score();
        double best = next.getFirst().score();
        return switch (config.beams().stopCriteria()) {
            case EARLY -> true;
            case HEURISTIC -> worst >= penalized(best, length);
            case NEVER -> worst >= penalized(best, config.beams().lengthPenalty() > 0 ? limit : length);
        };
    }

    private double penalized(double sum, int length) {
        return sum / Math.pow(length, config.beams().lengthPenalty());
    }

    private double[] scores(List<Long> answer) {
        List<Long> all = new ArrayList<>(prompt);
        all.addAll(answer);
        float[] logits = model.apply(all);
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        double[] scores = new double[logits.length];
        for (int token = 0; token < scores.length; token++) {
            scores[token] = logits[token] - max - Math.log(sum);
            if (all.contains((long) token)) {
                scores[token] *= config.repetitionPenalty();
            }
            if (answer.size() < config.minNewTokens() && config.stopTokenIds().contains((long) token)) {
                scores[token] = Double.NEGATIVE_INFINITY;
            }
        }
        config.noRepeatNgramSize()
                .ifPresent(n -> repeated(all, n).forEach(token -> scores[token.intValue()] = Double.NEGATIVE_INFINITY));
        return scores;
    }

    private static Set<Long> repeated(List<Long> all, int n) {
        Set<Long> banned = new HashSet<>();
        for (int end = n; end <= all.size() && all.size() >= n - 1; end++) {
            List<Long> before = all.subList(end - n, end - 1);
            if (before.equals(all.subList(all.size() - n + 1, all.size()))) {
                banned.add(all.get(end - 1));
            }
        }
        return banned;
    }
}
