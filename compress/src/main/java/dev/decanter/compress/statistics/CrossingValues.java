package dev.decanter.compress.statistics;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values that wait for later stages, of all samples: in memory up to a limit, in files beyond it. The files have no name
 * once they are open, so that nothing stays behind however the process ends.
 */
final class CrossingValues implements AutoCloseable {
    private final int samples;
    private final long memoryLimit;
    private final Path folder;
    private final Map<Output, Column> columns = new HashMap<>();
    private long inMemory;
    private long spilled;

    /** One value of all samples. */
    private static final class Column {
        final Arena arena = Arena.ofShared();
        final Tensor[] tensors;
        long bytes;
        long fileBytes;

        @Nullable
        FileChannel file;

        Column(int samples) {
            tensors = new Tensor[samples];
        }
    }

    CrossingValues(int samples, long memoryLimit, Path folder) {
        this.samples = samples;
        this.memoryLimit = memoryLimit;
        this.folder = folder;
    }

    /** Copies a value of a sample. */
    void put(Output value, int sample, Tensor tensor) {
        if (tensor.elementType() == ElementType.STRING) {
            throw new CompressionException("layer \"" + value.node().name() + "\" gives strings;"
                    + " statistics are collected of models that compute with numbers");
        }
        Column column = columns.computeIfAbsent(value, _ -> new Column(samples));
        MemorySegment source = tensor.memory();
        long bytes = source.byteSize();
        MemorySegment memory;
        if (bytes > 0 && inMemory + bytes > memoryLimit) {
            memory = spill(column, source);
        } else {
            memory = column.arena.allocate(Math.max(1, bytes), 64).asSlice(0, bytes);
            memory.copyFrom(source);
            column.bytes += bytes;
            inMemory += bytes;
        }
        column.tensors[sample] = Tensor.of(tensor.elementType(), tensor.shape(), memory);
    }

    /** Written and not copied into a mapping: a full disk is then an exception and not the end of the process. */
    private MemorySegment spill(Column column, MemorySegment source) {
        try {
            FileChannel file = column.file;
            if (file == null) {
                Path path = Files.createTempFile(folder, "decanter-calibration", ".tmp");
                file = FileChannel.open(
                        path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
                column.file = file;
            }
            long start = column.fileBytes;
            long at = 0;
            while (at < source.byteSize()) {
                long piece = Math.min(1 << 24, source.byteSize() - at);
                ByteBuffer buffer = source.asSlice(at, piece).asByteBuffer();
                while (buffer.hasRemaining()) {
                    at += file.write(buffer, start + at);
                }
            }
            column.fileBytes += source.byteSize();
            spilled += source.byteSize();
            return file.map(FileChannel.MapMode.READ_ONLY, start, source.byteSize(), column.arena);
        } catch (IOException e) {
            throw new CompressionException(
                    folder + ": values between stages cannot be kept there: " + DecanterException.reason(e)
                            + "; free some space, name another folder, or use fewer or shorter samples",
                    e);
        }
    }

    /** The value of a sample; valid until {@link #drop}. */
    Tensor at(Output value, int sample) {
        Column column = columns.get(value);
        if (column == null) {
            throw new IllegalStateException("no value of " + value + " is kept");
        }
        return column.tensors[sample];
    }

    /** Forgets a value; its tensors must not be used afterwards. */
    void drop(Output value) {
        Column column = columns.remove(value);
        if (column != null) {
            close(column);
        }
    }

    /** Bytes written to files so far. */
    long spilledBytes() {
        return spilled;
    }

    private void close(Column column) {
        inMemory -= column.bytes;
        column.arena.close();
        FileChannel file = column.file;
        if (file != null) {
            try {
                file.close();
            } catch (IOException _) {
                // it was a scratch file: there is nothing in it that anybody still needs
            }
        }
    }

    @Override
    public void close() {
        columns.values().forEach(this::close);
        columns.clear();
    }
}
