package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import java.io.Serial;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The first difference in what two models are: ops, names, connections, types, shapes, attributes, rt_info, data. */
final class ModelComparison {
    private static final class Difference extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1L;

        Difference(String message) {
            super(message);
        }
    }

    private final boolean withData;
    private final Map<Node, Node> partners = new HashMap<>();

    private ModelComparison(boolean withData) {
        this.withData = withData;
    }

    /** Empty if the models are equal; {@code withData}: whether to read the constants' bytes. */
    static Optional<String> firstDifference(Model a, Model b, boolean withData) {
        try {
            new ModelComparison(withData).compare(a, b);
            return Optional.empty();
        } catch (Difference e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private void compare(Model a, Model b) {
        check("model name", a.name(), b.name());
        check("model rt_info", a.rtInfo(), b.rtInfo());
        check("Parameters", names(a.parameters()), names(b.parameters()));
        check("Results", names(a.results()), names(b.results()));
        check("sinks", names(a.sinks()), names(b.sinks()));
        List<Node> left = GraphWriter.fileOrder(a);
        List<Node> right = GraphWriter.fileOrder(b);
        check("number of layers", left.size(), right.size());
        for (int i = 0; i < left.size(); i++) {
            partners.put(left.get(i), right.get(i));
        }
        for (Node node : left) {
            nodes(node, Objects.requireNonNull(partners.get(node)));
        }
    }

    private static List<String> names(List<Node> nodes) {
        return nodes.stream().map(Node::name).toList();
    }

    private static void check(String what, @Nullable Object a, @Nullable Object b) {
        if (!Objects.equals(a, b)) {
            throw new Difference(what + ": " + a + " and " + b);
        }
    }

    private void nodes(Node a, Node b) {
        String where = "layer \"" + a.name() + "\": ";
        check(where + "name", a.name(), b.name());
        check(where + "more attributes", a.extraAttributes(), b.extraAttributes());
        check(where + "rt_info", a.runtimeAttributes(), b.runtimeAttributes());
        check(where + "rt_info of inputs", a.inputRuntimeAttributes(), b.inputRuntimeAttributes());
        check(where + "inputs", a.inputs().size(), b.inputs().size());
        check(where + "outputs", a.outputs().size(), b.outputs().size());
        ops(where, a.op(), b.op());
        for (int i = 0; i < a.inputs().size(); i++) {
            Output source = a.input(i);
            check(
                    where + "source of input " + i,
                    partners.get(source.node()),
                    b.input(i).node());
            check(
                    where + "output read by input " + i,
                    source.index(),
                    b.input(i).index());
        }
        for (int i = 0; i < a.outputs().size(); i++) {
            outputs(where + "output " + i + " ", a.output(i), b.output(i));
        }
    }

    private static void outputs(String where, Output a, Output b) {
        check(where + "type", a.elementType(), b.elementType());
        check(where + "shape", a.shape(), b.shape());
        check(where + "names", a.names(), b.names());
        check(where + "rt_info", a.runtimeAttributes(), b.runtimeAttributes());
        check(where + "consumers", consumers(a), consumers(b));
    }

    private static Set<String> consumers(Output output) {
        return output.consumers().stream()
                .map((Input input) -> input.node().name() + ":" + input.index())
                .collect(Collectors.toSet());
    }

    private void ops(String where, Op a, Op b) {
        if (a instanceof Op.Constant left && b instanceof Op.Constant right) {
            check(where + "type", left.elementType(), right.elementType());
            check(where + "shape", left.shape(), right.shape());
            data(where, left.data(), right.data());
        } else if (a instanceof SubGraphOp.SubGraph left && b instanceof SubGraphOp.SubGraph right) {
            subGraphs(where, left, right);
        } else if (a instanceof Op.Result left && b instanceof Op.Result right) {
            check(where + "names", new HashSet<>(left.outputNames()), new HashSet<>(right.outputNames()));
        } else {
            check(where + "op", a, b);
        }
    }

    private void data(String where, ConstantData a, ConstantData b) {
        check(where + "bytes", a.byteSize(), b.byteSize());
        if (withData) {
            check(where + "first byte that differs", -1L, a.segment().mismatch(b.segment()));
        }
    }

    private void subGraphs(String where, SubGraphOp.SubGraph a, SubGraphOp.SubGraph b) {
        check(where + "type", a.type() + ":" + a.opset(), b.type() + ":" + b.opset());
        check(where + "attributes", a.attributes(), b.attributes());
        check(where + "bodies", a.bodies().size(), b.bodies().size());
        for (int i = 0; i < a.bodies().size(); i++) {
            SubGraphOp.Body left = a.bodies().get(i);
            SubGraphOp.Body right = b.bodies().get(i);
            check(where + "body", left.element(), right.element());
            check(where + "port map element", left.portMapElement(), right.portMapElement());
            check(where + "port map", links(left, left.portMap()), links(right, right.portMap()));
            check(where + "back edges", links(left, left.backEdges()), links(right, right.backEdges()));
            new ModelComparison(withData).compare(left.model(), right.model());
        }
    }

    /** Links with names in place of layer ids. */
    private static List<String> links(SubGraphOp.Body body, List<SubGraphOp.Link> links) {
        return links.stream()
                .map(link -> {
                    Map<String, String> named = new TreeMap<>(link.attributes());
                    for (String id : List.of("internal_layer_id", "from-layer", "to-layer")) {
                        named.computeIfPresent(
                                id, (_, value) -> "=" + body.layerIds().get(value));
                    }
                    return link.element() + named;
                })
                .toList();
    }
}
