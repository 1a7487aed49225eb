package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Greedy decoding and sampling: prefill, then one token at a time for every row until something ends it, or with drafts for a
 * single row. A row that has ended is not run any more.
 */
final class Generation implements Decoder {
    private final DecodingTask task;
    private final LanguageModel model;
    private final GenerationConfig config;
    /** Those of the first prompt, then those of the second … */
    private final List<Row> rows = new ArrayList<>();

    private final Prefill prefill;
    private float[] logits = new float[0];

    Generation(DecodingTask task) {
        this.task = task;
        this.model = task.model();
        this.config = task.config();
        this.prefill = new Prefill(task);
        for (int p = 0; p < task.prompts().size(); p++) {
            for (int n = 0; n < config.numReturnSequences(); n++) {
                rows.add(new Row(task, p, n));
            }
        }
    }

    @Override
    public long[] cached() {
        if (task.prompts().size() > 1) {
            return new long[0];
        }
        // sequences of one prompt have no more in common than that
        Tokens tokens = rows.getFirst().tokens();
        int common = rows.size() > 1 ? tokens.promptLength() : tokens.length();
        return tokens.range(0, Math.min(common, model.length()));
    }

    @Override
    public List<GenerationResult> run() {
        if (DecodingTask.interrupted()) {
            rows.forEach(Row::cancel);
        } else {
            generate();
        }
        List<List<GeneratedSequence>> sequences = new ArrayList<>();
        task.prompts().forEach(_ -> sequences.add(new ArrayList<>()));
        int[] generated = new int[sequences.size()];
        for (Row row : rows) {
            sequences.get(row.prompt()).add(row.finish(prefill.logprobs(row.prompt())));
            generated[row.prompt()] += row.tokens().generated();
        }
        task.streamer().end();
        List<GenerationResult> results = new ArrayList<>();
        for (int p = 0; p < sequences.size(); p++) {
            sequences
                    .get(p)
                    .sort(Comparator.comparingDouble(GeneratedSequence::score).reversed());
            PerfMetrics metrics =
                    task.watch().finish(task.loadTimeMs(), task.prompts().get(p).length, task.reused(), generated[p]);
            results.add(new GenerationResult(sequences.get(p), prefill.logits(p), metrics));
        }
        return results;
    }

    private void generate() {
        rows.forEach(Row::begin);
        prefill();
        Optional<Drafter> drafter = Drafter.of(task, logits.length);
        if (drafter.isPresent()) {
            new AssistedLoop(task, rows.getFirst(), drafter.get(), logits.length).run();
        } else {
            tokenByToken();
        }
    }

    private void tokenByToken() {
        List<Row> live = rows.stream().filter(row -> !row.ended()).toList();
        int[] parents = live.stream().mapToInt(Row::prompt).toArray();
        while (!live.isEmpty()) {
            long[] tokens = new long[live.size()];
            for (int r = 0; r < tokens.length; r++) {
                Tokens sequence = live.get(r).tokens();
                tokens[r] = sequence.token(sequence.length() - 1);
            }
            long begin = System.nanoTime();
            StepLogits step = model.step(Step.next(tokens, parents));
            task.watch().inference(begin);
            for (int r = 0; r < tokens.length; r++) {
                step.copyTo(r, 0, logits);
                live.get(r).choose(logits);
            }
            cancelIfInterrupted();
            List<Row> next = new ArrayList<>();
            List<Integer> kept = new ArrayList<>();
            for (int r = 0; r < tokens.length; r++) {
                if (!live.get(r).ended()) {
                    next.add(live.get(r));
                    kept.add(r);
                }
            }
            live = next;
            parents = kept.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /** Runs the prompts, and chooses the first token of every row from the logits behind its prompt. */
    private void prefill() {
        StepLogits last = prefill.run();
        logits = new float[last.vocabulary()];
        for (Row row : rows) {
            if (!row.ended()) {
                last.copyTo(row.prompt(), 0, logits);
                row.choose(logits);
            }
        }
        cancelIfInterrupted();
    }

    private void cancelIfInterrupted() {
        if (DecodingTask.interrupted()) {
            rows.stream().filter(row -> !row.ended()).forEach(Row::cancel);
        }
    }
}
