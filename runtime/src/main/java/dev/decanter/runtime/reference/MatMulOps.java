package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.Arrays;
import java.util.List;

/** Matrix products: floats accumulate in double and are rounded once, integers in long and wrap once. */
final class MatMulOps {
    /** Rows of the left matrix that are held unpacked at a time, in elements: bounds the memory, not the result. */
    private static final long BLOCK = 1 << 20;

    private MatMulOps() {}

    /** One operand as matrices: {@code rows × columns} after transposing, with the strides to read it so. */
    private record Side(Elements elements, Shape batch, long rows, long columns, long rowStride, long columnStride) {
        static Side of(Tensor tensor, boolean transpose, boolean left) {
            Shape shape = tensor.shape();
            if (shape.rank() == 0) {
                throw new IrException("a scalar cannot be multiplied as a matrix");
            }
            Elements elements = Elements.of(tensor);
            long size = shape.dim(-1);
            if (shape.rank() == 1) {
                // a vector is a row on the left and a column on the right, however the flags are set
                return left
                        ? new Side(elements, Shape.SCALAR, 1, size, size, 1)
                        : new Side(elements, Shape.SCALAR, size, 1, 1, 1);
            }
            Shape batch = Shape.of(Arrays.copyOf(shape.dims(), shape.rank() - 2));
            return transpose
                    ? new Side(elements, batch, size, shape.dim(-2), 1, size)
                    : new Side(elements, batch, shape.dim(-2), size, size, 1);
        }
    }

    static Tensor matMul(NeuralOp.MatMul op, List<Tensor> inputs, Allocator allocator) {
        Tensor a = inputs.get(0);
        Tensor b = inputs.get(1);
        Values.sameType(a, b);
        Side left = Side.of(a, op.transposeA(), true);
        Side right = Side.of(b, op.transposeB(), false);
        if (left.columns != right.rows) {
            throw new IrException("matrices of shapes " + a.shape() + (op.transposeA() ? " (transposed)" : "") + " and "
                    + b.shape() + (op.transposeB() ? " (transposed)" : "") + " cannot be multiplied");
        }
        Shape batch = Values.broadcast(left.batch, right.batch);
        long[] dims = Arrays.copyOf(batch.dims(), batch.rank() + 2);
        int rank = batch.rank();
        if (a.shape().rank() > 1) {
            dims[rank++] = left.rows;
        }
        if (b.shape().rank() > 1) {
            dims[rank++] = right.columns;
        }
        Tensor out = allocator.allocate(a.elementType(), Shape.of(Arrays.copyOf(dims, rank)));
        Elements to = Elements.of(out);
        boolean whole = Values.isWhole(a.elementType());
        long matrix = left.rows * right.columns;
        Walk.broadcast(batch, left.batch, right.batch).rows((first, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                long leftStart = (at[0] + i * step[0]) * left.rows * left.columns;
                long rightStart = (at[1] + i * step[1]) * right.rows * right.columns;
                if (whole) {
                    wholeProduct(left, leftStart, right, rightStart, to, (first + i) * matrix);
                } else {
                    product(left, leftStart, right, rightStart, to, (first + i) * matrix);
                }
            }
        });
        return out;
    }

    /** For each column of the right matrix, its products with a block of rows of the left one, which are unpacked once. */
    private static void product(Side left, long leftStart, Side right, long rightStart, Elements to, long target) {
        int inner = Math.toIntExact(left.columns);
        long most = Math.max(1, BLOCK / Math.max(inner, 1));
        double[] column = new double[inner];
        for (long firstRow = 0; firstRow < left.rows; firstRow += most) {
            int rows = (int) Math.min(most, left.rows - firstRow);
            double[][] block = new double[rows][inner];
            for (int r = 0; r < rows; r++) {
                left.elements.read(leftStart + (firstRow + r) * left.rowStride, left.columnStride, block[r], inner);
            }
            for (long c = 0; c < right.columns; c++) {
                right.elements.read(rightStart + c * right.columnStride, right.rowStride, column, inner);
                for (int r = 0; r < rows; r++) {
                    to.putDouble(target + (firstRow + r) * right.columns + c, dot(block[r], column));
                }
            }
        }
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static void wholeProduct(Side left, long leftStart, Side right, long rightStart, Elements to, long target) {
        for (long r = 0; r < left.rows; r++) {
            for (long c = 0; c < right.columns; c++) {
                long sum = 0;
                for (long k = 0; k < left.columns; k++) {
                    sum += left.elements.longAt(leftStart + r * left.rowStride + k * left.columnStride)
                            * right.elements.longAt(rightStart + k * right.rowStride + c * right.columnStride);
                }
                to.putLong(target + r * right.columns + c, sum);
            }
        }
    }
}
