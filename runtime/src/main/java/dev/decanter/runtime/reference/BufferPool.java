package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Memory for tensors that come and go. Small blocks are kept for reuse, since closing an arena costs more than computing
 * most small tensors; large ones go back to the operating system at once. Not for two threads at a time.
 */
final class BufferPool implements Allocator, AutoCloseable {
    private static final int SMALLEST_BITS = 6;
    private static final int LARGEST_BITS = 20;
    private static final int ALIGNMENT = 64;

    private record Block(MemorySegment memory, Runnable release) {}

    private final Arena small = Arena.ofShared();
    private final List<Deque<MemorySegment>> free = new ArrayList<>();
    private final IdentityHashMap<Tensor, Block> used = new IdentityHashMap<>();

    BufferPool() {
        for (int bits = SMALLEST_BITS; bits <= LARGEST_BITS; bits++) {
            free.add(new ArrayDeque<>());
        }
    }

    @Override
    public Tensor allocate(ElementType type, Shape shape) {
        long bytes = type.byteSize(shape.elements());
        Block block = block(bytes);
        Tensor tensor = Tensor.of(type, shape, block.memory.asSlice(0, bytes));
        used.put(tensor, block);
        return tensor;
    }

    private Block block(long bytes) {
        try {
            if (bytes > 1L << LARGEST_BITS) {
                Arena arena = Arena.ofShared();
                return new Block(arena.allocate(bytes, ALIGNMENT), arena::close);
            }
            int bits = Math.max(SMALLEST_BITS, 64 - Long.numberOfLeadingZeros(Math.max(bytes, 1) - 1));
            Deque<MemorySegment> list = free.get(bits - SMALLEST_BITS);
            MemorySegment memory = list.isEmpty() ? small.allocate(1L << bits, ALIGNMENT) : list.pop();
            return new Block(memory, () -> list.push(memory));
        } catch (OutOfMemoryError e) {
            throw new InferenceException("there is no memory for a tensor of " + bytes + " bytes", e);
        }
    }

    /** Takes the memory back; does nothing for a tensor that is not from here. */
    void release(Tensor tensor) {
        Block block = used.remove(tensor);
        if (block != null) {
            block.release.run();
        }
    }

    void releaseAll() {
        used.values().forEach(block -> block.release.run());
        used.clear();
    }

    /** Number of tensors in use, for tests. */
    int inUse() {
        return used.size();
    }

    @Override
    public void close() {
        releaseAll();
        small.close();
    }
}
