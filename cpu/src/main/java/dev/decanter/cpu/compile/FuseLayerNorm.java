package dev.decanter.cpu.compile;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;

/** {@code MVN(x, last axis) · weight + bias} → {@link FusedOp.LayerNorm}. */
final class FuseLayerNorm implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= node.op() instanceof BinaryOp.Add
                    && (fuse(node, node.input(0), node.input(1).node())
                            || fuse(node, node.input(1), node.input(0).node()));
        }
        return changed;
    }

    private static boolean fuse(Node add, Output bias, Node multiply) {
        if (!(multiply.op() instanceof BinaryOp.Multiply)) {
            return false;
        }
        for (int i = 0; i < 2; i++) {
            Output weight = multiply.input(i);
            Node norm = multiply.input(1 - i).node();
            if (norm.op() instanceof NeuralOp.Mvn mvn
                    && mvn.normalizeVariance()
                    && mvn.epsMode() == NeuralOp.EpsMode.INSIDE_SQRT) {
                Output x = norm.input(0);
                long k = Graphs.dim(x, -1);
                if (k > 0
                        && Graphs.isF32(x)
                        && Graphs.isAxis(
                                norm.input(1), x.shape().rank() - 1, x.shape().rank())
                        && Graphs.isVector(weight, k)
                        && Graphs.isVector(bias, k)) {
                    Graphs.replace(add.output(), new FusedOp.LayerNorm((float) mvn.eps()), List.of(x, weight, bias));
                    return true;
                }
            }
        }
        return false;
    }
}
