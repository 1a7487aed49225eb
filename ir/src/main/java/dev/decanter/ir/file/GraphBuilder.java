package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.op.Op;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Connects the layers of a {@link RawGraph}: edges by port ids, then nodes in topological order, from Parameters and from
 * what Results and Assigns need.
 */
final class GraphBuilder {
    private static final Set<String> SINKS = Set.of("Result", "Assign");

    private final OpMaker ops;

    GraphBuilder(Weights weights) {
        this.ops = new OpMaker(weights, this);
    }

    /** A layer with its connections; slots of {@code sources} are null until an edge fills them. */
    private static final class Slot {
        final RawGraph.Layer layer;
        final Map<Long, Integer> inputs;
        final Map<Long, Integer> outputs;
        final @Nullable Source[] sources;
        Optional<Node> node = Optional.empty();
        boolean onPath;

        Slot(RawGraph.Layer layer) {
            this.layer = layer;
            this.inputs = indices(layer, layer.inputs());
            this.outputs = indices(layer, layer.outputs());
            this.sources = new Source[layer.inputs().size()];
        }
    }

    private record Source(Slot slot, int output) {}

    private static Map<Long, Integer> indices(RawGraph.Layer layer, List<RawGraph.Port> ports) {
        Map<Long, Integer> out = HashMap.newHashMap(ports.size());
        for (RawGraph.Port port : ports) {
            if (out.put(port.id(), out.size()) != null) {
                throw new IrException(layer + " has two ports " + port.id());
            }
        }
        return out;
    }

    Model build(RawGraph graph) {
        Map<Long, Slot> slots = slots(graph);
        for (RawGraph.Edge edge : graph.edges()) {
            connect(slots, edge);
        }
        List<Node> parameters = new ArrayList<>();
        List<Node> results = new ArrayList<>();
        List<Node> sinks = new ArrayList<>();
        // inputs and outputs of a model are numbered by their order in the file, whatever the edges are
        for (RawGraph.Layer layer : graph.layers()) {
            if (layer.type().equals("Parameter")) {
                parameters.add(make(slots, layer));
            }
        }
        for (RawGraph.Layer layer : graph.layers()) {
            if (SINKS.contains(layer.type())) {
                Node node = make(slots, layer);
                (node.op() instanceof Op.Result ? results : sinks).add(node);
            }
        }
        try {
            Model model = new Model(graph.name(), parameters, results, sinks);
            model.rtInfo(graph.rtInfo());
            return model;
        } catch (IrException e) {
            throw new IrException(e.getMessage() + " (is its opset known?)", e);
        }
    }

    private static Map<Long, Slot> slots(RawGraph graph) {
        Map<Long, Slot> slots = HashMap.newHashMap(graph.layers().size());
        for (RawGraph.Layer layer : graph.layers()) {
            Slot before = slots.put(layer.id(), new Slot(layer));
            if (before != null) {
                throw new IrException(layer + " has the id of another layer, " + Limits.quote(before.layer.name()));
            }
        }
        return slots;
    }

    private static void connect(Map<Long, Slot> slots, RawGraph.Edge edge) {
        Slot from = slots.get(edge.fromLayer());
        if (from == null) {
            throw wrong(edge, " comes from a layer that does not exist");
        }
        Slot to = slots.get(edge.toLayer());
        if (to == null) {
            throw wrong(edge, " goes to a layer that does not exist");
        }
        Integer output = from.outputs.get(edge.fromPort());
        if (output == null) {
            throw wrong(edge, ": " + from.layer + " has no output port " + edge.fromPort());
        }
        Integer input = to.inputs.get(edge.toPort());
        if (input == null) {
            throw wrong(edge, ": " + to.layer + " has no input port " + edge.toPort());
        }
        if (to.sources[input] != null) {
            throw wrong(edge, " is the second one into that port of " + to.layer);
        }
        to.sources[input] = new Source(from, output);
    }

    private static IrException wrong(RawGraph.Edge edge, String what) {
        return new IrException("the edge from layer " + edge.fromLayer() + " port " + edge.fromPort() + " to layer "
                + edge.toLayer() + " port " + edge.toPort() + what);
    }

    private record Frame(Slot slot, int next) {}

    /** The node of {@code layer}, after those that it reads; iterative, since graphs are deeper than a thread's stack. */
    private Node make(Map<Long, Slot> slots, RawGraph.Layer layer) {
        Slot root = Objects.requireNonNull(slots.get(layer.id()));
        Deque<Frame> stack = new ArrayDeque<>();
        stack.push(new Frame(root, 0));
        while (!stack.isEmpty()) {
            Frame frame = stack.pop();
            Slot slot = frame.slot;
            if (slot.node.isPresent()) {
                continue;
            }
            if (frame.next == slot.sources.length) {
                slot.node = Optional.of(make(slot));
                slot.onPath = false;
                continue;
            }
            slot.onPath = true;
            stack.push(new Frame(slot, frame.next + 1));
            Slot source = source(slot, frame.next).slot;
            if (source.onPath) {
                throw new IrException("the graph has a cycle through " + source.layer);
            }
            if (source.node.isEmpty()) {
                stack.push(new Frame(source, 0));
            }
        }
        return root.node.orElseThrow();
    }

    private static Source source(Slot slot, int input) {
        Source source = slot.sources[input];
        if (source == null) {
            throw new IrException(slot.layer + ": no edge leads to its input port "
                    + slot.layer.inputs().get(input).id());
        }
        return source;
    }

    private Node make(Slot slot) {
        RawGraph.Layer layer = slot.layer;
        List<Output> inputs = new ArrayList<>(slot.sources.length);
        for (int i = 0; i < slot.sources.length; i++) {
            Source source = source(slot, i);
            inputs.add(source.slot.node.orElseThrow().output(source.output));
        }
        try {
            return make(layer, inputs);
        } catch (IrException e) {
            throw new IrException(layer + ": " + withoutLayer(String.valueOf(e.getMessage()), layer), e);
        } catch (RuntimeException e) {
            throw new IrException(layer + ": it cannot be made: " + e, e);
        }
    }

    /** Shape inference names the layer too, but does not know its id, nor how long a name can be in a bad file. */
    private static String withoutLayer(String message, RawGraph.Layer layer) {
        String prefix = "layer \"" + layer.name() + "\" (" + layer.type() + ", " + layer.version() + "): ";
        return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
    }

    private Node make(RawGraph.Layer layer, List<Output> inputs) {
        OpMaker.Made made = ops.make(layer);
        List<OutputSpec> specs = ops.outputs(made.op(), layer, inputs);
        Node node = Node.of(made.op(), layer.name(), inputs, specs);
        node.extraAttributes().putAll(made.extraAttributes());
        node.runtimeAttributes().addAll(layer.runtimeAttributes());
        for (int i = 0; i < layer.outputs().size(); i++) {
            RawGraph.Port port = layer.outputs().get(i);
            node.output(i).names().addAll(port.names());
            node.output(i).runtimeAttributes().addAll(port.runtimeAttributes());
        }
        for (int i = 0; i < layer.inputs().size(); i++) {
            RawGraph.Port port = layer.inputs().get(i);
            if (!port.runtimeAttributes().isEmpty()) {
                node.inputRuntimeAttributes().put(i, new ArrayList<>(port.runtimeAttributes()));
            }
        }
        return node;
    }
}
