package dev.decanter.ir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The bytes of a constant, little endian and packed as {@link ElementType} says.
 *
 * <p>Mapped data is a view of a file; computed data (a converted or compressed checkpoint tensor) is made on each call,
 * so that a model of any size can be written with the memory of one tensor.
 */
public interface ConstantData {
    long byteSize();

    /** Writes the bytes from {@code offset} on into all of {@code target}; the caller keeps within {@link #byteSize()}. */
    void read(long offset, MemorySegment target);

    /** Whether {@link #segment} gives bytes that lie in memory or a mapped file already, and computes nothing. */
    default boolean isInMemory() {
        return false;
    }

    /** All bytes: the backing memory where there is one, else computed into new memory that the collector frees. */
    default MemorySegment segment() {
        MemorySegment memory =
                Arena.ofAuto().allocate(Math.max(1, byteSize()), 64).asSlice(0, byteSize());
        read(0, memory);
        return memory;
    }

    /**
     * Where bytes lie in a file that they are a mapped view of.
     *
     * @param file the file
     * @param offset of the first byte
     */
    record Origin(SourceFile file, long offset) {}

    /** The file that the bytes are a view of, if they are one and it is known. */
    default Optional<Origin> origin() {
        return Optional.empty();
    }

    /** Data that lies in memory (or a mapped file) already; {@code memory} must not change afterwards. */
    static ConstantData of(MemorySegment memory) {
        return new MemoryData(memory.asReadOnly(), Optional.empty());
    }

    /** Data that is a view of a mapped file; {@code memory} must not change afterwards. */
    static ConstantData of(MemorySegment memory, Origin origin) {
        return new MemoryData(memory.asReadOnly(), Optional.of(origin));
    }
}
