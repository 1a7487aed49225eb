package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.Optional;

/**
 * A constant weight read as rows = output channels, columns = all that one output sums over: of a product or a
 * convolution, of floats or of bytes with at most one scale and zero point a row, as post-training quantization and
 * 8-bit compression leave it.
 *
 * @param data the stored elements
 * @param outputs rows, those of all groups of a grouped convolution
 * @param inputs columns
 * @param inputMajor whether columns come first
 * @param scale scales of bytes, one a row or one for all; empty for floats
 * @param zeroPoint zero points, like scales; empty for 0
 */
record ChannelWeight(
        Op.Constant data,
        int outputs,
        int inputs,
        boolean inputMajor,
        Optional<Op.Constant> scale,
        Optional<Op.Constant> zeroPoint) {
    private static final int MOST = 1 << 30;

    /** The matrix [N, K] or [K, N] behind {@code value}. */
    static Optional<ChannelWeight> matrix(Output value, boolean inputMajor) {
        return match(value, inputMajor ? 1 : 0, inputMajor ? 2 : 1)
                .filter(w -> w.data.shape().rank() == 2);
    }

    /** The kernels [O, C, spatial…] behind {@code value}, or [G, O, C, spatial…]. */
    static Optional<ChannelWeight> kernels(Output value, boolean grouped) {
        return match(value, 0, grouped ? 2 : 1);
    }

    boolean isBytes() {
        return scale.isPresent();
    }

    private static Optional<ChannelWeight> match(Output value, int firstOut, int endOut) {
        Node node = value.node();
        if (node.op() instanceof ShapeOp.Convert && value.elementType() == ElementType.F32) {
            node = node.input(0).node();
        }
        if (node.op() instanceof Op.Constant data) {
            return isFloat(data) ? of(data, firstOut, endOut, Optional.empty(), Optional.empty()) : Optional.empty();
        }
        if (!(node.op() instanceof BinaryOp.Multiply)) {
            return Optional.empty();
        }
        Node codes = node.input(0).node();
        Optional<Op.Constant> scale = constant(node.input(1)).filter(ChannelWeight::isFloat);
        Optional<Op.Constant> zero = Optional.empty();
        if (codes.op() instanceof BinaryOp.Subtract) {
            zero = constant(codes.input(1)).filter(c -> isFloat(c) || isByte(c));
            codes = zero.isPresent() ? codes.input(0).node() : node;
        }
        if (scale.isEmpty()
                || !(codes.op() instanceof ShapeOp.Convert)
                || !(codes.input(0).node().op() instanceof Op.Constant data)
                || !isByte(data)) {
            return Optional.empty();
        }
        return of(data, firstOut, endOut, scale, zero);
    }

    private static Optional<ChannelWeight> of(
            Op.Constant data, int firstOut, int endOut, Optional<Op.Constant> scale, Optional<Op.Constant> zero) {
        Shape shape = data.shape();
        if (shape.rank() <= endOut - firstOut || shape.elements() == 0 || shape.elements() > 1L << 40) {
            return Optional.empty();
        }
        long outputs = shape.elements(firstOut, endOut);
        long inputs = shape.elements() / outputs;
        boolean fits = outputs <= MOST
                && inputs <= MOST
                && scale.map(s -> byRow(s, shape, firstOut, endOut)).orElse(true)
                && zero.map(z -> byRow(z, shape, firstOut, endOut)).orElse(true);
        return fits
                ? Optional.of(new ChannelWeight(data, (int) outputs, (int) inputs, firstOut > 0, scale, zero))
                : Optional.empty();
    }

    private static boolean isFloat(Op.Constant c) {
        return switch (c.elementType()) {
            case F32, F16, BF16 -> true;
            default -> false;
        };
    }

    private static boolean isByte(Op.Constant c) {
        return c.elementType() == ElementType.I8 || c.elementType() == ElementType.U8;
    }

    /** A constant, possibly behind a conversion that changes no value. */
    private static Optional<Op.Constant> constant(Output value) {
        Node node = value.node();
        if (!(node.op() instanceof ShapeOp.Convert)) {
            return Graphs.constant(value);
        }
        return Graphs.constant(node.input(0)).filter(c -> value.elementType() == ElementType.F32 || isByte(c));
    }

    /** Whether entries are one for all, or one for each row and the same along all that the row sums over. */
    private static boolean byRow(Op.Constant entries, Shape data, int firstOut, int endOut) {
        Shape shape = entries.shape();
        if (shape.rank() > data.rank()) {
            return false;
        }
        if (shape.elements() == 1) {
            return true;
        }
        for (int i = 0; i < data.rank(); i++) {
            int at = i - data.rank() + shape.rank();
            long own = at < 0 ? 1 : shape.dim(at);
            if (own != (i >= firstOut && i < endOut ? data.dim(i) : 1)) {
                return false;
            }
        }
        return true;
    }

    /** Where rows {@code [first, first + count)} lie, which are all unless columns come last. */
    Packer.Source source(int first, int count) {
        long skipped = (long) first * inputs * data.elementType().bits() / Byte.SIZE;
        return new Packer.Source(data.data().segment(), skipped, format(data), count, inputs, inputMajor);
    }

    /** Scales and zero points of rows from {@code first} on. */
    Quantization quantization(int first) {
        return new Quantization(inputs, entries(scale, first), entries(zeroPoint, first));
    }

    private static Quantization.Entries entries(Optional<Op.Constant> constant, int first) {
        if (constant.isEmpty()) {
            return Quantization.Entries.none();
        }
        Op.Constant c = constant.get();
        boolean one = c.shape().elements() == 1;
        long skipped = one ? 0 : (long) first * c.elementType().bits() / Byte.SIZE;
        return new Quantization.Entries(c.data().segment(), skipped, format(c), one ? 0 : 1, 0);
    }

    private static WeightFormat format(Op.Constant constant) {
        return WeightFormat.valueOf(constant.elementType().name());
    }
}
