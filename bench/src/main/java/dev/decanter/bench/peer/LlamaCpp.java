package dev.decanter.bench.peer;

import static dev.decanter.bench.peer.LlamaLibrary.PARAMETERS;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * llama.cpp through its C interface. Settings are its defaults (flash attention automatic, f16 KV cache, mapped weights, batches of
 * 2048 in parts of 512) but for the context's length, the number of threads, and a lasting thread pool as its own
 * {@code llama-bench} has.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class LlamaCpp implements Engine {
    /** {@code llama_batch}: a count and six pointers. */
    private static final StructLayout BATCH =
            MemoryLayout.structLayout(JAVA_INT, MemoryLayout.paddingLayout(4), MemoryLayout.sequenceLayout(6, ADDRESS));

    /** At least {@code sizeof(struct ggml_threadpool_params)}, which is passed by pointer. */
    private static final long POOL_PARAMETERS = 4096;

    /** The most tokens that one call takes, {@code n_batch}. */
    private static final int BATCH_TOKENS = 2048;

    private final LlamaLibrary library;
    private final SegmentAllocator allocator;
    private final MemorySegment context;
    private final MemorySegment tokens;
    private final int vocabulary;
    private final MethodHandle batchOf;
    private final MethodHandle decode;
    private final MethodHandle logits;
    private final MethodHandle memory;
    private final MethodHandle clear;
    private final MethodHandle remove;

    /** Loads a GGUF file for sequences of up to {@code positions} tokens. */
    LlamaCpp(LlamaLibrary library, Path gguf, int threads, int positions) throws Throwable {
        this.library = library;
        allocator = library.arena();
        MethodHandle load = library.function("llama_model_load_from_file", ADDRESS, ADDRESS, PARAMETERS);
        MemorySegment model = (MemorySegment)
                load.invoke(library.text(gguf.toString()), library.defaults("llama_model_default_params"));
        if (model.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp could not load " + gguf + "; its reason is in the log");
        }
        MemorySegment settings = library.defaults("llama_context_default_params");
        settings.set(JAVA_INT, 0, positions);
        context = (MemorySegment) library.function("llama_init_from_model", ADDRESS, ADDRESS, PARAMETERS)
                .invoke(model, settings);
        if (context.equals(MemorySegment.NULL)) {
            throw new IllegalStateException("llama.cpp could not make a context; its reason is in the log");
        }
        useThreads(threads);
        MemorySegment vocab = (MemorySegment)
                library.function("llama_model_get_vocab", ADDRESS, ADDRESS).invoke(model);
        vocabulary = (int)
                library.function("llama_vocab_n_tokens", JAVA_INT, ADDRESS).invoke(vocab);
        tokens = allocator.allocate(JAVA_INT, BATCH_TOKENS);
        batchOf = library.function("llama_batch_get_one", BATCH, ADDRESS, JAVA_INT);
        decode = library.function("llama_decode", JAVA_INT, ADDRESS, BATCH);
        logits = library.function("llama_get_logits_ith", ADDRESS, ADDRESS, JAVA_INT);
        memory = library.function("llama_get_memory", ADDRESS, ADDRESS);
        clear = library.function("llama_memory_clear", null, ADDRESS, JAVA_BOOLEAN);
        remove = library.function("llama_memory_seq_rm", JAVA_BOOLEAN, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
    }

    /** Without a pool of its own llama.cpp starts its threads anew for every token. */
    private void useThreads(int threads) throws Throwable {
        library.function("llama_set_n_threads", null, ADDRESS, JAVA_INT, JAVA_INT)
                .invoke(context, threads, threads);
        MemorySegment create = library.cpuFunction("ggml_threadpool_new");
        MemorySegment parameters = allocator.allocate(POOL_PARAMETERS, Long.BYTES);
        library.function("ggml_threadpool_params_init", null, ADDRESS, JAVA_INT).invoke(parameters, threads);
        MemorySegment pool =
                (MemorySegment) library.function(create, ADDRESS, ADDRESS).invoke(parameters);
        library.function("llama_attach_threadpool", null, ADDRESS, ADDRESS, ADDRESS)
                .invoke(context, pool, pool);
    }

    @Override
    public String description() {
        return library.description();
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
    public void trim(int length) {
        try {
            boolean done = (boolean) remove.invoke((MemorySegment) memory.invoke(context), 0, length, -1);
            if (!done) {
                throw new IllegalStateException("llama.cpp could not forget the tokens after " + length);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int next(int... ids) {
        try {
            MemorySegment.copy(ids, 0, tokens, JAVA_INT, 0, ids.length);
            MemorySegment batch = (MemorySegment) batchOf.invoke(allocator, tokens, ids.length);
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
