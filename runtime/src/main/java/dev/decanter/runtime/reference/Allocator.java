package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;

/** Where evaluators put their results, so that the caller owns the memory. Never asked for string tensors. */
@FunctionalInterface
public interface Allocator {
    /** Memory that the collector frees; for small tensors and tests. */
    Allocator COLLECTED = (type, shape) -> {
        long bytes = type.byteSize(shape.elements());
        return Tensor.of(
                type, shape, Arena.ofAuto().allocate(Math.max(bytes, 1), 64).asSlice(0, bytes));
    };

    /** A tensor whose content may be anything; evaluators write all of it. */
    Tensor allocate(ElementType type, Shape shape);
}
