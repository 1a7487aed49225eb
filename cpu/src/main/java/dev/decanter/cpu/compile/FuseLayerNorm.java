package dev.decanter.cpu.compile;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import java.util.List;

/** {@code MVN(x, last axis) · weight + bias} → {@link FusedOp.LayerNorm}. */
final class FuseLayerNorm implements GraphPass {
    @Override
    public void run(Model model) {
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof BinaryOp.Add) {
                for (int i = 0; i < 2; i++) {
                    if (fuse(node, node.input(i), node.input(1 - i).node())) {
                        break;
                    }
                }
            }
        }
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
