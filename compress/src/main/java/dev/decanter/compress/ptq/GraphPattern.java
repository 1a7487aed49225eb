package dev.decanter.compress.ptq;

import dev.decanter.ir.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A small graph of layer types to be found in a model: node {@code i} has one of {@code types.get(i)}, and {@code
 * edges} are all connections among the nodes. Each node but the first touches one before it.
 *
 * @param edges pairs from, to; a pair twice means that both inputs come from there
 * @param left nodes that must be there, but are not part of what is found
 * @param anywhere whether the first node may be of any type, and be connected to anything
 */
record GraphPattern(List<Set<String>> types, List<List<Integer>> edges, Set<Integer> left, boolean anywhere) {
    GraphPattern {
        types = List.copyOf(types);
        edges = List.copyOf(edges);
        left = Set.copyOf(left);
    }

    /** Layers one after the other. */
    @SafeVarargs
    static GraphPattern chain(Set<String>... types) {
        List<Set<String>> nodes = new ArrayList<>();
        List<List<Integer>> edges = new ArrayList<>();
        for (Set<String> type : types) {
            if (!nodes.isEmpty()) {
                edges.add(List.of(nodes.size() - 1, nodes.size()));
            }
            nodes.add(type);
        }
        return new GraphPattern(nodes, edges, Set.of(), false);
    }

    static GraphPattern of(List<Set<String>> types, int... edges) {
        List<List<Integer>> pairs = new ArrayList<>();
        for (int i = 0; i < edges.length; i += 2) {
            pairs.add(List.of(edges[i], edges[i + 1]));
        }
        return new GraphPattern(types, pairs, Set.of(), false);
    }

    /**
     * What of the graph matches one of {@code patterns}, the largest patterns first; no layer is in two matches.
     *
     * @param strict whether layers inside a match must have no connection to the outside
     * @return the layers of each match, in topological order
     */
    static List<List<Node>> find(List<GraphPattern> patterns, ActivationGraph graph, boolean strict) {
        List<GraphPattern> sorted = new ArrayList<>(patterns);
        sorted.sort(Comparator.comparingInt((GraphPattern p) -> -(p.types.size() - (p.anywhere ? 1 : 0))));
        Map<Node, Integer> position = new HashMap<>();
        graph.nodes().forEach(n -> position.put(n, position.size()));
        Set<Node> taken = new HashSet<>();
        List<List<Node>> matches = new ArrayList<>();
        for (GraphPattern pattern : sorted) {
            Finder finder = new Finder(pattern, graph, strict);
            for (Node node : graph.nodes()) {
                for (List<Node> match : finder.from(node)) {
                    if (match.stream().noneMatch(taken::contains)) {
                        taken.addAll(match);
                        List<Node> ordered = new ArrayList<>(match);
                        ordered.sort(Comparator.comparing(position::get));
                        matches.add(ordered);
                    }
                }
            }
        }
        return matches;
    }

    /** The backtracking search for one pattern. */
    private record Finder(GraphPattern pattern, ActivationGraph graph, boolean strict) {
        List<List<Node>> from(Node first) {
            List<List<Node>> found = new ArrayList<>();
            if (fits(first, 0)) {
                extend(new ArrayList<>(List.of(first)), found);
            }
            return found;
        }

        private boolean fits(Node node, int index) {
            return (index == 0 && pattern.anywhere)
                    || pattern.types.get(index).contains(node.op().type());
        }

        private void extend(List<Node> assigned, List<List<Node>> found) {
            int index = assigned.size();
            if (index == pattern.types.size()) {
                if (!strict || closed(assigned)) {
                    List<Node> kept = new ArrayList<>();
                    for (int i = pattern.anywhere ? 1 : 0; i < index; i++) {
                        if (!pattern.left.contains(i)) {
                            kept.add(assigned.get(i));
                        }
                    }
                    found.add(kept);
                }
                return;
            }
            for (Node candidate : candidates(assigned, index)) {
                if (!assigned.contains(candidate) && fits(candidate, index) && connects(assigned, candidate, index)) {
                    assigned.add(candidate);
                    extend(assigned, found);
                    assigned.removeLast();
                }
            }
        }

        private Set<Node> candidates(List<Node> assigned, int index) {
            Set<Node> nodes = new LinkedHashSet<>();
            for (List<Integer> edge : pattern.edges) {
                if (edge.get(1) == index && edge.get(0) < index) {
                    graph.outputs(assigned.get(edge.get(0))).forEach(e -> nodes.add(e.to()));
                    return nodes;
                }
                if (edge.get(0) == index && edge.get(1) < index) {
                    graph.inputs(assigned.get(edge.get(1))).forEach(e -> nodes.add(e.from()));
                    return nodes;
                }
            }
            return nodes;
        }

        /** Whether the connections with the nodes before are those of the pattern, no more and no fewer. */
        private boolean connects(List<Node> assigned, Node candidate, int index) {
            for (int i = 0; i < index; i++) {
                Node other = assigned.get(i);
                if (between(other, candidate) != wanted(i, index) || between(candidate, other) != wanted(index, i)) {
                    return false;
                }
            }
            return true;
        }

        private long wanted(int from, int to) {
            return pattern.edges.stream()
                    .filter(e -> e.get(0) == from && e.get(1) == to)
                    .count();
        }

        private long between(Node from, Node to) {
            return graph.inputs(to).stream().filter(e -> e.from() == from).count();
        }

        private boolean closed(List<Node> assigned) {
            for (int i = pattern.anywhere ? 1 : 0; i < assigned.size(); i++) {
                int index = i;
                boolean starts = pattern.edges.stream().noneMatch(e -> e.get(1) == index);
                boolean ends = pattern.edges.stream().noneMatch(e -> e.get(0) == index);
                Node node = assigned.get(i);
                boolean fedFromOutside = graph.inputs(node).stream().anyMatch(e -> !assigned.contains(e.from()));
                boolean readFromOutside = graph.outputs(node).stream().anyMatch(e -> !assigned.contains(e.to()));
                if ((!ends && readFromOutside) || (!starts && fedFromOutside)) {
                    return false;
                }
            }
            return true;
        }
    }
}
