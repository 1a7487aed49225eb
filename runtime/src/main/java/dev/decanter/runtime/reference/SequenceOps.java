package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Counting, running sums, indices. */
final class SequenceOps {
    private SequenceOps() {}

    /** For an integer output the limits are truncated before counting. */
    static Tensor range(ShapeOp.Range op, List<Tensor> inputs, Allocator allocator) {
        for (Tensor input : inputs) {
            if (input.shape().elements() != 1) {
                throw new IrException("start, stop and step must be scalars, not " + input);
            }
        }
        return op.outputType().isFloat()
                ? realRange(op.outputType(), inputs, allocator)
                : wholeRange(op.outputType(), inputs, allocator);
    }

    private static Tensor realRange(ElementType type, List<Tensor> inputs, Allocator allocator) {
        double start = Elements.of(inputs.get(0)).doubleAt(0);
        double stop = Elements.of(inputs.get(1)).doubleAt(0);
        double step = Elements.of(inputs.get(2)).doubleAt(0);
        double length = Math.max(0, Math.ceil((stop - start) / step));
        if (step == 0 || Double.isNaN(length) || Double.isInfinite(length)) {
            throw new IrException("cannot count from " + start + " to " + stop + " by " + step);
        }
        Tensor out = allocator.allocate(type, Shape.of((long) length));
        Elements to = Elements.of(out);
        for (long i = 0; i < out.shape().elements(); i++) {
            to.putDouble(i, start + (double) i * step);
        }
        return out;
    }

    private static Tensor wholeRange(ElementType type, List<Tensor> inputs, Allocator allocator) {
        long start = whole(inputs.get(0));
        long stop = whole(inputs.get(1));
        long step = whole(inputs.get(2));
        if (step == 0) {
            throw new IrException("cannot count from " + start + " to " + stop + " by 0");
        }
        long distance = step > 0 ? Math.subtractExact(stop, start) : Math.subtractExact(start, stop);
        long length = distance <= 0 ? 0 : (distance - 1) / Math.absExact(step) + 1;
        Tensor out = allocator.allocate(type, Shape.of(length));
        Elements to = Elements.of(out);
        for (long i = 0; i < length; i++) {
            to.putLong(i, start + i * step);
        }
        return out;
    }

    private static long whole(Tensor tensor) {
        Elements elements = Elements.of(tensor);
        return Values.isWhole(tensor.elementType()) ? elements.longAt(0) : (long) elements.doubleAt(0);
    }

    /** Indices in C order, one row for each dimension. */
    static Tensor nonZero(ShapeOp.NonZero op, Tensor data, Allocator allocator) {
        Elements from = Elements.of(data);
        long total = data.shape().elements();
        long found = 0;
        for (long i = 0; i < total; i++) {
            found += from.doubleAt(i) != 0 ? 1 : 0;
        }
        int rank = data.shape().rank();
        long[] strides = Walk.strides(data.shape());
        Tensor out = allocator.allocate(op.outputType(), Shape.of(rank, found));
        Elements to = Elements.of(out);
        long at = 0;
        for (long i = 0; i < total; i++) {
            if (from.doubleAt(i) != 0) {
                for (int d = 0; d < rank; d++) {
                    to.putLong(d * found + at, i / strides[d] % data.shape().dim(d));
                }
                at++;
            }
        }
        return out;
    }

    /** Partial sums of a float type are rounded as they are written, not as they are carried on. */
    static Tensor cumSum(ShapeOp.CumSum op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape shape = data.shape();
        long named = inputs.size() > 1 ? Values.scalar(inputs.get(1), "the axis") : 0;
        int axis = Values.axis(named, shape.rank());
        Tensor out = allocator.allocate(data.elementType(), shape);
        Elements from = Elements.of(data);
        Elements to = Elements.of(out);
        boolean whole = Values.isWhole(data.elementType());
        long size = shape.dim(axis);
        long inner = shape.elements(axis + 1, shape.rank());
        long outer = shape.elements(0, axis);
        for (long lane = 0; lane < outer * inner; lane++) {
            long start = lane / inner * size * inner + lane % inner;
            double sum = 0;
            long wholeSum = 0;
            for (long i = 0; i < size; i++) {
                long at = start + (op.reverse() ? size - 1 - i : i) * inner;
                double before = sum;
                long wholeBefore = wholeSum;
                sum += whole ? 0 : from.doubleAt(at);
                wholeSum += whole ? from.longAt(at) : 0;
                if (whole) {
                    to.putLong(at, op.exclusive() ? wholeBefore : wholeSum);
                } else {
                    to.putDouble(at, op.exclusive() ? before : sum);
                }
            }
        }
        return out;
    }

    /** An index outside of {@code 0..depth−1} switches nothing on. */
    static Tensor oneHot(ShapeOp.OneHot op, List<Tensor> inputs, Allocator allocator) {
        Tensor indices = inputs.get(0);
        long depth = Values.scalar(inputs.get(1), "the depth");
        Tensor on = inputs.get(2);
        Tensor off = inputs.get(3);
        Values.sameType(on, off);
        int rank = indices.shape().rank() + 1;
        int axis = Values.axis(op.axis(), rank);
        long[] dims = new long[rank];
        for (int d = 0; d < rank; d++) {
            dims[d] = d == axis ? depth : indices.shape().dim(d < axis ? d : d - 1);
        }
        Tensor out = allocator.allocate(on.elementType(), Shape.of(dims));
        long total = out.shape().elements();
        Copier fill = new Copier(off, out);
        Copier copier = new Copier(on, out);
        fill.copy(0, 0, 0, total);
        Elements index = Elements.of(indices);
        long inner = out.shape().elements(axis + 1, rank);
        for (long i = 0; i < indices.shape().elements(); i++) {
            long hot = index.longAt(i);
            if (hot >= 0 && hot < depth) {
                copier.copy(0, 1, (i / inner * depth + hot) * inner + i % inner, 1);
            }
        }
        return out;
    }
}
