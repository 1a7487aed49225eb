package dev.decanter.compress.statistics;

import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Output;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A value that one or several MatMuls multiply with their weights; they share its statistics.
 *
 * @param value the value
 * @param channelAxis the axis along the weights' columns: −1, or −2 where the layers transpose it
 * @param batched whether a weight has three dimensions (experts), so that the value's first one is kept apart
 * @param layers the layers, in their order
 */
public record ActivationInput(Output value, int channelAxis, boolean batched, List<WeightedLayer> layers) {
    public ActivationInput {
        layers = List.copyOf(layers);
    }

    private record Key(Output value, int channelAxis) {}

    /** The inputs of the MatMuls among {@code layers}, in order of the first layer that reads each. */
    public static List<ActivationInput> of(Collection<WeightedLayer> layers) {
        Map<Key, List<WeightedLayer>> groups = new LinkedHashMap<>();
        for (WeightedLayer layer : layers) {
            if (layer.kind() == WeightedLayer.Kind.MATMUL) {
                groups.computeIfAbsent(
                                new Key(layer.activation(), layer.activationChannelAxis()), _ -> new ArrayList<>())
                        .add(layer);
            }
        }
        List<ActivationInput> inputs = new ArrayList<>();
        groups.forEach((key, group) -> inputs.add(new ActivationInput(
                key.value(),
                key.channelAxis(),
                group.stream().anyMatch(layer -> layer.data().shape().rank() == 3),
                group)));
        return inputs;
    }

    /** The name of the layer that gives the value. */
    public String name() {
        return value.node().name();
    }
}
