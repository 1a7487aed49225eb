package dev.decanter.compress.weights;

import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The order in which NNCF walks a graph, which decides what the last MatMul is: layers are numbered breadth first from the
 * inputs, and a layer comes as soon as its producers have come, lower numbers first.
 */
final class GraphOrder {
    private final IdentityHashMap<Node, Integer> numbers = new IdentityHashMap<>();
    private final int firstConstant;
    private final List<Node> order = new ArrayList<>();

    GraphOrder(Model model) {
        List<Node> live = model.topologicalOrder();
        IdentityHashMap<Node, Boolean> known = new IdentityHashMap<>();
        live.forEach(node -> known.put(node, true));
        ArrayDeque<Node> queue = new ArrayDeque<>(model.parameters());
        live.stream()
                .filter(n -> n.op() instanceof Op.ReadValue || n.op() instanceof Op.ReadValueV3)
                .forEach(queue::add);
        while (!queue.isEmpty()) {
            Node node = queue.remove();
            if (known.containsKey(node) && numbers.putIfAbsent(node, numbers.size()) == null) {
                node.outputs().forEach(output -> queue.addAll(consumers(output)));
            }
        }
        firstConstant = numbers.size();
        live.forEach(node -> numbers.putIfAbsent(node, numbers.size()));
        sort(live);
    }

    private static List<Node> consumers(Output output) {
        return output.consumers().stream()
                .map(Input::node)
                .distinct()
                .sorted(Comparator.comparing(Node::name))
                .toList();
    }

    private void sort(List<Node> live) {
        IdentityHashMap<Node, Integer> missing = new IdentityHashMap<>();
        PriorityQueue<Node> ready = new PriorityQueue<>(Comparator.comparingInt(this::number));
        for (Node node : live) {
            missing.put(node, node.inputs().size());
            if (node.inputs().isEmpty()) {
                ready.add(node);
            }
        }
        while (!ready.isEmpty()) {
            Node node = ready.remove();
            order.add(node);
            for (Output output : node.outputs()) {
                for (Input input : output.consumers()) {
                    if (missing.containsKey(input.node()) && missing.merge(input.node(), -1, Integer::sum) == 0) {
                        ready.add(input.node());
                    }
                }
            }
        }
    }

    private int number(Node node) {
        return numbers.getOrDefault(node, Integer.MAX_VALUE);
    }

    /** All layers of the model. */
    List<Node> nodes() {
        return order;
    }

    /** Whether a layer's value depends on an input or a state. */
    boolean dependsOnInputs(Node node) {
        return number(node) < firstConstant;
    }
}
