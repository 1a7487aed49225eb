package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.IrException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The BIN as it is written. Each constant is streamed to the end of the file and hashed on the way; if the same bytes turn
 * out to be there already, the end is taken back. So data that are computed are computed once, and no more than two
 * buffers are in memory.
 */
final class BinFile implements BlobSink, AutoCloseable {
    /** Start of blobs as large as this: a cache line, so that vectors of a mapped file are aligned. */
    private static final long ALIGNMENT = 64;
    /** Start of smaller ones: the widest element. */
    private static final long SMALL_ALIGNMENT = 8;

    private static final int CHUNK = 4 << 20;
    private static final long HASH_FACTOR = 0x9E3779B97F4A7C15L;

    private record Content(long size, long hash) {}

    private final FileChannel channel;
    /** Shared, since data that is computed may be computed by several threads. */
    private final Arena arena = Arena.ofShared();

    private final MemorySegment buffer = arena.allocate(CHUNK, ALIGNMENT);
    private final MemorySegment other = arena.allocate(CHUNK, ALIGNMENT);
    private final WriteListener listener;
    private final long total;
    private final IdentityHashMap<ConstantData, Long> placed = new IdentityHashMap<>();
    private final Map<Content, List<Long>> contents = new HashMap<>();
    private long end;
    private long done;

    /** The channel must be open for reading and writing and stays the caller's; {@code total} is for the listener. */
    BinFile(FileChannel channel, WriteListener listener, long total) {
        this.channel = channel;
        this.listener = listener;
        this.total = total;
    }

    @Override
    public long place(ConstantData data, String layer) throws IOException {
        Long known = placed.get(data);
        if (known != null) {
            return known;
        }
        if (data.byteSize() == 0) {
            // Bytes of no length need no place, and padding before them would be beyond the file's end.
            return end;
        }
        long alignment = data.byteSize() < ALIGNMENT ? SMALL_ALIGNMENT : ALIGNMENT;
        long offset = (end + alignment - 1) / alignment * alignment;
        Content content = new Content(data.byteSize(), write(data, offset, layer));
        List<Long> candidates = contents.computeIfAbsent(content, _ -> new ArrayList<>(1));
        for (long candidate : candidates) {
            if (same(candidate, offset, content.size)) {
                placed.put(data, candidate);
                return candidate;
            }
        }
        candidates.add(offset);
        placed.put(data, offset);
        end = offset + content.size;
        return offset;
    }

    /** Writes {@code data} at {@code offset} and returns their hash. */
    private long write(ConstantData data, long offset, String layer) throws IOException {
        long size = data.byteSize();
        long hash = size;
        for (long at = 0; at < size; at += CHUNK) {
            MemorySegment chunk = buffer.asSlice(0, Math.min(CHUNK, size - at));
            data.read(at, chunk);
            hash = hash(hash, chunk);
            writeFully(chunk.asByteBuffer(), offset + at);
            done += chunk.byteSize();
            if (Thread.currentThread().isInterrupted() || !listener.progress(done, total, layer)) {
                throw new IrException("cancelled while writing");
            }
        }
        return hash;
    }

    private void writeFully(ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    /** A hash that tells blobs apart by accident only; equal ones are compared byte by byte. */
    private static long hash(long seed, MemorySegment bytes) {
        long hash = seed;
        long at = 0;
        for (; at + Long.BYTES <= bytes.byteSize(); at += Long.BYTES) {
            hash = (hash ^ bytes.get(ValueLayout.JAVA_LONG, at)) * HASH_FACTOR;
            hash ^= hash >>> 32;
        }
        for (; at < bytes.byteSize(); at++) {
            hash = (hash ^ bytes.get(ValueLayout.JAVA_BYTE, at)) * HASH_FACTOR;
            hash ^= hash >>> 32;
        }
        return hash;
    }

    private boolean same(long offset, long otherOffset, long size) throws IOException {
        for (long at = 0; at < size; at += CHUNK) {
            MemorySegment a = buffer.asSlice(0, Math.min(CHUNK, size - at));
            MemorySegment b = other.asSlice(0, a.byteSize());
            readFully(a.asByteBuffer(), offset + at);
            readFully(b.asByteBuffer(), otherOffset + at);
            if (a.mismatch(b) >= 0) {
                return false;
            }
        }
        return true;
    }

    private void readFully(ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, at);
            if (count < 0) {
                throw new IOException("the weights file became shorter while it was written");
            }
            at += count;
        }
    }

    /** Takes back what was written after the last blob that stays. */
    void finish() throws IOException {
        if (channel.size() > end) {
            channel.truncate(end);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
