package dev.decanter.compress.statistics;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model as one inference on an empty state: states are their initial values, writes to them are left out, and what is made of
 * constants alone belongs to the layer that reads it.
 */
final class StageGraph {
    private final List<Node> order = new ArrayList<>();
    private final Map<Node, Integer> positions = new HashMap<>();
    private final Map<Node, Boolean> constants = new HashMap<>();

    /** The layers that {@code wanted} needs, each after those that it reads. */
    StageGraph(Model model, Collection<Output> wanted) {
        List<Node> all = model.topologicalOrder();
        all.forEach(this::isConstant);
        Set<Node> needed = needed(wanted);
        for (Node node : all) {
            if (needed.contains(node) && !(node.op() instanceof Op.Parameter)) {
                positions.put(node, order.size());
                order.add(node);
            }
        }
        for (Output value : wanted) {
            Output source = resolve(value);
            if (!positions.containsKey(source.node()) && !(source.node().op() instanceof Op.Parameter)) {
                throw new CompressionException(
                        "layer \"" + value.node().name() + "\" of model \"" + model.name()
                                + "\" does not depend on the model's inputs, or is not part of the model: it has no activations");
            }
        }
    }

    private Set<Node> needed(Collection<Output> wanted) {
        Set<Node> needed = new HashSet<>();
        Deque<Node> open = new ArrayDeque<>();
        wanted.forEach(value -> open.add(resolve(value).node()));
        while (!open.isEmpty()) {
            Node node = open.remove();
            if (!isConstant(node) && needed.add(node)) {
                node.inputs().forEach(input -> open.add(resolve(input).node()));
            }
        }
        return needed;
    }

    List<Node> order() {
        return order;
    }

    /** Where a layer stands in {@link #order}; −1 for an input. */
    int position(Node node) {
        Integer position = positions.get(node);
        return position == null ? -1 : position;
    }

    /** The value itself, or for a state what it is at first. */
    static Output resolve(Output value) {
        Node node = value.node();
        return switch (node.op()) {
            case Op.ReadValue _, Op.ReadValueV3 _ when !node.inputs().isEmpty() -> resolve(node.input(0));
            case Op.Assign _, Op.AssignV3 _ -> resolve(node.input(0));
            default -> value;
        };
    }

    /** Whether a layer is made of constants alone. Layers that came after this object was made may be asked about too. */
    boolean isConstant(Node node) {
        Boolean known = constants.get(node);
        if (known == null) {
            known = switch (node.op()) {
                case Op.Constant _ -> true;
                case Op.Parameter _ -> false;
                case Op.ReadValue _, Op.ReadValueV3 _ when node.inputs().isEmpty() -> true;
                default ->
                    !node.inputs().isEmpty() && node.inputs().stream().allMatch(input -> isConstant(input.node()));
            };
            constants.put(node, known);
        }
        return known;
    }

    /** The bytes of the constants behind a layer's inputs that {@code counted} does not have yet; adds them to it. */
    long constantBytes(Node node, Set<Node> counted) {
        long bytes = 0;
        Deque<Node> open = new ArrayDeque<>();
        node.inputs().forEach(input -> open.add(input.node()));
        while (!open.isEmpty()) {
            Node next = open.remove();
            if (isConstant(next) && counted.add(next)) {
                if (next.op() instanceof Op.Constant constant) {
                    bytes += constant.data().byteSize();
                }
                next.inputs().forEach(input -> open.add(input.node()));
            }
        }
        return bytes;
    }

    /** The zeros that a state without initial value begins with. */
    static Node zeros(Node state) {
        Output value = state.output(0);
        ElementType type = value.elementType();
        PartialShape shape = value.shape();
        if (!shape.hasRank() || !(type.isFloat() || type.isInteger())) {
            throw new CompressionException("state \"" + state.name()
                    + "\" has neither an initial value nor a type and a rank;" + " statistics cannot be collected");
        }
        long[] dims = shape.dims().stream()
                .mapToLong(dim -> dim.isStatic() ? dim.size() : 0)
                .toArray();
        Node zero = type.isInteger()
                ? Constants.integers(type, state.name() + "/zero", dev.decanter.ir.Shape.SCALAR, 0)
                : Constants.numbers(type, state.name() + "/zero", dev.decanter.ir.Shape.SCALAR, 0);
        Node target = Constants.vector(state.name() + "/shape", dims);
        return Node.of(
                new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), state.name(), zero.output(), target.output());
    }
}
