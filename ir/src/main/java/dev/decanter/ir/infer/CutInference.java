package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Ops that join and cut. */
final class CutInference {
    private CutInference() {}

    static List<OutputSpec> concat(long axis, Call call) {
        call.arity(1, Integer.MAX_VALUE);
        ElementType type = call.sameType(0, call.size());
        int rank = -1;
        for (int i = 0; i < call.size(); i++) {
            PartialShape shape = call.shape(i);
            if (shape.hasRank()) {
                if (rank >= 0 && shape.rank() != rank) {
                    throw call.shapeError("ranks differ", call.size());
                }
                rank = shape.rank();
            }
        }
        if (rank < 0) {
            return Call.one(type, PartialShape.DYNAMIC);
        }
        int at = call.axis(axis, rank);
        Dimension[] dims = Call.dynamic(rank);
        dims[at] = Dimension.of(0);
        for (int i = 0; i < call.size(); i++) {
            PartialShape shape = call.shape(i);
            for (int d = 0; d < rank; d++) {
                Dimension dim = shape.hasRank() ? shape.dim(d) : Dimension.DYNAMIC;
                if (d == at) {
                    dims[d] = dims[d].plus(dim);
                } else if (dims[d].compatible(dim)) {
                    dims[d] = dims[d].intersect(dim);
                } else {
                    throw call.shapeError("sizes of axis " + d + " differ, joined along axis " + at, call.size());
                }
            }
        }
        return Call.one(type, Call.shapeOf(dims));
    }

    static List<OutputSpec> split(long parts, Call call) {
        call.arity(2, 2);
        call.integer(1, "axis");
        if (parts < 1 || parts > 1 << 16) {
            throw call.error("num_splits " + parts + " is not in 1..65536");
        }
        PartialShape data = call.shape(0);
        Long axis = call.scalar(1, "axis");
        PartialShape part = data;
        if (data.hasRank() && axis == null) {
            part = PartialShape.ofRank(data.rank());
        } else if (data.hasRank() && axis != null) {
            int at = call.axis(axis, data.rank());
            Dimension[] dims = data.dims().toArray(Dimension[]::new);
            Dimension whole = dims[at];
            if (whole.isStatic() && whole.min() % parts != 0) {
                throw call.error("axis " + at + " of shape " + data + " cannot be cut into " + parts + " equal parts");
            }
            long low = Math.ceilDiv(whole.min(), parts);
            long high = whole.max() == Dimension.UNBOUNDED ? whole.max() : whole.max() / parts;
            if (high < low) {
                throw call.error("axis " + at + " of shape " + data + " cannot be cut into " + parts + " equal parts");
            }
            dims[at] = new Dimension(low, high);
            part = Call.shapeOf(dims);
        }
        return Collections.nCopies((int) parts, new OutputSpec(call.type(0), part));
    }

    static List<OutputSpec> variadicSplit(Call call) {
        call.arity(3, 3);
        call.integer(1, "axis");
        call.integer(2, "lengths");
        long count = call.count(2, "lengths");
        if (count < 0) {
            throw call.error("the number of parts is not known");
        }
        PartialShape data = call.shape(0);
        ElementType type = call.type(0);
        Long axis = call.scalar(1, "axis");
        ValueBounds lengths = call.bounds(2);
        if (!data.hasRank() || axis == null) {
            PartialShape part = data.hasRank() ? PartialShape.ofRank(data.rank()) : data;
            return Collections.nCopies((int) count, new OutputSpec(type, part));
        }
        int at = call.axis(axis, data.rank());
        Dimension[] parts = lengths == null ? Call.dynamic((int) count) : parts(call, data.dim(at), lengths);
        List<OutputSpec> out = new ArrayList<>(parts.length);
        for (Dimension length : parts) {
            Dimension[] dims = data.dims().toArray(Dimension[]::new);
            dims[at] = length;
            out.add(new OutputSpec(type, Call.shapeOf(dims)));
        }
        return out;
    }

    private static Dimension[] parts(Call call, Dimension whole, ValueBounds lengths) {
        Dimension[] parts = new Dimension[lengths.size()];
        int rest = -1;
        boolean certain = whole.isStatic();
        Dimension sum = Dimension.of(0);
        for (int i = 0; i < parts.length; i++) {
            if (lengths.isExact(i) && lengths.lower(i) == -1) {
                if (rest >= 0) {
                    throw call.error("lengths " + lengths + " have more than one -1");
                }
                rest = i;
            } else if (lengths.upper(i) < -1) {
                throw call.error("lengths " + lengths + " have a negative one");
            } else {
                certain &= lengths.lower(i) >= 0;
                parts[i] = lengths.lower(i) < 0 ? Dimension.DYNAMIC : new Dimension(lengths.lower(i), lengths.upper(i));
                sum = sum.plus(parts[i]);
            }
        }
        boolean tooLong = sum.min() > whole.max();
        if (certain && (tooLong || (rest < 0 && !sum.admits(whole.min())))) {
            throw call.error("lengths " + lengths + " do not add up to " + whole);
        }
        if (rest >= 0) {
            long low = sum.max() == Dimension.UNBOUNDED ? 0 : Math.max(0, whole.min() - sum.max());
            long high = whole.max() == Dimension.UNBOUNDED ? whole.max() : Math.max(low, whole.max() - sum.min());
            parts[rest] = new Dimension(low, high);
        }
        return parts;
    }

    static List<OutputSpec> slice(Call call) {
        call.arity(4, 5);
        String[] names = {"data", "start", "stop", "step", "axes"};
        long count = -1;
        for (int i = 1; i < call.size(); i++) {
            call.integer(i, names[i]);
            long own = call.count(i, names[i]);
            if (own >= 0 && count >= 0 && own != count) {
                throw call.error(names[i] + " has " + own + " values where others have " + count);
            }
            count = Math.max(count, own);
        }
        PartialShape data = call.shape(0);
        if (!data.hasRank()) {
            return Call.one(call.type(0), data);
        }
        Dimension[] dims = data.dims().toArray(Dimension[]::new);
        if (count > dims.length) {
            throw call.error("start, stop and step have " + count + " values, data of shape " + data + " has rank "
                    + dims.length);
        }
        long[] axes = call.has(4) ? call.exact(4) : count < 0 ? null : firstAxes((int) count);
        if (axes == null) {
            for (int i = 0; i < dims.length; i++) {
                dims[i] = new Dimension(0, dims[i].max());
            }
            return Call.one(call.type(0), Call.shapeOf(dims));
        }
        ValueBounds start = call.bounds(1);
        ValueBounds stop = call.bounds(2);
        long[] step = call.exact(3);
        boolean[] seen = new boolean[dims.length];
        for (int i = 0; i < axes.length; i++) {
            int axis = call.axis(axes[i], dims.length);
            if (seen[axis]) {
                throw call.error("axes " + Arrays.toString(axes) + " name an axis twice");
            }
            seen[axis] = true;
            if (start == null || stop == null || step == null) {
                dims[axis] = new Dimension(0, dims[axis].max());
            } else {
                if (step[i] == 0) {
                    throw call.error("step is 0");
                }
                dims[axis] = SliceLength.of(
                        dims[axis], start.lower(i), start.upper(i), stop.lower(i), stop.upper(i), step[i]);
            }
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    private static long[] firstAxes(int count) {
        long[] axes = new long[count];
        for (int i = 0; i < count; i++) {
            axes[i] = i;
        }
        return axes;
    }

    static List<OutputSpec> stridedSlice(ShapeOp.StridedSlice op, Call call) {
        call.arity(3, 4);
        String[] names = {"data", "begin", "end", "strides"};
        long count = -1;
        for (int i = 1; i < call.size(); i++) {
            call.integer(i, names[i]);
            long own = call.count(i, names[i]);
            if (own >= 0 && count >= 0 && own != count) {
                throw call.error(names[i] + " has " + own + " values where others have " + count);
            }
            count = Math.max(count, own);
        }
        PartialShape data = call.shape(0);
        if (!data.hasRank() || count < 0) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        int ellipsis = -1;
        int consumed = 0;
        for (int i = 0; i < count; i++) {
            if (masked(op.ellipsisMask(), i)) {
                if (ellipsis >= 0) {
                    throw call.error("more than one ellipsis");
                }
                ellipsis = i;
            } else if (!masked(op.newAxisMask(), i)) {
                consumed++;
            }
        }
        int hidden = data.rank() - consumed;
        if (hidden < 0) {
            throw call.error(consumed + " axes are cut, data of shape " + data + " has " + data.rank());
        }
        List<Dimension> dims = new ArrayList<>(data.rank() + (int) count);
        int next = 0;
        for (int i = 0; i < count; i++) {
            if (i == ellipsis) {
                for (int h = 0; h < hidden; h++) {
                    dims.add(data.dim(next++));
                }
            } else if (masked(op.newAxisMask(), i)) {
                dims.add(Broadcasting.ONE);
            } else if (masked(op.shrinkAxisMask(), i)) {
                shrink(call, data.dim(next++), i);
            } else {
                dims.add(cut(op, call, data.dim(next++), i));
            }
        }
        while (next < data.rank()) {
            dims.add(data.dim(next++));
        }
        return Call.one(call.type(0), PartialShape.of(dims));
    }

    static boolean masked(List<Long> mask, int at) {
        return at < mask.size() && mask.get(at) == 1;
    }

    private static void shrink(Call call, Dimension dim, int at) {
        ValueBounds begin = call.bounds(1);
        if (begin == null || !begin.isExact(at) || dim.max() == Dimension.UNBOUNDED) {
            return;
        }
        long index = begin.lower(at);
        if (index >= dim.max() || index < -dim.max()) {
            throw call.error("index " + index + " is out of range for a dimension of size " + dim);
        }
    }

    private static Dimension cut(ShapeOp.StridedSlice op, Call call, Dimension dim, int at) {
        ValueBounds begin = call.bounds(1);
        ValueBounds end = call.bounds(2);
        ValueBounds strides = call.bounds(3);
        boolean fromStart = masked(op.beginMask(), at);
        boolean toEnd = masked(op.endMask(), at);
        if (call.has(3) && (strides == null || !strides.isExact(at))) {
            return new Dimension(0, dim.max());
        }
        long step = strides == null ? 1 : strides.lower(at);
        if (step == 0) {
            throw call.error("stride is 0");
        }
        long first = step > 0 ? 0 : Long.MAX_VALUE;
        long last = step > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
        if ((!fromStart && begin == null) || (!toEnd && end == null)) {
            return new Dimension(0, dim.max());
        }
        return SliceLength.of(
                dim,
                fromStart || begin == null ? first : begin.lower(at),
                fromStart || begin == null ? first : begin.upper(at),
                toEnd || end == null ? last : end.lower(at),
                toEnd || end == null ? last : end.upper(at),
                step);
    }
}
