package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.LayerDecision;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
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

/** How the weights of any model are stored: ours, NNCF's, or not compressed. */
public final class StoredWeights {
    private StoredWeights() {}

    /** A weight as it is stored. */
    private record Stored(WeightedLayer.Kind kind, Node consumer, Node constant, String label, int bits) {
        boolean isFloat() {
            return bits == 32;
        }
    }

    /** Each weight once, in the order of the graph. Which of them a ratio counts follows from the model's rt_info, else NNCF's defaults. */
    public static List<LayerDecision> of(Model model) {
        List<Stored> all = stored(model);
        List<Stored> unique = new ArrayList<>();
        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        all.stream().filter(s -> seen.add(s.constant)).forEach(unique::add);
        // With 8-bit integers every layer is compressed, and none is an exception.
        boolean mixed = unique.stream().anyMatch(s -> !s.isFloat() && !s.label.startsWith("int8"));
        boolean allLayers = model.rtInfo()
                .text("nncf", "weight_compression", "all_layers")
                .filter("True"::equals)
                .isPresent();
        // A last MatMul that shares its weight with an embedding was dealt with there.
        Optional<Node> last = all.isEmpty()
                ? Optional.empty()
                : Optional.of(all.getLast().consumer)
                        .filter(node -> unique.stream().anyMatch(s -> s.consumer == node));
        Optional<Node> excepted = allLayers || last.isEmpty()
                ? Optional.empty()
                : unique.reversed().stream()
                        .filter(s -> s.kind == WeightedLayer.Kind.MATMUL)
                        .findFirst()
                        .map(Stored::consumer);
        return unique.stream()
                .map(s -> {
                    boolean product = s.kind == WeightedLayer.Kind.MATMUL
                            && excepted.filter(node -> node == s.consumer).isEmpty();
                    boolean table = s.kind == WeightedLayer.Kind.EMBEDDING && allLayers;
                    return decision(s, !mixed ? !s.isFloat() || product : product || table);
                })
                .toList();
    }

    private static LayerDecision decision(Stored s, boolean ratioDefining) {
        long elements = ((Op.Constant) s.constant.op()).shape().elements();
        return new LayerDecision(s.consumer.name(), s.constant.name(), s.label, s.bits, elements, ratioDefining);
    }

    /** The first layer with a weight that is compressed already, if there is one. */
    public static Optional<LayerDecision> firstCompressed(Model model) {
        return of(model).stream().filter(layer -> layer.bits() < 32).findFirst();
    }

    private static List<Stored> stored(Model model) {
        List<Stored> all = new ArrayList<>();
        for (WeightedLayers.Site site : WeightedLayers.sites(model)) {
            new Trace()
                    .follow(site.node().input(site.port()).node(), false)
                    .stored(site)
                    .ifPresent(all::add);
        }
        return all;
    }

    /** The way from a layer's input up to the constant with the weights. */
    private static final class Trace {
        private Optional<Node> constant = Optional.empty();
        private Optional<Op.Constant> scale = Optional.empty();
        private Optional<Op.Constant> zeroPoints = Optional.empty();
        private boolean reshaped;

        Trace follow(Node node, boolean afterReshape) {
            switch (node.op()) {
                case Op.Constant _ -> constant = Optional.of(node);
                case ShapeOp.Convert _, NeuralOp.FakeQuantize _ ->
                    follow(node.input(0).node(), afterReshape);
                case ShapeOp.Reshape _ -> follow(node.input(0).node(), true);
                case BinaryOp.Multiply _ -> {
                    scale = constant(node.input(1).node());
                    reshaped = afterReshape;
                    follow(node.input(0).node(), afterReshape);
                }
                case BinaryOp.Subtract _ -> {
                    zeroPoints = constant(node.input(1).node());
                    follow(node.input(0).node(), afterReshape);
                }
                // a codebook: what counts is the indices
                case GatherScatterOp.Gather _ -> follow(node.input(1).node(), afterReshape);
                default -> {}
            }
            return this;
        }

        private static Optional<Op.Constant> constant(Node node) {
            return switch (node.op()) {
                case Op.Constant c -> Optional.of(c);
                case ShapeOp.Convert _ -> constant(node.input(0).node());
                case BinaryOp.Multiply _ -> constant(node.input(0).node());
                default -> Optional.empty();
            };
        }

        Optional<Stored> stored(WeightedLayers.Site site) {
            if (constant.isEmpty()) {
                return Optional.empty();
            }
            Op.Constant data = (Op.Constant) constant.get().op();
            ElementType type = data.elementType();
            if (data.shape().rank() < 2 || data.shape().elements() == 0) {
                return Optional.empty();
            }
            if (scale.isEmpty() || type.bits() > 8 || type == ElementType.BOOLEAN) {
                return type.isFloat()
                        ? Optional.of(new Stored(site.kind(), site.node(), constant.get(), "float", 32))
                        : Optional.empty();
            }
            int group = reshaped ? groupSize(data.shape(), scale.get().shape()) : -1;
            String label = mode(type) + (group == -1 ? ", per-channel" : ", group size " + group);
            return Optional.of(new Stored(site.kind(), site.node(), constant.get(), label, type.bits()));
        }

        private static int groupSize(Shape codes, Shape scales) {
            for (int axis = 1; axis < codes.rank() && codes.rank() == scales.rank(); axis++) {
                if (scales.dim(axis) == 1 && codes.dim(axis) > 1) {
                    return (int) codes.dim(axis);
                }
            }
            return -1;
        }

        private String mode(ElementType type) {
            // Older files store symmetric weights without a sign and one zero point for all.
            boolean asymmetric =
                    zeroPoints.filter(z -> z.shape().elements() > 1).isPresent();
            ElementType scaleType = scale.map(Op.Constant::elementType).orElse(ElementType.F16);
            return switch (type) {
                case U8, I8 -> asymmetric ? CompressionMode.INT8_ASYM.label() : CompressionMode.INT8_SYM.label();
                case U4, I4 -> asymmetric ? CompressionMode.INT4_ASYM.label() : CompressionMode.INT4_SYM.label();
                case F4E2M1 ->
                    switch (scaleType) {
                        case F8E8M0 -> CompressionMode.MXFP4.label();
                        case F8E4M3 -> "nvfp4";
                        default -> CompressionMode.FP4.label();
                    };
                case F8E4M3 ->
                    scaleType == ElementType.F8E8M0
                            ? CompressionMode.MXFP8_E4M3.label()
                            : CompressionMode.FP8_E4M3.label();
                default -> type.irName();
            };
        }
    }
}
