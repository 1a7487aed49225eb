package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A process with one engine: reads lines {@code PROMPT NEW} (token counts), runs each and answers a line of JSON.
 * Arguments: {@code decanter} and an IR folder, or {@code llama.cpp}, a folder of its libraries and a GGUF file; and
 * before them the number of threads and the size of the vocabulary.
 */
public final class EngineWorker {
    private static final JsonMapper JSON = new JsonMapper();

    private EngineWorker() {}

    /** See the class. */
    public static void main(String[] arguments) throws Throwable {
        int threads = Integer.parseInt(arguments[0]);
        int vocabulary = Integer.parseInt(arguments[1]);
        // Answers alone go to standard output, which an engine might write to.
        PrintStream answers = System.out;
        System.setOut(System.err);
        long start = System.nanoTime();
        try (Engine engine = switch (arguments[2]) {
            case "decanter" -> new DecanterEngine(Path.of(arguments[3]), threads);
            case "llama.cpp" -> new LlamaCpp(Path.of(arguments[3]), Path.of(arguments[4]), threads);
            default -> throw new IllegalArgumentException("no engine " + arguments[2]);
        }) {
            ObjectNode loaded = JSON.createObjectNode();
            loaded.put("engine", engine.description());
            loaded.put("load_seconds", (System.nanoTime() - start) / 1e9);
            loaded.set("memory_mb", ProcessMemory.now());
            answers.println(loaded);
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] counts = line.split(" ", -1);
                answers.println(run(engine, vocabulary, Integer.parseInt(counts[0]), Integer.parseInt(counts[1])));
            }
        }
    }

    private static ObjectNode run(Engine engine, int vocabulary, int prompt, int count) throws IOException {
        SplittableRandom random = new SplittableRandom(prompt);
        int[] ids = random.ints(prompt, 0, vocabulary).toArray();
        ObjectNode result = JSON.createObjectNode();
        var tokens = result.putArray("tokens");
        engine.reset();
        MachineLoad before = MachineLoad.now();
        long start = System.nanoTime();
        int token = engine.next(ids);
        long prefilled = System.nanoTime();
        MachineLoad between = MachineLoad.now();
        tokens.add(token);
        long decoding = System.nanoTime();
        for (int i = 0; i < count; i++) {
            token = engine.next(token);
            tokens.add(token);
        }
        long end = System.nanoTime();
        MachineLoad after = MachineLoad.now();
        result.put("prefill_tokens_per_second", prompt * 1e9 / (prefilled - start));
        result.put("prefill_others_cores", between.othersCores(before));
        result.put("decode_tokens_per_second", count * 1e9 / (end - decoding));
        result.put("decode_others_cores", after.othersCores(between));
        result.set("memory_mb", ProcessMemory.now());
        return result;
    }
}
