package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;

/** Attention of one layer with its cache, as Optimum writes it. */
final class DecoderGraph {
    private DecoderGraph() {}

    /** Inputs q, k, v, beam_idx and perhaps mask [?, 1, ?, ?]; states k and v; key heads are repeated. */
    static Model of(int heads, int kvHeads, int d, boolean mask) {
        return Graph.of(g -> {
            Output q = g.input("q", -1, heads, -1, d);
            Output beams = g.input("beam_idx", ElementType.I32, -1);
            Output k = cached(g, "k", g.input("k", -1, kvHeads, -1, d), beams, kvHeads, d);
            Output v = cached(g, "v", g.input("v", -1, kvHeads, -1, d), beams, kvHeads, d);
            Output wideK = repeat(g, k, heads, kvHeads, d);
            Output wideV = repeat(g, v, heads, kvHeads, d);
            Op attention = new NeuralOp.ScaledDotProductAttention(false);
            g.result(
                    mask
                            ? g.op(attention, q, wideK, wideV, g.input("mask", -1, 1, -1, -1))
                            : g.op(attention, q, wideK, wideV));
        });
    }

    private static Output cached(Graph g, String id, Output fresh, Output beams, int kvHeads, int d) {
        Output batch = g.op(
                new GatherScatterOp.Gather(0),
                g.op(new ShapeOp.ShapeOf(ElementType.I64), fresh),
                g.longs(0),
                g.scalar(0));
        Output shape = g.op(new ShapeOp.Concat(0), batch, g.longs(kvHeads), g.longs(0), g.longs(d));
        Output initial = g.op(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), g.floats(Shape.SCALAR, 0), shape);
        Output read = g.op(new Op.ReadValue(id, ElementType.F32, PartialShape.of(-1, kvHeads, -1, d)), initial);
        Output past = g.op(new GatherScatterOp.Gather(0), read, beams, g.scalar(0));
        Output all = g.op(new ShapeOp.Concat(-2), past, fresh);
        g.assign(id, all);
        return all;
    }

    private static Output repeat(Graph g, Output kv, int heads, int kvHeads, int d) {
        if (heads == kvHeads) {
            return kv;
        }
        Output wide = g.op(new ShapeOp.Unsqueeze(), kv, g.scalar(2));
        Output shape = g.op(new ShapeOp.Concat(0), g.longs(1, 1, heads / kvHeads), g.longs(1, 1));
        Output repeated = g.op(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), wide, shape);
        return g.op(new ShapeOp.Reshape(true), repeated, g.longs(0, heads, -1, d));
    }
}
