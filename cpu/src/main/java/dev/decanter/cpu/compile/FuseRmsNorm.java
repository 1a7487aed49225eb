package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;
import java.util.Optional;

/** {@code weight · (x · (1 / sqrt(mean(x², −1) + eps)))} → {@link FusedOp.RmsNorm}, in either operand order. */
final class FuseRmsNorm implements Pass {
    private record Normalized(Output x, float eps) {}

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= node.op() instanceof BinaryOp.Multiply && fuse(node);
        }
        return changed;
    }

    private static boolean fuse(Node scaled) {
        for (int w = 0; w < 2; w++) {
            Output weight = scaled.input(w);
            Optional<Normalized> match = normalized(scaled.input(1 - w));
            if (match.isPresent()) {
                Output x = match.get().x;
                long k = Graphs.dim(x, -1);
                if (k > 0 && Graphs.isF32(x) && Graphs.isVector(weight, k)) {
                    Graphs.replace(scaled.output(), new FusedOp.RmsNorm(match.get().eps), List.of(x, weight));
                    return true;
                }
            }
        }
        return false;
    }

    /** x · (1 / root) or x / root. */
    private static Optional<Normalized> normalized(Output value) {
        Node node = value.node();
        if (node.op() instanceof BinaryOp.Multiply) {
            for (int i = 0; i < 2; i++) {
                Output x = node.input(i);
                Node inverse = node.input(1 - i).node();
                if (inverse.op() instanceof BinaryOp.Divide && Graphs.isConstant(inverse.input(0), 1)) {
                    return root(inverse.input(1), x);
                }
                if (inverse.op() instanceof BinaryOp.Power && Graphs.isConstant(inverse.input(1), -0.5)) {
                    return variance(inverse.input(0), x);
                }
            }
        } else if (node.op() instanceof BinaryOp.Divide) {
            return root(node.input(1), node.input(0));
        }
        return Optional.empty();
    }

    private static Optional<Normalized> root(Output value, Output x) {
        Node node = value.node();
        if (node.op() instanceof UnaryOp.Sqrt) {
            return variance(node.input(0), x);
        }
        boolean power = node.op() instanceof BinaryOp.Power && Graphs.isConstant(node.input(1), 0.5);
        return power ? variance(node.input(0), x) : Optional.empty();
    }

    private static Optional<Normalized> variance(Output value, Output x) {
        Node add = value.node();
        if (!(add.op() instanceof BinaryOp.Add)) {
            return Optional.empty();
        }
        for (int i = 0; i < 2; i++) {
            Optional<Double> eps = Constants.number(add.input(i));
            Node mean = add.input(1 - i).node();
            if (eps.isPresent()
                    && mean.op() instanceof ReduceOp.ReduceMean reduce
                    && reduce.keepDims()
                    && x.shape().hasRank()
                    && Graphs.isAxis(
                            mean.input(1), x.shape().rank() - 1, x.shape().rank())
                    && isSquareOf(mean.input(0).node(), x)) {
                return Optional.of(new Normalized(x, eps.get().floatValue()));
            }
        }
        return Optional.empty();
    }

    private static boolean isSquareOf(Node node, Output x) {
        return switch (node.op()) {
            case BinaryOp.Power _ -> node.input(0) == x && Graphs.isConstant(node.input(1), 2);
            case BinaryOp.Multiply _ -> node.input(0) == x && node.input(1) == x;
            default -> false;
        };
    }
}
