package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What passes ask of values again and again. */
final class Graphs {
    private Graphs() {}

    static Optional<Op.Constant> constant(Output value) {
        return value.node().op() instanceof Op.Constant c ? Optional.of(c) : Optional.empty();
    }

    /** Whether {@code value} is a constant of which every element is {@code wanted}. */
    static boolean isConstant(Output value, double wanted) {
        return Constants.numbers(value)
                .filter(v -> v.length > 0 && Arrays.stream(v).allMatch(x -> x == wanted))
                .isPresent();
    }

    /** Elements of an f32 constant; none if {@code value} is something else. */
    static List<Float> floats(Output value) {
        List<Float> out = new ArrayList<>();
        if (value.node().op() instanceof Op.Constant c && c.elementType() == ElementType.F32) {
            MemorySegment memory = c.data().segment();
            for (long i = 0; i < c.shape().elements(); i++) {
                out.add(memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, Float.BYTES * i));
            }
        }
        return out;
    }

    /** Whether the integer constant {@code value} is one axis and means {@code axis} of {@code rank}. */
    static boolean isAxis(Output value, int axis, int rank) {
        return Constants.integer(value)
                .filter(a -> (a < 0 ? a + rank : a) == axis)
                .isPresent();
    }

    /** The size of a static dimension, −1 for a dynamic one or one that does not exist. */
    static long dim(Output value, int axis) {
        PartialShape shape = value.shape();
        if (!shape.hasRank()) {
            return -1;
        }
        int at = axis < 0 ? axis + shape.rank() : axis;
        if (at < 0 || at >= shape.rank()) {
            return -1;
        }
        Dimension dim = shape.dim(at);
        return dim.isStatic() ? dim.size() : -1;
    }

    static boolean hasRank(Output value, int rank) {
        return value.shape().hasRank() && value.shape().rank() == rank;
    }

    static boolean isF32(Output value) {
        return value.elementType() == ElementType.F32;
    }

    static boolean onlyConsumer(Output value) {
        return value.consumers().size() == 1;
    }

    /** Puts a node computing {@code op} where {@code old} was. */
    static Node replace(Output old, Op op, List<Output> inputs) {
        Node node = Node.of(op, old.node().name(), inputs);
        old.replaceWith(node.output());
        return node;
    }

    static boolean isConvolution(Op op) {
        return op instanceof NeuralOp.Convolution || op instanceof NeuralOp.GroupConvolution;
    }

    /** Whether {@code value} multiplies out to a vector along the last axis: [K], [1, K], [1, 1, K] … */
    static boolean isVector(Output value, long size) {
        return isVector(value, size, 1);
    }

    /** As {@link #isVector(Output, long)}, along the axis that {@code fromLast} counts from the last one, which is 1. */
    static boolean isVector(Output value, long size, int fromLast) {
        return constant(value)
                .filter(c -> c.elementType() == ElementType.F32 && c.shape().elements() == size)
                .filter(c ->
                        size == 1 || (c.shape().rank() >= fromLast && c.shape().dim(-fromLast) == size))
                .isPresent();
    }
}
