package dev.decanter.ir;

import java.util.Arrays;
import java.util.stream.Collectors;

/** A static shape: sizes of all dimensions, none negative; rank 0 is a scalar. Immutable. */
public final class Shape {
    /** The shape of a scalar. */
    public static final Shape SCALAR = new Shape(new long[0]);

    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /** Throws {@link IrException} for a negative dimension or one whose product overflows. */
    public static Shape of(long... dims) {
        for (long dim : dims) {
            if (dim < 0) {
                throw new IrException("negative dimension in shape " + Arrays.toString(dims));
            }
        }
        Shape shape = new Shape(dims.clone());
        shape.elements();
        return shape;
    }

    public int rank() {
        return dims.length;
    }

    /** Size of dimension {@code axis}; a negative axis counts from the end. */
    public long dim(int axis) {
        return dims[axis < 0 ? axis + dims.length : axis];
    }

    public long[] dims() {
        return dims.clone();
    }

    /** Number of elements; 1 for a scalar. Throws {@link IrException} on overflow. */
    public long elements() {
        return elements(dims, 0, dims.length);
    }

    /** Product of the dimensions {@code from} (included) to {@code to} (excluded). */
    public long elements(int from, int to) {
        return elements(dims, from, to);
    }

    private static long elements(long[] dims, int from, int to) {
        long product = 1;
        boolean overflow = false;
        for (int i = from; i < to; i++) {
            if (dims[i] == 0) {
                return 0;
            }
            overflow |= product > Long.MAX_VALUE / dims[i];
            product *= dims[i];
        }
        if (overflow) {
            throw new IrException("size overflow in shape " + Arrays.toString(dims));
        }
        return product;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** For example {@code [1, 32, 64]}; {@code []} is a scalar. */
    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
