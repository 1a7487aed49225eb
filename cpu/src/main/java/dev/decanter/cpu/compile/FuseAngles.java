package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What rotary embedding reads, cosine and sine of positions times constant frequencies → {@link FusedOp.Angles}, one for all
 * layers that turn alike.
 */
final class FuseAngles implements Pass {
    private static final long[] ORDER = {0, 2, 1};

    /** f(frequencies · positions) · scale, f being cosine or sine. */
    private record Angle(Output positions, List<Float> frequencies, float scale, boolean cosine) {}

    /** Positions and what is done to them. */
    private record Turn(Output positions, FusedOp.Angles op) {}

    @Override
    public boolean run(Model model) {
        Map<Turn, Node> fused = new HashMap<>();
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            if (!(node.op() instanceof FusedOp.Rotary)) {
                continue;
            }
            Optional<Angle> cos = angle(node.input(1)).filter(Angle::cosine);
            Optional<Angle> sin = angle(node.input(2)).filter(a -> !a.cosine());
            if (cos.isEmpty() || sin.isEmpty() || !turn(cos.get()).equals(turn(sin.get()))) {
                continue;
            }
            Turn turn = turn(cos.get());
            String name = node.input(1).node().name();
            Node angles = fused.computeIfAbsent(turn, t -> Node.of(t.op, name, List.of(t.positions)));
            node.replaceInput(1, angles.output(0));
            node.replaceInput(2, angles.output(1));
            changed = true;
        }
        return changed;
    }

    private static Turn turn(Angle angle) {
        return new Turn(angle.positions, new FusedOp.Angles(angle.frequencies, angle.scale));
    }

    /** Unsqueeze([f(x) · scale], 1), where Unsqueeze and the product may stand the other way round. */
    private static Optional<Angle> angle(Output value) {
        Output x = value;
        float scale = 1;
        boolean heads = false;
        while (true) {
            Node node = x.node();
            if (!heads && node.op() instanceof ShapeOp.Unsqueeze && Graphs.isAxis(node.input(1), 1, 4)) {
                heads = true;
            } else if (scale == 1 && node.op() instanceof BinaryOp.Multiply && isScale(node.input(1))) {
                scale = Graphs.floats(node.input(1)).getFirst();
            } else {
                break;
            }
            x = node.input(0);
        }
        boolean cosine = x.node().op() instanceof UnaryOp.Cos;
        if (!heads || !(cosine || x.node().op() instanceof UnaryOp.Sin)) {
            return Optional.empty();
        }
        float factor = scale;
        return product(x.node().input(0))
                .filter(p -> isPositions(p.node().input(1)))
                .map(p -> new Angle(
                        positions(p.node().input(1)), frequencies(p.node().input(0)), factor, cosine))
                .filter(a -> !a.frequencies.isEmpty());
    }

    private static boolean isScale(Output value) {
        return Graphs.floats(value).size() == 1 && value.shape().rank() <= 3;
    }

    /** The product [B, n, S] that is turned and put beside itself. */
    private static Optional<Output> product(Output both) {
        Node concat = both.node();
        boolean doubled = concat.op() instanceof ShapeOp.Concat(long axis)
                && (axis == -1 || axis == 2)
                && Graphs.hasRank(both, 3)
                && concat.inputs().size() == 2
                && concat.input(0) == concat.input(1);
        Node turned = doubled ? concat.input(0).node() : concat;
        boolean fits = doubled
                && turned.op() instanceof ShapeOp.Transpose
                && Constants.integers(turned.input(1))
                        .filter(order -> Arrays.equals(order, ORDER))
                        .isPresent()
                && turned.input(0).node().op() instanceof NeuralOp.MatMul(boolean a, boolean b)
                && !a
                && !b
                && Graphs.hasRank(turned.input(0), 3)
                && Graphs.isF32(turned.input(0));
        return fits ? Optional.of(turned.input(0)) : Optional.empty();
    }

    /** The numbers of a constant [1, n, 1], which may be repeated for each row; none if it is something else. */
    private static List<Float> frequencies(Output value) {
        Node node = value.node();
        Output constant = node.op() instanceof ShapeOp.Broadcast ? node.input(0) : value;
        boolean fits = constant.node().op() instanceof Op.Constant
                && Graphs.hasRank(constant, 3)
                && Graphs.hasRank(value, 3)
                && Graphs.dim(constant, 0) == 1
                && Graphs.dim(constant, 2) == 1
                && Graphs.dim(value, 1) == Graphs.dim(constant, 1)
                && Graphs.dim(value, 2) == 1;
        return fits ? Graphs.floats(constant) : List.of();
    }

    /** Convert(Unsqueeze(positions [B, S], 1)). */
    private static boolean isPositions(Output value) {
        Node convert = value.node();
        if (!(convert.op() instanceof ShapeOp.Convert) || !Graphs.isF32(value)) {
            return false;
        }
        Node unsqueeze = convert.input(0).node();
        return unsqueeze.op() instanceof ShapeOp.Unsqueeze
                && Graphs.isAxis(unsqueeze.input(1), 1, 3)
                && Graphs.hasRank(unsqueeze.input(0), 2)
                && unsqueeze.input(0).elementType() == ElementType.I64;
    }

    private static Output positions(Output value) {
        return value.node().input(0).node().input(0);
    }
}
