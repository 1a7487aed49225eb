package dev.decanter.cli;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What {@code inspect} shows of a model.
 *
 * @param layers number of nodes
 * @param constants all constants by precision, those that share data counted once
 * @param weights the constants behind matrix products, lookups and convolutions by precision, without scales and zero points
 */
record ModelSummary(
        String name,
        int layers,
        List<Port> inputs,
        List<Port> outputs,
        List<Port> states,
        Map<ElementType, Share> constants,
        Map<ElementType, Share> weights,
        Map<String, Integer> operations,
        RtInfo.Section rtInfo) {

    /** An input, an output or a state variable. */
    record Port(String name, String elementType, String shape) {}

    /** How much there is of a precision. */
    record Share(int tensors, long elements, long bytes) {
        static final Share NONE = new Share(0, 0, 0);

        Share plus(Share other) {
            return new Share(tensors + other.tensors, elements + other.elements, bytes + other.bytes);
        }

        static Share sum(Map<ElementType, Share> shares) {
            return shares.values().stream().reduce(NONE, Share::plus);
        }
    }

    static ModelSummary of(Model model) {
        List<Node> nodes = model.topologicalOrder();
        Map<String, Integer> operations = new TreeMap<>();
        Map<ElementType, Share> constants = new EnumMap<>(ElementType.class);
        Set<ConstantData> counted = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Port> states = new ArrayList<>();
        for (Node node : nodes) {
            operations.merge(node.op().opset() + "." + node.op().type(), 1, Integer::sum);
            switch (node.op()) {
                case Op.Constant c when counted.add(c.data()) -> add(constants, c);
                case Op.ReadValue r ->
                    states.add(new Port(
                            r.variableId(),
                            r.variableType().irName(),
                            String.valueOf(
                                    r.variableShape().hasRank()
                                            ? r.variableShape()
                                            : node.output().shape())));
                case Op.ReadValueV3 r -> states.add(port(r.variableId(), node.output()));
                default -> {}
            }
        }
        return new ModelSummary(
                model.name(),
                nodes.size(),
                ports(model.parameters()),
                ports(model.results()),
                states,
                constants,
                weights(nodes),
                byCount(operations),
                model.rtInfo());
    }

    private static Map<ElementType, Share> weights(List<Node> nodes) {
        Map<ElementType, Share> weights = new EnumMap<>(ElementType.class);
        Set<ConstantData> counted = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Node node : nodes) {
            List<Output> candidates = switch (node.op().type()) {
                case "MatMul", "Convolution", "GroupConvolution" -> node.inputs();
                case "Gather" -> List.of(node.input(0));
                default -> List.of();
            };
            for (Output candidate : candidates) {
                Node source = source(candidate.node());
                if (source.op() instanceof Op.Constant c
                        && c.shape().rank() >= 2
                        && isWeight(c.elementType(), source == candidate.node())
                        && counted.add(c.data())) {
                    add(weights, c);
                }
            }
        }
        return weights;
    }

    /** Integers that nothing turns into numbers with a fraction are indices, such as rows of token ids. */
    private static boolean isWeight(ElementType type, boolean direct) {
        return type != ElementType.STRING && type != ElementType.BOOLEAN && (type.isFloat() || !direct);
    }

    /** Goes up through decompression: weight → Convert → (− zero point) → (× scale) → Reshape → Convert. */
    private static Node source(Node node) {
        return switch (node.op().type()) {
            case "Convert", "Reshape", "Transpose" -> source(node.input(0).node());
            case "Subtract", "Multiply" ->
                isConstant(node.input(1).node()) ? source(node.input(0).node()) : node;
            default -> node;
        };
    }

    private static boolean isConstant(Node node) {
        return node.op() instanceof Op.Constant
                || (!node.inputs().isEmpty()
                        && List.of("Convert", "Reshape").contains(node.op().type())
                        && isConstant(node.input(0).node()));
    }

    private static void add(Map<ElementType, Share> shares, Op.Constant constant) {
        Share share = new Share(1, constant.shape().elements(), constant.data().byteSize());
        shares.merge(constant.elementType(), share, Share::plus);
    }

    private static List<Port> ports(List<Node> nodes) {
        return nodes.stream()
                .map(node -> {
                    Output output = node.op() instanceof Op.Result ? node.input(0) : node.output();
                    List<String> names = Model.tensorNames(node);
                    return port(names.isEmpty() ? node.name() : names.getFirst(), output);
                })
                .toList();
    }

    private static Port port(String name, Output output) {
        return new Port(name, output.elementType().irName(), output.shape().toString());
    }

    private static Map<String, Integer> byCount(Map<String, Integer> operations) {
        Map<String, Integer> sorted = new LinkedHashMap<>();
        operations.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
                .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
        return sorted;
    }
}
