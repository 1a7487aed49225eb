package dev.decanter.genai;

import dev.decanter.genai.Beam.Candidate;
import dev.decanter.genai.Beam.Link;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * One group of beams: extends them token by token and keeps the best that ended.
 *
 * <p>A step takes the best candidates of all beams. One that ends (a stop token, a stop string, the limit) counts only if it is
 * among the first {@code size}; the first {@code size} that do not end are the next beams. The rules are those of Transformers,
 * which OpenVINO GenAI's follow but for two things: log-probabilities are not normalized again after penalties and masks, and
 * the best running beam that a finished one is compared with is the new one, with the new length.
 */
final class BeamGroup {
    private final GenerationConfig config;
    private final int size;
    private final int limit;
    private final Hypothesis.Best best;
    private List<Beam> beams;
    private boolean done;

    /**
     * Begins with one beam, behind the prompt: several would find the same tokens.
     *
     * @param limit most tokens of an answer
     */
    BeamGroup(GenerationConfig config, int limit, Beam first) {
        this.config = config;
        this.size = config.beams().numBeams() / config.beams().numBeamGroups();
        this.limit = limit;
        this.best = new Hypothesis.Best(size, config.beams().lengthPenalty());
        this.beams = List.of(first);
        if (limit == 0) {
            end(FinishReason.LENGTH);
        }
    }

    /** Whether nothing better is looked for any more. */
    boolean done() {
        return done;
    }

    /** The beams to be extended; none when done. */
    List<Beam> beams() {
        return beams;
    }

    /** The finished sequences, best first. */
    List<Hypothesis> hypotheses() {
        return best.all();
    }

    /** Finishes what is running. */
    void end(FinishReason reason) {
        for (Beam beam : beams) {
            Tokens tokens = beam.state().tokens();
            best.offer(answer(tokens), Link.all(beam.last()), beam.score(), reason);
        }
        finish();
    }

    private void finish() {
        done = true;
        beams = List.of();
    }

    /** How many candidates a step needs, so that {@code size} are left when all others end with a stop token. */
    int candidates() {
        int stops = config.ignoreEos() ? 0 : config.stopTokenIds().size();
        return (int) Math.min(Integer.MAX_VALUE, size * Math.max(2L, 1L + stops));
    }

    /**
     * Takes one step.
     *
     * @param scores candidates of all beams
     * @return the tokens that the beams go on with
     */
    List<Long> step(List<Candidate> scores) {
        List<Candidate> ranked = new ArrayList<>(scores);
        ranked.sort(Comparator.comparingDouble(Candidate::score)
                .reversed()
                .thenComparingInt(Candidate::parent)
                .thenComparingLong(Candidate::token));
        boolean full = beams.getFirst().generated() + 1 >= limit;
        List<Candidate> next = new ArrayList<>();
        List<Optional<Answer>> texts = new ArrayList<>();
        for (int rank = 0; rank < ranked.size() && (rank < size || next.size() < size); rank++) {
            Candidate candidate = ranked.get(rank);
            Beam parent = beams.get(candidate.parent());
            Optional<Answer> text = parent.answer().map(Answer::copy);
            text.ifPresent(answer -> answer.push(candidate.token()));
            boolean stop = (!config.ignoreEos() && config.stopTokenIds().contains(candidate.token()))
                    || text.filter(Answer::stopped).isPresent();
            if (stop || full) {
                if (rank < size) {
                    offer(parent, candidate, stop ? FinishReason.STOP : FinishReason.LENGTH);
                }
            } else if (next.size() < size) {
                next.add(candidate);
                texts.add(text);
            }
        }
        advance(next, texts);
        return next.stream().map(Candidate::token).toList();
    }

    private void offer(Beam parent, Candidate candidate, FinishReason reason) {
        List<Long> tokens = answer(parent.state().tokens());
        tokens.add(candidate.token());
        List<Float> logprobs = Link.all(parent.last());
        logprobs.add(candidate.logprob());
        best.offer(tokens, logprobs, candidate.score(), reason);
    }

    private static List<Long> answer(Tokens tokens) {
        List<Long> answer = new ArrayList<>();
        for (int i = tokens.promptLength(); i < tokens.length(); i++) {
            answer.add(tokens.token(i));
        }
        return answer;
    }

    private void advance(List<Candidate> next, List<Optional<Answer>> texts) {
        List<Beam> extended = new ArrayList<>();
        for (int i = 0; i < next.size(); i++) {
            Candidate candidate = next.get(i);
            Beam parent = beams.get(candidate.parent());
            boolean again = next.subList(i + 1, next.size()).stream().anyMatch(c -> c.parent() == candidate.parent());
            // the last child takes the parent's own state, so that a search that does not branch copies nothing
            SequenceState state = again ? parent.state().fork() : parent.state();
            state.accept(candidate.token());
            Link link = new Link(parent.last(), candidate.logprob());
            extended.add(new Beam(parent.row(), state, candidate.score(), texts.get(i), Optional.of(link)));
        }
        if (extended.isEmpty() || (best.full() && cannotImprove(extended.getFirst()))) {
            finish();
        } else {
            beams = extended;
        }
    }

    private boolean cannotImprove(Beam running) {
        float lengthPenalty = config.beams().lengthPenalty();
        return switch (config.beams().stopCriteria()) {
            case EARLY -> true;
            case HEURISTIC -> best.worst() >= best.score(running.score(), running.generated());
            // a longer one has the higher score, if the sum stays as it is
            case NEVER -> best.worst() >= best.score(running.score(), lengthPenalty > 0 ? limit : running.generated());
        };
    }

    /** Tells each beam in which row it is now; {@code first} is that of the first. */
    void rows(int first) {
        List<Beam> placed = new ArrayList<>();
        for (Beam beam : beams) {
            placed.add(new Beam(first + placed.size(), beam.state(), beam.score(), beam.answer(), beam.last()));
        }
        beams = placed;
    }
}
