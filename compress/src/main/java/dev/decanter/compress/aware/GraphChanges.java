package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.LayerPlan.LowRank;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightLayout;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Constants;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The layers that data-aware methods add to a graph, with NNCF's names. */
final class GraphChanges {
    private GraphChanges() {}

    /**
     * Multiplies what {@code point} reads by factors of the target's input channels. The layer is called after the one
     * before it, {@code …/awq_mul}.
     *
     * @param factors [columns], or [experts, columns]
     */
    static void divide(Model model, WeightedLayer target, Input point, float[] factors) {
        Output value = point.source();
        int rank = value.shape().hasRank()
                ? value.shape().rank()
                : target.data().shape().rank();
        long[] dims = new long[rank];
        Arrays.fill(dims, 1);
        dims[rank + target.activationChannelAxis()] = target.layout().columns();
        if (DataAwareStages.batch(target) > 1) {
            dims[0] = DataAwareStages.batch(target);
        }
        String name = fresh(model, value.node().name() + "/awq_mul");
        Node scale = Constants.numbers(value.elementType(), name + "/scale", Shape.of(dims), doubles(factors));
        Node product = Node.of(new BinaryOp.Multiply(AutoBroadcast.NUMPY), name, value, scale.output());
        point.node().replaceInput(point.index(), product.output());
    }

    private static String fresh(Model model, String name) {
        List<String> taken = model.topologicalOrder().stream()
                .map(Node::name)
                .filter(n -> n.startsWith(name))
                .toList();
        String candidate = name;
        for (int i = 1; taken.contains(candidate); i++) {
            candidate = name + "_" + i;
        }
        return candidate;
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    /** Adds adapters to a layer's output, and returns plans to store them in 8 bits if that is wanted. */
    static List<LayerPlan> addAdapters(WeightedLayer layer, LowRank adapters, boolean int8) {
        Output y = layer.consumer().output();
        List<Input> readers = List.copyOf(y.consumers());
        Node a = product(layer, layer.activation(), "_lora_A", adapters.a(), adapters.rank());
        Node b = product(
                layer, a.output(), "_lora_B", adapters.b(), layer.layout().rows());
        Node sum = Node.of(new BinaryOp.Add(AutoBroadcast.NUMPY), layer.name() + "/lora_add", y, b.output());
        for (Input reader : readers) {
            reader.node().replaceInput(reader.index(), sum.output());
        }
        sum.output().names().addAll(y.names());
        y.names().clear();
        return int8 ? List.of(plan(a), plan(b)) : List.of();
    }

    private static Node product(WeightedLayer layer, Output x, String suffix, float[] w, int rows) {
        String name = layer.name() + suffix;
        Shape shape = Shape.of(rows, w.length / rows);
        Node constant = Constants.numbers(x.elementType(), name, shape, doubles(w));
        return Node.of(new NeuralOp.MatMul(false, true), name + "/MatMul", x, constant.output());
    }

    private static LayerPlan plan(Node product) {
        WeightLayout layout = WeightLayout.of(
                ((dev.decanter.ir.op.Op.Constant) product.input(1).node().op()).shape(), List.of(1));
        WeightedLayer layer = new WeightedLayer(
                WeightedLayer.Kind.MATMUL, product, 1, product.input(1).node(), layout);
        return new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT8_ASYM, -1)), false);
    }
}
