package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.CodeTable;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.Optional;

/**
 * A constant of eight bits or less an element and what makes f32 of it: {@code (number − zeroPoint) · scale}, found by
 * looking through the graph that declares it.
 *
 * @param data the stored integers or codes
 * @param codebook numbers that the codes choose from, where the model has a table of its own
 * @param scale scales, of a shape that can be broadcast to the data's; empty for 1
 * @param factor what all scales are multiplied by
 * @param zeroPoint zero points, like scales; empty for 0
 * @param shape of the f32 value: that of the data, or another with the same elements in the same order
 */
record Compressed(
        Op.Constant data,
        Optional<Op.Constant> codebook,
        Optional<Op.Constant> scale,
        float factor,
        Optional<Op.Constant> zeroPoint,
        Shape shape) {

    /** Looks for a compressed constant behind an f32 value. */
    static Optional<Compressed> match(Output value) {
        if (value.elementType() != ElementType.F32 || !value.shape().isStatic()) {
            return Optional.empty();
        }
        Shape shape = value.shape().toShape();
        Node node = value.node();
        if (node.op() instanceof ShapeOp.Reshape) {
            node = node.input(0).node();
        }
        return scaled(node, shape).filter(Compressed::fits);
    }

    private static Optional<Compressed> scaled(Node node, Shape shape) {
        if (!(node.op() instanceof BinaryOp.Multiply)) {
            return centered(node, shape);
        }
        Optional<Scale> scale = Scale.of(node.input(1));
        return scale.flatMap(s -> centered(node.input(0).node(), shape)
                .map(c -> new Compressed(c.data, c.codebook, Optional.of(s.stored), s.factor, c.zeroPoint, shape)));
    }

    private static Optional<Compressed> centered(Node node, Shape shape) {
        if (!(node.op() instanceof BinaryOp.Subtract)) {
            return codes(node, shape);
        }
        Optional<Op.Constant> zero = entries(node.input(1));
        return codes(node.input(0).node(), shape)
                .filter(_ -> zero.isPresent())
                .map(c -> new Compressed(c.data, c.codebook, c.scale, c.factor, zero, shape));
    }

    private static Optional<Compressed> codes(Node node, Shape shape) {
        Optional<Op.Constant> codebook = Optional.empty();
        Output stored = node.inputs().isEmpty() ? node.output() : node.input(0);
        if (node.op() instanceof GatherScatterOp.Gather gather) {
            codebook = entries(node.input(0));
            boolean table = codebook.isPresent() && codebook.get().shape().rank() == 1;
            if (!table || gather.batchDims() != 0 || !Graphs.isAxis(node.input(2), 0, 1)) {
                return Optional.empty();
            }
            Node index = node.input(1).node();
            stored = index.op() instanceof ShapeOp.Convert ? index.input(0) : node.input(1);
        } else if (!(node.op() instanceof ShapeOp.Convert)) {
            return Optional.empty();
        }
        boolean coded = codebook.isPresent();
        return Graphs.constant(stored)
                .filter(c -> coded ? isIndex(c.elementType()) : isCompressed(c.elementType()))
                .map(c -> new Compressed(c, codebookOf(node), Optional.empty(), 1, Optional.empty(), shape));
    }

    private static Optional<Op.Constant> codebookOf(Node node) {
        return node.op() instanceof GatherScatterOp.Gather ? entries(node.input(0)) : Optional.empty();
    }

    private static boolean isIndex(ElementType type) {
        return type == ElementType.U4 || type == ElementType.U8;
    }

    private static boolean isCompressed(ElementType type) {
        return type.bits() <= Byte.SIZE && CodeTables.format(type).isPresent();
    }

    /** A constant of a type that kernels read, possibly behind a conversion to f32, which changes no value. */
    private static Optional<Op.Constant> entries(Output value) {
        Node node = value.node();
        Output stored = node.op() instanceof ShapeOp.Convert ? node.input(0) : value;
        return Graphs.constant(stored)
                .filter(_ -> value.elementType() == ElementType.F32)
                .filter(c -> CodeTables.format(c.elementType()).isPresent());
    }

    /** Scales, which may have a factor in common. */
    private record Scale(Op.Constant stored, float factor) {
        static Optional<Scale> of(Output value) {
            if (!(value.node().op() instanceof BinaryOp.Multiply)) {
                return entries(value).map(e -> new Scale(e, 1));
            }
            Output left = value.node().input(0);
            Output right = value.node().input(1);
            return ofProduct(left, right).or(() -> ofProduct(right, left));
        }

        private static Optional<Scale> ofProduct(Output entries, Output factor) {
            return entries(factor)
                    .filter(f -> f.shape().elements() == 1)
                    // a factor of higher rank would raise that of the product
                    .filter(f -> entries.shape().hasRank()
                            && f.shape().rank() <= entries.shape().rank())
                    .flatMap(f -> entries(entries).map(e -> new Scale(e, CodeTables.numbers(f)[0])));
        }
    }

    /** Whether scales and zero points are repeated to the data's shape, and never the data to theirs. */
    private boolean fits() {
        return shape.elements() == data.shape().elements()
                && shape.elements() > 0
                && scale.map(s -> repeats(s.shape())).orElse(true)
                && zeroPoint.map(z -> repeats(z.shape())).orElse(true);
    }

    private boolean repeats(Shape entries) {
        Shape all = data.shape();
        if (entries.rank() > all.rank()) {
            return false;
        }
        for (int i = 1; i <= entries.rank(); i++) {
            if (entries.dim(-i) != 1 && entries.dim(-i) != all.dim(-i)) {
                return false;
            }
        }
        return true;
    }

    /** Entries of {@code constant} from one element of the data to the next, along each of the data's dimensions. */
    long[] strides(Op.Constant constant) {
        Shape entries = constant.shape();
        long[] strides = new long[data.shape().rank()];
        long next = 1;
        for (int i = 1; i <= entries.rank(); i++) {
            strides[strides.length - i] = entries.dim(-i) == 1 ? 0 : next;
            next *= entries.dim(-i);
        }
        return strides;
    }

    /** How the kernels read the data. */
    WeightFormat format() {
        if (codebook.isPresent()) {
            return data.elementType() == ElementType.U4 ? WeightFormat.CODE4 : WeightFormat.CODE8;
        }
        return CodeTables.format(data.elementType()).orElseThrow();
    }

    /** What the data's codes stand for, if they are codes. */
    Optional<CodeTable> table() {
        return codebook.map(c -> CodeTable.of(format(), CodeTables.numbers(c)))
                .or(() -> CodeTables.table(data.elementType()));
    }

    /** The scales, with the strides by which rows and groups follow them. */
    Quantization.Entries scales(long rowStride, long groupStride) {
        return scale.map(s -> entries(s, rowStride, groupStride, factor)).orElseGet(Quantization.Entries::ones);
    }

    /** The zero points, like {@link #scales}. */
    Quantization.Entries zeroPoints(long rowStride, long groupStride) {
        return zeroPoint.map(z -> entries(z, rowStride, groupStride, 1)).orElseGet(Quantization.Entries::none);
    }

    private static Quantization.Entries entries(Op.Constant constant, long rowStride, long groupStride, float factor) {
        ElementType type = constant.elementType();
        return new Quantization.Entries(
                constant.data().segment(),
                0,
                CodeTables.format(type).orElseThrow(),
                rowStride,
                groupStride,
                factor,
                CodeTables.table(type));
    }
}
