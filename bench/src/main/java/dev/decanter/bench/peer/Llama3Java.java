package dev.decanter.bench.peer;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;

/**
 * The pure-Java engine <a href="https://github.com/mukel/llama3.java">llama3.java</a> from its one source file, compiled here: models
 * of Llama's architecture as GGUF. Its classes are reached by reflection, past its tokenizer, which random models have not. It runs on
 * the common pool, whose size the process is started with, and takes prompts in parts of 16 tokens, as its command does.
 */
final class Llama3Java implements Engine {
    private static final String PACKAGE = "com.llama4j.";
    private static final int BATCH = 16;

    private final Object model;
    private final Object state;
    private final Method forward;
    private final Method argmax;
    private int length;

    /** Compiles {@code source} and loads a GGUF file for sequences of up to {@code positions} tokens. */
    Llama3Java(Path source, Path gguf, int positions) throws ReflectiveOperationException, IOException {
        URLClassLoader classes =
                new URLClassLoader(new URL[] {compiled(source).toUri().toURL()});
        Class<?> llama = classes.loadClass(PACKAGE + "Llama");
        Class<?> configuration = classes.loadClass(PACKAGE + "Llama$Configuration");
        Class<?> stateType = classes.loadClass(PACKAGE + "Llama$State");
        Class<?> file = classes.loadClass(PACKAGE + "GGUF");
        try (FileChannel channel = FileChannel.open(gguf)) {
            Object header =
                    method(file, "loadModel", FileChannel.class, String.class).invoke(null, channel, gguf.toString());
            @SuppressWarnings("unchecked")
            Map<String, Object> metadata =
                    (Map<String, Object>) method(file, "getMetadata").invoke(header);
            Object sizes = configuration.getConstructors()[0].newInstance(
                    metadata.get("llama.embedding_length"),
                    metadata.get("llama.feed_forward_length"),
                    metadata.get("llama.block_count"),
                    metadata.get("llama.attention.head_count"),
                    metadata.get("llama.attention.head_count_kv"),
                    metadata.get("llama.vocab_size"),
                    positions,
                    metadata.get("llama.attention.layer_norm_rms_epsilon"),
                    metadata.get("llama.rope.freq_base"));
            Object tensors = method(file, "loadTensors", FileChannel.class, long.class, Map.class)
                    .invoke(
                            null,
                            channel,
                            method(file, "getTensorDataOffset").invoke(header),
                            method(file, "getTensorInfos").invoke(header));
            Object weights = method(classes.loadClass(PACKAGE + "ModelLoader"), "loadWeights", Map.class, configuration)
                    .invoke(null, tensors, sizes);
            Class<?> tokenizer = classes.loadClass(PACKAGE + "Tokenizer");
            Class<?> weightsType = classes.loadClass(PACKAGE + "Llama$Weights");
            model = constructor(llama, configuration, tokenizer, weightsType).newInstance(sizes, null, weights);
            state = constructor(stateType, configuration, int.class).newInstance(sizes, BATCH);
        }
        forward = method(llama, "forward", llama, stateType, int[].class, int.class, boolean.class);
        argmax = method(classes.loadClass(PACKAGE + "FloatTensor"), "argmax");
    }

    private static Method method(Class<?> owner, String name, Class<?>... parameters) throws NoSuchMethodException {
        Method method = owner.getDeclaredMethod(name, parameters);
        method.setAccessible(true);
        return method;
    }

    private static Constructor<?> constructor(Class<?> owner, Class<?>... parameters) throws NoSuchMethodException {
        Constructor<?> constructor = owner.getDeclaredConstructor(parameters);
        constructor.setAccessible(true);
        return constructor;
    }

    private static Path compiled(Path source) throws IOException {
        Path classes = Files.createTempDirectory("llama3java");
        classes.toFile().deleteOnExit();
        ToolProvider compiler = ToolProvider.findFirst("javac").orElseThrow();
        List<String> arguments = List.of(
                "-nowarn", "--add-modules", "jdk.incubator.vector", "-d", classes.toString(), source.toString());
        int status = compiler.run(System.err, System.err, arguments.toArray(String[]::new));
        if (status != 0) {
            throw new IllegalStateException(source + " does not compile; the reason is in the log");
        }
        return classes;
    }

    @Override
    public String description() {
        return "llama3.java, JDK " + Runtime.version();
    }

    @Override
    public void reset() {
        length = 0;
    }

    @Override
    public void trim(int wanted) {
        length = wanted;
    }

    @Override
    public int next(int... tokens) {
        try {
            Object logits = null;
            for (int from = 0; from < tokens.length; from += BATCH) {
                int[] part = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + BATCH));
                boolean last = from + BATCH >= tokens.length;
                logits = forward.invoke(null, model, state, part, length, last);
                length += part.length;
            }
            return (int) argmax.invoke(logits);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Its memory goes with the process. */
    @Override
    public void close() {}
}
