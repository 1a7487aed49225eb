package dev.decanter.cpu.compile;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;
import java.util.Optional;

/**
 * Convolutions by a constant weight → {@link FusedOp.Convolution}, floats or bytes by channel staying as the file stores
 * them. Runs after {@link FuseInt8}, which takes those of codes, and before constants are folded.
 */
final class FuseConvolution implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            Optional<FusedOp.Convolution> fused =
                    Graphs.isConvolution(node.op()) && Graphs.isF32(node.input(0)) ? match(node) : Optional.empty();
            fused.ifPresent(op -> Graphs.replace(node.output(), op, List.of(node.input(0))));
            changed |= fused.isPresent();
        }
        return changed;
    }

    /** A convolution of numbers, if its weight is known and one to three dimensions are convolved. */
    static Optional<FusedOp.Convolution> match(Node node) {
        boolean grouped = node.op() instanceof NeuralOp.GroupConvolution;
        Output x = node.input(0);
        Output w = node.input(1);
        if (!x.shape().hasRank() || !w.shape().isStatic()) {
            return Optional.empty();
        }
        int spatial = x.shape().rank() - 2;
        Shape kernel = w.shape().toShape();
        if (spatial < 1 || spatial > 3 || kernel.rank() != spatial + (grouped ? 3 : 2)) {
            return Optional.empty();
        }
        return ChannelWeight.kernels(w, grouped)
                .filter(weight -> weight.data().shape().equals(kernel))
                .map(weight ->
                        new FusedOp.Convolution((NeuralOp) node.op(), kernel, weight, Optional.empty(), List.of()));
    }
}
