package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Linear layers by integers of 4 and 8 bits → {@link FusedOp.BlockLinear}, which quantizes its input as it comes. Layers that
 * read the same value become one, so that it is quantized once; the gate of an MLP goes into the products, the RMS
 * normalization before them into the quantizing, with the sum that it is of. Runs after biases have found their layers.
 */
final class FuseBlocks implements Pass {
    /** With fewer inputs, or fewer elements, quantizing costs what the product saves. */
    private static final int MIN_INPUTS = 128;

    private static final long MIN_ELEMENTS = 16 << 10;

    private final int wanted;

    /** For this group of activations where a row of a weight has one scale; 0 for no such layers. */
    FuseBlocks(int wanted) {
        this.wanted = wanted;
    }

    @Override
    public boolean run(Model model) {
        if (wanted == 0) {
            return false;
        }
        Map<Rows, List<Node>> readers = new LinkedHashMap<>();
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            switch (node.op()) {
                case FusedOp.Linear linear -> {
                    OptionalInt group = group(linear.weight());
                    if (group.isPresent()) {
                        readers.computeIfAbsent(new Rows(node.input(0), group.getAsInt()), _ -> new ArrayList<>())
                                .add(node);
                    }
                }
                case FusedOp.BatchedLinear(WeightSource weight) -> {
                    OptionalInt group = group(weight);
                    if (group.isPresent()) {
                        FusedOp op = new FusedOp.BlockBatchedLinear(weight, group.getAsInt());
                        Graphs.replace(node.output(), op, node.inputs());
                        changed = true;
                    }
                }
                default -> {}
            }
        }
        readers.forEach(FuseBlocks::fuse);
        return changed || !readers.isEmpty();
    }

    /** A value, and how it is quantized. */
    private record Rows(Output value, int group) {}

    private OptionalInt group(WeightSource weight) {
        boolean worthwhile = weight.inputs() >= MIN_INPUTS
                && (long) weight.outputs() * weight.inputs() * weight.matrices() >= MIN_ELEMENTS;
        return worthwhile ? weight.blockGroup(wanted) : OptionalInt.empty();
    }

    /** The layers that read the same rows become one, or one for each gate and one for the others. */
    private static void fuse(Rows read, List<Node> layers) {
        // an earlier gate may have taken the value's place
        Rows rows = new Rows(layers.getFirst().input(0), read.group);
        List<Node> rest = new ArrayList<>(layers);
        List<Gate> gates = new ArrayList<>();
        for (Node layer : layers) {
            if (rest.contains(layer)) {
                Gate.of(layer, rest).ifPresent(gate -> {
                    rest.removeAll(List.of(layer, gate.up));
                    gates.add(gate);
                });
            }
        }
        Optional<Normalized> norm = Normalized.of(rows.value, layers);
        int products = gates.size() + (rest.isEmpty() ? 0 : 1);
        Optional<Node> sum = norm.flatMap(n -> n.sum()).filter(_ -> products == 1);
        for (Gate gate : gates) {
            Node named = gate.product.node();
            Node fused = node(named, rows, List.of(gate.layer, gate.up), norm, sum, Optional.of(gate.op));
            gate.product.replaceWith(fused.output(0));
        }
        if (!rest.isEmpty()) {
            Node fused = node(rest.getFirst(), rows, rest, norm, sum, Optional.empty());
            for (int i = 0; i < rest.size(); i++) {
                rest.get(i).output().replaceWith(fused.output(i));
            }
        }
    }

    private static Node node(
            Node named,
            Rows rows,
            List<Node> layers,
            Optional<Normalized> norm,
            Optional<Node> sum,
            Optional<UnaryOp> gate) {
        List<FusedOp.Linear> parts =
                layers.stream().map(n -> (FusedOp.Linear) n.op()).toList();
        FusedOp op = new FusedOp.BlockLinear(parts, rows.group, norm.map(Normalized::eps), sum.isPresent(), gate);
        if (norm.isEmpty()) {
            return Node.of(op, named.name(), List.of(rows.value));
        }
        Output weight = norm.get().weight;
        if (sum.isEmpty()) {
            return Node.of(op, named.name(), List.of(norm.get().x, weight));
        }
        Node add = sum.get();
        Node fused = Node.of(op, named.name(), List.of(add.input(0), weight, add.input(1)));
        add.output().replaceWith(fused.outputs().getLast());
        return fused;
    }

    /** An RMS normalization that nothing but {@code layers} reads; its shape can be asked of x as well. */
    private record Normalized(Output x, Output weight, float eps) {
        /** The sum that is normalized, of two values of x's shape, as of a residual connection. */
        Optional<Node> sum() {
            Node node = x.node();
            boolean fits = node.op() instanceof BinaryOp.Add
                    && node.inputs().stream()
                            .allMatch(in -> Graphs.isF32(in) && in.shape().equals(x.shape()));
            return fits ? Optional.of(node) : Optional.empty();
        }

        private static boolean asksShape(Node node) {
            return node.op() instanceof ShapeOp.ShapeOf || node.op() instanceof ShapeOp.ShapeOfV1;
        }

        static Optional<Normalized> of(Output value, List<Node> layers) {
            Node node = value.node();
            if (!(node.op() instanceof FusedOp.RmsNorm(float eps))) {
                return Optional.empty();
            }
            List<Node> others = value.consumers().stream()
                    .map(Input::node)
                    .filter(n -> !layers.contains(n))
                    .toList();
            if (!others.stream().allMatch(Normalized::asksShape)) {
                return Optional.empty();
            }
            others.forEach(n -> n.replaceInput(0, node.input(0)));
            return Optional.of(new Normalized(node.input(0), node.input(1), eps));
        }
    }

    /** {@code op(layer) · up}, where nothing else reads either. */
    private record Gate(UnaryOp op, Node layer, Node up, Output product) {
        static Optional<Gate> of(Node layer, List<Node> others) {
            if (!Graphs.onlyConsumer(layer.output())) {
                return Optional.empty();
            }
            Input reader = layer.output().consumers().getFirst();
            Node node = reader.node();
            if (node.op() instanceof FusedOp.SwishMultiply && reader.index() == 0) {
                return of(UnaryOp.SWISH, node.input(1), layer, node, others);
            }
            Optional<UnaryOp> activation = activation(node);
            if (activation.isEmpty() || !Graphs.onlyConsumer(node.output())) {
                return Optional.empty();
            }
            Input product = node.output().consumers().getFirst();
            if (!(product.node().op() instanceof BinaryOp.Multiply)) {
                return Optional.empty();
            }
            return of(activation.get(), product.node().input(1 - product.index()), layer, product.node(), others);
        }

        private static Optional<Gate> of(UnaryOp op, Output up, Node layer, Node product, List<Node> others) {
            boolean fits = up.node() != layer
                    && others.contains(up.node())
                    && Graphs.onlyConsumer(up)
                    && outputs(up.node()) == outputs(layer);
            return fits ? Optional.of(new Gate(op, layer, up.node(), product.output())) : Optional.empty();
        }

        private static int outputs(Node layer) {
            return ((FusedOp.Linear) layer.op()).outputs();
        }

        private static Optional<UnaryOp> activation(Node node) {
            return node.inputs().size() == 1 && node.op() instanceof dev.decanter.ir.op.UnaryOp op
                    ? ElementwiseSteps.gate(op)
                    : Optional.empty();
        }
    }
}
