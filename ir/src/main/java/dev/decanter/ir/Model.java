package dev.decanter.ir;

import dev.decanter.ir.op.Op;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A graph: parameters in, results out, and sinks (Assign layers) that write state. What a model holds is what its results
 * and sinks can reach, plus its parameters.
 */
public final class Model {
    private final String name;
    private final List<Node> parameters;
    private final List<Node> results;
    private final List<Node> sinks;
    private RtInfo.Section rtInfo = RtInfo.Section.EMPTY;

    /** Lists are copied; order is kept. Throws {@link IrException} if a node is not of the kind its list needs. */
    public Model(String name, List<Node> parameters, List<Node> results, List<Node> sinks) {
        this.name = name;
        this.parameters = new ArrayList<>(parameters);
        this.results = new ArrayList<>(results);
        this.sinks = new ArrayList<>(sinks);
        for (Node node : parameters) {
            require(node.op() instanceof Op.Parameter, node, "Parameter");
        }
        for (Node node : results) {
            require(node.op() instanceof Op.Result, node, "Result");
        }
        for (Node node : sinks) {
            require(node.op() instanceof Op.Assign || node.op() instanceof Op.AssignV3, node, "Assign");
        }
    }

    private static void require(boolean condition, Node node, String kind) {
        if (!condition) {
            throw new IrException("layer " + node + " stands where a " + kind + " must");
        }
    }

    public String name() {
        return name;
    }

    /** The inputs in order; changeable. */
    public List<Node> parameters() {
        return parameters;
    }

    /** The outputs in order; changeable. */
    public List<Node> results() {
        return results;
    }

    /** The layers that write state; changeable. */
    public List<Node> sinks() {
        return sinks;
    }

    public RtInfo.Section rtInfo() {
        return rtInfo;
    }

    public void rtInfo(RtInfo.Section info) {
        rtInfo = info;
    }

    /** The Parameter with this tensor name or, failing that, layer name. */
    public Optional<Node> parameter(String inputName) {
        return find(parameters, inputName);
    }

    /** The Result whose value has this tensor name or, failing that, which has this layer name. */
    public Optional<Node> result(String outputName) {
        return find(results, outputName);
    }

    private static Optional<Node> find(List<Node> nodes, String wanted) {
        for (Node node : nodes) {
            if (tensorNames(node).contains(wanted)) {
                return Optional.of(node);
            }
        }
        return nodes.stream().filter(n -> n.name().equals(wanted)).findFirst();
    }

    /** The tensor names by which a Parameter or Result is known from outside. */
    public static List<String> tensorNames(Node node) {
        if (node.op() instanceof Op.Result result) {
            List<String> all = new ArrayList<>(node.input(0).names());
            result.outputNames().stream().filter(n -> !all.contains(n)).forEach(all::add);
            return all;
        }
        return List.copyOf(node.output().names());
    }

    /**
     * All nodes, each after those that it reads: parameters first, then by depth-first search from results and sinks.
     * Throws {@link IrException} naming a layer on a cycle if there is one.
     */
    public List<Node> topologicalOrder() {
        List<Node> order = new ArrayList<>();
        IdentityHashMap<Node, Boolean> done = new IdentityHashMap<>();
        for (List<Node> roots : List.of(parameters, results, sinks)) {
            for (Node root : roots) {
                visit(root, done, order);
            }
        }
        return order;
    }

    private record Frame(Node node, int next) {}

    /** Iterative, since graphs are deeper than a thread's stack. {@code done}: FALSE while on the path, TRUE after. */
    private static void visit(Node root, IdentityHashMap<Node, Boolean> done, List<Node> order) {
        Deque<Frame> stack = new ArrayDeque<>();
        if (!done.containsKey(root)) {
            done.put(root, false);
            stack.push(new Frame(root, 0));
        }
        while (!stack.isEmpty()) {
            Frame frame = stack.pop();
            if (frame.next == frame.node.inputs().size()) {
                done.put(frame.node, true);
                order.add(frame.node);
                continue;
            }
            stack.push(new Frame(frame.node, frame.next + 1));
            Node source = frame.node.input(frame.next).node();
            Boolean state = done.get(source);
            if (state == null) {
                done.put(source, false);
                stack.push(new Frame(source, 0));
            } else if (!state) {
                throw new IrException("the graph has a cycle through layer " + source);
            }
        }
    }

    /** A copy with nodes of its own; ops and constant data are shared, since they are immutable. */
    public Model copy() {
        Map<Node, Node> nodes = new HashMap<>();
        Map<Output, Output> copies = new HashMap<>();
        for (Node node : topologicalOrder()) {
            List<Output> inputs = new ArrayList<>(node.inputs().size());
            for (Output input : node.inputs()) {
                inputs.add(Objects.requireNonNull(copies.get(input)));
            }
            List<OutputSpec> specs = node.outputs().stream()
                    .map(o -> new OutputSpec(o.elementType(), o.shape()))
                    .toList();
            Node copy = Node.of(node.op(), node.name(), inputs, specs);
            copy.runtimeAttributes().addAll(node.runtimeAttributes());
            copy.extraAttributes().putAll(node.extraAttributes());
            node.inputRuntimeAttributes()
                    .forEach((i, list) -> copy.inputRuntimeAttributes().put(i, new ArrayList<>(list)));
            for (int i = 0; i < specs.size(); i++) {
                copies.put(node.output(i), copy.output(i));
                copy.output(i).names().addAll(node.output(i).names());
                copy.output(i).runtimeAttributes().addAll(node.output(i).runtimeAttributes());
            }
            nodes.put(node, copy);
        }
        Model model = new Model(name, map(parameters, nodes), map(results, nodes), map(sinks, nodes));
        model.rtInfo = rtInfo;
        return model;
    }

    private static List<Node> map(List<Node> nodes, Map<Node, Node> copies) {
        return nodes.stream().map(n -> Objects.requireNonNull(copies.get(n))).toList();
    }

    /** Removes consumers that nothing of this model reaches, so that {@link Output#consumers} tells the truth. */
    public void removeDead() {
        List<Node> live = topologicalOrder();
        IdentityHashMap<Node, Boolean> known = new IdentityHashMap<>();
        live.forEach(n -> known.put(n, true));
        for (Node node : live) {
            for (Output output : node.outputs()) {
                for (Input input : List.copyOf(output.consumers())) {
                    if (!known.containsKey(input.node())) {
                        input.node().disconnect();
                    }
                }
            }
        }
    }

    /** The model's inputs' names, for messages. */
    @Override
    public String toString() {
        return "Model " + name + Collections.unmodifiableList(parameters) + " → " + results;
    }
}
