package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.Optional;

/**
 * A constant matrix as the model stores it, found by looking through what widens it to f32: a conversion from a 16-bit
 * type, or NNCF's subtraction of zero points and multiplication by scales, grouped or not. Arithmetic that the file
 * declares in f16 is done in f32, as OpenVINO's devices do.
 *
 * @param data the stored elements, [N, K] or [K, N], or grouped [N, G, K/G] or [G, K/G, N]
 * @param outputs N
 * @param inputs K
 * @param inputMajor whether it lies as [K, N]
 * @param groupSize inputs that share a scale; K without groups
 * @param scale scales, one a row or a group, or one for all; empty where data is float
 * @param zeroPoint zero points, like scales; empty for 0
 */
record WeightSource(
        Op.Constant data,
        int outputs,
        int inputs,
        boolean inputMajor,
        int groupSize,
        Optional<Op.Constant> scale,
        Optional<Op.Constant> zeroPoint) {

    /** Looks for a matrix behind {@code value}; {@code inputMajor} says how its two axes are to be read. */
    static Optional<WeightSource> match(Output value, boolean inputMajor) {
        Node node = value.node();
        if (value.elementType() != ElementType.F32) {
            return Optional.empty();
        }
        if (node.op() instanceof ShapeOp.Convert) {
            node = node.input(0).node();
        }
        if (node.op() instanceof Op.Constant plain && isFloat(plain.elementType())) {
            return plain(plain, inputMajor);
        }
        Optional<Shape> target = Optional.empty();
        if (node.op() instanceof ShapeOp.Reshape && value.shape().isStatic()) {
            target = Optional.of(value.shape().toShape());
            node = node.input(0).node();
        }
        return quantized(node, target, inputMajor);
    }

    private static boolean isFloat(ElementType type) {
        return type == ElementType.F32 || type == ElementType.F16 || type == ElementType.BF16;
    }

    private static Optional<WeightSource> plain(Op.Constant data, boolean inputMajor) {
        Shape shape = data.shape();
        if (shape.rank() != 2 || shape.elements() == 0 || shape.dim(0) > MAX || shape.dim(1) > MAX) {
            return Optional.empty();
        }
        int k = (int) shape.dim(inputMajor ? 0 : 1);
        int n = (int) shape.dim(inputMajor ? 1 : 0);
        return Optional.of(new WeightSource(data, n, k, inputMajor, k, Optional.empty(), Optional.empty()));
    }

    private static final int MAX = 1 << 30;

    private static Optional<WeightSource> quantized(Node multiply, Optional<Shape> target, boolean inputMajor) {
        if (!(multiply.op() instanceof BinaryOp.Multiply)) {
            return Optional.empty();
        }
        Optional<Op.Constant> scale = constant(multiply.input(1));
        Node centered = multiply.input(0).node();
        Optional<Op.Constant> zero = Optional.empty();
        if (centered.op() instanceof BinaryOp.Subtract) {
            zero = constant(centered.input(1));
            if (zero.isEmpty()) {
                return Optional.empty();
            }
            centered = centered.input(0).node();
        }
        if (scale.isEmpty()
                || !isFloat(scale.get().elementType())
                || !(centered.op() instanceof ShapeOp.Convert)
                || !(centered.input(0).node().op() instanceof Op.Constant data)
                || !isQuantized(data.elementType())) {
            return Optional.empty();
        }
        Shape shape = data.shape();
        boolean grouped = shape.rank() == 3;
        if (shape.elements() == 0 || (!grouped && shape.rank() != 2) || grouped != target.isPresent()) {
            return Optional.empty();
        }
        int n = (int) shape.dim(inputMajor ? -1 : 0);
        int group = (int) shape.dim(inputMajor ? -2 : -1);
        int k = Math.toIntExact(shape.elements() / n);
        WeightSource source = new WeightSource(data, n, k, inputMajor, group, scale, zero);
        boolean shapesFit = (target.isEmpty() || target.get().equals(inputMajor ? Shape.of(k, n) : Shape.of(n, k)))
                && source.fits(scale.get())
                && (zero.isEmpty() || source.fits(zero.get()));
        return shapesFit ? Optional.of(source) : Optional.empty();
    }

    private static boolean isQuantized(ElementType type) {
        return switch (type) {
            case U8, I8, U4, I4 -> true;
            default -> false;
        };
    }

    /** A constant, possibly behind a conversion that changes no value. */
    private static Optional<Op.Constant> constant(Output value) {
        Node node = value.node();
        if (node.op() instanceof ShapeOp.Convert && node.input(0).node().op() instanceof Op.Constant inner) {
            boolean exact = isQuantized(inner.elementType()) || value.elementType() == ElementType.F32;
            return exact ? Optional.of(inner) : Optional.empty();
        }
        return node.op() instanceof Op.Constant constant ? Optional.of(constant) : Optional.empty();
    }

    /** Whether scales or zero points have one entry for all, for each row, or for each row and group. */
    private boolean fits(Op.Constant entries) {
        long count = entries.shape().elements();
        if (count == 1) {
            return true;
        }
        Shape d = data.shape();
        Shape e = entries.shape();
        if (e.rank() != d.rank() || e.dim(inputMajor ? -2 : -1) != 1) {
            return false;
        }
        return count == outputs ? e.dim(inputMajor ? -1 : 0) == outputs : count == (long) outputs * groups();
    }

    int groups() {
        return inputs / groupSize;
    }

    /** Entries of {@code constant} from one output row to the next. */
    long rowStride(Op.Constant constant) {
        long count = constant.shape().elements();
        if (count == 1) {
            return 0;
        }
        return count == outputs || inputMajor ? 1 : groups();
    }

    /** Entries of {@code constant} from one group of inputs to the next. */
    long groupStride(Op.Constant constant) {
        long count = constant.shape().elements();
        if (count == 1 || groups() == 1 || count == outputs) {
            return 0;
        }
        return inputMajor ? outputs : 1;
    }
}
