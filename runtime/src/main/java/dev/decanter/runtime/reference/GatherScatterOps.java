package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Ops that pick elements by index; those that place elements are in {@link ScatterOps}, sorting in {@link TopKOps}. */
final class GatherScatterOps {
    private GatherScatterOps() {}

    static List<Tensor> evaluate(GatherScatterOp op, List<Tensor> inputs, Allocator allocator) {
        return switch (op) {
            case GatherScatterOp.Gather gather -> List.of(gather(gather.batchDims(), true, inputs, allocator));
            case GatherScatterOp.GatherV7 gather -> List.of(gather(gather.batchDims(), false, inputs, allocator));
            case GatherScatterOp.GatherV1 _ -> List.of(gather(0, false, inputs, allocator));
            case GatherScatterOp.GatherElements gather -> List.of(gatherElements(gather, inputs, allocator));
            case GatherScatterOp.GatherND gather -> List.of(gatherNd(gather.batchDims(), false, inputs, allocator));
            case GatherScatterOp.GatherNDV5 gather -> List.of(gatherNd(gather.batchDims(), true, inputs, allocator));
            case GatherScatterOp.ScatterUpdate _ -> List.of(ScatterOps.update(inputs, allocator));
            case GatherScatterOp.ScatterNDUpdateV3 _, GatherScatterOp.ScatterNDUpdateV4 _ ->
                List.of(ScatterOps.nd(GatherScatterOp.Reduction.NONE, inputs, allocator));
            case GatherScatterOp.ScatterNDUpdate scatter ->
                List.of(ScatterOps.nd(scatter.reduction(), inputs, allocator));
            case GatherScatterOp.ScatterElementsUpdateV3 _ ->
                List.of(ScatterOps.elements(GatherScatterOp.Reduction.NONE, true, inputs, allocator));
            case GatherScatterOp.ScatterElementsUpdate scatter ->
                List.of(ScatterOps.elements(scatter.reduction(), scatter.useInitVal(), inputs, allocator));
            case GatherScatterOp.TopK top ->
                TopKOps.topK(top.axis(), top.mode(), top.sort(), top.indexElementType(), inputs, allocator);
            case GatherScatterOp.TopKV3 top ->
                TopKOps.topK(top.axis(), top.mode(), top.sort(), top.indexElementType(), inputs, allocator);
        };
    }

    /** An index out of range gives 0; so does a negative one before opset 8. */
    private static Tensor gather(long batchDims, boolean negative, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        Shape shape = data.shape();
        Shape picked = indices.shape();
        int axis = Values.axis(Values.scalar(inputs.get(2), "the axis"), shape.rank());
        int batch = (int) (batchDims < 0 ? batchDims + picked.rank() : batchDims);
        if (batch < 0 || batch > axis || batch > picked.rank()) {
            throw new IrException("batch_dims " + batchDims + " does not fit axis " + axis + " and indices " + indices);
        }
        for (int d = 0; d < batch; d++) {
            if (shape.dim(d) != picked.dim(d)) {
                throw new IrException("data " + data + " and indices " + indices + " differ in batch dimension " + d);
            }
        }
        long[] dims = new long[shape.rank() + picked.rank() - 1 - batch];
        for (int d = 0; d < dims.length; d++) {
            int fromIndices = d - axis + batch;
            dims[d] = d < axis
                    ? shape.dim(d)
                    : fromIndices < picked.rank() ? picked.dim(fromIndices) : shape.dim(d - picked.rank() + 1 + batch);
        }
        Tensor out = allocator.allocate(data.elementType(), Shape.of(dims));
        long size = shape.dim(axis);
        long inner = shape.elements(axis + 1, shape.rank());
        long middle = shape.elements(batch, axis);
        long each = picked.elements(batch, picked.rank());
        long batches = shape.elements(0, batch);
        Copier copier = new Copier(data, out);
        Elements index = Elements.of(indices);
        long to = 0;
        for (long b = 0; b < batches; b++) {
            for (long m = 0; m < middle; m++) {
                long block = (b * middle + m) * size * inner;
                for (long i = 0; i < each; i++) {
                    long at = index.longAt(b * each + i);
                    at = negative && at < 0 ? at + size : at;
                    if (at >= 0 && at < size) {
                        copier.copy(block + at * inner, 1, to, inner);
                    } else {
                        copier.zero(to, inner);
                    }
                    to += inner;
                }
            }
        }
        return out;
    }

    private static Tensor gatherElements(GatherScatterOp.GatherElements op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        int rank = data.shape().rank();
        int axis = Values.axis(op.axis(), rank);
        Values.rank(indices, "the indices", rank, rank);
        for (int d = 0; d < rank; d++) {
            if (d != axis && indices.shape().dim(d) != data.shape().dim(d)) {
                throw new IrException("data " + data + " and indices " + indices + " differ in dimension " + d);
            }
        }
        Tensor out = allocator.allocate(data.elementType(), indices.shape());
        Copier copier = new Copier(data, out);
        Elements index = Elements.of(indices);
        long size = data.shape().dim(axis);
        long picks = indices.shape().dim(axis);
        long inner = data.shape().elements(axis + 1, rank);
        for (long to = 0; to < indices.shape().elements(); to++) {
            long outer = to / inner / picks;
            long at = inRange(index.longAt(to), size);
            copier.copy((outer * size + at) * inner + to % inner, 1, to, 1);
        }
        return out;
    }

    /** Index in {@code 0..size−1}; negative ones count from the end. */
    static long inRange(long index, long size) {
        if (index < -size || index >= size) {
            throw new IrException("index " + index + " is outside of a dimension of " + size);
        }
        return index < 0 ? index + size : index;
    }

    private static Tensor gatherNd(long batchDims, boolean flattens, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor indices = inputs.get(1);
        Shape shape = data.shape();
        Shape picked = indices.shape();
        Values.rank(data, "the data", 1, Integer.MAX_VALUE);
        Values.rank(indices, "the indices", 1, Integer.MAX_VALUE);
        if (batchDims < 0 || batchDims >= Math.min(shape.rank(), picked.rank())) {
            throw new IrException("batch_dims " + batchDims + " does not fit data " + data + " and indices " + indices);
        }
        int batch = (int) batchDims;
        for (int d = 0; d < batch; d++) {
            if (shape.dim(d) != picked.dim(d)) {
                throw new IrException("data " + data + " and indices " + indices + " differ in batch dimension " + d);
            }
        }
        long depth = picked.dim(-1);
        if (depth > shape.rank() - batch) {
            throw new IrException("indices " + indices + " name more dimensions than data " + data + " has");
        }
        int sliced = batch + (int) depth;
        java.util.stream.LongStream.Builder dims = java.util.stream.LongStream.builder();
        if (flattens && batch > 1) {
            dims.add(shape.elements(0, batch));
        }
        for (int d = flattens && batch > 1 ? batch : 0; d < picked.rank() - 1; d++) {
            dims.add(picked.dim(d));
        }
        for (int d = sliced; d < shape.rank(); d++) {
            dims.add(shape.dim(d));
        }
        Tensor out =
                allocator.allocate(data.elementType(), Shape.of(dims.build().toArray()));
        Copier copier = new Copier(data, out);
        Elements index = Elements.of(indices);
        long[] strides = Walk.strides(shape);
        long slice = shape.elements(sliced, shape.rank());
        long perBatch = picked.elements(batch, picked.rank() - 1);
        long batchSize = shape.elements(batch, shape.rank());
        long tuples = picked.elements(0, picked.rank() - 1);
        for (long t = 0; t < tuples; t++) {
            long from = t / perBatch * batchSize;
            for (int d = 0; d < depth; d++) {
                from += inRange(index.longAt(t * depth + d), shape.dim(batch + d)) * strides[batch + d];
            }
            copier.copy(from, 1, t * slice, slice);
        }
        return out;
    }
}
