package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;

/**
 * Visits the elements of a shape in C order, together with the places of the same elements in operands that are
 * broadcast, permuted, sliced or reversed: each operand has a start and one stride for each dimension, in elements.
 */
final class Walk {
    /** Receives a row: elements that are neighbours along the last dimension. */
    @FunctionalInterface
    interface Row {
        /**
         * Called once for each row, in order.
         *
         * @param out C-order index of the row's first element
         * @param at each operand's index of it; not to be kept
         * @param step each operand's distance from one element of the row to the next
         * @param count number of elements
         */
        void row(long out, long[] at, long[] step, long count);
    }

    private final long[] dims;
    private final long[][] strides;
    private final long[] starts;

    private Walk(long[] dims, long[][] strides, long[] starts) {
        this.dims = dims;
        this.strides = strides;
        this.starts = starts;
    }

    /** One operand with a stride for each dimension of {@code shape}. */
    static Walk strided(Shape shape, long start, long... strides) {
        return new Walk(shape.dims(), new long[][] {strides}, new long[] {start});
    }

    /** Operands that start at 0, each with a stride for each dimension of {@code shape}. */
    static Walk over(Shape shape, long[]... strides) {
        return new Walk(shape.dims(), strides, new long[strides.length]);
    }

    /** Operands that are broadcast to {@code shape} as NumPy does. */
    static Walk broadcast(Shape shape, Shape... operands) {
        long[][] strides = new long[operands.length][];
        for (int i = 0; i < operands.length; i++) {
            strides[i] = broadcastStrides(operands[i], shape);
        }
        return merged(shape.dims(), strides);
    }

    /** Joins neighbouring dimensions through which every operand goes evenly, so that rows get long. */
    private static Walk merged(long[] dims, long[][] strides) {
        int kept = 0;
        long[] outDims = dims.clone();
        long[][] outStrides = new long[strides.length][];
        for (int s = 0; s < strides.length; s++) {
            outStrides[s] = strides[s].clone();
        }
        for (int d = 0; d < dims.length; d++) {
            if (dims[d] == 1) {
                continue;
            }
            boolean joins = kept > 0;
            for (long[] stride : outStrides) {
                joins = joins && stride[kept - 1] == stride[d] * dims[d];
            }
            if (joins) {
                outDims[kept - 1] *= dims[d];
            } else {
                outDims[kept++] = dims[d];
            }
            for (long[] stride : outStrides) {
                stride[kept - 1] = stride[d];
            }
        }
        long[][] cut = new long[strides.length][];
        for (int s = 0; s < strides.length; s++) {
            cut[s] = java.util.Arrays.copyOf(outStrides[s], kept);
        }
        return new Walk(java.util.Arrays.copyOf(outDims, kept), cut, new long[strides.length]);
    }

    /** C-order strides of {@code shape} in elements. */
    static long[] strides(Shape shape) {
        long[] out = new long[shape.rank()];
        long next = 1;
        for (int d = out.length - 1; d >= 0; d--) {
            out[d] = next;
            next *= shape.dim(d);
        }
        return out;
    }

    /** Strides by which {@code operand} is read when it is broadcast to {@code target}: 0 where it repeats. */
    static long[] broadcastStrides(Shape operand, Shape target) {
        long[] own = strides(operand);
        long[] out = new long[target.rank()];
        int lead = target.rank() - operand.rank();
        if (lead < 0) {
            throw new IrException("shape " + operand + " cannot be broadcast to " + target);
        }
        for (int d = 0; d < operand.rank(); d++) {
            if (operand.dim(d) == target.dim(lead + d)) {
                out[lead + d] = operand.dim(d) == 1 ? 0 : own[d];
            } else if (operand.dim(d) != 1) {
                throw new IrException("shape " + operand + " cannot be broadcast to " + target);
            }
        }
        return out;
    }

    void rows(Row row) {
        int rank = dims.length;
        long count = rank == 0 ? 1 : dims[rank - 1];
        long rows = 1;
        for (int d = 0; d < rank - 1; d++) {
            rows *= dims[d];
        }
        if (count == 0 || rows == 0) {
            return;
        }
        long[] at = starts.clone();
        long[] step = new long[at.length];
        for (int s = 0; s < at.length; s++) {
            step[s] = rank == 0 ? 0 : strides[s][rank - 1];
        }
        long[] index = new long[Math.max(rank - 1, 0)];
        long out = 0;
        for (long r = 0; r < rows; r++) {
            row.row(out, at, step, count);
            out += count;
            advance(index, at);
        }
    }

    /** Moves to the next row: adds to the last index but one and carries. */
    private void advance(long[] index, long[] at) {
        for (int d = index.length - 1; d >= 0; d--) {
            index[d]++;
            for (int s = 0; s < at.length; s++) {
                at[s] += strides[s][d];
            }
            if (index[d] < dims[d]) {
                return;
            }
            for (int s = 0; s < at.length; s++) {
                at[s] -= strides[s][d] * dims[d];
            }
            index[d] = 0;
        }
    }
}
