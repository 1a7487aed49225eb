package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.ChunkArena;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.zip.CRC32C;

/**
 * Reads a cache file's data block by block into memory and checks each. Reading takes less time than what it saves: mapped
 * pages of 4 KiB would be read at two thirds of the speed for as long as the model runs. Any number of threads may help.
 */
final class EntryReader implements AutoCloseable {
    private static final int BLOCK = EntryHeader.BLOCK;
    private static final int PENDING = 0;
    private static final int GOOD = 1;
    private static final int BAD = 2;

    private final EntryHeader header;
    private final long dataOffset;
    private final FileChannel file;
    private final ChunkArena arena = new ChunkArena();
    private final MemorySegment memory;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicIntegerArray states;
    private final Object progress = new Object();
    private int inside;
    private boolean closed;

    private EntryReader(FileChannel file, EntryHeader header) {
        this.file = file;
        this.header = header;
        dataOffset = header.dataOffset();
        memory = arena.allocate(header.dataBytes());
        states = new AtomicIntegerArray(header.checksums().size());
    }

    /** Opens a file and reads its head; no data yet. */
    static EntryReader open(Path path) throws IOException {
        FileChannel file = FileChannel.open(path);
        try {
            return new EntryReader(file, EntryHeader.read(file));
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    EntryHeader header() {
        return header;
    }

    /** Reads what nobody has begun to read, until nothing is left or the reader is closed. */
    void help() {
        synchronized (progress) {
            if (closed) {
                return;
            }
            inside++;
        }
        try {
            boolean more = true;
            while (more) {
                more = readNext();
            }
        } finally {
            synchronized (progress) {
                inside--;
                progress.notifyAll();
            }
        }
    }

    /** Reads the next block; returns whether there was one. */
    private boolean readNext() {
        int block = next.getAndIncrement();
        if (block >= states.length()) {
            // far from overflow, however often it is asked
            next.set(states.length());
            return false;
        }
        int state = BAD;
        try {
            state = read(block) ? GOOD : BAD;
        } finally {
            synchronized (progress) {
                states.set(block, state);
                progress.notifyAll();
            }
        }
        return true;
    }

    private boolean read(int block) {
        long at = (long) block * BLOCK;
        ByteBuffer target =
                memory.asSlice(at, Math.min(BLOCK, memory.byteSize() - at)).asByteBuffer();
        try {
            while (target.hasRemaining()) {
                if (file.read(target, dataOffset + at + target.position()) < 0) {
                    return false;
                }
            }
        } catch (IOException e) {
            return false;
        }
        CRC32C sum = new CRC32C();
        sum.update(target.flip());
        return (int) sum.getValue() == header.checksums().get(block);
    }

    /** Waits until a region is there, and helps; returns whether it is undamaged. */
    boolean await(EntryHeader.Part region) {
        int first = (int) (region.offset() / BLOCK);
        int end = (int) Math.ceilDiv(region.offset() + region.bytes(), (long) BLOCK);
        boolean good = true;
        for (int block = first; block < end; block++) {
            while (states.get(block) == PENDING && readNext()) {}
            good &= state(block) == GOOD;
        }
        return good;
    }

    private int state(int block) {
        boolean interrupted = false;
        synchronized (progress) {
            while (states.get(block) == PENDING) {
                try {
                    progress.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return states.get(block);
    }

    /** A region's memory, writable. */
    MemorySegment memory(EntryHeader.Part region) {
        return memory.asSlice(region.offset(), region.bytes(), 1);
    }

    /** Ends the helpers, and frees the memory. */
    @Override
    public void close() {
        next.set(states.length());
        boolean interrupted = false;
        synchronized (progress) {
            closed = true;
            while (inside > 0) {
                try {
                    progress.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        closeFile();
        arena.close();
    }

    /** Closes the file, when all regions are there. */
    void closeFile() {
        try {
            file.close();
        } catch (IOException _) {
            // it was only read
        }
    }
}
