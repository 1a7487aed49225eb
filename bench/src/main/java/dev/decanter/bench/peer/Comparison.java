package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Runs our engine and llama.cpp in turns, in pairs: each in its own process, which stays while the other runs and is
 * idle then. A pair is one run of each per prompt length: the prompt in one call (prefill), then single tokens (decode).
 *
 * <p>Prints every run with the load average and the cores that others kept busy meanwhile, then per figure the median,
 * least and greatest of the pairs' ratios ours : llama.cpp. Before each run it waits up to a minute for others to be
 * quiet; a pair's figure counts if they kept less than a tenth of a core busy during both runs, and the rest is left
 * out, by that measure and no other (llama.cpp's team, which spins, suffers more from neighbours than ours). With the same weights both choose the same likeliest tokens
 * while rounding does not decide; how many agree is printed.
 */
public final class Comparison {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<Integer> PROMPTS = List.of(128, 512);
    private static final String PREFILL = "prefill";
    private static final String DECODE = "decode";
    private static final String SPEED = "_tokens_per_second";
    private static final String OTHERS = "_others_cores";
    private static final double QUIET_CORES = 0.1;
    private static final int PATIENCE_SECONDS = 60;
    private static final int WARM_UP_TOKENS = 16;

    /** An engine's process and the lines to it and from it. */
    private record Worker(String name, Process process, PrintStream commands, BufferedReader answers, JsonNode loaded) {
        static Worker start(String name, Path log, List<String> arguments) throws IOException {
            List<String> command = new ArrayList<>();
            command.add(ProcessHandle.current().info().command().orElseThrow());
            command.addAll(List.of("--add-modules", "jdk.incubator.vector,dev.decanter.cpu"));
            command.add("--enable-native-access=ALL-UNNAMED,dev.decanter.cpu,dev.decanter.assembler");
            command.addAll(List.of("-p", System.getProperty("jdk.module.path")));
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), EngineWorker.class.getName()));
            command.addAll(arguments);
            Process process =
                    new ProcessBuilder(command).redirectError(log.toFile()).start();
            PrintStream commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
            BufferedReader answers = process.inputReader(StandardCharsets.UTF_8);
            String first = answers.readLine();
            if (first == null) {
                throw new IOException(name + " did not start: see " + log);
            }
            return new Worker(name, process, commands, answers, JSON.readTree(first));
        }

        ObjectNode run(int prompt, int count) throws IOException {
            commands.println(prompt + " " + count);
            String line = answers.readLine();
            if (line == null) {
                throw new IOException(name + " ended early");
            }
            return (ObjectNode) JSON.readTree(line);
        }
    }

    private Comparison() {}

    /**
     * Arguments: checkpoint folder, IR folder, GGUF file, folder of llama.cpp's libraries, number of pairs, threads, new
     * tokens, file for the results as JSON.
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length != 8) {
            throw new IllegalArgumentException(
                    "arguments: checkpoint, IR, GGUF, libraries of llama.cpp, pairs, threads, new tokens, JSON file");
        }
        int pairs = Integer.parseInt(arguments[4]);
        String threads = arguments[5];
        int count = Integer.parseInt(arguments[6]);
        Path json = Path.of(arguments[7]);
        String vocabulary = JSON.readTree(Path.of(arguments[0], "config.json").toFile())
                .path("vocab_size")
                .asText();
        Worker ours = Worker.start(
                "decanter", Path.of(json + ".decanter.log"), List.of(threads, vocabulary, "decanter", arguments[1]));
        Worker peer = Worker.start(
                "llama.cpp",
                Path.of(json + ".llama.log"),
                List.of(threads, vocabulary, "llama.cpp", arguments[3], arguments[2]));

        ObjectNode report = JSON.createObjectNode();
        report.put("threads", Integer.parseInt(threads)).put("new_tokens", count);
        for (Worker worker : List.of(ours, peer)) {
            report.set(worker.name, worker.loaded);
            System.out.println(worker.name + ": " + worker.loaded);
        }
        // Untimed: the JIT compiles our kernels, the files of both come into the page cache.
        for (Worker worker : List.of(ours, peer)) {
            for (int prompt : PROMPTS) {
                worker.run(prompt, Math.min(count, WARM_UP_TOKENS));
            }
        }
        ArrayNode runs = report.putArray("runs");
        for (int pair = 0; pair < pairs; pair++) {
            // Who goes first changes, so that a drift of the machine does not favour one.
            List<Worker> order = pair % 2 == 0 ? List.of(ours, peer) : List.of(peer, ours);
            for (int prompt : PROMPTS) {
                System.out.printf("pair %d, prompt %d, load %s%n", pair + 1, prompt, MachineLoad.averages());
                ObjectNode both = runs.addObject();
                both.put("pair", pair + 1).put("prompt", prompt).put("load", MachineLoad.averages());
                for (Worker worker : order) {
                    awaitQuiet();
                    ObjectNode result = worker.run(prompt, count);
                    both.set(worker.name, result);
                    System.out.println(line(worker.name, result));
                }
            }
        }
        summary(report, runs);
        Files.writeString(json, report.toPrettyString());
        for (Worker worker : List.of(ours, peer)) {
            worker.commands.close();
            worker.process.waitFor();
        }
    }

    /** The workers are idle meanwhile, so whatever is busy belongs to others. */
    private static void awaitQuiet() throws IOException, InterruptedException {
        for (int second = 0; second < PATIENCE_SECONDS; second++) {
            MachineLoad before = MachineLoad.now();
            Thread.sleep(1000);
            if (MachineLoad.now().othersCores(before) < QUIET_CORES) {
                return;
            }
        }
    }

    private static String line(String name, JsonNode run) {
        return String.format(
                Locale.ROOT,
                "  %-10s prefill %7.1f tok/s (others' cores %.2f)   decode %6.2f tok/s (others' cores %.2f)",
                name,
                run.path(PREFILL + SPEED).asDouble(),
                run.path(PREFILL + OTHERS).asDouble(),
                run.path(DECODE + SPEED).asDouble(),
                run.path(DECODE + OTHERS).asDouble());
    }

    private static void summary(ObjectNode report, ArrayNode runs) {
        ArrayNode ratios = report.putArray("ratios");
        System.out.println("ours : llama.cpp, median (least - greatest) of the quiet pairs");
        for (int prompt : PROMPTS) {
            List<JsonNode> pairs = runs.valueStream()
                    .filter(run -> run.path("prompt").asInt() == prompt)
                    .toList();
            for (String figure : List.of(PREFILL, DECODE)) {
                String what = figure.equals(PREFILL) ? "prefill " + prompt : "decode after " + prompt;
                ObjectNode node = ratios.addObject().put("figure", what);
                List<JsonNode> quiet =
                        pairs.stream().filter(pair -> quiet(pair, figure)).toList();
                node.put("pairs", pairs.size()).put("quiet_pairs", quiet.size());
                System.out.println(ratio(what, figure, quiet, node) + ", " + quiet.size() + " of " + pairs.size());
            }
            JsonNode mine = pairs.getFirst().path("decanter").path("tokens");
            JsonNode theirs = pairs.getFirst().path("llama.cpp").path("tokens");
            int same = 0;
            while (same < mine.size() && mine.get(same).equals(theirs.get(same))) {
                same++;
            }
            report.put("equal_tokens_after_" + prompt, same);
            System.out.printf("  first %d of %d greedy tokens after %d are equal%n", same, mine.size(), prompt);
        }
    }

    private static boolean quiet(JsonNode pair, String figure) {
        return Math.max(
                        pair.path("decanter").path(figure + OTHERS).asDouble(),
                        pair.path("llama.cpp").path(figure + OTHERS).asDouble())
                < QUIET_CORES;
    }

    private static String ratio(String what, String figure, List<JsonNode> pairs, ObjectNode node) {
        if (pairs.isEmpty()) {
            return String.format("  %-18s none: the machine was never quiet", what);
        }
        double[] ours = sorted(pairs.stream().mapToDouble(pair -> speed(pair, "decanter", figure)));
        double[] peers = sorted(pairs.stream().mapToDouble(pair -> speed(pair, "llama.cpp", figure)));
        double[] ratio = sorted(
                pairs.stream().mapToDouble(pair -> speed(pair, "decanter", figure) / speed(pair, "llama.cpp", figure)));
        double least = ratio[0];
        double greatest = ratio[ratio.length - 1];
        node.put("ours", median(ours)).put("llama.cpp", median(peers));
        node.put("median", median(ratio)).put("least", least).put("greatest", greatest);
        return String.format(
                Locale.ROOT,
                "  %-18s %.2f (%.2f - %.2f); medians: ours %.2f, llama.cpp %.2f tok/s",
                what,
                median(ratio),
                least,
                greatest,
                median(ours),
                median(peers));
    }

    private static double speed(JsonNode pair, String engine, String figure) {
        return pair.path(engine).path(figure + SPEED).asDouble();
    }

    private static double[] sorted(DoubleStream values) {
        return values.sorted().toArray();
    }

    private static double median(double[] sorted) {
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
