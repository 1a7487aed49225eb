package dev.decanter.cpu.compile;

import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * ReadValue → Gather(beam_idx) → Concat → Assign → {@link FusedOp.CacheAppend}, which writes in place. Where only the shape
 * of the past is asked, {@link FusedOp.CachePast} gives it.
 */
final class FuseCache implements Pass {
    @Override
    public boolean run(Model model) {
        Map<String, Node> reads = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.ReadValue read) {
                reads.put(read.variableId(), node);
            }
        }
        boolean changed = false;
        for (Node sink : List.copyOf(model.sinks())) {
            Node read = sink.op() instanceof Op.Assign assign ? reads.get(assign.variableId()) : null;
            if (read != null && cache(sink, read)) {
                model.sinks().remove(sink);
                sink.disconnect();
                changed = true;
            }
        }
        return changed;
    }

    /** Whether the variable could be turned into a cache. */
    private static boolean cache(Node assign, Node read) {
        Node concat = assign.input(0).node();
        if (!(concat.op() instanceof ShapeOp.Concat along)
                || (along.axis() != 2 && along.axis() != -2)
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
        FusedOp.CachePast op = new FusedOp.CachePast(variable, read.input(0).shape());
        Node past = Node.of(op, gather.name(), List.of(beams));
        gather.output().replaceWith(past.output());
        read.output().replaceWith(past.output());
        Graphs.replace(concat.output(), new FusedOp.CacheAppend(variable, false), List.of(fresh, beams));
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
