package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.List;

/**
 * Where only some positions of [batch, positions, size] go on, as before the logits, layers that treat each position by itself
 * compute those alone: a Slice of positions moves up through products, norms and sums, in a decoder to the last attention.
 */
final class CutEarlier implements Pass {
    private static final int POSITIONS = 1;
    private static final int RANK = 3;
    private static final int SLICE_INPUTS = 5;

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        boolean moved = true;
        // a value may lose its other readers when another cut has moved
        while (moved) {
            moved = false;
            for (Node node : model.topologicalOrder()) {
                moved |= isCut(node) && rise(node);
            }
            changed |= moved;
        }
        return changed;
    }

    private static boolean isCut(Node node) {
        return node.op() instanceof ShapeOp.Slice
                && node.inputs().size() == SLICE_INPUTS
                && Graphs.hasRank(node.input(0), RANK)
                && Graphs.isAxis(node.input(4), POSITIONS, RANK)
                && Constants.integers(node.input(4)).filter(a -> a.length == 1).isPresent();
    }

    /** Moves a cut above the node it reads, if that treats positions alike and nothing else reads it. */
    private static boolean rise(Node cut) {
        Output value = cut.input(0);
        Node node = value.node();
        if (!Graphs.onlyConsumer(value)
                || node.outputs().size() != 1
                || !value.names().isEmpty()) {
            return false;
        }
        int operands = switch (node.op()) {
            case FusedOp.Linear _, FusedOp.RmsNorm _, FusedOp.LayerNorm _ -> 1;
            case FusedOp.SwishMultiply _, BinaryOp.Add _, BinaryOp.Multiply _ -> 2;
            case UnaryOp _ when node.inputs().size() == 1 -> 1;
            default -> 0;
        };
        if (operands == 0) {
            return false;
        }
        List<Output> inputs = new ArrayList<>(node.inputs());
        for (int i = 0; i < operands; i++) {
            if (!node.input(i).shape().equals(value.shape()) && !(node.op() instanceof FusedOp.Linear)) {
                return false;
            }
            if (!Graphs.hasRank(node.input(i), RANK)) {
                return false;
            }
        }
        for (int i = 0; i < operands; i++) {
            inputs.set(i, cut(cut, node.input(i)));
        }
        Node lower = Node.of(node.op(), node.name(), inputs);
        cut.output().replaceWith(lower.output());
        cut.disconnect();
        node.disconnect();
        return true;
    }

    /** The same positions of another value, which may be cut already. */
    private static Output cut(Node like, Output value) {
        List<Output> bounds = like.inputs().subList(1, SLICE_INPUTS);
        for (Input reader : value.consumers()) {
            Node node = reader.node();
            if (node.op().equals(like.op())
                    && node.inputs().size() == SLICE_INPUTS
                    && node.inputs().subList(1, SLICE_INPUTS).equals(bounds)) {
                return node.output();
            }
        }
        List<Output> inputs = new ArrayList<>(List.of(value));
        inputs.addAll(bounds);
        return Node.of(like.op(), like.name(), inputs).output();
    }
}
