package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp.Reduction;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Ops that place elements by index into a copy of the data. Negative indices count from the end. */
final class ScatterOps {
    private ScatterOps() {}

    /** Slices of the updates replace slices of the data along one axis. */
    static Tensor update(List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        Tensor updates = inputs.get(2);
        Values.sameType(data, updates);
        Shape shape = data.shape();
        int axis = Values.axis(Values.scalar(inputs.get(3), "the axis"), shape.rank());
        long count = indices.shape().elements();
        long inner = shape.elements(axis + 1, shape.rank());
        long outer = shape.elements(0, axis);
        if (updates.shape().elements() != outer * count * inner) {
            throw new IrException("updates " + updates + " do not fit data " + data + " and indices " + indices);
        }
        Tensor out = Copier.all(data, shape, allocator);
        Elements index = Elements.of(indices);
        Elements from = Elements.bits(updates);
        Elements to = Elements.bits(out);
        for (long o = 0; o < outer; o++) {
            for (long i = 0; i < count; i++) {
                long at = GatherScatterOps.inRange(index.longAt(i), shape.dim(axis));
                long target = (o * shape.dim(axis) + at) * inner;
                long source = (o * count + i) * inner;
                place(Reduction.NONE, from, source, to, target, inner, data);
            }
        }
        return out;
    }

    /** The last dimension of the indices names a place (or the start of a slice) in the data. */
    static Tensor nd(Reduction reduction, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        Tensor updates = inputs.get(2);
        Values.sameType(data, updates);
        Values.rank(indices, "the indices", 1, Integer.MAX_VALUE);
        Shape shape = data.shape();
        long depth = indices.shape().dim(-1);
        if (depth > shape.rank()) {
            throw new IrException("indices " + indices + " name more dimensions than data " + data + " has");
        }
        long slice = shape.elements((int) depth, shape.rank());
        long tuples = indices.shape().elements(0, indices.shape().rank() - 1);
        if (updates.shape().elements() != tuples * slice) {
            throw new IrException("updates " + updates + " do not fit data " + data + " and indices " + indices);
        }
        Tensor out = Copier.all(data, shape, allocator);
        long[] strides = Walk.strides(shape);
        Elements index = Elements.of(indices);
        Elements from = elements(reduction, updates);
        Elements to = elements(reduction, out);
        for (long t = 0; t < tuples; t++) {
            long at = 0;
            for (int d = 0; d < depth; d++) {
                at += GatherScatterOps.inRange(index.longAt(t * depth + d), shape.dim(d)) * strides[d];
            }
            place(reduction, from, t * slice, to, at, slice, data);
        }
        return out;
    }

    /** Bit patterns where elements are only moved, values where they are computed with. */
    private static Elements elements(Reduction reduction, Tensor tensor) {
        return reduction == Reduction.NONE && tensor.elementType().bits() < 8
                ? Elements.bits(tensor)
                : Elements.of(tensor);
    }

    private static void place(
            Reduction reduction, Elements from, long source, Elements to, long target, long count, Tensor data) {
        boolean whole = !data.elementType().isFloat() || (data.elementType().bits() < 8 && reduction == Reduction.NONE);
        for (long i = 0; i < count; i++) {
            if (whole) {
                to.putLong(target + i, combine(reduction, to.longAt(target + i), from.longAt(source + i)));
            } else {
                to.putDouble(target + i, combine(reduction, to.doubleAt(target + i), from.doubleAt(source + i)));
            }
        }
    }

    private static double combine(Reduction reduction, double old, double update) {
        return switch (reduction) {
            case NONE -> update;
            case SUM, MEAN -> old + update;
            case SUB -> old - update;
            case PROD -> old * update;
            case MIN -> Math.min(old, update);
            case MAX -> Math.max(old, update);
        };
    }

    private static long combine(Reduction reduction, long old, long update) {
        return switch (reduction) {
            case NONE -> update;
            case SUM, MEAN -> old + update;
            case SUB -> old - update;
            case PROD -> old * update;
            case MIN -> Math.min(old, update);
            case MAX -> Math.max(old, update);
        };
    }

    /**
     * Element i of the updates goes where element i is, but with its index along the axis taken from the indices. A
     * reduction combines all updates of a place, and the data's own value if {@code useInitVal}.
     */
    static Tensor elements(Reduction reduction, boolean useInitVal, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        Tensor updates = inputs.get(2);
        Values.sameType(data, updates);
        Shape shape = data.shape();
        int rank = shape.rank();
        int axis = Values.axis(Values.scalar(inputs.get(3), "the axis"), rank);
        if (!indices.shape().equals(updates.shape()) || indices.shape().rank() != rank) {
            throw new IrException("data " + data + ", indices " + indices + " and updates " + updates + " do not fit");
        }
        long total = indices.shape().elements();
        long[] targets = new long[Math.toIntExact(total)];
        targets(shape, indices, axis, targets);

        Tensor out = Copier.all(data, shape, allocator);
        Elements from = elements(reduction, updates);
        Elements to = elements(reduction, out);
        int[] counts = new int[Math.toIntExact(reduction == Reduction.MEAN ? shape.elements() : 0)];
        if (reduction != Reduction.NONE && !useInitVal) {
            double neutral = neutral(reduction);
            for (long target : targets) {
                to.putDouble(target, neutral);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            place(reduction, from, i, to, targets[i], 1, data);
            if (reduction == Reduction.MEAN) {
                counts[(int) targets[i]]++;
            }
        }
        for (int at = 0; at < counts.length; at++) {
            int terms = counts[at] + (useInitVal ? 1 : 0);
            if (counts[at] == 0) {
                continue;
            }
            if (data.elementType().isFloat()) {
                to.putDouble(at, to.doubleAt(at) / terms);
            } else {
                to.putLong(at, Math.floorDiv(to.longAt(at), terms));
            }
        }
        return out;
    }

    /** What a place begins with when its own value does not count; integers saturate at their limits. */
    private static double neutral(Reduction reduction) {
        return switch (reduction) {
            case PROD -> 1;
            case MIN -> Double.POSITIVE_INFINITY;
            case MAX -> Double.NEGATIVE_INFINITY;
            default -> 0;
        };
    }

    private static void targets(Shape shape, Tensor indices, int axis, long[] targets) {
        Elements index = Elements.of(indices);
        long[] strides = Walk.strides(shape);
        long[] own = Walk.strides(indices.shape());
        for (int i = 0; i < targets.length; i++) {
            long at = 0;
            for (int d = 0; d < shape.rank(); d++) {
                long place = i / own[d] % indices.shape().dim(d);
                at += strides[d] * GatherScatterOps.inRange(d == axis ? index.longAt(i) : place, shape.dim(d));
            }
            targets[i] = at;
        }
    }
}
