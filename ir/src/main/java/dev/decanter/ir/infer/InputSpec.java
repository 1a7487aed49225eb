package dev.decanter.ir.infer;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import java.util.Optional;

/**
 * What is known of an op's input: type, shape and, for small integer tensors, its values or bounds of them.
 *
 * @param elementType type, possibly dynamic
 * @param shape shape, possibly dynamic
 * @param value bounds of the elements of an integer tensor of rank 0 or 1, where known
 */
public record InputSpec(ElementType elementType, PartialShape shape, Optional<ValueBounds> value) {
    /** An input of a running graph, of which inference does not need the values. */
    public static InputSpec of(ElementType elementType, Shape shape) {
        return new InputSpec(elementType, PartialShape.of(shape), Optional.empty());
    }

    /** An input of a running graph with its values. */
    public static InputSpec of(ElementType elementType, Shape shape, long... values) {
        return new InputSpec(elementType, PartialShape.of(shape), Optional.of(ValueBounds.exactly(values)));
    }
}
