package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A process with one engine: reads lines and answers each with a line of JSON. {@code prompt N} makes a new sequence of N random
 * tokens, given in parts of at most {@value #CHUNK}; {@code decode N} adds N tokens to it, each the likeliest after the last, and then
 * forgets them again, so that the next {@code decode} starts at the same place. Arguments: threads, size of the vocabulary, longest
 * sequence, {@link EngineSpec.Kind}, place, model, and compile properties as {@code KEY=VALUE}.
 */
public final class EngineWorker {
    /** The most tokens that an engine gets in one call. */
    static final int CHUNK = 512;

    private static final JsonMapper JSON = new JsonMapper();

    private final Engine engine;
    private final int vocabulary;
    private int length;
    private int last;

    private EngineWorker(Engine engine, int vocabulary) {
        this.engine = engine;
        this.vocabulary = vocabulary;
    }

    /** See the class. */
    public static void main(String[] arguments) throws Throwable {
        // Answers alone go to standard output, which an engine might write to.
        PrintStream answers = System.out;
        System.setOut(System.err);
        long start = System.nanoTime();
        try (Engine engine = engine(arguments)) {
            ObjectNode loaded = JSON.createObjectNode();
            loaded.put("engine", engine.description());
            loaded.put("load_seconds", (System.nanoTime() - start) / 1e9);
            loaded.set("memory_mb", ProcessMemory.now());
            answers.println(loaded);
            EngineWorker worker = new EngineWorker(engine, Integer.parseInt(arguments[1]));
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                int count = Integer.parseInt(words[1]);
                answers.println(words[0].equals("prompt") ? worker.prompt(count) : worker.decode(count));
            }
        }
    }

    private static Engine engine(String[] arguments) throws Throwable {
        int threads = Integer.parseInt(arguments[0]);
        int positions = Integer.parseInt(arguments[2]);
        Path place = Path.of(arguments[4]);
        Path model = Path.of(arguments[5]);
        return switch (EngineSpec.Kind.valueOf(arguments[3])) {
            case DECANTER -> new DecanterEngine(model, threads, properties(arguments));
            case LLAMA_CPP -> new LlamaCpp(new LlamaLibrary(place), model, threads, positions);
            case LLAMA3_JAVA -> new Llama3Java(place, model, positions);
            case MEMORY -> new MemoryLimit(model, threads);
        };
    }

    private static Map<String, String> properties(String[] arguments) {
        Map<String, String> properties = new LinkedHashMap<>();
        for (String property : List.of(arguments).subList(6, arguments.length)) {
            int equals = property.indexOf('=');
            properties.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return properties;
    }

    private ObjectNode prompt(int count) throws IOException {
        int[] ids = new SplittableRandom(count).ints(count, 0, vocabulary).toArray();
        engine.reset();
        MachineLoad before = MachineLoad.now();
        long start = System.nanoTime();
        for (int from = 0; from < count; from += CHUNK) {
            last = engine.next(Arrays.copyOfRange(ids, from, Math.min(count, from + CHUNK)));
        }
        long end = System.nanoTime();
        length = count;
        return result(count * 1e9 / (end - start), before, List.of(last));
    }

    private ObjectNode decode(int count) throws IOException {
        List<Integer> tokens = new ArrayList<>();
        int token = last;
        MachineLoad before = MachineLoad.now();
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            token = engine.next(token);
            tokens.add(token);
        }
        long end = System.nanoTime();
        ObjectNode result = result(count * 1e9 / (end - start), before, tokens);
        engine.trim(length);
        return result;
    }

    private static ObjectNode result(double speed, MachineLoad before, List<Integer> tokens) throws IOException {
        ObjectNode result = JSON.createObjectNode();
        result.put("tokens_per_second", speed);
        result.put("others_cores", MachineLoad.now().othersCores(before));
        result.set("memory_mb", ProcessMemory.now());
        tokens.forEach(result.putArray("tokens")::add);
        return result;
    }
}
