package dev.decanter.genai.lm;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;

/** Keys or values of one layer, [rows, heads, tokens, size], in memory that grows by doubling. */
final class CacheBuffer implements AutoCloseable {
    private final ElementType type;
    private final long heads;
    private final long size;
    private Tensor memory;
    private Tensor spare;
    private Tensor current;

    CacheBuffer(ElementType type, long heads, long size) {
        this.type = type;
        this.heads = heads;
        this.size = size;
        this.memory = Tensor.allocate(type, Shape.of(0));
        this.spare = Tensor.allocate(type, Shape.of(0));
        this.current = view(memory, 1, 0);
    }

    /** The value; valid until the next change. */
    Tensor tensor() {
        return current;
    }

    /** No tokens, for {@code rows} rows to come. */
    Tensor empty(int rows) {
        return view(memory, rows, 0);
    }

    /** The rows {@code parents}, copied; valid until the next change. The value stays as it is. */
    Tensor rows(int[] parents) {
        spare = reserve(
                spare,
                type.byteSize(Shape.of(parents.length, heads, tokens(), size).elements()));
        Tensor target = view(spare, parents.length, tokens());
        long row = type.byteSize(heads * tokens() * size);
        for (int r = 0; r < parents.length; r++) {
            MemorySegment.copy(current.memory(), parents[r] * row, target.memory(), r * row, row);
        }
        return target;
    }

    /** Copies {@code value}, which may not be this buffer's own. */
    void set(Tensor value) {
        memory = reserve(memory, value.memory().byteSize());
        current = view(memory, value.shape().dim(0), value.shape().dim(2));
        current.memory().copyFrom(value.memory());
    }

    /** Keeps the first tokens. Heads move towards the front, so copying upwards never overwrites what is still needed. */
    void trim(long tokens) {
        long row = type.byteSize(size);
        long own = tokens() * row;
        long rows = current.shape().dim(0);
        MemorySegment data = current.memory();
        for (long h = 1; h < rows * heads; h++) {
            MemorySegment.copy(data, h * own, data, h * tokens * row, tokens * row);
        }
        current = view(memory, rows, tokens);
    }

    private long tokens() {
        return current.shape().dim(2);
    }

    private Tensor reserve(Tensor owned, long bytes) {
        if (bytes <= owned.memory().byteSize()) {
            return owned;
        }
        owned.close();
        return Tensor.allocate(ElementType.I8, Shape.of(2 * bytes));
    }

    private Tensor view(Tensor owned, long rows, long tokens) {
        Shape shape = Shape.of(rows, heads, tokens, size);
        return Tensor.of(type, shape, owned.memory().asSlice(0, type.byteSize(shape.elements())));
    }

    @Override
    public void close() {
        memory.close();
        spare.close();
    }
}
