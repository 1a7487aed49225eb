package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** ScaledDotProductAttention, without the repetition of key heads before it → {@link FusedOp.Attention}. */
final class FuseAttention implements Pass {
    private final boolean exact;

    /** With {@code exact}, nothing is computed with fewer bits than f32. */
    FuseAttention(boolean exact) {
        this.exact = exact;
    }

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= node.op() instanceof NeuralOp.ScaledDotProductAttention op && attention(node, op);
        }
        return changed;
    }

    private boolean attention(Node node, NeuralOp.ScaledDotProductAttention op) {
        int count = node.inputs().size();
        Output q = node.input(0);
        Output k = withoutRepetition(node.input(1));
        Output v = withoutRepetition(node.input(2));
        for (Output value : List.of(q, k, v)) {
            if (!Graphs.hasRank(value, 4) || !Graphs.isF32(value)) {
                return false;
            }
        }
        long heads = Graphs.dim(q, 1);
        long kvHeads = Graphs.dim(k, 1);
        if (count > 5 || kvHeads < 1 || heads < 1 || heads % kvHeads != 0 || Graphs.dim(v, 1) != kvHeads) {
            return false;
        }
        float scale = Float.NaN;
        if (count == 5) {
            Optional<Double> given = Constants.number(node.input(4));
            if (given.isEmpty()) {
                return false;
            }
            scale = given.get().floatValue();
        }
        List<Output> inputs = new ArrayList<>(List.of(q, k, v));
        if (count > 3 && !op.causal()) {
            Output mask = node.input(3);
            if (mask.elementType() != ElementType.F32
                    || !mask.shape().hasRank()
                    || mask.shape().rank() > 4
                    // one number for all keys is legal, and nothing that the kernel knows
                    || Graphs.dim(mask, -1) == 1) {
                return false;
            }
            // a scalar 0 stands for "no mask" where a scale must follow
            if (mask.shape().rank() > 0) {
                inputs.add(mask);
            } else if (!Graphs.isConstant(mask, 0)) {
                return false;
            }
        }
        Graphs.replace(node.output(), new FusedOp.Attention(scale, op.causal(), exact, false), inputs);
        return true;
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
}
