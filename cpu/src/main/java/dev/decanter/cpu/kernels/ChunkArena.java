package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Hands out pieces of large chunks of memory, all freed at once. A chunk is as large as all before it together, within
 * limits, so that a small model takes little address space and a large one lies on huge pages almost throughout.
 */
public final class ChunkArena implements Runnable, AutoCloseable {
    private static final long FIRST = 1 << 18;
    private static final long LARGEST = 1L << 28;

    private final Arena arena = Arena.ofShared();
    private MemorySegment chunk = MemorySegment.NULL;
    private long used;
    private long total;

    /** An arena that has taken nothing yet. */
    public ChunkArena() {}

    /** Returns memory that is all zero, at a multiple of {@link WeightMemory#ALIGNMENT}. */
    public MemorySegment allocate(long bytes) {
        long rounded =
                Math.addExact(bytes, WeightMemory.ALIGNMENT - 1) / WeightMemory.ALIGNMENT * WeightMemory.ALIGNMENT;
        if (rounded > LARGEST / 2) {
            // by itself, so that the chunk that is begun goes on being used
            return NativePages.allocate(arena, rounded).asSlice(0, bytes);
        }
        if (rounded > chunk.byteSize() - used) {
            long size = Math.max(rounded, Math.clamp(total, FIRST, LARGEST));
            chunk = NativePages.allocate(arena, size);
            used = 0;
            total += size;
        }
        MemorySegment piece = chunk.asSlice(used, bytes, 1);
        used += rounded;
        return piece;
    }

    @Override
    public void close() {
        arena.close();
    }

    /** Closes. */
    @Override
    public void run() {
        close();
    }
}
