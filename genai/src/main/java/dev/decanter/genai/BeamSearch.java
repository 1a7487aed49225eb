package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Beam search, in one group or several that are kept apart. Each prompt is run once, in one row, from which its beams fork; all
 * beams of all prompts advance together. Which beam wins is known only at the end, so a streamer gets the text in one piece.
 */
final class BeamSearch implements Decoder {
    private final DecodingTask task;
    private final LanguageModel model;
    private final GenerationConfig config;
    private final BeamScorer scorer;
    /** The groups of each prompt. */
    private final List<List<BeamGroup>> prompts = new ArrayList<>();

    private final Prefill prefill;

    BeamSearch(DecodingTask task) {
        this.task = task;
        this.model = task.model();
        this.config = task.config();
        this.prefill = new Prefill(task);
        this.scorer = new BeamScorer(config);
        for (int p = 0; p < task.prompts().size(); p++) {
            List<BeamGroup> groups = new ArrayList<>();
            for (int g = 0; g < config.beams().numBeamGroups(); g++) {
                Optional<Answer> text =
                        config.stopStrings().isEmpty() ? Optional.empty() : Optional.of(task.newAnswer());
                Beam first = new Beam(p, task.newState(p), 0, text, Optional.empty());
                groups.add(new BeamGroup(config, task.limits().get(p), first));
            }
            prompts.add(groups);
        }
    }

    /** The prompt, which is what all beams have in common. */
    @Override
    public long[] cached() {
        if (task.prompts().size() > 1) {
            return new long[0];
        }
        long[] prompt = task.prompts().getFirst();
        return Arrays.copyOf(prompt, Math.min(prompt.length, model.length()));
    }

    @Override
    public List<GenerationResult> run() {
        if (!DecodingTask.interrupted()) {
            select(prefill.run());
            List<Beam> running = running();
            while (!running.isEmpty() && !DecodingTask.interrupted()) {
                select(step(running));
                running = running();
            }
        }
        // what still runs was interrupted
        prompts.forEach(groups -> groups.forEach(group -> group.end(FinishReason.CANCEL)));
        List<GenerationResult> results = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            results.add(result(p));
        }
        GeneratedSequence best = results.getFirst().best();
        if (best.finishReason() != FinishReason.CANCEL) {
            task.streamer().write(best.text());
        }
        task.streamer().end();
        return results;
    }

    private List<Beam> running() {
        return prompts.stream()
                .flatMap(List::stream)
                .flatMap(group -> group.beams().stream())
                .toList();
    }

    /** Runs the beams' last tokens; each beam is then in a row of its own. */
    private StepLogits step(List<Beam> running) {
        long[] tokens = new long[running.size()];
        int[] parents = new int[tokens.length];
        for (int r = 0; r < tokens.length; r++) {
            Tokens sequence = running.get(r).state().tokens();
            tokens[r] = sequence.token(sequence.length() - 1);
            parents[r] = running.get(r).row();
        }
        long begin = System.nanoTime();
        StepLogits logits = model.step(Step.next(tokens, parents));
        task.watch().inference(begin);
        int row = 0;
        for (List<BeamGroup> groups : prompts) {
            for (BeamGroup group : groups) {
                group.rows(row);
                row += group.beams().size();
            }
        }
        return logits;
    }

    private void select(StepLogits logits) {
        long begin = System.nanoTime();
        for (List<BeamGroup> groups : prompts) {
            List<Long> picked = new ArrayList<>();
            for (BeamGroup group : groups) {
                if (!group.done()) {
                    picked.addAll(group.step(scorer.candidates(group, logits, picked)));
                }
            }
        }
        task.watch().sampling(begin);
        task.watch().token();
    }

    private GenerationResult result(int prompt) {
        List<Hypothesis> found = new ArrayList<>();
        prompts.get(prompt).forEach(group -> found.addAll(group.hypotheses()));
        if (found.isEmpty()) {
            throw new GenerationException(
                    "beam search found no answer: min_new_tokens, no_repeat_ngram_size, structured output"
                            + " or a logits processor forbids every token behind every beam; loosen one of them");
        }
        found.sort(Comparator.comparingDouble(Hypothesis::score).reversed());
        List<GeneratedSequence> sequences = new ArrayList<>();
        int generated = 0;
        for (Hypothesis hypothesis : found.subList(0, Math.min(config.numReturnSequences(), found.size()))) {
            sequences.add(sequence(prompt, hypothesis));
            generated += hypothesis.tokens().size();
        }
        PerfMetrics metrics =
                task.watch().finish(task.loadTimeMs(), task.prompts().get(prompt).length, task.reused(), generated);
        return new GenerationResult(sequences, prefill.logits(prompt), metrics);
    }

    private GeneratedSequence sequence(int prompt, Hypothesis hypothesis) {
        long begin = System.nanoTime();
        Answer answer = task.newAnswer();
        if (config.echo()) {
            answer.echo(task.prompts().get(prompt));
        }
        hypothesis.tokens().forEach(answer::push);
        if (hypothesis.reason() != FinishReason.CANCEL) {
            answer.flush();
        }
        task.watch().detokenization(begin);
        List<Long> ids = answer.ids();
        List<Float> logprobs = new ArrayList<>();
        if (config.logprobs() > 0) {
            logprobs.addAll(prefill.logprobs(prompt));
            logprobs.addAll(hypothesis.logprobs().subList(0, ids.size() - answer.echoed()));
        }
        boolean stopped = answer.stopped() && hypothesis.reason() == FinishReason.LENGTH;
        FinishReason reason = stopped ? FinishReason.STOP : hypothesis.reason();
        return GeneratedSequence.of(config.outputFormat(), answer.text(), ids, reason, hypothesis.score(), logprobs);
    }
}
