package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * How long llama.cpp needs from its start to the first token, without what calling it from Java costs. The libraries are loaded, which
 * counts; then a tiny model answers once, so that Java has linked every call, which does not count; then the model is loaded and
 * answers, which counts.
 */
public final class LlamaStart {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int POSITIONS = 1024;

    private LlamaStart() {}

    /** Arguments: folder of the libraries, tiny GGUF, GGUF, threads, size of the vocabulary, tokens of the prompt. */
    public static void main(String[] arguments) throws Throwable {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Path folder = Path.of(arguments[0]);
        int threads = Integer.parseInt(arguments[3]);
        int prompt = Integer.parseInt(arguments[5]);
        int[] ids = new SplittableRandom(prompt)
                .ints(prompt, 0, Integer.parseInt(arguments[4]))
                .toArray();
        long start = System.nanoTime();
        LlamaLibrary library = new LlamaLibrary(folder);
        long loaded = System.nanoTime();
        new LlamaCpp(library, Path.of(arguments[1]), threads, POSITIONS).next(1, 2, 3);
        long linked = System.nanoTime();
        int token = new LlamaCpp(library, Path.of(arguments[2]), threads, POSITIONS).next(ids);
        long end = System.nanoTime();
        ObjectNode result = JSON.createObjectNode();
        result.put("seconds", (loaded - start + end - linked) / 1e9);
        result.put("libraries_seconds", (loaded - start) / 1e9);
        result.put("token", token);
        result.set("memory_mb", ProcessMemory.now());
        answers.println(result);
        answers.flush();
        // The tiny model's threads and what llama.cpp holds end with the process.
        Runtime.getRuntime().halt(0);
    }
}
