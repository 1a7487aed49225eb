package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.reference.Constants;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Numbers the values of a rewritten graph, puts the steps in order and assigns slots: a slot is free again after the last
 * step that reads its value or a view of it. Among free slots the one whose estimated size fits best is taken, so that
 * few large buffers serve all layers.
 */
final class Planner {
    /** Stands for a dynamic dimension when sizes are compared. */
    private static final long TYPICAL = 256;

    private final Model model;
    private final Lowering lowering;
    private final CachePrecision cachePrecision;
    private final WarmUp warmUp;
    private final Map<Output, Integer> ids = new HashMap<>();
    private final Map<Integer, Tensor> constants = new HashMap<>();
    private final List<Plan.PlannedStep> steps = new ArrayList<>();
    private final List<Output> outputs = new ArrayList<>();
    private final List<Plan.CacheSpec> caches = new ArrayList<>();
    private final List<Plan.VariableSpec> variables = new ArrayList<>();

    Planner(Model model, Lowering lowering, CachePrecision cachePrecision) {
        this(model, lowering, cachePrecision, WarmUp.none());
    }

    /** With a warm-up that begins with the first layer, while the others are lowered. */
    Planner(Model model, Lowering lowering, CachePrecision cachePrecision, WarmUp warmUp) {
        this.model = model;
        this.warmUp = warmUp;
        this.cachePrecision = cachePrecision;
        this.lowering = lowering;
    }

    Plan plan() {
        List<Integer> viewOf = new ArrayList<>();
        int attentions = 0;
        for (Node node : model.topologicalOrder()) {
            for (Output output : node.outputs()) {
                ids.put(output, ids.size());
                outputs.add(output);
                viewOf.add(-1);
            }
            switch (node.op()) {
                case Op.Constant constant -> constants.put(id(node.output()), Constants.tensor(constant));
                case Op.Parameter _, Op.Result _ -> {}
                default -> addStep(node, viewOf);
            }
            // with the second attention there is one of everything that a layer has
            if (node.op() instanceof FusedOp.Attention && ++attentions == 2 && warmUp.waiting()) {
                warmUp.start(plan(viewOf, List.of()), parameters());
            }
        }
        return plan(viewOf, model.results().stream().map(r -> id(r.input(0))).toList());
    }

    /** The plan of the steps so far. */
    private Plan plan(List<Integer> viewOf, List<Integer> results) {
        int[] roots = new int[viewOf.size()];
        for (int i = 0; i < roots.length; i++) {
            roots[i] = viewOf.get(i) < 0 ? i : roots[viewOf.get(i)];
        }
        int[] lastUse = lastUses(roots, results);
        int[] slotOf = new int[roots.length];
        int slots = assignSlots(roots, lastUse, slotOf);
        return new Plan(
                List.copyOf(steps),
                roots.length,
                Arrays.stream(slotOf).boxed().toList(),
                slots,
                Map.copyOf(constants),
                parameters().stream().map(this::id).toList(),
                results,
                List.copyOf(caches),
                List.copyOf(variables));
    }

    /** The model's inputs that have been met. */
    private List<Output> parameters() {
        return model.parameters().stream()
                .map(Node::output)
                .filter(ids::containsKey)
                .toList();
    }

    private int id(Output output) {
        return java.util.Objects.requireNonNull(ids.get(output));
    }

    private void addStep(Node node, List<Integer> viewOf) {
        Lowering.Lowered lowered = lowering.lower(node);
        if (lowered.viewsInput()) {
            viewOf.set(id(node.output(0)), id(node.input(0)));
        }
        switch (node.op()) {
            case FusedOp.CacheAppend op -> caches.add(new Plan.CacheSpec(op.variable(), layout(node)));
            case Op.ReadValue op ->
                variables.add(new Plan.VariableSpec(op.variableId(), op.variableType(), op.variableShape()));
            case Op.ReadValueV3 op ->
                variables.add(new Plan.VariableSpec(
                        op.variableId(),
                        node.output().elementType(),
                        node.output().shape()));
            default -> {}
        }
        steps.add(new Plan.PlannedStep(
                lowered.step(),
                node.toString(),
                node.inputs().stream().map(this::id).toList(),
                node.outputs().stream().map(this::id).toList()));
    }

    /** What attention reads as keys lies turned, everything else as it comes. */
    private PageLayout layout(Node append) {
        boolean keys = append.output().consumers().stream()
                .anyMatch(c -> c.node().op() instanceof FusedOp.Attention && c.index() == 1);
        Output all = append.output();
        int heads = Math.toIntExact(Graphs.dim(all, 1));
        return new PageLayout(cachePrecision, keys, heads, Math.toIntExact(Graphs.dim(all, 3)));
    }

    private int[] lastUses(int[] roots, List<Integer> results) {
        int[] lastUse = new int[roots.length];
        Arrays.fill(lastUse, -1);
        for (int s = 0; s < steps.size(); s++) {
            for (int value : steps.get(s).outputs()) {
                lastUse[roots[value]] = Math.max(lastUse[roots[value]], s);
            }
            for (int value : steps.get(s).inputs()) {
                lastUse[roots[value]] = s;
            }
        }
        for (int value : results) {
            lastUse[roots[value]] = steps.size();
        }
        return lastUse;
    }

    private int assignSlots(int[] roots, int[] lastUse, int[] slotOf) {
        Arrays.fill(slotOf, -1);
        List<Long> sizes = new ArrayList<>();
        List<Integer> free = new ArrayList<>();
        List<List<Integer>> freedAfter = new ArrayList<>();
        for (int s = 0; s <= steps.size(); s++) {
            freedAfter.add(new ArrayList<>());
        }
        for (int s = 0; s < steps.size(); s++) {
            for (int value : steps.get(s).outputs()) {
                if (roots[value] != value) {
                    continue;
                }
                long size = estimate(outputs.get(value));
                int slot = best(free, sizes, size);
                if (slot < 0) {
                    slot = sizes.size();
                    sizes.add(size);
                } else {
                    int taken = slot;
                    free.removeIf(f -> f == taken);
                    sizes.set(slot, Math.max(sizes.get(slot), size));
                }
                slotOf[value] = slot;
                freedAfter.get(lastUse[value]).add(slot);
            }
            free.addAll(freedAfter.get(s));
        }
        return sizes.size();
    }

    /** The free slot that wastes or grows least; none if all are of another order of magnitude. */
    private static int best(List<Integer> free, List<Long> sizes, long size) {
        return free.stream()
                .filter(slot -> ratio(sizes.get(slot), size) <= 4)
                .min(Comparator.comparingDouble(slot -> ratio(sizes.get(slot), size)))
                .orElse(-1);
    }

    private static double ratio(long a, long b) {
        return (double) Math.max(a, b) / Math.max(1, Math.min(a, b));
    }

    private static long estimate(Output output) {
        if (!output.shape().hasRank() || output.elementType().bits() == 0) {
            return 1;
        }
        long elements = 1;
        for (Dimension dim : output.shape().dims()) {
            elements *= Math.max(1, Math.min(dim.isStatic() ? dim.size() : TYPICAL, 1 << 20));
            elements = Math.min(elements, 1L << 40);
        }
        return Math.max(1, output.elementType().byteSize(elements));
    }
}
