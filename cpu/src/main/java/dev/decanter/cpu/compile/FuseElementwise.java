package dev.decanter.cpu.compile;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;

/** A constant vector added to a {@link FusedOp.Biased} becomes its bias; {@code swish(a)·b} {@link FusedOp.SwishMultiply}. */
final class FuseElementwise implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= switch (node.op()) {
                case BinaryOp.Add _ -> bias(node);
                case BinaryOp.Multiply _ -> gate(node);
                default -> false;
            };
        }
        return changed;
    }

    private static boolean bias(Node add) {
        for (int i = 0; i < 2; i++) {
            Node linear = add.input(i).node();
            Output bias = add.input(1 - i);
            if (linear.op() instanceof FusedOp.Biased op
                    && op.bias().isEmpty()
                    && Graphs.onlyConsumer(linear.output())
                    && Graphs.isVector(bias, op.outputs(), op.biasAxis())
                    // a bias of higher rank than the product would raise the result's rank
                    && bias.shape().rank() <= rank(linear.output())) {
                Graphs.replace(add.output(), op.withBias(Graphs.floats(bias)), List.of(linear.input(0)));
                return true;
            }
        }
        return false;
    }

    /** The rank of a product, or the least it can be. */
    private static int rank(Output product) {
        return product.shape().hasRank() ? product.shape().rank() : 1;
    }

    private static boolean gate(Node node) {
        for (int i = 0; i < 2; i++) {
            Node swish = node.input(i).node();
            Output up = node.input(1 - i);
            if (swish.op() instanceof UnaryOp.Swish
                    && swish.inputs().size() == 1
                    && Graphs.isF32(up)
                    && Graphs.isF32(swish.output())
                    && Graphs.onlyConsumer(swish.output())
                    && up.shape().hasRank()
                    && up.shape().equals(swish.output().shape())) {
                Graphs.replace(node.output(), new FusedOp.SwishMultiply(), List.of(swish.input(0), up));
                return true;
            }
        }
        return false;
    }
}
