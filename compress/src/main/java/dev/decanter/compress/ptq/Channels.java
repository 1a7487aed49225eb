package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import java.util.Arrays;

/**
 * How the elements of a weight belong to channels: those {@code [outer, reduced, inner]} of C order with the same outer
 * and inner index are one output channel.
 *
 * @param shape of the scales: 1 along reduced axes
 */
record Channels(long outer, long reduced, long inner, Shape shape) {
    /** The output channels of a weight of a MatMul, a convolution, or an embedding. */
    static Channels of(Weight weight) {
        Shape shape = weight.data().shape();
        int rank = shape.rank();
        int from;
        int to;
        switch (weight.consumer().op()) {
            case NeuralOp.MatMul product -> {
                from = rank == 1 ? 0 : inputAxis(weight, product, rank);
                to = from + 1;
            }
            case NeuralOp.GroupConvolution _ -> {
                from = 2;
                to = rank;
            }
            default -> {
                // [O, I, kernel…], or the rows of a table
                from = 1;
                to = rank;
            }
        }
        long[] scales = shape.dims();
        Arrays.fill(scales, from, to, 1);
        return new Channels(
                shape.elements(0, from), shape.elements(from, to), shape.elements(to, rank), Shape.of(scales));
    }

    /** One channel of everything. */
    static Channels whole(Shape shape) {
        long[] ones = new long[shape.rank()];
        Arrays.fill(ones, 1);
        return new Channels(1, shape.elements(), 1, Shape.of(ones));
    }

    /** The axis of a weight along which it meets the activation; throws for one that has none. */
    static int inputAxis(Weight weight) {
        int rank = weight.data().shape().rank();
        if (rank == 1) {
            return 0;
        }
        return weight.consumer().op() instanceof NeuralOp.MatMul product ? inputAxis(weight, product, rank) : 1;
    }

    private static int inputAxis(Weight weight, NeuralOp.MatMul product, int rank) {
        boolean transposed = weight.port() == 0 ? product.transposeA() : product.transposeB();
        return transposed == (weight.port() == 1) ? rank - 1 : rank - 2;
    }

    /** The channel axis of what a MatMul or a convolution reads from {@code port}, of rank {@code rank}. */
    static int activationAxis(Node node, int port, int rank) {
        if (!(node.op() instanceof NeuralOp.MatMul product)) {
            return 1;
        }
        if (rank == 1) {
            return 0;
        }
        boolean transposed = port == 0 ? product.transposeA() : product.transposeB();
        return transposed == (port == 1) ? rank - 1 : rank - 2;
    }

    int count() {
        return Math.toIntExact(outer * inner);
    }

    int channel(long element) {
        long block = element / inner;
        return (int) (block / reduced * inner + element % inner);
    }
}
