package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.NeuralOp;
import java.util.List;

/** Products, norms and attention; convolutions have a class of their own. */
final class NeuralInference {
    private NeuralInference() {}

    static List<OutputSpec> infer(NeuralOp op, Call call) {
        return switch (op) {
            case NeuralOp.MatMul matMul -> matMul(matMul, call);
            case NeuralOp.Softmax softmax -> softmax(softmax.axis(), true, call);
            case NeuralOp.SoftmaxV1 softmax -> softmax(softmax.axis(), false, call);
            case NeuralOp.LogSoftmax softmax -> softmax(softmax.axis(), true, call);
            case NeuralOp.Mvn _ -> mvn(call);
            case NeuralOp.ScaledDotProductAttention attention -> attention(attention, call);
            case NeuralOp.Convolution c ->
                ConvolutionInference.infer(
                        new ConvolutionInference.Window(
                                c.strides(), c.padsBegin(), c.padsEnd(), c.dilations(), c.autoPad()),
                        false,
                        call);
            case NeuralOp.GroupConvolution c ->
                ConvolutionInference.infer(
                        new ConvolutionInference.Window(
                                c.strides(), c.padsBegin(), c.padsEnd(), c.dilations(), c.autoPad()),
                        true,
                        call);
            case NeuralOp.FakeQuantize quantize -> fakeQuantize(quantize, call);
            case NeuralOp.FakeConvert convert -> fakeConvert(convert, call);
        };
    }

    private static List<OutputSpec> matMul(NeuralOp.MatMul op, Call call) {
        call.arity(2, 2);
        call.numeric(0);
        call.numeric(1);
        ElementType type = call.sameType(0, 2);
        PartialShape a = call.shape(0);
        PartialShape b = call.shape(1);
        if (!a.hasRank() || !b.hasRank()) {
            return Call.one(type, PartialShape.DYNAMIC);
        }
        if (a.rank() == 0 || b.rank() == 0) {
            throw call.shapeError("a scalar has no inner dimension", 2);
        }
        // a rank 1 operand is a row on the left, a column on the right, and is never transposed
        boolean row = a.rank() == 1;
        boolean column = b.rank() == 1;
        Dimension inner = row || !op.transposeA() ? a.dim(-1) : a.dim(-2);
        Dimension innerB = column ? b.dim(0) : op.transposeB() ? b.dim(-1) : b.dim(-2);
        if (!inner.compatible(innerB)) {
            throw call.shapeError("inner dimensions " + inner + " and " + innerB + " differ", 2);
        }
        int batchA = Math.max(0, a.rank() - 2);
        int batchB = Math.max(0, b.rank() - 2);
        int batch = Math.max(batchA, batchB);
        Dimension[] dims = new Dimension[batch + (row ? 0 : 1) + (column ? 0 : 1)];
        for (int i = 0; i < batch; i++) {
            int fromA = i - (batch - batchA);
            int fromB = i - (batch - batchB);
            Dimension left = fromA < 0 ? Broadcasting.ONE : a.dim(fromA);
            Dimension right = fromB < 0 ? Broadcasting.ONE : b.dim(fromB);
            Dimension merged = Broadcasting.merge(left, right);
            if (merged == null) {
                throw call.shapeError("batch dimensions " + left + " and " + right + " do not fit", 2);
            }
            dims[i] = merged;
        }
        int at = batch;
        if (!row) {
            dims[at++] = op.transposeA() ? a.dim(-1) : a.dim(-2);
        }
        if (!column) {
            dims[at] = op.transposeB() ? b.dim(-2) : b.dim(-1);
        }
        return Call.one(type, Call.shapeOf(dims));
    }

    private static List<OutputSpec> softmax(long axis, boolean mayBeNegative, Call call) {
        call.arity(1, 1);
        call.floating(0);
        if (axis < 0 && !mayBeNegative) {
            throw call.error("axis " + axis + " is negative");
        }
        if (call.shape(0).hasRank()) {
            call.axis(axis, call.shape(0).rank());
        }
        return Call.one(call.type(0), call.shape(0));
    }

    private static List<OutputSpec> mvn(Call call) {
        call.arity(2, 2);
        call.floating(0);
        call.integer(1, "axes");
        long[] axes = call.exact(1);
        if (axes != null && call.shape(0).hasRank()) {
            call.axes(axes, call.shape(0).rank());
        }
        return Call.one(call.type(0), call.shape(0));
    }

    /** Query [N…, L, E], key [N…, S, E], value [N…, S, Ev], mask [N…, L, S] with broadcasting → [N…, L, Ev]. */
    private static List<OutputSpec> attention(NeuralOp.ScaledDotProductAttention op, Call call) {
        call.arity(3, 6);
        ElementType type = call.sameType(0, 3);
        for (int i = 0; i < 3; i++) {
            call.floating(i);
            PartialShape shape = call.shape(i);
            if (shape.hasRank() && shape.rank() < 3) {
                throw call.shapeError("query, key and value must have rank 3 or more", 3);
            }
        }
        PartialShape query = call.shape(0);
        PartialShape key = call.shape(1);
        PartialShape value = call.shape(2);
        Dimension keys = inner(call, dim(key, -2), dim(value, -2), "numbers of keys and values");
        inner(call, dim(query, -1), dim(key, -1), "head sizes of query and key");
        Dimension queries = dim(query, -2);
        PartialShape batch = batch(call, batch(call, batchOf(query), key), value);
        if (call.has(3) && !op.causal()) {
            maskType(call, type);
            PartialShape mask = call.shape(3);
            if (mask.hasRank() && mask.rank() == 1) {
                throw call.shapeError("the mask must be a scalar or have rank 2 or more", 4);
            }
            if (mask.hasRank() && mask.rank() >= 2) {
                if (Broadcasting.merge(queries, mask.dim(-2)) == null
                        || Broadcasting.merge(keys, mask.dim(-1)) == null) {
                    throw call.shapeError("the mask does not fit " + queries + " queries and " + keys + " keys", 4);
                }
                batch = batch(call, batch, mask);
            }
        }
        if (call.has(4)) {
            call.scalar(4, "the scale");
        }
        if (!batch.hasRank()) {
            return Call.one(type, batch);
        }
        Dimension[] dims = new Dimension[batch.rank() + 2];
        for (int i = 0; i < batch.rank(); i++) {
            dims[i] = batch.dim(i);
        }
        dims[batch.rank()] = queries;
        dims[batch.rank() + 1] = dim(value, -1);
        return Call.one(type, Call.shapeOf(dims));
    }

    private static void maskType(Call call, ElementType type) {
        ElementType mask = call.type(3);
        if (mask != ElementType.BOOLEAN && mask != ElementType.DYNAMIC && type != ElementType.DYNAMIC && mask != type) {
            throw call.error("the mask must be boolean or " + type.irName() + ", not " + mask.irName());
        }
    }

    private static Dimension dim(PartialShape shape, int axis) {
        return shape.hasRank() ? shape.dim(axis) : Dimension.DYNAMIC;
    }

    private static Dimension inner(Call call, Dimension a, Dimension b, String what) {
        if (!a.compatible(b)) {
            throw call.shapeError(what + " differ: " + a + " and " + b, 3);
        }
        return a.intersect(b);
    }

    private static PartialShape batchOf(PartialShape shape) {
        return shape.hasRank() ? PartialShape.of(shape.dims().subList(0, shape.rank() - 2)) : shape;
    }

    private static PartialShape batch(Call call, PartialShape batch, PartialShape operand) {
        if (!operand.hasRank()) {
            return batch;
        }
        PartialShape merged = Broadcasting.merge(batch, batchOf(operand));
        if (merged == null) {
            throw call.shapeError("batch and head dimensions do not fit", Math.min(call.size(), 4));
        }
        return merged;
    }

    private static List<OutputSpec> fakeQuantize(NeuralOp.FakeQuantize op, Call call) {
        call.arity(5, 5);
        call.floating(0);
        ElementType type = call.sameType(0, 5);
        if (op.levels() < 2) {
            throw call.error("levels must be 2 or more, not " + op.levels());
        }
        for (int i = 1; i < 5; i++) {
            Broadcasting.of(call, op.autoBroadcast(), 0, i);
        }
        return Call.one(type, call.shape(0));
    }

    private static List<OutputSpec> fakeConvert(NeuralOp.FakeConvert op, Call call) {
        call.arity(2, 3);
        call.floating(0);
        ElementType type = call.sameType(0, call.size());
        if (op.destinationType() != ElementType.F8E4M3 && op.destinationType() != ElementType.F8E5M2) {
            throw call.error("destination_type must be f8e4m3 or f8e5m2, not "
                    + op.destinationType().irName());
        }
        for (int i = 1; i < call.size(); i++) {
            if (Broadcasting.oneWay(call.shape(0), call.shape(i)) == null) {
                throw call.shapeError("scale and shift must be broadcastable to the data", call.size());
            }
        }
        return Call.one(type, call.shape(0));
    }
}
