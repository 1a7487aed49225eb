package dev.decanter.genai.lm;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongUnaryOperator;

/** Numbers of an input in memory that grows by doubling, of which tensors are windows. Growing forgets what was put. */
final class LongBuffer implements AutoCloseable {
    private static final long FIRST_CAPACITY = 256;

    private final LongUnaryOperator content;
    private Tensor memory;

    /** Of zeros, to be written. */
    LongBuffer() {
        this(_ -> 0);
    }

    /** Of a function of the index. */
    LongBuffer(LongUnaryOperator content) {
        this.content = content;
        this.memory = filled(FIRST_CAPACITY);
    }

    private Tensor filled(long size) {
        Tensor tensor = Tensor.allocate(ElementType.I64, Shape.of(size));
        for (long i = 0; i < size; i++) {
            tensor.memory().setAtIndex(ValueLayout.JAVA_LONG, i, content.applyAsLong(i));
        }
        return tensor;
    }

    private void reserve(long size) {
        if (size > memory.shape().elements()) {
            memory.close();
            memory = filled(2 * Long.highestOneBit(size));
        }
    }

    /** Copies {@code values} to index {@code at}, with room for {@code size} values in all. */
    void put(long[] values, long at, long size) {
        reserve(size);
        MemorySegment.copy(values, 0, memory.memory(), ValueLayout.JAVA_LONG, at * Long.BYTES, values.length);
    }

    /** A view [rows, count] from index {@code start}; valid until the buffer grows. */
    Tensor window(long start, int rows, int count) {
        long size = rows * (long) count;
        reserve(start + size);
        MemorySegment part = memory.memory().asSlice(start * Long.BYTES, size * Long.BYTES);
        return Tensor.of(ElementType.I64, Shape.of(rows, count), part);
    }

    @Override
    public void close() {
        memory.close();
    }
}
