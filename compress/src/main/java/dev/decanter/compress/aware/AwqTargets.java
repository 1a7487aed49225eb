package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the layers that AWQ can correct: 4-bit MatMuls whose input is MatMul → Multiply, activation → Multiply, or an
 * activation. NNCF merges and inserts in these places without asking who else reads the values; here what others read
 * stays as it is.
 */
public final class AwqTargets {
    /**
     * A layer that can be corrected.
     *
     * @param plan the layer
     * @param producer the layer whose outputs are divided, in its weights; if there is none, {@code point} is
     * @param point the value that a Multiply divides, for the one who reads it there
     */
    record Target(LayerPlan plan, Optional<WeightedLayer> producer, Input point) {}

    private final Map<Node, WeightedLayer> layers = new HashMap<>();

    private AwqTargets(List<LayerPlan> plans) {
        for (LayerPlan plan : plans) {
            layers.put(plan.layer().consumer(), plan.layer());
        }
    }

    /**
     * Checks that there is something for AWQ to do.
     *
     * @param plans all weights of the model
     * @param behindNorms whether the paper's search will run, which finds layers behind norms too
     * @throws CompressionException if no layer can be corrected
     */
    public static void require(Model model, List<LayerPlan> plans, boolean behindNorms) {
        if (behindNorms && AwqPlace.find(plans).isEmpty()) {
            throw new CompressionException("--awq: none of the layers that become 4-bit in model \"" + model.name()
                    + "\" follows a norm, an activation (Relu, Swish, ...), its product, or the product of a MatMul;"
                    + " leave --awq out");
        }
        if (!behindNorms && find(plans).isEmpty()) {
            throw new CompressionException("--awq: none of the layers that become 4-bit in model \"" + model.name()
                    + "\" follows an activation (Relu, Swish, ...), its product, or the product of a MatMul;"
                    + " leave --awq out");
        }
    }

    /** In the order of the plans. */
    static List<Target> find(List<LayerPlan> plans) {
        AwqTargets finder = new AwqTargets(plans);
        List<Target> targets = new ArrayList<>();
        for (LayerPlan plan : plans) {
            boolean fourBits =
                    plan.config().filter(config -> config.mode().bits() == 4).isPresent();
            if (fourBits && plan.layer().kind() == WeightedLayer.Kind.MATMUL && isOnlyReader(plan.layer())) {
                finder.target(plan).ifPresent(targets::add);
            }
        }
        return targets;
    }

    private Optional<Target> target(LayerPlan plan) {
        Input before = new Input(plan.layer().consumer(), 1 - plan.layer().port());
        Node source = before.source().node();
        if (isActivation(source)) {
            return Optional.of(new Target(plan, Optional.empty(), before));
        }
        if (!(source.op() instanceof BinaryOp.Multiply)) {
            return Optional.empty();
        }
        for (boolean product : new boolean[] {true, false}) {
            for (int i = 0; i < 2; i++) {
                Node node = source.input(i).node();
                if (product ? node.op() instanceof NeuralOp.MatMul : isActivation(node)) {
                    return Optional.of(throughMultiply(plan, before, new Input(source, i)));
                }
            }
        }
        return Optional.empty();
    }

    /** Divides at an input of the Multiply if only the target reads its product, else behind it. */
    private Target throughMultiply(LayerPlan plan, Input before, Input factor) {
        boolean only = before.source().consumers().size() == 1;
        if (!only || !hasChannels(factor.source(), plan.layer())) {
            return new Target(plan, Optional.empty(), before);
        }
        Optional<WeightedLayer> producer = Optional.ofNullable(
                        layers.get(factor.source().node()))
                .filter(p -> isMergeable(p, plan.layer(), factor.source()));
        return new Target(plan, producer, factor);
    }

    private static boolean isMergeable(WeightedLayer producer, WeightedLayer target, Output value) {
        return producer.port() == 1
                && target.activationChannelAxis() == -1
                && producer.data().shape().rank() == target.data().shape().rank()
                && producer.layout().rows() == target.layout().columns() * DataAwareStages.batch(target)
                && value.consumers().size() == 1
                && isOnlyReader(producer);
    }

    /** Whether a value is as wide as the target's input, so that factors fit it and are not broadcast. */
    private static boolean hasChannels(Output value, WeightedLayer target) {
        PartialShape shape = value.shape();
        PartialShape wanted = target.activation().shape();
        if (!shape.hasRank() || !wanted.hasRank() || shape.rank() != wanted.rank()) {
            return false;
        }
        int axis = shape.rank() + target.activationChannelAxis();
        return shape.dim(axis).isStatic()
                && shape.dim(axis).size() == target.layout().columns();
    }

    /** Whether nobody but the layer reads its weight. */
    static boolean isOnlyReader(WeightedLayer layer) {
        Output value = layer.constant().output();
        while (value.consumers().size() == 1) {
            Input reader = value.consumers().getFirst();
            if (reader.node() == layer.consumer()) {
                return reader.index() == layer.port();
            }
            if (reader.node().outputs().size() != 1) {
                return false;
            }
            value = reader.node().output();
        }
        return false;
    }

    private static boolean isActivation(Node node) {
        return switch (node.op()) {
            case UnaryOp.Relu _,
                    UnaryOp.Clamp _,
                    UnaryOp.Elu _,
                    UnaryOp.Sigmoid _,
                    UnaryOp.HSigmoid _,
                    UnaryOp.Swish _,
                    UnaryOp.HSwish _ -> true;
            // Ops that this library does not know are known by name.
            default ->
                switch (node.op().type()) {
                    case "PReLU", "HardSigmoid", "Selu" -> true;
                    default -> false;
                };
        };
    }
}
