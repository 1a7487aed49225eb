package dev.decanter.cpu.cache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Writes a cache file under another name and moves it into place. What breaks off on the way leaves nothing. */
final class EntryWriter {
    private static final String TEMPORARY = ".tmp";
    /** A temporary file this old that nobody has locked belongs to a process that has died. */
    private static final Duration ABANDONED = Duration.ofMinutes(10);

    private final FileChannel file;
    private final List<Integer> checksums = new ArrayList<>();
    private final CRC32C sum = new CRC32C();
    private int inBlock;
    private long position;

    private EntryWriter(FileChannel file, long position) {
        this.file = file;
        this.position = position;
    }

    /** A region's tag, content and note. */
    record Content(String tag, MemorySegment memory, long note) {}

    /** Another name for a file that is to become {@code path}. */
    static Path temporary(Path path) {
        return path.resolveSibling(path.getFileName() + "." + UUID.randomUUID() + TEMPORARY);
    }

    static void move(Path temporary, Path path) throws IOException {
        try {
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Writes all regions to {@code path}. */
    static void write(Path path, String key, String content, List<Content> regions) throws IOException {
        List<EntryHeader.Part> parts = new ArrayList<>();
        long end = 0;
        for (Content region : regions) {
            long offset = Math.ceilDiv(end, 64) * 64;
            parts.add(new EntryHeader.Part(region.tag, offset, region.memory.byteSize(), region.note));
            end = offset + region.memory.byteSize();
        }
        int blocks = Math.toIntExact(Math.ceilDiv(end, EntryHeader.BLOCK));
        long dataOffset = new EntryHeader(key, content, parts, Collections.nCopies(blocks, 0)).dataOffset();
        long free = Files.getFileStore(path.toAbsolutePath().getParent()).getUsableSpace();
        if (free < dataOffset + end) {
            throw new IOException((dataOffset + end) / 1000 + " kB are needed, " + free / 1000 + " kB are free");
        }
        Path temporary = temporary(path);
        try {
            try (FileChannel file =
                            FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    FileLock _ = file.lock()) {
                EntryWriter writer = new EntryWriter(file, dataOffset);
                for (int i = 0; i < parts.size(); i++) {
                    writer.zeros(dataOffset + parts.get(i).offset() - writer.position);
                    writer.add(regions.get(i).memory);
                }
                writer.endBlock();
                byte[] head = new EntryHeader(key, content, parts, writer.checksums).encode();
                writeFully(file, ByteBuffer.wrap(head), 0);
            }
            move(temporary, path);
        } finally {
            Files.deleteIfExists(temporary);
        }
        sweep(path);
    }

    private void zeros(long count) throws IOException {
        if (count > 0) {
            add(MemorySegment.ofArray(new byte[(int) count]));
        }
    }

    private void add(MemorySegment memory) throws IOException {
        for (long at = 0; at < memory.byteSize(); ) {
            long count = Math.min(EntryHeader.BLOCK - inBlock, memory.byteSize() - at);
            ByteBuffer bytes = memory.asSlice(at, count).asByteBuffer();
            sum.update(bytes);
            writeFully(file, bytes.flip(), position);
            at += count;
            position += count;
            inBlock += (int) count;
            if (inBlock == EntryHeader.BLOCK) {
                endBlock();
            }
        }
    }

    private void endBlock() {
        if (inBlock > 0) {
            checksums.add((int) sum.getValue());
            sum.reset();
            inBlock = 0;
        }
    }

    private static void writeFully(FileChannel file, ByteBuffer bytes, long position) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes, position + bytes.position());
        }
    }

    /** Removes what writers that have died left beside {@code path}. */
    private static void sweep(Path path) throws IOException {
        Instant old = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(
                path.toAbsolutePath().getParent(), "*" + CompileCache.ENDING + "*" + TEMPORARY)) {
            for (Path file : all) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(old) && !isLocked(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean isLocked(Path path) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE);
                FileLock lock = file.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true;
        }
    }
}
