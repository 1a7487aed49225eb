package dev.decanter.bench.peer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Makes a quantized GGUF file of one in F16 by llama.cpp's own quantizer, in a process of its own. */
public final class LlamaQuantizer {
    /** Where {@code llama_model_quantize_params} has {@code nthread} and {@code ftype}. */
    private static final long THREADS_AT = 0;

    private static final long TYPE_AT = 4;

    private LlamaQuantizer() {}

    /** Arguments: folder of llama.cpp's libraries, GGUF in F16, GGUF to write, {@code Q4_0} or {@code Q8_0}, threads. */
    public static void main(String[] arguments) throws Throwable {
        LlamaLibrary library = new LlamaLibrary(Path.of(arguments[0]));
        MemorySegment parameters = library.defaults("llama_model_quantize_default_params");
        parameters.set(JAVA_INT, THREADS_AT, Integer.parseInt(arguments[4]));
        parameters.set(JAVA_INT, TYPE_AT, fileType(arguments[3]));
        int status = (int) library.function("llama_model_quantize", JAVA_INT, ADDRESS, ADDRESS, ADDRESS)
                .invoke(library.text(arguments[1]), library.text(arguments[2]), parameters);
        if (status != 0) {
            throw new IllegalStateException("llama_model_quantize gave " + status + " for " + arguments[1]);
        }
    }

    /** {@code enum llama_ftype}. */
    static int fileType(String name) {
        return switch (name) {
            case "Q4_0" -> 2;
            case "Q8_0" -> 7;
            default -> throw new IllegalArgumentException("no type " + name + " here; there are Q4_0 and Q8_0");
        };
    }
}
