package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.bench.peer.Sample.Figure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs the engines in turns. Each is a process that stays while the others run and is idle then. Prompts come first; contexts that no
 * prompt makes follow, made once for each engine, since every decoding forgets its tokens again.
 *
 * @param pairs how often every engine has its turn
 * @param tokens how many tokens a decoding adds
 * @param prompts lengths of prompts to time
 * @param contexts lengths behind which decoding is timed
 * @param patience how long to wait for others to be quiet before a run
 */
record Rounds(int pairs, int tokens, List<Integer> prompts, List<Integer> contexts, int patience) {
    /** The JIT compiles for the first few hundred tokens; what it costs there is in the times to the first token. */
    private static final int WARM_UP_ROUNDS = 3;

    /** The longest sequence that any engine has to hold. */
    int positions() {
        int longest = 0;
        for (List<Integer> lengths : List.of(prompts, contexts)) {
            for (int length : lengths) {
                longest = Math.max(longest, length);
            }
        }
        return longest + tokens;
    }

    /** The figures, in the order of the report. */
    List<Figure> figures() {
        List<Figure> figures = new ArrayList<>();
        prompts.forEach(prompt -> figures.add(Figure.prefill(prompt)));
        contexts.forEach(context -> figures.add(Figure.decode(context)));
        return figures;
    }

    /** Measures; {@code greedy} takes each engine's tokens of the first decoding after each context. */
    List<Sample> run(List<Worker> workers, Map<Integer, Map<String, JsonNode>> greedy)
            throws IOException, InterruptedException {
        List<Sample> samples = new ArrayList<>();
        // untimed: the JIT compiles kernels, files come into the page cache
        for (Worker worker : workers) {
            for (int round = 0; round < WARM_UP_ROUNDS; round++) {
                for (int prompt : prompts) {
                    worker.prompt(prompt);
                    worker.decode(tokens);
                }
            }
        }
        for (int pair = 0; pair < pairs; pair++) {
            for (int prompt : prompts) {
                System.out.printf("pair %d, prompt %d, load %s%n", pair + 1, prompt, MachineLoad.averages());
                for (Worker worker : turn(workers, pair)) {
                    awaitQuiet(patience);
                    JsonNode result = worker.prompt(prompt);
                    if (!worker.spec().limit()) {
                        add(samples, worker, Figure.prefill(prompt), pair, result);
                    }
                    if (contexts.contains(prompt)) {
                        decode(samples, worker, prompt, pair, greedy);
                    }
                }
            }
        }
        for (int context : contexts) {
            if (!prompts.contains(context)) {
                deep(workers, context, samples, greedy);
            }
        }
        return samples;
    }

    private void deep(
            List<Worker> workers, int context, List<Sample> samples, Map<Integer, Map<String, JsonNode>> greedy)
            throws IOException, InterruptedException {
        for (Worker worker : workers) {
            JsonNode filled = worker.prompt(context);
            if (worker.spec().limit()) {
                continue;
            }
            System.out.printf(
                    Locale.ROOT,
                    "  %-18s context of %d tokens made at %.1f tok/s (once, no figure)%n",
                    worker.spec().name(),
                    context,
                    filled.path("tokens_per_second").asDouble());
            worker.decode(2);
        }
        for (int pair = 0; pair < pairs; pair++) {
            System.out.printf("pair %d, context %d, load %s%n", pair + 1, context, MachineLoad.averages());
            for (Worker worker : turn(workers, pair)) {
                awaitQuiet(patience);
                decode(samples, worker, context, pair, greedy);
            }
        }
    }

    private void decode(
            List<Sample> samples, Worker worker, int context, int pair, Map<Integer, Map<String, JsonNode>> greedy)
            throws IOException {
        JsonNode result = worker.decode(tokens);
        add(samples, worker, Figure.decode(context), pair, result);
        if (!worker.spec().limit()) {
            greedy.computeIfAbsent(context, _ -> new TreeMap<>())
                    .putIfAbsent(worker.spec().name(), result.path("tokens"));
        }
    }

    private static void add(List<Sample> samples, Worker worker, Figure figure, int pair, JsonNode result) {
        Sample sample = new Sample(
                worker.spec().name(),
                figure,
                pair,
                result.path("tokens_per_second").asDouble(),
                result.path("others_cores").asDouble());
        samples.add(sample);
        say(sample);
    }

    static void say(Sample sample) {
        System.out.printf(
                Locale.ROOT,
                "  %-18s %-24s %8.2f %s (others' cores %.2f)%n",
                sample.engine(),
                sample.figure().name(),
                sample.value(),
                sample.figure().unit(),
                sample.othersCores());
    }

    /** Who goes first changes, so that a drift of the machine favours none. */
    static <T> List<T> turn(List<T> all, int pair) {
        int first = pair % all.size();
        List<T> order = new ArrayList<>(all.subList(first, all.size()));
        order.addAll(all.subList(0, first));
        return order;
    }

    /** The engines are idle meanwhile, so whatever is busy belongs to others. */
    static void awaitQuiet(int patience) throws IOException, InterruptedException {
        for (int second = 0; second < patience; second++) {
            MachineLoad before = MachineLoad.now();
            Thread.sleep(1000);
            if (MachineLoad.now().othersCores(before) < Sample.QUIET_CORES) {
                return;
            }
        }
    }
}
