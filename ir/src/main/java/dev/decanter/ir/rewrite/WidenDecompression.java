package dev.decanter.ir.rewrite;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Does the arithmetic of weight decompression in f32. NNCF's graphs declare it in f16 (integers converted to f16, minus
 * zero points, times scales, then converted to f32); OpenVINO's devices compute {@code (q − z)·s} with the stored f16
 * scale but without rounding in between, and so do ours.
 */
public final class WidenDecompression {
    private WidenDecompression() {}

    /** Rewrites every {@code Convert(f32) ← [Reshape ←] Multiply ← [Subtract ←] Convert(f16) ← integers} of {@code model}. */
    public static void run(Model model) {
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof ShapeOp.Convert convert && convert.destinationType() == ElementType.F32) {
                widen(node.input(0)).ifPresent(wide -> node.output().replaceWith(wide));
            }
        }
        model.removeDead();
    }

    /** The f32 twin of an f16 value that is part of a decompression. */
    private static Optional<Output> widen(Output value) {
        Node node = value.node();
        if (value.elementType() != ElementType.F16) {
            return Optional.empty();
        }
        return switch (node.op()) {
            case ShapeOp.Reshape reshape ->
                widen(node.input(0)).map(data -> twin(reshape, node, List.of(data, node.input(1))));
            case BinaryOp.Multiply multiply -> scaled(node).map(inputs -> twin(multiply, node, inputs));
            default -> Optional.empty();
        };
    }

    private static Optional<List<Output>> scaled(Node multiply) {
        Output scale = multiply.input(1);
        if (!(scale.node().op() instanceof Op.Constant) || scale.elementType() != ElementType.F16) {
            return Optional.empty();
        }
        return integers(multiply.input(0)).map(data -> List.of(data, convert(scale, scale)));
    }

    private static Optional<Output> integers(Output value) {
        Node node = value.node();
        if (node.op() instanceof BinaryOp.Subtract subtract) {
            List<Output> sides = new ArrayList<>(2);
            for (Output side : node.inputs()) {
                integers(side).ifPresent(sides::add);
            }
            return sides.size() == 2 ? Optional.of(twin(subtract, node, sides)) : Optional.empty();
        }
        boolean converted = node.op() instanceof ShapeOp.Convert
                && node.input(0).node().op() instanceof Op.Constant constant
                && constant.elementType().isInteger();
        return converted ? Optional.of(convert(node.input(0), value)) : Optional.empty();
    }

    private static Output convert(Output source, Output namedLike) {
        return Node.of(new ShapeOp.Convert(ElementType.F32), namedLike.node().name(), source)
                .output();
    }

    private static Output twin(Op op, Node original, List<Output> inputs) {
        return Node.of(op, original.name(), inputs).output();
    }
}
