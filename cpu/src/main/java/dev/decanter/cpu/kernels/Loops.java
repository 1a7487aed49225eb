package dev.decanter.cpu.kernels;

import java.util.Arrays;

/**
 * The loops over a strided iteration space: dimensions of length 1 are dropped and neighbours that every operand walks
 * evenly are merged, so that the innermost run is as long as it can be.
 */
final class Loops {
    private final long[] shape;
    private final long[][] strides;
    private final int rank;

    private Loops(long[] shape, long[][] strides, int rank) {
        this.shape = shape;
        this.strides = strides;
        this.rank = rank;
    }

    /**
     * Merges dimensions.
     *
     * @param dims the space, outermost first
     * @param operands strides of each operand in elements
     */
    static Loops of(long[] dims, long[]... operands) {
        long[] shape = new long[Math.max(1, dims.length)];
        long[][] strides = new long[operands.length][shape.length];
        int rank = 0;
        for (int d = 0; d < dims.length; d++) {
            if (dims[d] == 1) {
                continue;
            }
            if (rank > 0 && mergeable(dims[d], d, operands, strides, rank - 1)) {
                rank--;
                shape[rank] *= dims[d];
            } else {
                shape[rank] = dims[d];
            }
            for (int o = 0; o < operands.length; o++) {
                strides[o][rank] = operands[o][d];
            }
            rank++;
        }
        if (rank == 0) {
            shape[0] = 1;
            rank = 1;
        }
        return new Loops(shape, strides, rank);
    }

    private static boolean mergeable(long length, int d, long[][] operands, long[][] strides, int outer) {
        for (int o = 0; o < operands.length; o++) {
            if (strides[o][outer] != operands[o][d] * length) {
                return false;
            }
        }
        return true;
    }

    /** Returns the length of the innermost run. */
    long inner() {
        return shape[rank - 1];
    }

    /** Returns the number of runs. */
    long outer() {
        return Arrays.stream(shape, 0, rank - 1).reduce(1, Math::multiplyExact);
    }

    int rank() {
        return rank;
    }

    long length(int dimension) {
        return shape[dimension];
    }

    long stride(int operand, int dimension) {
        return strides[operand][dimension];
    }

    long innerStride(int operand) {
        return strides[operand][rank - 1];
    }

    /** Returns the element at which an operand's run begins. */
    long offset(int operand, long run) {
        long rest = run;
        long at = 0;
        for (int d = rank - 2; d >= 0; d--) {
            at += rest % shape[d] * strides[operand][d];
            rest /= shape[d];
        }
        return at;
    }
}
