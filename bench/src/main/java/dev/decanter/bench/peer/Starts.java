package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.bench.peer.Sample.Figure;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Time from the start of a process to the first token behind a prompt of 32, in seconds, in fresh processes by turns. Ours is
 * {@code ./decanter generate --max-new-tokens 1}, from before its shell script starts until it prints, with and without compile cache.
 * llama.cpp's is taken inside a Java process ({@link LlamaStart}), from before its libraries are loaded until the token is there: the
 * start of that JVM, which llama.cpp does not need, is not in it. Files are in the page cache for both.
 */
final class Starts {
    /** The compile property that names the folder of the cache. */
    static final String CACHE_DIR = "CACHE_DIR";

    private static final int PROMPT = 32;
    private static final JsonMapper JSON = new JsonMapper();

    private final Path launcher;
    private final Path work;
    private final int threads;
    private final boolean caches;
    private final int patience;
    private final Map<String, Long> memory = new TreeMap<>();

    /** {@code caches}: the CPU device has {@link #CACHE_DIR}. {@code work} takes the cache and logs. */
    Starts(Path launcher, Path work, int threads, boolean caches, int patience) {
        this.launcher = launcher;
        this.work = work;
        this.threads = threads;
        this.caches = caches;
        this.patience = patience;
    }

    private record Turn(EngineSpec spec, boolean cached) {
        String name() {
            return spec.name() + (cached ? ", cache warm" : "");
        }
    }

    /** Runs {@code pairs} rounds of all engines that are ours or llama.cpp. */
    List<Sample> run(List<EngineSpec> engines, PeerModels models, FormatPair format, int pairs)
            throws IOException, InterruptedException {
        List<Turn> turns = new ArrayList<>();
        for (EngineSpec spec : engines) {
            if (spec.kind() == EngineSpec.Kind.LLAMA3_JAVA || spec.limit()) {
                continue;
            }
            turns.add(new Turn(spec, false));
            if (spec.ours() && caches) {
                turns.add(new Turn(spec, true));
            }
        }
        Path tiny = models.tiny();
        int vocabulary = models.vocabulary(format);
        String ids = new SplittableRandom(PROMPT)
                .ints(PROMPT, 0, vocabulary)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(","));
        deleteCaches();
        List<Sample> samples = new ArrayList<>();
        // The round before the first is untimed: it makes the cache and brings files into the page cache.
        for (int pair = -1; pair < pairs; pair++) {
            System.out.printf("%s %d, start, load %s%n", pair < 0 ? "round" : "pair", pair + 1, MachineLoad.averages());
            for (Turn turn : Rounds.turn(turns, Math.max(0, pair))) {
                if (pair >= 0) {
                    Rounds.awaitQuiet(patience);
                }
                MachineLoad before = MachineLoad.withChildren();
                Path model = turn.spec().model(models, format);
                double seconds = turn.spec().ours() ? ours(turn, model, ids) : peer(turn, model, tiny, vocabulary);
                double others = MachineLoad.withChildren().othersCores(before);
                if (pair >= 0) {
                    add(samples, turn, pair, seconds, others);
                }
            }
        }
        deleteCaches();
        return samples;
    }

    /** llama.cpp has no cache, so its one start is compared with both of ours. */
    private static void add(List<Sample> samples, Turn turn, int pair, double seconds, double others) {
        Sample sample = new Sample(turn.spec().name(), Figure.firstToken(turn.cached()), pair, seconds, others);
        Rounds.say(sample);
        samples.add(sample);
        if (!turn.spec().ours()) {
            samples.add(new Sample(turn.spec().name(), Figure.firstToken(true), pair, seconds, others));
        }
    }

    private double ours(Turn turn, Path model, String ids) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                launcher.toString(), "generate", "--json", "--max-new-tokens", "1", "--model", model.toString()));
        command.addAll(List.of("--prompt-ids", ids, "--device", "CPU"));
        turn.spec().properties().forEach((key, value) -> command.addAll(List.of("--property", key + "=" + value)));
        command.addAll(List.of("--property", "INFERENCE_NUM_THREADS=" + threads));
        if (caches) {
            String folder = turn.cached() ? cache(turn.spec()).toString() : "";
            command.addAll(List.of("--property", CACHE_DIR + "=" + folder));
        }
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(log(turn).toFile());
        builder.environment()
                .put("DECANTER_JAVA_OPTS", String.join(" ", turn.spec().options()));
        long start = System.nanoTime();
        Answer answer = answer(builder, turn);
        memory.put(turn.name(), answer.json.path("metrics").path("peak_rss_mb").asLong());
        return (answer.time - start) / 1e9;
    }

    private double peer(Turn turn, Path model, Path tiny, int vocabulary) throws IOException, InterruptedException {
        List<String> arguments = List.of(
                turn.spec().place().toString(),
                tiny.toString(),
                model.toString(),
                Integer.toString(threads),
                Integer.toString(vocabulary),
                Integer.toString(PROMPT));
        List<String> command = JavaProcess.command(List.of(), LlamaStart.class, arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(log(turn).toFile());
        Answer answer = answer(builder, turn);
        memory.put(turn.name(), answer.json.path("memory_mb").path("VmHWM").asLong());
        return answer.json.path("seconds").asDouble();
    }

    /** What a process printed, and when its first line was there. */
    private record Answer(JsonNode json, long time) {}

    private Answer answer(ProcessBuilder builder, Turn turn) throws IOException, InterruptedException {
        Process process = builder.start();
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            String first = reader.readLine();
            long time = System.nanoTime();
            String rest = reader.lines().collect(Collectors.joining("\n"));
            if (process.waitFor() != 0 || first == null) {
                throw new IOException(turn.name() + " failed, see " + log(turn));
            }
            return new Answer(JSON.readTree(first + rest), time);
        }
    }

    /** Peak resident memory at the end of a start, MB, by engine. */
    Map<String, Long> memory() {
        return memory;
    }

    private Path log(Turn turn) {
        return work.resolve("start-" + turn.spec().name().toLowerCase(Locale.ROOT) + ".log");
    }

    private Path cache(EngineSpec spec) {
        return work.resolve("cache-" + spec.name());
    }

    private void deleteCaches() throws IOException {
        try (Stream<Path> all = Files.list(work)) {
            for (Path cache : all.filter(path -> path.getFileName().toString().startsWith("cache-"))
                    .toList()) {
                try (Stream<Path> files = Files.walk(cache)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        }
    }
}
