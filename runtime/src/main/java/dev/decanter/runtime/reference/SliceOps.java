package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Ops that cut out of a tensor or add a border. */
final class SliceOps {
    private SliceOps() {}

    /**
     * Where a slice of one dimension starts, how it goes on and how long it is. As in Python, bounds below 0 count from
     * the end and bounds outside are clamped.
     */
    private record Cut(long start, long step, long length) {
        static Cut of(long start, long stop, long step, long size) {
            if (step == 0) {
                throw new IrException("the step of a slice is 0");
            }
            long low = step > 0 ? 0 : -1;
            long high = step > 0 ? size : size - 1;
            long from = Math.clamp(start < 0 ? start + size : start, low, high);
            long to = Math.clamp(stop < 0 ? stop + size : stop, low, high);
            // the subtraction cannot overflow: both are within the size; the step may be any number
            long distance = step > 0 ? to - from : from - to;
            long pace = step == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(step);
            return new Cut(from, step, distance <= 0 ? 0 : (distance - 1) / pace + 1);
        }

        static Cut all(long size) {
            return new Cut(0, 1, size);
        }
    }

    static Tensor slice(List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape shape = data.shape();
        long[] start = Values.longs(inputs.get(1), "the start");
        long[] stop = Values.longs(inputs.get(2), "the stop");
        long[] step = Values.longs(inputs.get(3), "the step");
        if (stop.length != start.length || step.length != start.length) {
            throw new IrException("start, stop and step have " + start.length + ", " + stop.length + " and "
                    + step.length + " elements");
        }
        long[] axes = inputs.size() > 4
                ? Values.longs(inputs.get(4), "the axes")
                : java.util.stream.LongStream.range(0, start.length).toArray();
        if (axes.length != start.length) {
            throw new IrException("there are " + axes.length + " axes for " + start.length + " starts");
        }
        Values.axes(axes, shape.rank());
        Cut[] cuts = new Cut[shape.rank()];
        for (int d = 0; d < cuts.length; d++) {
            cuts[d] = Cut.all(shape.dim(d));
        }
        for (int i = 0; i < axes.length; i++) {
            int axis = Values.axis(axes[i], shape.rank());
            cuts[axis] = Cut.of(start[i], stop[i], step[i], shape.dim(axis));
        }
        Shape cut = Shape.of(Arrays.stream(cuts).mapToLong(Cut::length).toArray());
        return cut(data, cuts, cut, allocator);
    }

    private static Tensor cut(Tensor data, Cut[] cuts, Shape result, Allocator allocator) {
        long[] strides = Walk.strides(data.shape());
        long[] lengths = new long[cuts.length];
        long offset = 0;
        for (int d = 0; d < cuts.length; d++) {
            offset += cuts[d].start() * strides[d];
            strides[d] *= cuts[d].step();
            lengths[d] = cuts[d].length();
        }
        Tensor out = allocator.allocate(data.elementType(), result);
        Copier copier = new Copier(data, out);
        Walk.strided(Shape.of(lengths), offset, strides)
                .rows((to, at, step, count) -> copier.copy(at[0], step[0], to, count));
        return out;
    }

    /** A mask bit that is 1 makes its bound be ignored (begin, end), or adds, removes or fills dimensions (the others). */
    static Tensor stridedSlice(ShapeOp.StridedSlice op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape shape = data.shape();
        long[] begin = Values.longs(inputs.get(1), "the begin");
        long[] end = Values.longs(inputs.get(2), "the end");
        long[] stride = new long[begin.length];
        Arrays.fill(stride, 1);
        if (inputs.size() > 3) {
            stride = Values.longs(inputs.get(3), "the strides");
        }
        if (end.length != begin.length || stride.length != begin.length) {
            throw new IrException("begin, end and strides have " + begin.length + ", " + end.length + " and "
                    + stride.length + " elements");
        }
        int used = 0;
        int ellipsis = -1;
        for (int i = 0; i < begin.length; i++) {
            if (bit(op.ellipsisMask(), i)) {
                if (ellipsis >= 0) {
                    throw new IrException("ellipsis_mask has more than one 1");
                }
                ellipsis = i;
            } else if (!bit(op.newAxisMask(), i)) {
                used++;
            }
        }
        if (used > shape.rank()) {
            throw new IrException("slices " + used + " dimensions of shape " + shape);
        }
        List<Cut> cuts = new ArrayList<>();
        List<Long> result = new ArrayList<>();
        int free = shape.rank() - used;
        for (int i = 0; i < begin.length; i++) {
            if (i == ellipsis) {
                fill(cuts, result, shape, free);
                free = 0;
            } else if (bit(op.newAxisMask(), i)) {
                result.add(1L);
            } else {
                long size = shape.dim(cuts.size());
                if (bit(op.shrinkAxisMask(), i)) {
                    cuts.add(single(begin[i], size, cuts.size()));
                } else {
                    Cut cut = bounded(op, i, begin[i], end[i], stride[i], size);
                    cuts.add(cut);
                    result.add(cut.length());
                }
            }
        }
        fill(cuts, result, shape, free);
        Shape to = Shape.of(result.stream().mapToLong(Long::longValue).toArray());
        return cut(data, cuts.toArray(new Cut[0]), to, allocator);
    }

    private static boolean bit(List<Long> mask, int index) {
        return index < mask.size() && mask.get(index) != 0;
    }

    private static void fill(List<Cut> cuts, List<Long> result, Shape shape, int count) {
        for (int i = 0; i < count; i++) {
            long size = shape.dim(cuts.size());
            cuts.add(Cut.all(size));
            result.add(size);
        }
    }

    private static Cut single(long begin, long size, int axis) {
        long at = begin < 0 ? begin + size : begin;
        if (at < 0 || at >= size) {
            throw new IrException("index " + begin + " is outside of dimension " + axis + ", which is " + size);
        }
        return new Cut(at, 1, 1);
    }

    private static Cut bounded(ShapeOp.StridedSlice op, int index, long begin, long end, long stride, long size) {
        // far outside on the right side of the dimension is the same as no bound
        long first = stride > 0 ? 0 : Long.MAX_VALUE;
        long last = stride > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
        return Cut.of(bit(op.beginMask(), index) ? first : begin, bit(op.endMask(), index) ? last : end, stride, size);
    }

    static Tensor pad(ShapeOp.PadMode mode, boolean crops, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape shape = data.shape();
        int rank = shape.rank();
        long[] before = Values.longs(inputs.get(1), "pads_begin");
        long[] after = Values.longs(inputs.get(2), "pads_end");
        if (before.length != rank || after.length != rank) {
            throw new IrException("there are " + before.length + " and " + after.length + " pads for rank " + rank);
        }
        long[] dims = shape.dims();
        for (int d = 0; d < rank; d++) {
            if (!crops && (before[d] < 0 || after[d] < 0)) {
                throw new IrException("negative pads need opset12");
            }
            dims[d] = Math.addExact(dims[d], Math.addExact(before[d], after[d]));
        }
        Tensor out = allocator.allocate(data.elementType(), Shape.of(dims));
        Tensor value = padValue(inputs);
        Copier fill = new Copier(value, out);
        Copier copier = new Copier(data, out);
        long[] strides = Walk.strides(shape);
        long[] index = new long[rank];
        long total = out.shape().elements();
        for (long to = 0; to < total; to++) {
            long from = 0;
            for (int d = 0; d < rank && from >= 0; d++) {
                long at = source(mode, index[d] - before[d], shape.dim(d));
                from = at < 0 ? -1 : from + at * strides[d];
            }
            if (from < 0) {
                fill.copy(0, 0, to, 1);
            } else {
                copier.copy(from, 1, to, 1);
            }
            for (int d = rank - 1; d >= 0 && ++index[d] == dims[d]; d--) {
                index[d] = 0;
            }
        }
        return out;
    }

    private static Tensor padValue(List<Tensor> inputs) {
        if (inputs.size() > 3) {
            Values.sameType(inputs.get(0), inputs.get(3));
            if (inputs.get(3).shape().elements() != 1) {
                throw new IrException("the pad value must be a scalar, not " + inputs.get(3));
            }
            return inputs.get(3);
        }
        Tensor zero = Allocator.COLLECTED.allocate(inputs.getFirst().elementType(), Shape.SCALAR);
        zero.memory().fill((byte) 0);
        return zero;
    }

    /** The place in a dimension that index {@code at}, perhaps outside of it, shows; −1 for the pad value. */
    private static long source(ShapeOp.PadMode mode, long at, long size) {
        if (at >= 0 && at < size) {
            return at;
        }
        long place = switch (mode) {
            case CONSTANT -> -1;
            case EDGE -> at < 0 ? 0 : size - 1;
            case REFLECT -> at < 0 ? -at : 2 * (size - 1) - at;
            case SYMMETRIC -> at < 0 ? -at - 1 : 2 * size - 1 - at;
        };
        if (mode != ShapeOp.PadMode.CONSTANT && (place < 0 || place >= size)) {
            throw new IrException("a dimension of " + size + " is too small for its pads in this mode");
        }
        return place;
    }
}
