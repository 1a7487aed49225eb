package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory for what a compiled model keeps until it is closed: re-laid weights above all. Where the system offers huge
 * pages, it lies on them.
 *
 * <p>A compile cache may know a region's content from an earlier compile; then {@link Filler#fill} is not called. So
 * whoever asks for regions keeps to three rules:
 *
 * <ul>
 *   <li>The same model compiled with the same properties on the same CPU asks for the same regions in the same order.
 *   <li>A region's content depends on nothing but the model's constants, those properties and the CPU's features, not even on
 *       the number of threads.
 *   <li>What is learned while filling and needed later is in the region or in its note.
 * </ul>
 *
 * <p>For one thread at a time; the memory may be read by any.
 */
public interface WeightMemory extends AutoCloseable {
    /** Start of every region, a cache line. */
    long ALIGNMENT = 64;

    /** Writes a region's content. */
    @FunctionalInterface
    interface Filler {
        /**
         * Writes the content into memory that is all zero and as long as was asked for. Called before {@link #region}
         * returns, or not at all.
         *
         * @return the note: a number of the filler's choice that is kept with the region, such as which layout fitted the data
         */
        long fill(MemorySegment memory);
    }

    /**
     * Memory with its content, which nobody changes any more.
     *
     * @param memory native, read-only, at a multiple of {@link #ALIGNMENT}
     * @param note what the filler returned
     */
    record Region(MemorySegment memory, long note) {}

    /**
     * Returns a region.
     *
     * @param tag what it holds and how it is laid out, for example {@code "packed U4 [8192, 2048] 128"}; a cached content of
     *     another tag is not taken
     * @param bytes its length, 0 or more
     */
    Region region(String tag, long bytes, Filler filler);

    /** Returns memory that is all zero, at a multiple of {@link #ALIGNMENT}, and is never cached. */
    MemorySegment allocate(long bytes);

    /**
     * Says that {@code source} will seldom be read from now on, because its content has been re-laid. A mapped file's pages
     * are given back; they return from the file if they are read again.
     */
    void release(MemorySegment source);

    /** Says that no more regions will be asked for; a cache then keeps what it did not know. */
    default void compiled() {}

    /** Frees all of it. */
    @Override
    void close();

    /** Returns memory with the lifetime of {@code arena}, without cache or huge pages; {@link #close} does nothing. */
    static WeightMemory in(Arena arena) {
        return new PlainWeightMemory((bytes) -> arena.allocate(bytes, ALIGNMENT), () -> {});
    }

    /** Returns memory without a cache, on huge pages where the system has them. */
    static WeightMemory create() {
        ChunkArena arena = new ChunkArena();
        return new PlainWeightMemory(arena::allocate, arena);
    }
}
