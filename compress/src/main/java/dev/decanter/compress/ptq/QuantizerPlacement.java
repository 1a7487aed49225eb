package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Edge;
import dev.decanter.compress.ptq.OpKinds.Trait;
import dev.decanter.ir.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides where quantizers go: one starts at every input of what computes in int8 and moves towards the model's
 * inputs as far as only layers lie before it that move values, and as every branch that it would quantize wants it.
 *
 * <p>The result is that of NNCF's QuantizerPropagationSolver. That one moves quantizers in turns and lets them wait
 * for each other at branches; here layers are visited from the outputs on, so that all readers of a value are decided
 * before the value is, and nothing has to wait.
 */
final class QuantizerPlacement {
    private final ActivationGraph graph;
    private final boolean symmetric;
    private final boolean transformer;
    private final List<Unit> units = new ArrayList<>();
    private final Map<Node, Unit> unitOf = new HashMap<>();
    private final Map<Slot, Traveller> before = new HashMap<>();
    private final Map<Unit, Traveller> after = new HashMap<>();
    private final Map<Unit, Integer> started = new HashMap<>();
    private final Set<Unit> passed = new HashSet<>();
    private final Set<Unit> perTensorTables = new HashSet<>();
    private Set<Unit> beforeOutputs = Set.of();
    private int groups;

    /** The input of a layer. */
    private record Slot(Node node, int port) {}

    private record Config(boolean symmetric, boolean perChannel) {}

    /** A quantizer on its way. {@code configs} are those that all it serves can do with, the preferred one first. */
    private static final class Traveller {
        private final List<Config> configs;
        private final Set<Unit> served;
        private int steps;
        private int group;

        Traveller(List<Config> configs, Set<Unit> served, int steps, int group) {
            this.configs = configs;
            this.served = served;
            this.steps = steps;
            this.group = group;
        }
    }

    /**
     * The quantizers of activations in topological order, and the weights to quantize: those whose Gather gives
     * values on that are quantized again are in {@code perTensor}, with one range for the whole table.
     */
    record Setup(List<QuantizerPoint> activations, List<ActivationGraph.Weight> weights, Set<Node> perTensor) {}

    /**
     * @param symmetric whether activations get symmetric ranges
     * @param transformer whether what NNCF ignores in transformers stays in float
     * @param ignored layers that stay in float because the user says so
     */
    private QuantizerPlacement(ActivationGraph graph, boolean symmetric, boolean transformer, Set<Node> ignored) {
        this.graph = graph;
        this.symmetric = symmetric;
        this.transformer = transformer;
        fuse();
        ignore(ignored);
    }

    static Setup place(ActivationGraph graph, boolean symmetric, boolean transformer, Set<Node> ignored) {
        QuantizerPlacement placement = new QuantizerPlacement(graph, symmetric, transformer, ignored);
        placement.beforeOutputs = placement.branchesAtOutputs();
        placement.start();
        for (Unit unit : placement.units.reversed()) {
            placement.move(unit);
        }
        placement.dropLonely();
        return placement.setup();
    }

    private void fuse() {
        Map<Node, List<Node>> runs = new HashMap<>();
        for (List<Node> run : GraphPattern.find(Patterns.FUSED, graph, true)) {
            run.forEach(n -> runs.put(n, run));
        }
        for (Node node : graph.nodes()) {
            List<Node> run = runs.getOrDefault(node, List.of(node));
            if (run.getFirst() == node) {
                Unit unit = new Unit(run);
                units.add(unit);
                run.forEach(n -> unitOf.put(n, unit));
            }
        }
    }

    private void ignore(Set<Node> byUser) {
        Set<Node> ignored = new HashSet<>(byUser);
        GraphPattern.find(Patterns.ignored(transformer), graph, false).forEach(ignored::addAll);
        for (Unit unit : units) {
            boolean type = transformer
                    && OpKinds.IGNORED_IN_TRANSFORMERS.contains(
                            unit.first().op().type());
            if (type || ignored.contains(unit.first()) || unit.first().name().contains("nncf_smooth_quant")) {
                unit.ignore();
            }
        }
        PostProcessing.find(units, this::inputs, this::hasWeights).forEach(Unit::ignore);
    }

    private boolean hasWeights(Unit unit) {
        return unit.nodes().stream()
                .anyMatch(n -> OpKinds.WITH_WEIGHTS.contains(n.op().type())
                        && graph.weight(n).isPresent());
    }

    private List<Edge> inputs(Unit unit) {
        return graph.inputs(unit.first());
    }

    private List<Edge> outputs(Unit unit) {
        return graph.outputs(unit.last());
    }

    private Unit source(Edge edge) {
        return unit(edge.from());
    }

    private Unit unit(Node node) {
        Unit unit = unitOf.get(node);
        if (unit == null) {
            throw new IllegalStateException("no unit for " + node);
        }
        return unit;
    }

    private void start() {
        for (Unit unit : units) {
            if (!unit.isQuantizable()) {
                continue;
            }
            boolean attention = unit.first().op().type().equals("ScaledDotProductAttention");
            List<Config> configs = new ArrayList<>();
            if (OpKinds.isDepthwise(unit.first())) {
                configs.add(new Config(symmetric, true));
            }
            configs.add(new Config(symmetric || attention, false));
            int count = 0;
            for (Edge edge : inputs(unit)) {
                if (isFloat(edge) && (!attention || edge.input() < 2)) {
                    before.put(
                            new Slot(edge.to(), edge.input()),
                            new Traveller(configs, new LinkedHashSet<>(Set.of(unit)), 0, -1));
                    count++;
                }
            }
            started.put(unit, count);
        }
    }

    /** A value counts as whole numbers if any output of its layer is. */
    private boolean isFloat(Edge edge) {
        return edge.isFloat() && outputs(source(edge)).stream().allMatch(Edge::isFloat);
    }

    /** Moves the quantizers that wait at the readers of a unit's output to the output, and on to the unit's inputs. */
    private void move(Unit unit) {
        List<Edge> readers = outputs(unit);
        List<Slot> waiting = new ArrayList<>();
        for (Edge edge : readers) {
            Slot slot = new Slot(edge.to(), edge.input());
            if (before.containsKey(slot)) {
                waiting.add(slot);
            }
        }
        if (waiting.isEmpty() || !readers.stream().allMatch(Edge::isFloat)) {
            return;
        }
        List<Traveller> travellers = waiting.stream().map(before::get).toList();
        Traveller merged;
        if (readers.size() == 1) {
            merged = travellers.getFirst();
            merged.steps++;
        } else {
            List<Config> common = new ArrayList<>(travellers.getFirst().configs);
            travellers.forEach(t -> common.retainAll(t.configs));
            if (beforeOutputs.contains(unit) || common.isEmpty() || !allBranchesWantIt(unit)) {
                return;
            }
            common.sort(Comparator.comparingInt(
                    c -> travellers.stream().mapToInt(t -> t.configs.indexOf(c)).sum()));
            Set<Unit> served = new LinkedHashSet<>();
            travellers.forEach(t -> served.addAll(t.served));
            merged = new Traveller(common, served, travellers.size() == 1 ? travellers.getFirst().steps + 1 : 0, -1);
            travellers.stream().filter(t -> t.group >= 0).forEach(t -> join(merged, t.group));
        }
        waiting.forEach(before::remove);
        after.put(unit, merged);
        pass(unit, merged);
    }

    /** Gives {@code traveller} the group, and all of its own group too. */
    private void join(Traveller traveller, int group) {
        int own = traveller.group;
        traveller.group = group;
        if (own >= 0 && own != group) {
            before.values().stream().filter(t -> t.group == own).forEach(t -> t.group = group);
            after.values().stream().filter(t -> t.group == own).forEach(t -> t.group = group);
        }
    }

    private void pass(Unit unit, Traveller traveller) {
        if (!unit.passes()) {
            return;
        }
        List<Edge> sources = inputs(unit).stream().filter(this::isFloat).toList();
        if (sources.isEmpty()) {
            return;
        }
        after.remove(unit);
        passed.add(unit);
        if (unit.trait() == Trait.CONCAT && inputs(unit).size() > 1 && traveller.group < 0 && leadsToWeights(unit)) {
            traveller.group = groups++;
        }
        for (Edge edge : sources) {
            before.put(
                    new Slot(edge.to(), edge.input()),
                    new Traveller(traveller.configs, traveller.served, traveller.steps + 2, traveller.group));
        }
    }

    private boolean leadsToWeights(Unit concat) {
        Deque<Unit> queue = new ArrayDeque<>(List.of(concat));
        Set<Unit> seen = new HashSet<>();
        while (!queue.isEmpty()) {
            for (Edge edge : outputs(queue.pop())) {
                Unit next = unit(edge.to());
                String type = next.first().op().type();
                if (OpKinds.OVERFLOWING.contains(type) || type.equals("ScaledDotProductAttention")) {
                    return true;
                }
                if (next.passes() && seen.add(next)) {
                    queue.add(next);
                }
            }
        }
        return false;
    }

    /** Whether every first layer behind the unit that does more than moving values has quantizers. */
    private boolean allBranchesWantIt(Unit unit) {
        for (Edge edge : outputs(unit)) {
            Unit next = unit(edge.to());
            if (next.trait() == Trait.AGNOSTIC) {
                if (!allBranchesWantIt(next)) {
                    return false;
                }
            } else if (started.getOrDefault(next, 0) == 0 && !passed.contains(next)) {
                return false;
            } else if (next.first().op().type().equals("ScaledDotProductAttention") && !allQuantized(unit)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a quantizer stands on every way from the unit; not so for the values of an attention. */
    private boolean allQuantized(Unit unit) {
        for (Edge edge : outputs(unit)) {
            if (before.containsKey(new Slot(edge.to(), edge.input()))) {
                continue;
            }
            Unit next = unit(edge.to());
            if (next.trait() != Trait.AGNOSTIC || (!after.containsKey(next) && !allQuantized(next))) {
                return false;
            }
        }
        return true;
    }

    /** Units with several readers, one of which is an output of the model or leads there without computing. */
    private Set<Unit> branchesAtOutputs() {
        Set<Unit> branches = new HashSet<>();
        Deque<Unit> queue = new ArrayDeque<>();
        Set<Unit> seen = new HashSet<>();
        units.stream().filter(u -> u.last().op().type().equals("Result")).forEach(queue::add);
        while (!queue.isEmpty()) {
            for (Edge edge : inputs(queue.pop())) {
                Unit source = source(edge);
                if (!seen.add(source)) {
                    continue;
                }
                if (outputs(source).size() > 1) {
                    branches.add(source);
                } else if (source.passes()) {
                    queue.add(source);
                }
            }
        }
        return branches;
    }

    /** Takes away the quantizers of elementwise layers whose other operand is constant: nothing gets faster by them. */
    private void dropLonely() {
        before.values().removeIf(this::isLonely);
        after.values().removeIf(this::isLonely);
        after.entrySet().removeIf(e -> {
            boolean rows = e.getKey().trait() == Trait.EMBEDDING
                    && e.getValue().configs.stream().anyMatch(c -> c.symmetric && !c.perChannel);
            if (rows) {
                perTensorTables.add(e.getKey());
            }
            return rows;
        });
    }

    private boolean isLonely(Traveller traveller) {
        if (traveller.served.size() != 1 || traveller.steps > 1) {
            return false;
        }
        Unit unit = traveller.served.iterator().next();
        return OpKinds.ELEMENTWISE.contains(unit.first().op().type()) && started.getOrDefault(unit, 0) == 1;
    }

    private Setup setup() {
        List<QuantizerPoint> points = new ArrayList<>();
        List<ActivationGraph.Weight> weights = new ArrayList<>();
        Set<Node> perTensor = new HashSet<>();
        for (Unit unit : units) {
            for (Edge edge : inputs(unit)) {
                Traveller traveller = before.get(new Slot(edge.to(), edge.input()));
                if (traveller != null) {
                    points.add(point(traveller, edge.to(), false, edge.input()));
                }
            }
            if (!unit.isIgnored()
                    && OpKinds.WITH_WEIGHTS.contains(unit.first().op().type())) {
                graph.weight(unit.first()).ifPresent(weights::add);
                if (perTensorTables.contains(unit)) {
                    perTensor.add(unit.first());
                }
            }
            Traveller traveller = after.get(unit);
            if (traveller != null) {
                addAfter(unit, traveller, points);
            }
        }
        return new Setup(points, weights, perTensor);
    }

    private void addAfter(Unit unit, Traveller traveller, List<QuantizerPoint> points) {
        List<Edge> readers = outputs(unit);
        if (readers.stream().map(Edge::output).distinct().count() == 1) {
            points.add(point(traveller, unit.last(), true, readers.getFirst().output()));
        } else {
            readers.forEach(e -> points.add(point(traveller, e.to(), false, e.input())));
        }
    }

    private QuantizerPoint point(Traveller traveller, Node node, boolean output, int port) {
        // ranges by channel are not shared: a channel of one value need not be one of another
        Config config = traveller.configs.getFirst();
        boolean product = transformer
                && traveller.served.stream()
                        .map(Unit::first)
                        .anyMatch(n -> n.op().type().equals("MatMul")
                                && graph.weight(n).isEmpty());
        return new QuantizerPoint(
                node,
                output,
                port,
                config.symmetric || product,
                config.perChannel,
                config.perChannel ? -1 : traveller.group);
    }
}
