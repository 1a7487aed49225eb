package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.List;

/**
 * {@code x·cos + concat(−x[D/2:], x[:D/2])·sin} → {@link FusedOp.Rotary}. The halves are taken by Slice (exports from
 * 2025 on), StridedSlice (2024), Split or VariadicSplit.
 */
final class FuseRotary implements Pass {
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= node.op() instanceof BinaryOp.Add
                    && node.input(0).node().op() instanceof BinaryOp.Multiply
                    && node.input(1).node().op() instanceof BinaryOp.Multiply
                    && (fuse(node, node.input(0).node(), node.input(1).node())
                            || fuse(node, node.input(1).node(), node.input(0).node()));
        }
        return changed;
    }

    private static boolean fuse(Node add, Node straight, Node rotated) {
        for (int i = 0; i < 2; i++) {
            Output x = straight.input(i);
            Output cos = straight.input(1 - i);
            for (int j = 0; j < 2; j++) {
                Output sin = rotated.input(j);
                if (isRotationOf(rotated.input(1 - j).node(), x) && isAngle(cos, x) && isAngle(sin, x)) {
                    Graphs.replace(add.output(), new FusedOp.Rotary(false), List.of(x, cos, sin));
                    return true;
                }
            }
        }
        return false;
    }

    /** [B, 1, S, D] beside x [B, H, S, D]. */
    private static boolean isAngle(Output angle, Output x) {
        return Graphs.isF32(angle)
                && Graphs.isF32(x)
                && Graphs.hasRank(x, 4)
                && Graphs.hasRank(angle, 4)
                && Graphs.dim(angle, 1) == 1
                && Graphs.dim(x, -1) > 0
                && Graphs.dim(angle, -1) == Graphs.dim(x, -1);
    }

    private static boolean isRotationOf(Node concat, Output x) {
        long d = Graphs.dim(x, -1);
        if (!(concat.op() instanceof ShapeOp.Concat op)
                || concat.inputs().size() != 2
                || d % 2 != 0
                || d < 2
                || (op.axis() != -1 && op.axis() != x.shape().rank() - 1)) {
            return false;
        }
        Node negated = concat.input(0).node();
        Output second;
        if (negated.op() instanceof UnaryOp.Negative) {
            second = negated.input(0);
        } else if (negated.op() instanceof BinaryOp.Multiply && Graphs.isConstant(negated.input(1), -1)) {
            second = negated.input(0);
        } else {
            return false;
        }
        return isRange(second, x, d / 2, d) && isRange(concat.input(1), x, 0, d / 2);
    }

    /** Whether {@code value} is x[..., from:to]. */
    private static boolean isRange(Output value, Output x, long from, long to) {
        Node node = value.node();
        if (node.inputs().isEmpty() || node.input(0) != x) {
            return false;
        }
        int rank = x.shape().rank();
        long d = Graphs.dim(x, -1);
        return switch (node.op()) {
            case ShapeOp.Slice _ ->
                node.inputs().size() == 5
                        && Graphs.isAxis(node.input(4), rank - 1, rank)
                        && Constants.integer(node.input(3)).filter(s -> s == 1).isPresent()
                        && bound(Constants.integer(node.input(1)).orElse(-1L), d) == from
                        && bound(Constants.integer(node.input(2)).orElse(-1L), d) == to
                        && Constants.integer(node.input(1)).isPresent()
                        && Constants.integer(node.input(2)).isPresent();
            case ShapeOp.StridedSlice slice -> isLastAxisSlice(slice, node, rank, d, from, to);
            case ShapeOp.Split split ->
                split.numSplits() == 2
                        && Graphs.isAxis(node.input(1), rank - 1, rank)
                        && value.index() == (from == 0 ? 0 : 1);
            case ShapeOp.VariadicSplit _ ->
                node.outputs().size() == 2
                        && Graphs.isAxis(node.input(1), rank - 1, rank)
                        && Graphs.dim(value, -1) == d / 2
                        && value.index() == (from == 0 ? 0 : 1);
            default -> false;
        };
    }

    private static long bound(long value, long size) {
        return Math.max(0, Math.min(size, value < 0 ? value + size : value));
    }

    private static boolean isLastAxisSlice(
            ShapeOp.StridedSlice slice, Node node, int rank, long d, long from, long to) {
        long[] begin = Constants.integers(node.input(1)).orElse(new long[0]);
        long[] end = Constants.integers(node.input(2)).orElse(new long[0]);
        long[] stride = node.inputs().size() > 3
                ? Constants.integers(node.input(3)).orElse(new long[0])
                : new long[] {1, 1, 1, 1};
        if (begin.length != rank || end.length != rank || stride.length < rank) {
            return false;
        }
        if (anySet(slice.newAxisMask()) || anySet(slice.shrinkAxisMask()) || anySet(slice.ellipsisMask())) {
            return false;
        }
        for (int i = 0; i < rank; i++) {
            boolean last = i == rank - 1;
            boolean whole = isSet(slice.beginMask(), i) && isSet(slice.endMask(), i);
            if (stride[i] != 1 || (!last && !whole)) {
                return false;
            }
        }
        long first = isSet(slice.beginMask(), rank - 1) ? 0 : bound(begin[rank - 1], d);
        long stop = isSet(slice.endMask(), rank - 1) ? d : bound(end[rank - 1], d);
        return first == from && stop == to;
    }

    private static boolean isSet(List<Long> mask, int index) {
        return index < mask.size() && mask.get(index) == 1;
    }

    private static boolean anySet(List<Long> mask) {
        return mask.contains(1L);
    }
}
