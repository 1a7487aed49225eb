package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Attention and its cache. ScaledDotProductAttention loses the repetition of key heads before it
 * ({@link FusedOp.Attention}); ReadValue → Gather(beam_idx) → Concat → Assign becomes {@link FusedOp.CacheAppend}, which
 * writes in place.
 */
final class FuseAttention implements GraphPass {
    @Override
    public void run(Model model) {
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof NeuralOp.ScaledDotProductAttention op) {
                attention(node, op);
            }
        }
        model.removeDead();
        Map<String, Node> reads = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.ReadValue read) {
                reads.put(read.variableId(), node);
            }
        }
        for (Node sink : List.copyOf(model.sinks())) {
            Node read = sink.op() instanceof Op.Assign assign ? reads.get(assign.variableId()) : null;
            if (read != null && cache(sink, read)) {
                model.sinks().remove(sink);
                sink.disconnect();
            }
        }
        model.removeDead();
    }

    private static void attention(Node node, NeuralOp.ScaledDotProductAttention op) {
        int count = node.inputs().size();
        Output q = node.input(0);
        Output k = withoutRepetition(node.input(1));
        Output v = withoutRepetition(node.input(2));
        for (Output value : List.of(q, k, v)) {
            if (!Graphs.hasRank(value, 4) || !Graphs.isF32(value)) {
                return;
            }
        }
        long heads = Graphs.dim(q, 1);
        long kvHeads = Graphs.dim(k, 1);
        if (count > 5 || kvHeads < 1 || heads < 1 || heads % kvHeads != 0 || Graphs.dim(v, 1) != kvHeads) {
            return;
        }
        float scale = Float.NaN;
        if (count == 5) {
            float[] given = Graphs.floats(node.input(4));
            if (given.length != 1) {
                return;
            }
            scale = given[0];
        }
        List<Output> inputs = new ArrayList<>(List.of(q, k, v));
        if (count > 3 && !op.causal()) {
            Output mask = node.input(3);
            if (!mask.shape().hasRank() || mask.shape().rank() > 4) {
                return;
            }
            if (mask.elementType() != ElementType.F32) {
                return;
            }
            // a scalar 0 stands for "no mask" where a scale must follow
            if (mask.shape().rank() > 0 || !Graphs.isConstant(mask, 0f)) {
                inputs.add(mask);
            }
        }
        Graphs.replace(node.output(), new FusedOp.Attention(scale, op.causal()), inputs);
    }

    /** Looks through Reshape(Broadcast(Unsqueeze(kv, 2))), which repeats each key head for the query heads that share it. */
    private static Output withoutRepetition(Output value) {
        Node reshape = value.node();
        if (!(reshape.op() instanceof ShapeOp.Reshape)) {
            return value;
        }
        Node broadcast = reshape.input(0).node();
        if (!(broadcast.op() instanceof ShapeOp.Broadcast)) {
            return value;
        }
        Node unsqueeze = broadcast.input(0).node();
        if (!(unsqueeze.op() instanceof ShapeOp.Unsqueeze) || !Graphs.isAxis(unsqueeze.input(1), 2, 5)) {
            return value;
        }
        Output kv = unsqueeze.input(0);
        Output wide = broadcast.output();
        long kvHeads = Graphs.dim(kv, 1);
        long repeats = Graphs.dim(wide, 2);
        boolean fits = Graphs.hasRank(kv, 4)
                && Graphs.hasRank(wide, 5)
                && Graphs.hasRank(value, 4)
                && kvHeads > 0
                && repeats > 0
                && Graphs.dim(wide, 1) == kvHeads
                && Graphs.dim(value, 1) == kvHeads * repeats
                && Graphs.dim(kv, 3) > 0
                && Graphs.dim(value, 3) == Graphs.dim(kv, 3);
        return fits ? kv : value;
    }

    /** Whether the variable could be turned into a cache. */
    private static boolean cache(Node assign, Node read) {
        Node concat = assign.input(0).node();
        if (!(concat.op() instanceof ShapeOp.Concat op)
                || (op.axis() != 2 && op.axis() != -2)
                || concat.inputs().size() != 2
                || !Graphs.hasRank(concat.output(), 4)
                || !Graphs.isF32(concat.output())
                || read.inputs().size() != 1
                || Graphs.dim(read.input(0), 2) != 0) {
            return false;
        }
        Node gather = concat.input(0).node();
        if (!(gather.op() instanceof GatherScatterOp.Gather g)
                || g.batchDims() != 0
                || gather.input(0) != read.output()
                || !Graphs.isAxis(gather.input(2), 0, 4)
                || !Graphs.hasRank(gather.input(1), 1)) {
            return false;
        }
        Output fresh = concat.input(1);
        if (Graphs.dim(fresh, 1) < 1 || Graphs.dim(fresh, 3) < 1) {
            return false;
        }
        if (concat.output().consumers().stream().anyMatch(c -> c.node().op() instanceof Op.Result)) {
            return false;
        }
        boolean onlyShapes = onlyShapesExcept(read.output(), gather) && onlyShapesExcept(gather.output(), concat);
        if (!onlyShapes) {
            return false;
        }
        String variable = ((Op.ReadValue) read.op()).variableId();
        Output beams = gather.input(1);
        Node past = Node.of(new FusedOp.CachePast(variable), gather.name(), List.of(beams, read.input(0)));
        gather.output().replaceWith(past.output());
        read.output().replaceWith(past.output());
        Graphs.replace(concat.output(), new FusedOp.CacheAppend(variable), List.of(fresh, beams));
        return true;
    }

    private static boolean onlyShapesExcept(Output value, Node reader) {
        for (Input consumer : value.consumers()) {
            Op op = consumer.node().op();
            if (consumer.node() != reader && !(op instanceof ShapeOp.ShapeOf || op instanceof ShapeOp.ShapeOfV1)) {
                return false;
            }
        }
        return true;
    }
}
