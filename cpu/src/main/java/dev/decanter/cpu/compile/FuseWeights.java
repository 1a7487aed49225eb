package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;
import java.util.Optional;

/**
 * MatMul by a constant matrix → {@link FusedOp.Linear}; Gather of rows of a constant matrix → {@link FusedOp.Embedding}.
 * Runs before constants are folded, so that weights stay as the file stores them.
 */
final class FuseWeights implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            Optional<Node> fused = switch (node.op()) {
                case NeuralOp.MatMul op -> linear(node, op);
                case GatherScatterOp.Gather op when op.batchDims() == 0 -> embedding(node);
                default -> Optional.empty();
            };
            changed |= fused.isPresent();
        }
        return changed;
    }

    private static Optional<Node> linear(Node node, NeuralOp.MatMul op) {
        Output x = node.input(0);
        if (op.transposeA()
                || !Graphs.isF32(x)
                || !x.shape().hasRank()
                || x.shape().rank() < 2) {
            return Optional.empty();
        }
        Optional<WeightSource> weight = WeightSource.match(node.input(1), !op.transposeB());
        return weight.map(w -> Graphs.replace(node.output(), new FusedOp.Linear(w, List.of()), List.of(x)));
    }

    private static Optional<Node> embedding(Node node) {
        ElementType index = node.input(1).elementType();
        boolean known = index == ElementType.I32 || index == ElementType.I64;
        if (!known || !Graphs.isAxis(node.input(2), 0, 2) || !Graphs.hasRank(node.input(0), 2)) {
            return Optional.empty();
        }
        return WeightSource.match(node.input(0), false)
                .map(table -> Graphs.replace(node.output(), new FusedOp.Embedding(table), List.of(node.input(1))));
    }
}
