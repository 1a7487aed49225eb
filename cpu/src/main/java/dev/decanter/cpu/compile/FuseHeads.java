package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Transpositions between [batch, positions, heads, size], as products have it, and [batch, heads, positions, size] go into
 * what reads or writes heads: rotary embedding, caches and attention address either.
 */
final class FuseHeads implements Pass {
    private static final long[] ORDER = {0, 2, 1, 3};

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= switch (node.op()) {
                case FusedOp.Rotary op when !op.turned() -> input(node, new FusedOp.Rotary(true));
                case FusedOp.CacheAppend op
                when !op.turned() -> input(node, new FusedOp.CacheAppend(op.variable(), true));
                case ShapeOp.Transpose _ -> output(node);
                default -> false;
            };
        }
        return changed;
    }

    private static boolean turns(Node node) {
        return node.op() instanceof ShapeOp.Transpose
                && Graphs.hasRank(node.input(0), ORDER.length)
                && Graphs.isF32(node.input(0))
                && Constants.integers(node.input(1))
                        .filter(order -> Arrays.equals(order, ORDER))
                        .isPresent();
    }

    private static boolean input(Node node, FusedOp turned) {
        Node transpose = node.input(0).node();
        if (!turns(transpose)) {
            return false;
        }
        List<Output> inputs = new ArrayList<>(node.inputs());
        inputs.set(0, transpose.input(0));
        Graphs.replace(node.output(), turned, inputs);
        return true;
    }

    private static boolean output(Node transpose) {
        if (!turns(transpose)) {
            return false;
        }
        Output heads = transpose.input(0);
        if (!(heads.node().op()
                        instanceof FusedOp.Attention(float scale, boolean causal, boolean exact, boolean turned))
                || turned
                || !Graphs.onlyConsumer(heads)) {
            return false;
        }
        Graphs.replace(
                transpose.output(),
                new FusedOp.Attention(scale, causal, exact, true),
                heads.node().inputs());
        return true;
    }
}
