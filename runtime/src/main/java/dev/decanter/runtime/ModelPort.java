package dev.decanter.runtime;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import java.util.List;

/**
 * An input or output of a compiled model.
 *
 * @param layerName the name of its Parameter or Result layer
 * @param names its tensor names, by any of which it is found; may be empty
 * @param elementType type of its elements
 * @param shape shape, possibly dynamic
 */
public record ModelPort(String layerName, List<String> names, ElementType elementType, PartialShape shape) {
    public ModelPort {
        names = List.copyOf(names);
    }

    static ModelPort of(Node node) {
        var value = node.op() instanceof Op.Result ? node.input(0) : node.output();
        return new ModelPort(node.name(), Model.tensorNames(node), value.elementType(), value.shape());
    }

    /** The first tensor name, or the layer's name if there is none. */
    public String name() {
        return names.isEmpty() ? layerName : names.getFirst();
    }

    /** For example {@code input_ids i64[?,?]}. */
    @Override
    public String toString() {
        return name() + " " + elementType.irName() + shape;
    }
}
