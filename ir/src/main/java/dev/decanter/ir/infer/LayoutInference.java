package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ops that lay the same values out in another shape, or repeat them. */
final class LayoutInference {
    private LayoutInference() {}

    static List<OutputSpec> reshape(ShapeOp.Reshape op, Call call) {
        call.arity(2, 2);
        call.integer(1, "the target shape");
        long count = call.count(1, "the target shape");
        ValueBounds target = call.bounds(1);
        PartialShape shape;
        if (call.shape(1).hasRank() && call.shape(1).rank() == 0) {
            if (target != null && (target.lower(0) > 1 || target.upper(0) < 1)) {
                throw call.error("a scalar target shape must be 1, not " + target);
            }
            shape = Call.shapeOf();
        } else if (target == null) {
            shape = count < 0 ? PartialShape.DYNAMIC : PartialShape.ofRank((int) count);
        } else {
            shape = new ReshapeTarget(call, target, op.specialZero()).resolve();
        }
        return Call.one(call.type(0), shape);
    }

    static List<OutputSpec> squeeze(Call call, boolean allowAxisSkip) {
        call.arity(1, 2);
        call.integer(1, "axes");
        PartialShape data = call.shape(0);
        long[] axes = call.has(1) ? call.exact(1) : new long[0];
        long count = call.has(1) ? call.count(1, "axes") : 0;
        if (!data.hasRank()) {
            return Call.one(call.type(0), data);
        }
        int rank = data.rank();
        if (axes == null) {
            boolean certain = count == 1 && rank > 0 && !allowAxisSkip;
            return Call.one(call.type(0), certain ? squeezeOneUnknown(data) : PartialShape.DYNAMIC);
        }
        boolean all = axes.length == 0;
        boolean[] named = call.axes(axes, rank);
        List<Dimension> dims = new ArrayList<>(rank);
        for (int i = 0; i < rank; i++) {
            Dimension dim = data.dim(i);
            if ((!all && !named[i]) || !dim.admits(1)) {
                // since OpenVINO 2024.3, a named axis whose size is not 1 stays
                dims.add(dim);
            } else if (!dim.isStatic() && (all || allowAxisSkip)) {
                return Call.one(call.type(0), PartialShape.DYNAMIC);
            }
        }
        return Call.one(call.type(0), PartialShape.of(dims));
    }

    private static PartialShape squeezeOneUnknown(PartialShape data) {
        for (Dimension dim : data.dims()) {
            if (dim.admits(1)) {
                return PartialShape.ofRank(data.rank() - 1);
            }
        }
        return data;
    }

    static List<OutputSpec> unsqueeze(Call call) {
        call.arity(2, 2);
        call.integer(1, "axes");
        PartialShape data = call.shape(0);
        long count = call.count(1, "axes");
        if (!data.hasRank() || count < 0) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        int rank = (int) (data.rank() + count);
        long[] axes = call.exact(1);
        if (axes == null) {
            return Call.one(call.type(0), PartialShape.ofRank(rank));
        }
        boolean[] named = call.axes(axes, rank);
        Dimension[] dims = new Dimension[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            if (named[i]) {
                dims[i] = Broadcasting.ONE;
            } else if (next < data.rank()) {
                dims[i] = data.dim(next++);
            } else {
                throw call.error("axes " + Arrays.toString(axes) + " name an axis twice");
            }
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    static List<OutputSpec> transpose(Call call) {
        call.arity(2, 2);
        call.integer(1, "order");
        PartialShape data = call.shape(0);
        long count = call.count(1, "order");
        long[] order = call.exact(1);
        if (data.hasRank() && count > 0 && count != data.rank()) {
            throw call.error("order has " + count + " axes, data of shape " + data + " has " + data.rank());
        }
        if (order == null) {
            int rank = data.hasRank() ? data.rank() : (int) Math.max(-1, count == 0 ? -1 : count);
            return Call.one(call.type(0), rank < 0 ? PartialShape.DYNAMIC : PartialShape.ofRank(rank));
        }
        if (!data.hasRank()) {
            return Call.one(call.type(0), order.length == 0 ? data : PartialShape.ofRank(order.length));
        }
        int rank = data.rank();
        Dimension[] dims = new Dimension[rank];
        boolean[] seen = new boolean[rank];
        for (int i = 0; i < rank; i++) {
            long axis = order.length == 0 ? rank - 1 - i : order[i];
            if (axis < 0 || axis >= rank || seen[(int) axis]) {
                throw call.error("order " + Arrays.toString(order) + " is not a permutation of " + rank + " axes");
            }
            seen[(int) axis] = true;
            dims[i] = data.dim((int) axis);
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    /** Dimensions that a tensor of sizes allows; negative sizes are an error. */
    private static PartialShape sizes(Call call, int input, String what) {
        call.integer(input, what);
        long count = call.count(input, what);
        ValueBounds bounds = call.bounds(input);
        if (bounds == null) {
            return count < 0 ? PartialShape.DYNAMIC : PartialShape.ofRank((int) count);
        }
        Dimension[] dims = new Dimension[bounds.size()];
        for (int i = 0; i < dims.length; i++) {
            if (bounds.upper(i) < 0) {
                throw call.error(what + " has a negative size: " + bounds);
            }
            dims[i] = new Dimension(Math.max(0, bounds.lower(i)), bounds.upper(i));
        }
        return Call.shapeOf(dims);
    }

    static List<OutputSpec> broadcast(ShapeOp.BroadcastMode mode, Call call) {
        boolean explicit = mode == ShapeOp.BroadcastMode.EXPLICIT;
        call.arity(explicit ? 3 : 2, 3);
        PartialShape data = call.shape(0);
        PartialShape target = sizes(call, 1, "the target shape");
        PartialShape result = switch (mode) {
            case EXPLICIT -> explicit(call, data, target);
            case BIDIRECTIONAL -> Broadcasting.merge(data, target);
            case NUMPY, PDPD -> numpy(data, target);
        };
        if (result == null) {
            throw call.error("shape " + data + " cannot be broadcast to " + target);
        }
        return Call.one(call.type(0), result);
    }

    /** The target, made more specific by data dimensions that cannot be 1; null if data does not fit. */
    private static @Nullable PartialShape numpy(PartialShape data, PartialShape target) {
        if (!data.hasRank() || !target.hasRank()) {
            return target;
        }
        int shift = target.rank() - data.rank();
        if (shift < 0) {
            return null;
        }
        Dimension[] dims = target.dims().toArray(Dimension[]::new);
        for (int i = shift; i < dims.length; i++) {
            Dimension own = data.dim(i - shift);
            if (!own.admits(1)) {
                if (!own.compatible(dims[i])) {
                    return null;
                }
                dims[i] = own.intersect(dims[i]);
            }
        }
        return Call.shapeOf(dims);
    }

    private static PartialShape explicit(Call call, PartialShape data, PartialShape target) {
        call.integer(2, "the axes mapping");
        long[] mapping = call.exact(2);
        long count = call.count(2, "the axes mapping");
        if (data.hasRank() && count >= 0 && count != Math.max(data.rank(), Math.min(count, 1))) {
            throw call.error("the axes mapping has " + count + " entries for data of shape " + data);
        }
        if (mapping == null || !data.hasRank() || !target.hasRank() || data.rank() == 0) {
            return target;
        }
        for (int i = 0; i < mapping.length; i++) {
            if (i > 0 && mapping[i] <= mapping[i - 1]) {
                throw call.error("the axes mapping " + Arrays.toString(mapping) + " is not ascending");
            }
            Dimension wanted = target.dim(call.axis(mapping[i], target.rank()));
            if (!data.dim(i).admits(1) && !data.dim(i).compatible(wanted)) {
                throw call.error("shape " + data + " cannot be broadcast to " + target + " along axes "
                        + Arrays.toString(mapping));
            }
        }
        return target;
    }

    static List<OutputSpec> tile(Call call) {
        call.arity(2, 2);
        PartialShape data = call.shape(0);
        PartialShape repeats = sizes(call, 1, "repeats");
        if (!data.hasRank() || !repeats.hasRank()) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        int rank = Math.max(data.rank(), repeats.rank());
        Dimension[] dims = new Dimension[rank];
        for (int i = 1; i <= rank; i++) {
            Dimension size = i <= data.rank() ? data.dim(-i) : Broadcasting.ONE;
            dims[rank - i] = i <= repeats.rank() ? size.times(repeats.dim(-i)) : size;
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    static List<OutputSpec> pad(ShapeOp.PadMode mode, boolean mayCrop, Call call) {
        call.arity(3, 4);
        call.integer(1, "pads_begin");
        call.integer(2, "pads_end");
        if (mode == ShapeOp.PadMode.CONSTANT && call.has(3)) {
            call.scalar(3, "the pad value");
            if (call.type(0) != call.type(3)) {
                call.sameType(3, 4);
            }
        }
        PartialShape data = call.shape(0);
        ValueBounds begin = call.bounds(1);
        ValueBounds end = call.bounds(2);
        long count = Math.max(call.count(1, "pads_begin"), call.count(2, "pads_end"));
        if (!data.hasRank()) {
            return Call.one(call.type(0), count < 0 ? data : PartialShape.ofRank((int) count));
        }
        int rank = data.rank();
        if (count >= 0 && count != rank) {
            throw call.error("pads have " + count + " entries, data of shape " + data + " has rank " + rank);
        }
        if (begin == null || end == null) {
            return Call.one(call.type(0), PartialShape.ofRank(rank));
        }
        if (begin.size() != rank || end.size() != rank) {
            throw call.error("pads have " + begin.size() + " and " + end.size() + " entries, data of shape " + data
                    + " has rank " + rank);
        }
        Dimension[] dims = new Dimension[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = padded(mode, mayCrop, call, data.dim(i), begin, end, i);
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    private static Dimension padded(
            ShapeOp.PadMode mode,
            boolean mayCrop,
            Call call,
            Dimension dim,
            ValueBounds begin,
            ValueBounds end,
            int axis) {
        if (!mayCrop && (begin.upper(axis) < 0 || end.upper(axis) < 0)) {
            throw call.error("pads of axis " + axis + " are negative");
        }
        long most = Math.max(begin.lower(axis), end.lower(axis));
        boolean tooWide = switch (mode) {
            case CONSTANT -> false;
            case EDGE -> most > 0 && dim.max() == 0;
            case REFLECT -> most > 0 && dim.max() != Dimension.UNBOUNDED && most >= dim.max();
            case SYMMETRIC -> most > 0 && most > dim.max();
        };
        if (tooWide) {
            throw call.error("axis " + axis + " of size " + dim + " is too small for a " + mode + " pad of " + most);
        }
        long low = ValueBounds.saturatedAdd(ValueBounds.saturatedAdd(dim.min(), begin.lower(axis)), end.lower(axis));
        long high = ValueBounds.saturatedAdd(ValueBounds.saturatedAdd(dim.max(), begin.upper(axis)), end.upper(axis));
        if (high < 0) {
            throw call.error("axis " + axis + " of size " + dim + " is cropped to less than nothing");
        }
        return new Dimension(Math.max(0, low), high);
    }
}
