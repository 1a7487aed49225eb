package dev.decanter.bench.peer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp through its C interface, from a folder of its prebuilt libraries; it picks the build for this CPU itself.
 * Settings are its defaults (flash attention automatic, f16 KV cache, mapped weights) but for the context's length, the
 * number of threads, and a lasting thread pool as its own {@code llama-bench} has.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class LlamaCpp implements Engine {
    /**
     * Parameter structs go by value and differ between versions at the end. Both sides pass a struct of this size in
     * memory, so one larger than any version's needs no exact layout; only the first field, {@code n_ctx}, is written.
     */
    private static final StructLayout PARAMETERS =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_LONG));

    /** {@code llama_batch}: a count and six pointers. */
    private static final StructLayout BATCH =
            MemoryLayout.structLayout(JAVA_INT, MemoryLayout.paddingLayout(4), MemoryLayout.sequenceLayout(6, ADDRESS));

    /** At least {@code sizeof(struct ggml_threadpool_params)}, which is passed by pointer. */
    private static final long POOL_PARAMETERS = 4096;

    private static final int POSITIONS = 1024;
    private static final Linker LINKER = Linker.nativeLinker();

    private final Arena arena = Arena.ofShared();
    private final List<SymbolLookup> libraries;
    private final MemorySegment model;
    private final MemorySegment context;
    private final MemorySegment tokens;
    private final int vocabulary;
    private final String version;
    private final MethodHandle batchOf;
    private final MethodHandle decode;
    private final MethodHandle logits;
    private final MethodHandle memory;
    private final MethodHandle clear;

    /** Loads the libraries of a folder and a GGUF file. */
    LlamaCpp(Path folder, Path gguf, int threads) throws Throwable {
        libraries = List.of(
                library(folder, "libllama\\..*"),
                library(folder, "libggml\\..*"),
                library(folder, "libggml-base\\..*"));
        function("ggml_backend_load_all_from_path", null, ADDRESS).invoke(arena.allocateFrom(folder.toString()));
        function("llama_backend_init", null).invoke();
        version = ((MemorySegment) function("ggml_version", ADDRESS).invoke())
                .reinterpret(64)
                .getString(0);

        MethodHandle load = function("llama_model_load_from_file", ADDRESS, ADDRESS, PARAMETERS);
        model = (MemorySegment)
                load.invoke(arena.allocateFrom(gguf.toString()), defaults("llama_model_default_params"));
        if (model.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp could not load " + gguf + "; its reason is in the log");
        }
        MemorySegment settings = defaults("llama_context_default_params");
        settings.set(JAVA_INT, 0, POSITIONS);
        context = (MemorySegment)
                function("llama_init_from_model", ADDRESS, ADDRESS, PARAMETERS).invoke(model, settings);
        if (context.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp could not make a context; its reason is in the log");
        }
        useThreads(threads);
        MemorySegment vocab = (MemorySegment)
                function("llama_model_get_vocab", ADDRESS, ADDRESS).invoke(model);
        vocabulary = (int) function("llama_vocab_n_tokens", JAVA_INT, ADDRESS).invoke(vocab);
        tokens = arena.allocate(JAVA_INT, POSITIONS);
        batchOf = function("llama_batch_get_one", BATCH, ADDRESS, JAVA_INT);
        decode = function("llama_decode", JAVA_INT, ADDRESS, BATCH);
        logits = function("llama_get_logits_ith", ADDRESS, ADDRESS, JAVA_INT);
        memory = function("llama_get_memory", ADDRESS, ADDRESS);
        clear = function("llama_memory_clear", null, ADDRESS, JAVA_BOOLEAN);
    }

    /** Without a pool of its own llama.cpp starts its threads anew for every token. */
    private void useThreads(int threads) throws Throwable {
        function("llama_set_n_threads", null, ADDRESS, JAVA_INT, JAVA_INT).invoke(context, threads, threads);
        MemorySegment cpu = (MemorySegment)
                function("ggml_backend_reg_by_name", ADDRESS, ADDRESS).invoke(arena.allocateFrom("CPU"));
        MemorySegment create = (MemorySegment) function("ggml_backend_reg_get_proc_address", ADDRESS, ADDRESS, ADDRESS)
                .invoke(cpu, arena.allocateFrom("ggml_threadpool_new"));
        MemorySegment parameters = arena.allocate(POOL_PARAMETERS, Long.BYTES);
        function("ggml_threadpool_params_init", null, ADDRESS, JAVA_INT).invoke(parameters, threads);
        MemorySegment pool = (MemorySegment) LINKER.downcallHandle(create, FunctionDescriptor.of(ADDRESS, ADDRESS))
                .invoke(parameters);
        function("llama_attach_threadpool", null, ADDRESS, ADDRESS, ADDRESS).invoke(context, pool, pool);
    }

    private MemorySegment defaults(String name) throws Throwable {
        return (MemorySegment) function(name, PARAMETERS).invoke((SegmentAllocator) arena);
    }

    private SymbolLookup library(Path folder, String pattern) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path file = files.filter(f -> f.getFileName().toString().matches(pattern))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no library " + pattern + " in " + folder));
            return SymbolLookup.libraryLookup(file, arena);
        }
    }

    private MethodHandle function(String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
        MemorySegment address = libraries.stream()
                .map(library -> library.find(name))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this llama.cpp has no function " + name));
        FunctionDescriptor type =
                result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments);
        return LINKER.downcallHandle(address, type);
    }

    @Override
    public String description() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            String builds = maps.filter(line -> line.contains("libggml-cpu"))
                    .map(line -> line.substring(line.lastIndexOf('/') + 1))
                    .collect(Collectors.toCollection(TreeSet::new))
                    .toString();
            return "llama.cpp, ggml " + version + ", " + builds;
        } catch (IOException e) {
            return "llama.cpp, ggml " + version;
        }
    }

    @Override
    public void reset() {
        try {
            clear.invoke((MemorySegment) memory.invoke(context), false);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int next(int... ids) {
        try {
            MemorySegment.copy(ids, 0, tokens, JAVA_INT, 0, ids.length);
            MemorySegment batch = (MemorySegment) batchOf.invoke((SegmentAllocator) arena, tokens, ids.length);
            int status = (int) decode.invoke(context, batch);
            if (status != 0) {
                throw new IllegalStateException("llama_decode gave " + status);
            }
            MemorySegment values = (MemorySegment) logits.invoke(context, -1);
            return DecanterEngine.likeliest(values.reinterpret((long) vocabulary * Float.BYTES), vocabulary);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** The process ends with the engine, so that what llama.cpp holds is left to the operating system. */
    @Override
    public void close() {}
}
