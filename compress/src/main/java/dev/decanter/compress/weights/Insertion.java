package dev.decanter.compress.weights;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Puts compressed weights with the arithmetic that undoes it in the place of constants, with the names, types and shapes
 * of NNCF's graphs: {@code Convert(codes) [− Convert(zero points)] · scales [→ Reshape] [→ Convert]}.
 */
public final class Insertion {
    private final Set<String> names = new HashSet<>();
    private int counter;

    public Insertion(Model model) {
        List<Node> nodes = model.topologicalOrder();
        nodes.forEach(node -> names.add(node.name()));
        counter = nodes.size();
    }

    /** Compresses a weight as planned for all who read it; nothing is read yet. */
    public void insert(LayerPlan plan) {
        WeightedLayer layer = plan.layer();
        Output constant = layer.constant().output();
        ElementType type = layer.elementType();
        // Where the weight was widened already, that Convert stays and does the rest.
        boolean widen = type != ElementType.F16
                && constant.consumers().stream()
                        .anyMatch(input -> !(input.node().op() instanceof ShapeOp.Convert));
        Output value = subgraph(new CompressedWeight(plan), layer.weightName(), layer.port(), layer.layout());
        if (widen) {
            String name = value.node().op() instanceof ShapeOp.Reshape
                    ? layer.weightName() + "/fq_weights_" + layer.port()
                    : value.node().name();
            value = Node.of(new ShapeOp.Convert(type), name + "/convert", value).output();
        }
        replace(constant, value);
    }

    /**
     * What a compressed weight is widened to, in f16 and the weight's own shape.
     *
     * @param name of the constant; the names of the other layers begin with it
     * @param port the input of the layer that reads it
     */
    Output subgraph(CompressedWeight weight, String name, int port, WeightLayout layout) {
        Output codes = Node.of(weight.codes(), name).output();
        Output value = convert(codes);
        if (weight.config().mode().hasZeroPoint()) {
            Output zeroPoints =
                    Node.of(weight.zeroPoints(), name + "/zero_point").output();
            value = Node.of(
                            new BinaryOp.Subtract(AutoBroadcast.NUMPY),
                            name + "/zero_point/subtract",
                            value,
                            convert(zeroPoints))
                    .output();
        }
        Output scales = Node.of(weight.scales(), name + "/scale").output();
        value = Node.of(
                        new BinaryOp.Multiply(AutoBroadcast.NUMPY),
                        name + "/fq_weights_" + port,
                        value,
                        scales.elementType() == ElementType.F16 ? scales : convert(scales))
                .output();
        if (weight.config().groupSize() != -1) {
            Node shape = Constants.vector(fresh("Constant"), layout.shape().dims());
            value = Node.of(new ShapeOp.Reshape(false), fresh("Reshape"), value, shape.output())
                    .output();
        }
        return value;
    }

    private Output convert(Output value) {
        return Node.of(new ShapeOp.Convert(ElementType.F16), fresh("Convert"), value)
                .output();
    }

    /** A name such as OpenVINO gives to what nobody named. */
    private String fresh(String type) {
        while (!names.add(type + "_" + counter)) {
            counter++;
        }
        return type + "_" + counter;
    }

    /** Makes all readers of {@code source} read {@code value}; Converts to the type that it has already drop out. */
    private static void replace(Output source, Output value) {
        for (Input input : List.copyOf(source.consumers())) {
            Node reader = input.node();
            if (reader.op() instanceof ShapeOp.Convert convert && convert.destinationType() == value.elementType()) {
                replace(reader.output(), value);
                value.names().addAll(reader.output().names());
            } else {
                reader.replaceInput(input.index(), value);
            }
        }
    }
}
