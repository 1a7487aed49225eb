package dev.decanter.cpu.kernels;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;

/** Pages of mapped files that are in memory. */
public final class MappedPages {
    /** Less is not worth a system call. */
    private static final long LEAST = 1 << 16;

    private MappedPages() {}

    /**
     * Takes a read-only mapped file's pages out of resident memory; they stay in the system's page cache, and come back when
     * they are read. Any other memory is left alone.
     */
    public static void release(MemorySegment mapped) {
        if (!mapped.isMapped() || !mapped.isReadOnly() || mapped.byteSize() < LEAST) {
            return;
        }
        try {
            mapped.unload();
        } catch (UncheckedIOException _) {
            // advice that the system does not take; the memory is right either way
        }
    }
}
