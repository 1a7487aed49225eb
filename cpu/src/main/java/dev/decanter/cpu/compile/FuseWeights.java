package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import java.util.List;
import java.util.Optional;

/**
 * MatMul by a constant matrix → {@link FusedOp.Linear}; Gather of rows of a constant matrix → {@link FusedOp.Embedding}.
 * Runs before constants are folded, so that weights stay as the file stores them.
 */
final class FuseWeights implements GraphPass {
    @Override
    public void run(Model model) {
        for (Node node : model.topologicalOrder()) {
            switch (node.op()) {
                case NeuralOp.MatMul op -> linear(node, op);
                case GatherScatterOp.Gather op when op.batchDims() == 0 -> embedding(node);
                default -> {}
            }
        }
        model.removeDead();
    }

    private static void linear(Node node, NeuralOp.MatMul op) {
        Output x = node.input(0);
        if (op.transposeA()
                || !Graphs.isF32(x)
                || !x.shape().hasRank()
                || x.shape().rank() < 2) {
            return;
        }
        Optional<WeightSource> weight = WeightSource.match(node.input(1), !op.transposeB());
        weight.ifPresent(w -> Graphs.replace(node.output(), new FusedOp.Linear(w, List.of()), List.of(x)));
    }

    private static void embedding(Node node) {
        ElementType index = node.input(1).elementType();
        boolean known = index == ElementType.I32 || index == ElementType.I64;
        if (known && Graphs.isAxis(node.input(2), 0, 2) && Graphs.hasRank(node.input(0), 2)) {
            WeightSource.match(node.input(0), false)
                    .ifPresent(table ->
                            Graphs.replace(node.output(), new FusedOp.Embedding(table), List.of(node.input(1))));
        }
    }
}
