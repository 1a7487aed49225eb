package dev.decanter.compress.weights;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Finds the weights of a model that can be compressed: constants of floats, of two dimensions or more, that MatMul, Gather
 * or a convolution read, directly or through Convert, FakeQuantize and Reshape.
 */
public final class WeightedLayers {
    private WeightedLayers() {}

    /** Each weight once, with the first layer that reads it, in NNCF's order of the graph. */
    public static List<WeightedLayer> find(Model model) {
        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        return all(model).stream().filter(layer -> seen.add(layer.constant())).toList();
    }

    /** Each input of a layer that is a weight, so a shared weight comes several times, in NNCF's order of the graph. */
    public static List<WeightedLayer> all(Model model) {
        List<WeightedLayer> layers = new ArrayList<>();
        for (Site site : sites(model)) {
            constant(site.node.input(site.port).node())
                    .flatMap(constant -> layer(site.kind, site.node, site.port, constant))
                    .ifPresent(layers::add);
        }
        return layers;
    }

    /** An input of a layer that could be a weight: it does not depend on the model's inputs, and the layer does. */
    record Site(WeightedLayer.Kind kind, Node node, int port) {}

    static List<Site> sites(Model model) {
        GraphOrder order = new GraphOrder(model);
        List<Site> sites = new ArrayList<>();
        for (Node node : order.nodes()) {
            Optional<WeightedLayer.Kind> kind = kind(node);
            if (kind.isEmpty() || !order.dependsOnInputs(node)) {
                continue;
            }
            int ports = Math.min(2, node.inputs().size());
            for (int port = 0; port < ports; port++) {
                if (!order.dependsOnInputs(node.input(port).node())) {
                    sites.add(new Site(kind.get(), node, port));
                }
            }
        }
        return sites;
    }

    private static Optional<WeightedLayer.Kind> kind(Node node) {
        return switch (node.op()) {
            case NeuralOp.MatMul _ -> Optional.of(WeightedLayer.Kind.MATMUL);
            case GatherScatterOp.Gather _, GatherScatterOp.GatherV7 _, GatherScatterOp.GatherV1 _ ->
                isFloatTable(node.input(0)) ? Optional.of(WeightedLayer.Kind.EMBEDDING) : Optional.empty();
            case NeuralOp.Convolution _, NeuralOp.GroupConvolution _ -> Optional.of(WeightedLayer.Kind.CONVOLUTION);
            default -> isTransposedConvolution(node) ? Optional.of(WeightedLayer.Kind.CONVOLUTION) : Optional.empty();
        };
    }

    private static boolean isFloatTable(Output data) {
        return switch (data.elementType()) {
            case F16, F32, F64 -> true;
            default -> false;
        };
    }

    /** By name, since these ops need not be ones that this library knows. */
    private static boolean isTransposedConvolution(Node node) {
        String type = node.op().type();
        return type.equals("ConvolutionBackpropData") || type.equals("GroupConvolutionBackpropData");
    }

    /** The constant that a value is made of. */
    private static Optional<Node> constant(Node node) {
        return switch (node.op()) {
            case Op.Constant _ -> Optional.of(node);
            case ShapeOp.Convert _, NeuralOp.FakeQuantize _, ShapeOp.Reshape _ ->
                constant(node.input(0).node());
            default ->
                node.op().type().equals("FakeConvert") ? constant(node.input(0).node()) : Optional.empty();
        };
    }

    private static Optional<WeightedLayer> layer(WeightedLayer.Kind kind, Node node, int port, Node constant) {
        Op.Constant data = (Op.Constant) constant.op();
        Shape shape = data.shape();
        if (!data.elementType().isFloat()
                || data.elementType() == ElementType.F8E8M0
                || shape.rank() < 2
                || shape.elements() == 0) {
            return Optional.empty();
        }
        List<Integer> channels = channelAxes(kind, node, port, shape.rank());
        List<Integer> reduced = IntStream.range(0, shape.rank())
                .filter(axis -> !channels.contains(axis))
                .boxed()
                .toList();
        return reduced.isEmpty()
                ? Optional.empty()
                : Optional.of(new WeightedLayer(kind, node, port, constant, WeightLayout.of(shape, reduced)));
    }

    /** The axes along which rows of the weight lie; a row has its own scale. */
    private static List<Integer> channelAxes(WeightedLayer.Kind kind, Node node, int port, int rank) {
        if (node.op() instanceof NeuralOp.MatMul product) {
            boolean columnsLast = port == 1 ? product.transposeB() : !product.transposeA();
            int columns = columnsLast ? rank - 1 : rank - 2;
            return IntStream.range(0, rank)
                    .filter(axis -> axis != columns)
                    .boxed()
                    .toList();
        }
        if (kind == WeightedLayer.Kind.EMBEDDING) {
            return List.of(0);
        }
        return switch (node.op().type()) {
            case "ConvolutionBackpropData" -> List.of(1);
            case "GroupConvolutionBackpropData" -> List.of(0, 2);
            case "GroupConvolution" -> List.of(0, 1);
            default -> List.of(0);
        };
    }
}
