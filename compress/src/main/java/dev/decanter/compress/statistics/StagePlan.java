package dev.decanter.compress.statistics;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/** Where a graph is cut, and which values cross the cuts. */
final class StagePlan {
    /** Constants below this are parameters of the graph, not weights. */
    private static final long LEAST_WEIGHT_BYTES = 4096;

    /**
     * Layers {@code start..end} of the order.
     *
     * @param inputs values of earlier stages and inputs of the model that it reads
     * @param outputs values that later stages read
     * @param observed values that somebody wants to see, in the order of the graph; those of the first stage may be inputs
     */
    record Stage(int index, int start, int end, List<Output> inputs, List<Output> outputs, List<Output> observed) {}

    private final StageGraph graph;
    private final List<Stage> stages = new ArrayList<>();
    private final Map<Output, Integer> lastUse = new HashMap<>();

    /**
     * Cuts a graph.
     *
     * @param observed values to see, resolved
     * @param barriers those of {@code observed} before whose first reader there must be a cut
     * @param stageBytes bytes of weights that a stage should not exceed; one layer may alone
     */
    StagePlan(StageGraph graph, Collection<Output> observed, Collection<Output> barriers, long stageBytes) {
        this.graph = graph;
        Map<Output, int[]> uses = uses();
        NavigableSet<Integer> cuts = new TreeSet<>();
        for (Output barrier : barriers) {
            int[] span = uses.get(barrier);
            if (span != null) {
                cuts.add(span[0]);
            }
        }
        cutBySize(cuts, crossing(uses), stageBytes);
        cuts.remove(0);
        cuts.add(graph.order().size());
        int start = 0;
        for (int end : cuts) {
            stages.add(stage(start, end, observed, uses));
            start = end;
        }
    }

    List<Stage> stages() {
        return stages;
    }

    /** The last stage that reads a value. */
    int lastUse(Output value) {
        return lastUse.getOrDefault(value, -1);
    }

    /** First and last position that reads a value. */
    private Map<Output, int[]> uses() {
        Map<Output, int[]> uses = new HashMap<>();
        List<Node> order = graph.order();
        for (int at = 0; at < order.size(); at++) {
            for (Output input : order.get(at).inputs()) {
                Output source = StageGraph.resolve(input);
                if (!graph.isConstant(source.node())) {
                    int position = at;
                    uses.computeIfAbsent(source, _ -> new int[] {position, position})[1] = at;
                }
            }
        }
        return uses;
    }

    /** How much crosses a cut before each position: elements for each token and sample, roughly. */
    private long[] crossing(Map<Output, int[]> uses) {
        long[] size = new long[graph.order().size() + 1];
        uses.forEach((value, span) -> {
            if (!(value.node().op() instanceof Op.Parameter)) {
                long elements = elements(value);
                for (int at = graph.position(value.node()) + 1; at <= span[1]; at++) {
                    size[at] += elements;
                }
            }
        });
        return size;
    }

    private static long elements(Output value) {
        if (!value.shape().hasRank()) {
            return 1;
        }
        Dimension product = Dimension.of(1);
        for (Dimension dim : value.shape().dims()) {
            product = product.times(dim.isStatic() && dim.size() > 0 ? dim : Dimension.of(1));
        }
        return Math.min(product.max(), 1L << 30);
    }

    /** Cuts where a stage would become too large, at the place in its second half where the least crosses. */
    private void cutBySize(NavigableSet<Integer> cuts, long[] crossing, long stageBytes) {
        List<Node> order = graph.order();
        Set<Node> counted = new HashSet<>();
        long bytes = 0;
        int best = -1;
        int at = 0;
        while (at < order.size()) {
            if (cuts.contains(at)) {
                counted.clear();
                bytes = 0;
                best = -1;
            }
            long added = graph.constantBytes(order.get(at), counted);
            if (bytes > LEAST_WEIGHT_BYTES && added > LEAST_WEIGHT_BYTES && bytes + added > stageBytes) {
                int cut = best < 0 ? at : best;
                cuts.add(cut);
                at = cut;
                continue;
            }
            bytes += added;
            at++;
            boolean candidate = bytes > LEAST_WEIGHT_BYTES && bytes >= stageBytes / 2;
            if (candidate && (best < 0 || crossing[at] <= crossing[best])) {
                best = at;
            }
        }
    }

    private Stage stage(int start, int end, Collection<Output> observed, Map<Output, int[]> uses) {
        int index = stages.size();
        Set<Output> inputs = new LinkedHashSet<>();
        List<Output> outputs = new ArrayList<>();
        for (int at = start; at < end; at++) {
            Node node = graph.order().get(at);
            for (Output input : node.inputs()) {
                Output source = StageGraph.resolve(input);
                if (!graph.isConstant(source.node())) {
                    lastUse.put(source, index);
                    if (graph.position(source.node()) < start) {
                        inputs.add(source);
                    }
                }
            }
            for (Output output : node.outputs()) {
                int[] span = uses.get(output);
                if (span != null && span[1] >= end) {
                    outputs.add(output);
                }
            }
        }
        List<Output> seen = observed.stream()
                .filter(value -> {
                    int position = graph.position(value.node());
                    return position < 0 ? start == 0 : position >= start && position < end;
                })
                .sorted(java.util.Comparator.comparingInt(value -> graph.position(value.node())))
                .toList();
        return new Stage(index, start, end, List.copyOf(inputs), outputs, seen);
    }
}
