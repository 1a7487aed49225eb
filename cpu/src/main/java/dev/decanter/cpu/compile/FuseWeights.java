package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;
import java.util.Optional;

/**
 * MatMul by a constant matrix → {@link FusedOp.Linear}, by several → {@link FusedOp.BatchedLinear}; Gather of rows of a
 * constant matrix → {@link FusedOp.Embedding}. What else multiplies, convolves or looks up by a compressed constant gets
 * it from {@link FusedOp.Decompress} when it runs. Runs before constants are folded, so that weights stay as the file
 * stores them; a decompression of a form that is not known here is folded to f32.
 */
final class FuseWeights implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= switch (node.op()) {
                case NeuralOp.MatMul op -> linear(node, op) || decompress(node, 0) || decompress(node, 1);
                case GatherScatterOp.Gather op when op.batchDims() == 0 && embedding(node) -> true;
                case GatherScatterOp.Gather _, GatherScatterOp.GatherV7 _, GatherScatterOp.GatherV1 _ ->
                    !isStored(node.input(1)) && decompress(node, 0);
                case NeuralOp.Convolution _, NeuralOp.GroupConvolution _ -> decompress(node, 1);
                default -> false;
            };
        }
        return changed;
    }

    private static boolean linear(Node node, NeuralOp.MatMul op) {
        Output x = node.input(0);
        boolean ranked = x.shape().hasRank();
        if (op.transposeA() || !Graphs.isF32(x) || (ranked && x.shape().rank() == 0)) {
            return false;
        }
        Optional<WeightSource> weight = WeightSource.matchBatch(node.input(1), !op.transposeB());
        if (weight.isEmpty()) {
            return false;
        }
        WeightSource w = weight.get();
        if (w.batch().rank() == 0) {
            Graphs.replace(node.output(), new FusedOp.Linear(w, List.of()), List.of(x));
            return true;
        }
        // a vector has no row that its product could keep
        boolean worthwhile = w.compressed().isPresent() || (w.format().bits() < Float.SIZE && w.matrices() > 1);
        if (!worthwhile || !ranked || x.shape().rank() < 2) {
            return false;
        }
        Graphs.replace(node.output(), new FusedOp.BatchedLinear(w), List.of(x));
        return true;
    }

    private static boolean embedding(Node node) {
        ElementType index = node.input(1).elementType();
        boolean known = index == ElementType.I32 || index == ElementType.I64;
        if (!known || !Graphs.isAxis(node.input(2), 0, 2) || !Graphs.hasRank(node.input(0), 2)) {
            return false;
        }
        Optional<WeightSource> table = WeightSource.match(node.input(0), false).filter(t -> !t.inputMajor());
        table.ifPresent(t -> Graphs.replace(node.output(), new FusedOp.Embedding(t), List.of(node.input(1))));
        return table.isPresent();
    }

    private static boolean decompress(Node node, int input) {
        Output value = node.input(input);
        Optional<Compressed> source = Compressed.match(value);
        source.ifPresent(c -> Graphs.replace(value, new FusedOp.Decompress(c), List.of()));
        return source.isPresent();
    }

    /** Whether a codebook is what is looked into: that is a part of a weight, not a use of one. */
    private static boolean isStored(Output indices) {
        Node node = indices.node();
        return node.op() instanceof Op.Constant
                || (node.op() instanceof ShapeOp.Convert && node.input(0).node().op() instanceof Op.Constant);
    }
}
