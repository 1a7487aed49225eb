package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Keys or values of one layer, f32 [batch, heads, capacity, size], of which the first {@link #length} positions are
 * filled. Appending writes in place; when the capacity is used up it grows by half.
 */
final class KvCache implements VariableState, AutoCloseable {
    private static final long MIN_CAPACITY = 64;

    private final String variable;
    private final long heads;
    private final long size;
    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;
    private long batch;
    private long capacity;
    private long length;
    private long pastLength;

    KvCache(String variable, long heads, long size) {
        this.variable = variable;
        this.heads = heads;
        this.size = size;
    }

    /** Called before each inference: what is in the cache now is the past. */
    void begin() {
        pastLength = length;
    }

    /** Back to the past, when an inference failed in the middle. */
    void rollBack() {
        length = Math.min(length, pastLength);
    }

    long heads() {
        return heads;
    }

    long size() {
        return size;
    }

    long capacity() {
        return capacity;
    }

    long pastLength() {
        return pastLength;
    }

    MemorySegment memory() {
        return memory;
    }

    Shape shape() {
        return Shape.of(batch, heads, length, size);
    }

    /** Rearranges sequences: new sequence b continues old sequence {@code beams[b]}. The identity costs nothing. */
    void reorder(Tensor beams) {
        long[] order = beams.toLongs();
        if (length == 0) {
            if (batch != order.length) {
                release();
                batch = order.length;
            }
            return;
        }
        boolean identity = order.length == batch;
        for (int i = 0; identity && i < order.length; i++) {
            identity = order[i] == i;
        }
        if (identity) {
            return;
        }
        long sequence = heads * capacity * size * Float.BYTES;
        Arena fresh = Arena.ofShared();
        MemorySegment target = fresh.allocate(Math.max(64, order.length * sequence), 64);
        for (int i = 0; i < order.length; i++) {
            if (order[i] < 0 || order[i] >= batch) {
                fresh.close();
                throw new InferenceException("beam_idx " + order[i] + " is not one of the " + batch
                        + " sequences in the cache \"" + variable + "\"");
            }
            copyHeads(memory, order[i], capacity, target, i, capacity);
        }
        swap(fresh, target);
        batch = order.length;
    }

    private void copyHeads(
            MemorySegment from, long fromBatch, long fromCapacity, MemorySegment to, long toBatch, long toCapacity) {
        long bytes = length * size * Float.BYTES;
        for (long h = 0; h < heads; h++) {
            long source = (fromBatch * heads + h) * fromCapacity * size * Float.BYTES;
            long target = (toBatch * heads + h) * toCapacity * size * Float.BYTES;
            MemorySegment.copy(from, source, to, target, bytes);
        }
    }

    /** Adds [batch, heads, steps, size] after the filled positions. */
    void append(Tensor values) {
        Shape shape = values.shape();
        if (shape.rank() != 4 || shape.dim(1) != heads || shape.dim(3) != size || shape.dim(0) != batch) {
            throw new InferenceException("cannot append " + shape + " to the cache \"" + variable + "\" of " + shape());
        }
        long steps = shape.dim(2);
        reserve(length + steps);
        long bytes = steps * size * Float.BYTES;
        for (long row = 0; row < batch * heads; row++) {
            long target = (row * capacity + length) * size * Float.BYTES;
            MemorySegment.copy(values.memory(), row * bytes, memory, target, bytes);
        }
        length += steps;
    }

    private void reserve(long wanted) {
        if (wanted <= capacity) {
            return;
        }
        long grown = Math.max(wanted, Math.max(MIN_CAPACITY, capacity + capacity / 2));
        Arena fresh = Arena.ofShared();
        MemorySegment target = fresh.allocate(
                ElementType.F32.byteSize(
                        Math.max(16, Shape.of(batch, heads, grown, size).elements())),
                64);
        for (long b = 0; b < batch && length > 0; b++) {
            copyHeads(memory, b, capacity, target, b, grown);
        }
        swap(fresh, target);
        capacity = grown;
    }

    private void swap(Arena fresh, MemorySegment target) {
        arena.close();
        arena = fresh;
        memory = target;
    }

    /** A contiguous copy into {@code target} [batch, heads, length, size]. */
    void copyTo(MemorySegment target) {
        long bytes = length * size * Float.BYTES;
        for (long row = 0; row < batch * heads && bytes > 0; row++) {
            MemorySegment.copy(memory, row * capacity * size * Float.BYTES, target, row * bytes, bytes);
        }
    }

    @Override
    public String name() {
        return variable;
    }

    @Override
    public Tensor state() {
        Tensor copy = Tensor.allocate(ElementType.F32, shape());
        copyTo(copy.memory());
        return copy;
    }

    @Override
    public void state(Tensor value) {
        Shape shape = value.shape();
        boolean fits = value.elementType() == ElementType.F32
                && shape.rank() == 4
                && shape.dim(1) == heads
                && shape.dim(3) == size;
        if (!fits) {
            throw new InferenceException(
                    "state \"" + variable + "\" takes f32[?, " + heads + ", ?, " + size + "], not " + value);
        }
        reset();
        batch = shape.dim(0);
        append(value);
    }

    @Override
    public void trim(int axis, long newLength) {
        if (axis != 2) {
            throw new InferenceException("the cache \"" + variable + "\" can be trimmed along axis 2, not " + axis);
        }
        length = Math.min(length, newLength);
    }

    @Override
    public void reset() {
        length = 0;
    }

    private void release() {
        arena.close();
        arena = Arena.ofShared();
        memory = MemorySegment.NULL;
        capacity = 0;
        length = 0;
    }

    @Override
    public void close() {
        arena.close();
    }
}
