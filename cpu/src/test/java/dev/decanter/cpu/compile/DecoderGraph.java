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
import java.util.Optional;

/** Attention of one layer with its cache, as Optimum writes it. */
final class DecoderGraph {
    private DecoderGraph() {}

    /** Inputs q, k, v, beam_idx and perhaps mask [?, 1, ?, ?]; states k and v; key heads are repeated. */
    static Model of(int heads, int kvHeads, int d, boolean mask) {
        return of(heads, kvHeads, d, mask, false);
    }

    /** As the other; q, k, v and the result are [batch, positions, heads, size] if {@code turned}, as around products. */
    static Model of(int heads, int kvHeads, int d, boolean mask, boolean turned) {
        return Graph.of(g -> {
            Output q = input(g, "q", heads, d, turned);
            Output beams = g.input("beam_idx", ElementType.I32, -1);
            Output k = input(g, "k", kvHeads, d, turned);
            Output v = input(g, "v", kvHeads, d, turned);
            Optional<Output> hidden = mask ? Optional.of(g.input("mask", -1, 1, -1, -1)) : Optional.empty();
            Output result = attend(g, q, k, v, beams, hidden, heads, kvHeads, d);
            g.result(turned ? turn(g, result) : result);
        });
    }

    /** Attention of queries [batch, heads, positions, d] with all keys and values of the states k and v. */
    static Output attend(
            Graph g, Output q, Output k, Output v, Output beams, Optional<Output> mask, int heads, int kvHeads, int d) {
        Output wideK = repeat(g, cached(g, "k", k, beams, kvHeads, d), heads, kvHeads, d);
        Output wideV = repeat(g, cached(g, "v", v, beams, kvHeads, d), heads, kvHeads, d);
        Op attention = new NeuralOp.ScaledDotProductAttention(false);
        return mask.isPresent() ? g.op(attention, q, wideK, wideV, mask.get()) : g.op(attention, q, wideK, wideV);
    }

    /** As the first, with a mask that the graph computes. */
    static Model of(int heads, int kvHeads, int d, Mask mask) {
        return Graph.of(g -> {
            Output q = input(g, "q", heads, d, false);
            Output beams = g.input("beam_idx", ElementType.I32, -1);
            Output k = cached(g, "k", input(g, "k", kvHeads, d, false), beams, kvHeads, d);
            Output v = cached(g, "v", input(g, "v", kvHeads, d, false), beams, kvHeads, d);
            Output added = mask.of(g, k.node().input(0));
            g.result(g.op(
                    new NeuralOp.ScaledDotProductAttention(false),
                    q,
                    repeat(g, k, heads, kvHeads, d),
                    repeat(g, v, heads, kvHeads, d),
                    added));
        });
    }

    /** Builds a mask. */
    @FunctionalInterface
    interface Mask {
        /** From the past keys [batch, heads, past, size]. */
        Output of(Graph g, Output past);
    }

    /** Exchanges heads and positions. */
    static Output turn(Graph g, Output x) {
        return g.op(new ShapeOp.Transpose(), x, g.longs(0, 2, 1, 3));
    }

    private static Output input(Graph g, String name, int heads, int d, boolean turned) {
        return turned ? turn(g, g.input(name, -1, -1, heads, d)) : g.input(name, -1, heads, -1, d);
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
