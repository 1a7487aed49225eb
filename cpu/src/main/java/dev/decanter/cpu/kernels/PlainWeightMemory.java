package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/** Memory that is always filled. */
final class PlainWeightMemory implements WeightMemory {
    private final LongFunction<MemorySegment> source;
    private final Runnable closing;

    /** Takes zeroed memory from {@code source}; {@code closing} frees it. */
    PlainWeightMemory(LongFunction<MemorySegment> source, Runnable closing) {
        this.source = source;
        this.closing = closing;
    }

    @Override
    public Region region(String tag, long bytes, Filler filler) {
        MemorySegment memory = allocate(bytes);
        long note = filler.fill(memory);
        return new Region(memory.asReadOnly(), note);
    }

    @Override
    public MemorySegment allocate(long bytes) {
        return bytes == 0 ? MemorySegment.NULL : source.apply(bytes);
    }

    @Override
    public void release(MemorySegment mapped) {
        MappedPages.release(mapped);
    }

    @Override
    public void close() {
        closing.run();
    }
}
