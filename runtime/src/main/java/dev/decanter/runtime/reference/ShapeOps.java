package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Ops that describe, reshape, permute, join and split. */
final class ShapeOps {
    private ShapeOps() {}

    static List<Tensor> evaluate(ShapeOp op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.getFirst();
        return switch (op) {
            case ShapeOp.Convert convert -> List.of(ConvertOps.convert(data, convert.destinationType(), allocator));
            case ShapeOp.ConvertLike _ ->
                List.of(ConvertOps.convert(data, inputs.get(1).elementType(), allocator));
            case ShapeOp.ShapeOf shapeOf -> List.of(shapeOf(data, shapeOf.outputType(), allocator));
            case ShapeOp.ShapeOfV1 _ -> List.of(shapeOf(data, ElementType.I64, allocator));
            case ShapeOp.Reshape reshape ->
                List.of(Copier.all(data, reshaped(reshape, data.shape(), inputs.get(1)), allocator));
            case ShapeOp.Squeeze _, ShapeOp.SqueezeV15 _ -> List.of(Copier.all(data, squeezed(inputs), allocator));
            case ShapeOp.Unsqueeze _ -> List.of(Copier.all(data, unsqueezed(inputs), allocator));
            case ShapeOp.Transpose _ -> List.of(transpose(inputs, allocator));
            case ShapeOp.Concat concat -> List.of(concat(concat.axis(), inputs, allocator));
            case ShapeOp.Split split -> split(split, inputs, allocator);
            case ShapeOp.VariadicSplit _ -> variadicSplit(inputs, allocator);
            case ShapeOp.Slice _ -> List.of(SliceOps.slice(inputs, allocator));
            case ShapeOp.StridedSlice slice -> List.of(SliceOps.stridedSlice(slice, inputs, allocator));
            case ShapeOp.Pad pad -> List.of(SliceOps.pad(pad.padMode(), true, inputs, allocator));
            case ShapeOp.PadV1 pad -> List.of(SliceOps.pad(pad.padMode(), false, inputs, allocator));
            case ShapeOp.Broadcast broadcast -> List.of(RepeatOps.broadcast(broadcast.mode(), inputs, allocator));
            case ShapeOp.BroadcastV1 broadcast -> List.of(RepeatOps.broadcast(broadcast.mode(), inputs, allocator));
            case ShapeOp.Tile _ -> List.of(RepeatOps.tile(inputs, allocator));
            case ShapeOp.Select select -> List.of(RepeatOps.select(select, inputs, allocator));
            case ShapeOp.Range range -> List.of(SequenceOps.range(range, inputs, allocator));
            case ShapeOp.NonZero nonZero -> List.of(SequenceOps.nonZero(nonZero, data, allocator));
            case ShapeOp.CumSum sum -> List.of(SequenceOps.cumSum(sum, inputs, allocator));
            case ShapeOp.Reverse reverse -> List.of(reverse(reverse.mode(), inputs, allocator));
            case ShapeOp.OneHot oneHot -> List.of(SequenceOps.oneHot(oneHot, inputs, allocator));
        };
    }

    private static Tensor shapeOf(Tensor data, ElementType type, Allocator allocator) {
        long[] dims = data.shape().dims();
        Tensor out = allocator.allocate(type, Shape.of(dims.length));
        Elements to = Elements.of(out);
        for (int i = 0; i < dims.length; i++) {
            to.putLong(i, dims[i]);
        }
        return out;
    }

    private static Shape reshaped(ShapeOp.Reshape op, Shape from, Tensor pattern) {
        long[] dims = Values.longs(pattern, "the shape");
        int open = -1;
        long known = 1;
        boolean[] copied = new boolean[from.rank()];
        for (int d = 0; d < dims.length; d++) {
            if (dims[d] == 0 && op.specialZero()) {
                if (d >= from.rank()) {
                    throw new IrException(
                            "dimension " + d + " is to be copied from " + from + ", which has not so many");
                }
                dims[d] = from.dim(d);
                copied[d] = true;
            } else if (dims[d] == -1 && open < 0) {
                open = d;
            } else if (dims[d] < 0) {
                throw new IrException("illegal shape " + Arrays.toString(dims));
            } else {
                known = Math.multiplyExact(known, dims[d]);
            }
        }
        long elements = from.elements();
        if (open >= 0) {
            // what is copied is in both products, so that an empty batch leaves the open dimension what it is in others
            long rest = 1;
            for (int d = 0; d < from.rank(); d++) {
                rest = Math.multiplyExact(rest, copied[d] ? 1 : from.dim(d));
            }
            if (known == 0 ? rest != 0 : rest % known != 0) {
                throw new IrException("shape " + from + " cannot become " + Arrays.toString(dims));
            }
            dims[open] = known == 0 ? 0 : rest / known;
        }
        Shape to = Shape.of(dims);
        if (to.elements() != elements) {
            throw new IrException("shape " + from + " cannot become " + to);
        }
        return to;
    }

    /** A named axis whose size is not 1 stays, in every version of the op; no axes, or an empty list, names all. */
    private static Shape squeezed(List<Tensor> inputs) {
        Shape shape = inputs.getFirst().shape();
        long[] named = inputs.size() < 2 ? new long[0] : Values.longs(inputs.get(1), "the axes");
        BitSet axes = new BitSet();
        for (long axis : named) {
            axes.set(Values.axis(axis, shape.rank()));
        }
        return Shape.of(IntStream.range(0, shape.rank())
                .filter(d -> shape.dim(d) != 1 || (named.length > 0 && !axes.get(d)))
                .mapToLong(shape::dim)
                .toArray());
    }

    private static Shape unsqueezed(List<Tensor> inputs) {
        Shape shape = inputs.getFirst().shape();
        long[] named = Values.longs(inputs.get(1), "the axes");
        BitSet axes = Values.axes(named, shape.rank() + named.length);
        long[] dims = new long[shape.rank() + named.length];
        int next = 0;
        for (int d = 0; d < dims.length; d++) {
            dims[d] = axes.get(d) ? 1 : shape.dim(next++);
        }
        return Shape.of(dims);
    }

    private static Tensor reverse(ShapeOp.ReverseMode mode, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.getFirst();
        int rank = data.shape().rank();
        BitSet axes = inputs.size() < 2
                ? new BitSet()
                : mode == ShapeOp.ReverseMode.INDEX
                        ? Values.axes(Values.longs(inputs.get(1), "the axes"), rank)
                        : masked(inputs.get(1), rank);
        Tensor out = allocator.allocate(data.elementType(), data.shape());
        long[] steps = Walk.strides(data.shape());
        long start = 0;
        for (int d = 0; d < rank; d++) {
            if (axes.get(d)) {
                start += Math.max(0, data.shape().dim(d) - 1) * steps[d];
                steps[d] = -steps[d];
            }
        }
        Copier copier = new Copier(data, out);
        Walk.strided(out.shape(), start, steps).rows((to, at, step, count) -> copier.copy(at[0], step[0], to, count));
        return out;
    }

    private static BitSet masked(Tensor mask, int rank) {
        if (mask.shape().elements() != rank) {
            throw new IrException("a mask of shape " + mask.shape() + " for " + rank + " axes");
        }
        Elements elements = Elements.of(mask);
        BitSet axes = new BitSet();
        for (int d = 0; d < rank; d++) {
            axes.set(d, elements.longAt(d) != 0);
        }
        return axes;
    }

    private static Tensor transpose(List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        int rank = data.shape().rank();
        long[] order = Values.longs(inputs.get(1), "the order");
        if (order.length == 0) {
            order = LongStream.range(0, rank).map(d -> rank - 1 - d).toArray();
        }
        if (order.length != rank || Values.axes(order, rank).cardinality() != rank) {
            throw new IrException("order " + Arrays.toString(order) + " does not permute shape " + data.shape());
        }
        long[] strides = Walk.strides(data.shape());
        long[] dims = new long[rank];
        long[] steps = new long[rank];
        for (int d = 0; d < rank; d++) {
            dims[d] = data.shape().dim(Values.axis(order[d], rank));
            steps[d] = strides[Values.axis(order[d], rank)];
        }
        Tensor out = allocator.allocate(data.elementType(), Shape.of(dims));
        Copier copier = new Copier(data, out);
        Walk.strided(out.shape(), 0, steps).rows((to, at, step, count) -> copier.copy(at[0], step[0], to, count));
        return out;
    }

    private static Tensor concat(long axis, List<Tensor> inputs, Allocator allocator) {
        Tensor first = inputs.getFirst();
        int rank = first.shape().rank();
        int along = Values.axis(axis, rank);
        long total = 0;
        for (Tensor input : inputs) {
            Values.sameType(first, input);
            for (int d = 0; d < Math.max(rank, input.shape().rank()); d++) {
                if (input.shape().rank() != rank
                        || (d != along && input.shape().dim(d) != first.shape().dim(d))) {
                    throw new IrException("shapes " + first.shape() + " and " + input.shape()
                            + " cannot be joined along axis " + along);
                }
            }
            total = Math.addExact(total, input.shape().dim(along));
        }
        long[] dims = first.shape().dims();
        dims[along] = total;
        Tensor out = allocator.allocate(first.elementType(), Shape.of(dims));
        long outer = out.shape().elements(0, along);
        long inner = out.shape().elements(along + 1, rank);
        long offset = 0;
        List<Copier> copiers = inputs.stream().map(i -> new Copier(i, out)).toList();
        for (int i = 0; i < inputs.size(); i++) {
            long size = inputs.get(i).shape().dim(along) * inner;
            for (long o = 0; o < outer; o++) {
                copiers.get(i).copy(o * size, 1, o * total * inner + offset, size);
            }
            offset += size;
        }
        return out;
    }

    private static List<Tensor> split(ShapeOp.Split op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        int axis = Values.axis(
                Values.scalar(inputs.get(1), "the axis"), data.shape().rank());
        long size = data.shape().dim(axis);
        if (op.numSplits() <= 0 || size % op.numSplits() != 0) {
            throw new IrException("axis " + axis + " of shape " + data.shape() + " cannot be split into "
                    + op.numSplits() + " equal parts");
        }
        long[] lengths = new long[Math.toIntExact(op.numSplits())];
        Arrays.fill(lengths, size / op.numSplits());
        return parts(data, axis, lengths, allocator);
    }

    private static List<Tensor> variadicSplit(List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        int axis = Values.axis(
                Values.scalar(inputs.get(1), "the axis"), data.shape().rank());
        long[] lengths = Values.longs(inputs.get(2), "the lengths");
        long size = data.shape().dim(axis);
        long rest = size;
        int open = -1;
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] == -1 && open < 0) {
                open = i;
            } else if (lengths[i] < 0) {
                throw new IrException("illegal lengths " + Arrays.toString(lengths));
            } else {
                rest -= lengths[i];
            }
        }
        if (open >= 0 && rest >= 0) {
            lengths[open] = rest;
            rest = 0;
        }
        if (rest != 0) {
            throw new IrException("lengths " + Arrays.toString(lengths) + " do not add up to axis " + axis
                    + " of shape " + data.shape());
        }
        return parts(data, axis, lengths, allocator);
    }

    private static List<Tensor> parts(Tensor data, int axis, long[] lengths, Allocator allocator) {
        Shape shape = data.shape();
        long inner = shape.elements(axis + 1, shape.rank());
        long outer = shape.elements(0, axis);
        long stride = shape.dim(axis) * inner;
        long offset = 0;
        List<Tensor> out = new ArrayList<>();
        for (long length : lengths) {
            long[] dims = shape.dims();
            dims[axis] = length;
            Tensor part = allocator.allocate(data.elementType(), Shape.of(dims));
            Copier copier = new Copier(data, part);
            for (long o = 0; o < outer; o++) {
                copier.copy(o * stride + offset, 1, o * length * inner, length * inner);
            }
            offset += length * inner;
            out.add(part);
        }
        return out;
    }
}
