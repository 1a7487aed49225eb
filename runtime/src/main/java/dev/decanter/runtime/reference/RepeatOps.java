package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.Arrays;
import java.util.List;

/** Ops that repeat elements or choose between tensors. */
final class RepeatOps {
    private RepeatOps() {}

    static Tensor broadcast(ShapeOp.BroadcastMode mode, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape wanted = Shape.of(Values.longs(inputs.get(1), "the target shape"));
        Shape target = mode == ShapeOp.BroadcastMode.BIDIRECTIONAL ? Values.broadcast(data.shape(), wanted) : wanted;
        long[] strides = mode == ShapeOp.BroadcastMode.EXPLICIT
                ? mapped(data.shape(), target, inputs)
                : Walk.broadcastStrides(data.shape(), target);
        Tensor out = allocator.allocate(data.elementType(), target);
        Copier copier = new Copier(data, out);
        Walk.strided(target, 0, strides).rows((to, at, step, count) -> copier.copy(at[0], step[0], to, count));
        return out;
    }

    /** Dimension i of the data is dimension {@code mapping[i]} of the target. */
    private static long[] mapped(Shape data, Shape target, List<Tensor> inputs) {
        if (inputs.size() < 3) {
            throw new IrException("mode explicit needs the axes mapping");
        }
        long[] mapping = Values.longs(inputs.get(2), "the axes mapping");
        if (mapping.length != data.rank()) {
            throw new IrException("axes mapping " + Arrays.toString(mapping) + " does not fit shape " + data);
        }
        long[] own = Walk.strides(data);
        long[] strides = new long[target.rank()];
        for (int d = 0; d < mapping.length; d++) {
            int axis = Values.axis(mapping[d], target.rank());
            if (data.dim(d) != 1 && data.dim(d) != target.dim(axis)) {
                throw new IrException("shape " + data + " cannot be broadcast to " + target);
            }
            strides[axis] = data.dim(d) == 1 ? 0 : own[d];
        }
        return strides;
    }

    static Tensor tile(List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        long[] repeats = Values.longs(inputs.get(1), "the repeats");
        int rank = Math.max(data.shape().rank(), repeats.length);
        long[] own = new long[rank];
        long[] dims = new long[rank];
        for (int d = 1; d <= rank; d++) {
            own[rank - d] = d <= data.shape().rank() ? data.shape().dim(-d) : 1;
            long repeat = d <= repeats.length ? repeats[repeats.length - d] : 1;
            dims[rank - d] = Math.multiplyExact(own[rank - d], repeat);
        }
        Tensor out = allocator.allocate(data.elementType(), Shape.of(dims));
        Copier copier = new Copier(data, out);
        long[] strides = Walk.strides(Shape.of(own));
        long[] index = new long[rank];
        long row = rank == 0 ? 1 : own[rank - 1];
        long total = out.shape().elements();
        for (long to = 0; to < total; to += row) {
            long from = 0;
            for (int d = 0; d < rank - 1; d++) {
                from += index[d] % own[d] * strides[d];
            }
            copier.copy(from, 1, to, row);
            advance(index, dims, row);
        }
        return out;
    }

    private static void advance(long[] index, long[] dims, long row) {
        for (int d = index.length - 1; d >= 0; d--) {
            index[d] += d == index.length - 1 ? row : 1;
            if (index[d] < dims[d]) {
                return;
            }
            index[d] = 0;
        }
    }

    static Tensor select(ShapeOp.Select op, List<Tensor> inputs, Allocator allocator) {
        Tensor condition = inputs.get(0);
        Tensor yes = inputs.get(1);
        Tensor no = inputs.get(2);
        Values.type(condition, "the condition", ElementType.BOOLEAN);
        Values.sameType(yes, no);
        Shape shape = selectShape(op.autoBroadcast(), condition.shape(), yes.shape(), no.shape());
        Tensor out = allocator.allocate(yes.elementType(), shape);
        Elements chosen = Elements.of(condition);
        Copier fromYes = new Copier(yes, out);
        Copier fromNo = new Copier(no, out);
        Walk.broadcast(shape, condition.shape(), yes.shape(), no.shape()).rows((to, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                if (chosen.longAt(at[0] + i * step[0]) != 0) {
                    fromYes.copy(at[1] + i * step[1], 1, to + i, 1);
                } else {
                    fromNo.copy(at[2] + i * step[2], 1, to + i, 1);
                }
            }
        });
        return out;
    }

    private static Shape selectShape(AutoBroadcast mode, Shape condition, Shape yes, Shape no) {
        return switch (mode) {
            case NUMPY -> Values.broadcast(condition, Values.broadcast(yes, no));
            case NONE, PDPD -> {
                Shape shape = BinaryOps.outputShape(mode, yes, no);
                yield BinaryOps.outputShape(mode, shape, condition);
            }
        };
    }
}
