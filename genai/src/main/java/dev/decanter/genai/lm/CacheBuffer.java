package dev.decanter.genai.lm;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;

/** Keys or values of one layer, [1, heads, tokens, size], in memory that grows by doubling. */
final class CacheBuffer implements AutoCloseable {
    private final ElementType type;
    private final long heads;
    private final long size;
    private Tensor memory;
    private Tensor current;

    CacheBuffer(ElementType type, long heads, long size) {
        this.type = type;
        this.heads = heads;
        this.size = size;
        this.memory = Tensor.allocate(type, Shape.of(0));
        this.current = view(0);
    }

    /** The value; valid until the next change. */
    Tensor tensor() {
        return current;
    }

    /** Copies {@code value}, which may not be this buffer's own. */
    void set(Tensor value) {
        if (value.memory().byteSize() > memory.memory().byteSize()) {
            memory.close();
            memory = Tensor.allocate(type, Shape.of(2 * value.shape().elements()));
        }
        current = view(value.shape().dim(2));
        current.memory().copyFrom(value.memory());
    }

    /** Keeps the first tokens. Heads move towards the front, so copying upwards never overwrites what is still needed. */
    void trim(long tokens) {
        long row = type.byteSize(size);
        long own = current.shape().dim(2) * row;
        MemorySegment data = current.memory();
        for (long h = 1; h < heads; h++) {
            MemorySegment.copy(data, h * own, data, h * tokens * row, tokens * row);
        }
        current = view(tokens);
    }

    private Tensor view(long tokens) {
        Shape shape = Shape.of(1, heads, tokens, size);
        return Tensor.of(type, shape, memory.memory().asSlice(0, type.byteSize(shape.elements())));
    }

    @Override
    public void close() {
        memory.close();
    }
}
