package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.ir.Node;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which weights get codes of half the size, for processors that sum two products in 16 bits. */
final class OverflowLayers {
    private OverflowLayers() {}

    /** All convolutions and products. */
    static Set<Node> all(List<Weight> weights) {
        Set<Node> found = new HashSet<>();
        for (Weight weight : weights) {
            if (OpKinds.OVERFLOWING.contains(weight.consumer().op().type())) {
                found.add(weight.consumer());
            }
        }
        return found;
    }

    /** The first convolutions behind each input. */
    static Set<Node> first(ActivationGraph graph, List<Weight> weights) {
        Set<Node> convolutions = new HashSet<>();
        for (Weight weight : weights) {
            if (weight.consumer().op().type().equals("Convolution")) {
                convolutions.add(weight.consumer());
            }
        }
        Set<Node> found = new HashSet<>();
        Set<Node> seen = new HashSet<>();
        Deque<Node> queue = new ArrayDeque<>();
        graph.nodes().stream().filter(n -> n.op().type().equals("Parameter")).forEach(queue::add);
        while (!queue.isEmpty()) {
            Node node = queue.poll();
            if (!seen.add(node)) {
                continue;
            }
            if (convolutions.contains(node)) {
                found.add(node);
            } else {
                graph.outputs(node).forEach(e -> queue.add(e.to()));
            }
        }
        return found;
    }
}
