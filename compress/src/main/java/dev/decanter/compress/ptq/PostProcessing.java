package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Edge;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** Finds what lies between the last weights and an output by way of TopK: it picks results and stays in float. */
final class PostProcessing {
    private PostProcessing() {}

    /** A way back from an output. */
    private record Path(Unit unit, Deque<Unit> all, boolean marked) {
        Path extended(Unit source) {
            Deque<Unit> longer = new ArrayDeque<>(all);
            longer.add(source);
            return new Path(source, longer, marked);
        }
    }

    static Set<Unit> find(List<Unit> units, Function<Unit, List<Edge>> inputs, Predicate<Unit> hasWeights) {
        Map<Object, Unit> owner = new HashMap<>();
        units.forEach(u -> u.nodes().forEach(n -> owner.put(n, u)));
        boolean marker = units.stream()
                .anyMatch(u -> OpKinds.POST_PROCESSING.contains(u.first().op().type()));
        Set<Unit> found = new HashSet<>();
        if (!marker) {
            return found;
        }
        Deque<Path> stack = new ArrayDeque<>();
        for (Unit unit : units) {
            if (unit.last().op().type().equals("Result")) {
                stack.push(new Path(unit, new ArrayDeque<>(List.of(unit)), false));
            }
        }
        Set<Unit> visited = new HashSet<>();
        while (!stack.isEmpty()) {
            Path path = stack.pop();
            Unit unit = path.unit;
            visited.add(unit);
            if (OpKinds.POST_PROCESSING.contains(unit.first().op().type())) {
                path = new Path(unit, path.all, true);
            }
            if (hasWeights.test(unit) || unit.first().op().type().equals("Parameter")) {
                if (path.marked) {
                    add(path, hasWeights, found);
                }
                continue;
            }
            for (Edge edge : inputs.apply(unit)) {
                Unit source = owner.get(edge.from());
                if (source == null) {
                    continue;
                }
                if (visited.contains(source) && path.marked && found.contains(source)) {
                    add(path, hasWeights, found);
                } else if (!visited.contains(source) || path.marked || found.contains(source)) {
                    stack.push(path.extended(source));
                }
            }
        }
        return found;
    }

    private static void add(Path path, Predicate<Unit> hasWeights, Set<Unit> found) {
        for (Unit unit : path.all) {
            if (!hasWeights.test(unit) && !unit.last().op().type().equals("Result")) {
                found.add(unit);
            }
        }
    }
}
