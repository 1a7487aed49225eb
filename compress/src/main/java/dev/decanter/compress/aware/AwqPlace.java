package dev.decanter.compress.aware;

import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Constants;
import dev.decanter.ir.Input;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A value whose channels can be divided so that nothing but the layers that read it notices.
 *
 * @param readers all layers that read it; their columns are multiplied
 * @param divisor who divides
 */
record AwqPlace(List<WeightedLayer> readers, Divisor divisor) {
    /** Who divides the channels. */
    sealed interface Divisor {
        /**
         * A norm before the layers.
         *
         * @param weight the constant of its factors
         * @param bias the constant of what it adds, if it does
         */
        record Norm(Node weight, Optional<Node> bias) implements Divisor {}

        /** What {@link AwqTargets} found: the layer before, or a new Multiply. */
        record Before(AwqTargets.Target target) implements Divisor {}
    }

    /**
     * The places of a model, each by the value. Layers with stacked experts have none.
     *
     * @param plans all weights of the model
     */
    static Map<Output, AwqPlace> find(List<LayerPlan> plans) {
        Map<Node, WeightedLayer> planned = new HashMap<>();
        Map<Output, AwqPlace> places = new LinkedHashMap<>();
        for (LayerPlan plan : plans) {
            if (plan.config().isPresent() && isScalable(plan.layer())) {
                planned.put(plan.layer().consumer(), plan.layer());
            }
        }
        for (LayerPlan plan : plans) {
            if (DataAwareStages.isFourBit(plan)
                    && planned.containsKey(plan.layer().consumer())) {
                Output value = plan.layer().activation();
                if (!places.containsKey(value)) {
                    behindNorm(value, planned).ifPresent(place -> places.put(value, place));
                }
            }
        }
        for (AwqTargets.Target target : AwqTargets.find(plans)) {
            WeightedLayer layer = target.plan().layer();
            if (DataAwareStages.batch(layer) == 1 && !places.containsKey(layer.activation())) {
                places.put(layer.activation(), new AwqPlace(List.of(layer), new Divisor.Before(target)));
            }
        }
        return places;
    }

    private static boolean isScalable(WeightedLayer layer) {
        return layer.kind() == WeightedLayer.Kind.MATMUL
                && DataAwareStages.batch(layer) == 1
                && layer.activationChannelAxis() == -1
                && AwqTargets.isOnlyReader(layer);
    }

    private static Optional<AwqPlace> behindNorm(Output value, Map<Node, WeightedLayer> planned) {
        List<WeightedLayer> readers = new ArrayList<>();
        for (Input reader : value.consumers()) {
            WeightedLayer layer = planned.get(reader.node());
            if (layer == null || layer.port() == reader.index()) {
                return Optional.empty();
            }
            readers.add(layer);
        }
        int channels = readers.getFirst().layout().columns();
        Optional<Divisor> divisor;
        if (value.node().op() instanceof BinaryOp.Multiply) {
            divisor = channelConstant(value.node(), channels).map(weight -> new Divisor.Norm(weight, Optional.empty()));
        } else if (value.node().op() instanceof BinaryOp.Add) {
            divisor = withBias(value.node(), channels);
        } else {
            divisor = Optional.empty();
        }
        return divisor.map(found -> new AwqPlace(readers, found));
    }

    private static Optional<Divisor> withBias(Node sum, int channels) {
        Optional<Node> bias = channelConstant(sum, channels);
        for (Output term : sum.inputs()) {
            if (term.node().op() instanceof BinaryOp.Multiply
                    && term.consumers().size() == 1) {
                Optional<Node> weight = channelConstant(term.node(), channels);
                if (weight.isPresent() && bias.isPresent()) {
                    return Optional.of(new Divisor.Norm(weight.get(), bias));
                }
            }
        }
        return Optional.empty();
    }

    /** The operand that is a number for each channel, which nobody else reads. */
    private static Optional<Node> channelConstant(Node node, int channels) {
        for (Output input : node.inputs()) {
            Output value = input;
            if (value.node().op() instanceof ShapeOp.Convert
                    && value.consumers().size() == 1) {
                value = value.node().input(0);
            }
            if (value.node().op() instanceof Op.Constant constant
                    && value.consumers().size() == 1
                    && isOfChannels(constant.shape(), channels)
                    && Constants.numbers(value).isPresent()) {
                return Optional.of(value.node());
            }
        }
        return Optional.empty();
    }

    private static boolean isOfChannels(Shape shape, int channels) {
        return shape.rank() > 0 && shape.dim(-1) == channels && shape.elements() == channels;
    }
}
