package dev.decanter.compress.ptq;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The part of a model that carries activations: what inputs, states and embeddings reach, without the arithmetic on
 * shapes. It is what NNCF calls the inference graph (nncf/quantization/passes.py).
 */
final class ActivationGraph {
    private static final Set<String> LOOKED_THROUGH = Set.of("Convert");

    private final Set<Node> live;
    private final Set<Node> fedByInputs;
    private final Set<Node> nodes;

    private ActivationGraph(Set<Node> live, Set<Node> fedByInputs, Set<Node> nodes) {
        this.live = live;
        this.fedByInputs = fedByInputs;
        this.nodes = nodes;
    }

    /** A value on its way: output {@code output} of {@code from} is input {@code input} of {@code to}. */
    record Edge(Node from, int output, Node to, int input) {
        boolean isFloat() {
            ElementType type = from.output(output).elementType();
            return type.isFloat() || type == ElementType.DYNAMIC;
        }
    }

    /** A constant operand: input {@code port} of {@code consumer} comes from {@code constant}, perhaps converted. */
    record Weight(Node consumer, int port, Node constant) {
        Op.Constant data() {
            return (Op.Constant) constant.op();
        }
    }

    /** The graph of {@code model}, whose dead nodes have been removed. */
    static ActivationGraph of(Model model) {
        List<Node> order = model.topologicalOrder();
        Set<Node> live = new LinkedHashSet<>(order);
        List<Node> starts = new ArrayList<>();
        for (Node node : order) {
            if (node.op() instanceof Op.Parameter || node.op().type().equals("ReadValue")) {
                starts.add(node);
            }
        }
        Set<Node> fedByInputs = reach(starts, live);
        List<Node> activations = new ArrayList<>(starts);
        order.stream().filter(n -> embedding(n).isPresent()).forEach(activations::add);
        Set<Node> kept = reach(activations, live);
        kept.removeAll(shapeArithmetic(activations, live));
        Set<Node> ordered = new LinkedHashSet<>(order);
        ordered.retainAll(kept);
        return new ActivationGraph(live, fedByInputs, ordered);
    }

    private static Set<Node> reach(Collection<Node> starts, Set<Node> live) {
        Set<Node> seen = new HashSet<>();
        Deque<Node> queue = new ArrayDeque<>(starts);
        while (!queue.isEmpty()) {
            Node node = queue.pop();
            if (seen.add(node)) {
                queue.addAll(next(node, live));
            }
        }
        return seen;
    }

    /** What hangs on ShapeOf layers only. */
    private static Set<Node> shapeArithmetic(Collection<Node> starts, Set<Node> live) {
        Set<Node> values = new HashSet<>();
        Set<Node> shapes = new LinkedHashSet<>();
        Deque<Node> queue = new ArrayDeque<>(starts);
        while (!queue.isEmpty()) {
            Node node = queue.pop();
            if (node.op().type().equals("ShapeOf")) {
                shapes.add(node);
            } else if (values.add(node)) {
                queue.addAll(next(node, live));
            }
        }
        Set<Node> all = new HashSet<>(shapes);
        for (Node shape : shapes) {
            queue.addAll(next(shape, live));
            while (!queue.isEmpty()) {
                Node node = queue.pop();
                if (!values.contains(node) && all.add(node)) {
                    queue.addAll(next(node, live));
                    node.inputs().forEach(input -> queue.add(input.node()));
                }
            }
        }
        return all;
    }

    private static List<Node> next(Node node, Set<Node> live) {
        List<Node> next = new ArrayList<>();
        for (Output output : node.outputs()) {
            for (Input consumer : output.consumers()) {
                if (live.contains(consumer.node())) {
                    next.add(consumer.node());
                }
            }
        }
        return next;
    }

    /** In topological order. */
    Set<Node> nodes() {
        return nodes;
    }

    boolean contains(Node node) {
        return nodes.contains(node);
    }

    /** The activations that a node reads, by input number. */
    List<Edge> inputs(Node node) {
        List<Edge> edges = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            Output source = node.input(i);
            if (nodes.contains(source.node())) {
                edges.add(new Edge(source.node(), source.index(), node, i));
            }
        }
        return edges;
    }

    /** Who reads a node's outputs. */
    List<Edge> outputs(Node node) {
        List<Edge> edges = new ArrayList<>();
        for (Output output : node.outputs()) {
            for (Input consumer : output.consumers()) {
                if (nodes.contains(consumer.node())) {
                    edges.add(new Edge(node, output.index(), consumer.node(), consumer.index()));
                }
            }
        }
        return edges;
    }

    /**
     * The constant operand of an operation with weights or of an Add with a bias; empty without one, or with several.
     */
    Optional<Weight> weight(Node node) {
        String type = node.op().type();
        if (!fedByInputs.contains(node) || !(OpKinds.WITH_WEIGHTS.contains(type) || type.equals("Add"))) {
            return Optional.empty();
        }
        if (type.equals("Gather")) {
            return embedding(node);
        }
        List<Weight> found = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            if (!fedByInputs.contains(node.input(i).node())) {
                int port = i;
                constantBehind(node.input(i)).ifPresent(c -> found.add(new Weight(node, port, c)));
            }
        }
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /** The table that a Gather picks rows from, if it is one of floats. */
    private static Optional<Weight> embedding(Node node) {
        if (!node.op().type().equals("Gather") || !isFloat(node.input(0))) {
            return Optional.empty();
        }
        return constantBehind(node.input(0)).map(c -> new Weight(node, 0, c));
    }

    static boolean isEmbedding(Node node) {
        return embedding(node).isPresent();
    }

    private static boolean isFloat(Output output) {
        ElementType type = output.elementType();
        return type == ElementType.F32 || type == ElementType.F16 || type == ElementType.F64;
    }

    /** The float constant that a value is, looking through conversions; empty if it is computed otherwise. */
    private static Optional<Node> constantBehind(Output value) {
        Node node = value.node();
        while (LOOKED_THROUGH.contains(node.op().type()) && !node.inputs().isEmpty()) {
            node = node.input(0).node();
        }
        return node.op() instanceof Op.Constant constant && isWeightType(constant.elementType())
                ? Optional.of(node)
                : Optional.empty();
    }

    private static boolean isWeightType(ElementType type) {
        return switch (type) {
            case F16, BF16, F32, F64 -> true;
            default -> false;
        };
    }

    /** How many live nodes read any output of {@code node}. */
    int readers(Node node) {
        return new HashSet<>(next(node, live)).size();
    }
}
