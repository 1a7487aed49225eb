package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.GatherScatterOp;
import java.util.ArrayList;
import java.util.List;

/** Ops that pick or place elements by index. */
final class GatherScatterInference {
    private GatherScatterInference() {}

    static List<OutputSpec> infer(GatherScatterOp op, Call call) {
        return switch (op) {
            case GatherScatterOp.Gather gather -> gather(gather.batchDims(), call);
            case GatherScatterOp.GatherV7 gather -> gather(gather.batchDims(), call);
            case GatherScatterOp.GatherV1 _ -> gather(0, call);
            case GatherScatterOp.GatherElements gather -> gatherElements(gather.axis(), call);
            case GatherScatterOp.GatherND gather -> gatherNd(gather.batchDims(), false, call);
            case GatherScatterOp.GatherNDV5 gather -> gatherNd(gather.batchDims(), true, call);
            case GatherScatterOp.ScatterUpdate _ -> scatterUpdate(call);
            case GatherScatterOp.ScatterNDUpdateV3 _ -> scatterNd(call);
            case GatherScatterOp.ScatterNDUpdateV4 _ -> scatterNd(call);
            case GatherScatterOp.ScatterNDUpdate _ -> scatterNd(call);
            case GatherScatterOp.ScatterElementsUpdateV3 _ -> scatterElements(call);
            case GatherScatterOp.ScatterElementsUpdate _ -> scatterElements(call);
            case GatherScatterOp.TopK topK -> topK(topK.axis(), topK.indexElementType(), call);
            case GatherScatterOp.TopKV3 topK -> topK(topK.axis(), topK.indexElementType(), call);
        };
    }

    private static List<OutputSpec> gather(long batchDims, Call call) {
        call.arity(3, 3);
        call.integer(1, "indices");
        call.integer(2, "axis");
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        Long axisValue = call.scalar(2, "axis");
        if (!data.hasRank() || !indices.hasRank()) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        int batch = (int) (batchDims < 0 ? batchDims + indices.rank() : batchDims);
        if (batch < 0 || batch > indices.rank() || batch > data.rank()) {
            throw call.shapeError("batch_dims " + batchDims + " is out of range", 2);
        }
        int rank = data.rank() + indices.rank() - 1 - batch;
        if (data.rank() == 0) {
            throw call.error("data must have an axis to gather along");
        }
        if (axisValue == null) {
            return Call.one(call.type(0), PartialShape.ofRank(rank));
        }
        int axis = call.axis(axisValue, data.rank());
        if (batch > axis) {
            throw call.error("batch_dims " + batchDims + " is beyond axis " + axis);
        }
        Dimension[] dims = new Dimension[rank];
        int at = 0;
        for (int i = 0; i < axis; i++) {
            dims[at++] = i < batch ? common(call, i, data.dim(i), indices.dim(i)) : data.dim(i);
        }
        for (int i = batch; i < indices.rank(); i++) {
            dims[at++] = indices.dim(i);
        }
        for (int i = axis + 1; i < data.rank(); i++) {
            dims[at++] = data.dim(i);
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    private static Dimension common(Call call, int axis, Dimension a, Dimension b) {
        if (!a.compatible(b)) {
            throw call.shapeError("sizes of axis " + axis + " differ", 2);
        }
        return a.intersect(b);
    }

    private static List<OutputSpec> gatherElements(long axis, Call call) {
        call.arity(2, 2);
        call.integer(1, "indices");
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        if (!data.hasRank()) {
            return Call.one(call.type(0), indices);
        }
        int at = call.axis(axis, data.rank());
        Dimension[] dims = data.dims().toArray(Dimension[]::new);
        if (indices.hasRank() && indices.rank() != data.rank()) {
            throw call.shapeError("data and indices must have the same rank", 2);
        }
        for (int i = 0; i < dims.length; i++) {
            Dimension index = indices.hasRank() ? indices.dim(i) : Dimension.DYNAMIC;
            dims[i] = i == at ? index : common(call, i, dims[i], index);
        }
        return Call.one(call.type(0), Call.shapeOf(dims));
    }

    private static List<OutputSpec> gatherNd(long batchDims, boolean flatten, Call call) {
        call.arity(2, 2);
        call.integer(1, "indices");
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        if (!data.hasRank() || !indices.hasRank()) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        if (batchDims < 0 || batchDims >= indices.rank() || batchDims >= data.rank()) {
            throw call.shapeError("batch_dims " + batchDims + " is out of range", 2);
        }
        int batch = (int) batchDims;
        Dimension tuple = indices.dim(-1);
        if (!tuple.isStatic()) {
            return Call.one(call.type(0), PartialShape.DYNAMIC);
        }
        if (tuple.size() + batch > data.rank() || tuple.size() < 1) {
            throw call.shapeError("indices of " + tuple + " coordinates do not fit the data", 2);
        }
        List<Dimension> dims = new ArrayList<>();
        Dimension flat = Broadcasting.ONE;
        for (int i = 0; i < batch; i++) {
            Dimension common = common(call, i, data.dim(i), indices.dim(i));
            if (flatten) {
                flat = flat.times(common);
            } else {
                dims.add(common);
            }
        }
        if (flatten && batch > 0) {
            dims.add(flat);
        }
        for (int i = batch; i < indices.rank() - 1; i++) {
            dims.add(indices.dim(i));
        }
        for (int i = batch + (int) tuple.size(); i < data.rank(); i++) {
            dims.add(data.dim(i));
        }
        return Call.one(call.type(0), PartialShape.of(dims));
    }

    private static List<OutputSpec> scatterUpdate(Call call) {
        call.arity(4, 4);
        call.integer(1, "indices");
        call.integer(3, "axis");
        ElementType type = same(call, 0, 2);
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        PartialShape updates = call.shape(2);
        Long axis = call.scalar(3, "axis");
        if (data.hasRank() && axis != null) {
            int at = call.axis(axis, data.rank());
            if (indices.hasRank() && updates.hasRank()) {
                checkUpdates(call, at);
            }
        }
        return Call.one(type, data);
    }

    private static void checkUpdates(Call call, int axis) {
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        PartialShape updates = call.shape(2);
        // one value for one index may leave its axis out or keep it
        boolean scalarIndex = indices.rank() == 0;
        if (updates.rank() != data.rank() + indices.rank() - 1 && !(scalarIndex && updates.rank() == data.rank())) {
            throw call.shapeError("updates do not have the rank that data and indices call for", 3);
        }
        if (scalarIndex) {
            return;
        }
        for (int i = 0; i < updates.rank(); i++) {
            Dimension wanted = i < axis
                    ? data.dim(i)
                    : i < axis + indices.rank() ? indices.dim(i - axis) : data.dim(i - indices.rank() + 1);
            if (!wanted.compatible(updates.dim(i))) {
                throw call.shapeError("axis " + i + " of the updates must have size " + wanted, 3);
            }
        }
    }

    private static ElementType same(Call call, int a, int b) {
        ElementType first = call.type(a);
        ElementType second = call.type(b);
        if (first == ElementType.DYNAMIC) {
            return second;
        }
        if (second != ElementType.DYNAMIC && first != second) {
            throw call.error(
                    "data and updates must have one element type, not " + first.irName() + " and " + second.irName());
        }
        return first;
    }

    private static List<OutputSpec> scatterNd(Call call) {
        call.arity(3, 3);
        call.integer(1, "indices");
        ElementType type = same(call, 0, 2);
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        PartialShape updates = call.shape(2);
        if (data.hasRank()
                && indices.hasRank()
                && indices.rank() > 0
                && updates.hasRank()
                && indices.dim(-1).isStatic()) {
            long tuple = indices.dim(-1).size();
            if (tuple > data.rank()) {
                throw call.shapeError("indices have more coordinates than the data has axes", 3);
            }
            int outer = indices.rank() - 1;
            long rank = outer + data.rank() - tuple;
            // a scalar is broadcast over every place
            if (updates.rank() != 0 && updates.rank() != rank) {
                throw call.shapeError("updates must have rank " + rank, 3);
            }
            for (int i = 0; i < updates.rank(); i++) {
                Dimension wanted = i < outer ? indices.dim(i) : data.dim((int) tuple + i - outer);
                if (!wanted.compatible(updates.dim(i))) {
                    throw call.shapeError("axis " + i + " of the updates must have size " + wanted, 3);
                }
            }
        }
        return Call.one(type, data);
    }

    private static List<OutputSpec> scatterElements(Call call) {
        call.arity(4, 4);
        call.integer(1, "indices");
        call.integer(3, "axis");
        ElementType type = same(call, 0, 2);
        PartialShape data = call.shape(0);
        PartialShape indices = call.shape(1);
        PartialShape updates = call.shape(2);
        Long axis = call.scalar(3, "axis");
        if (data.hasRank() && axis != null) {
            call.axis(axis, data.rank());
        }
        if (!indices.compatible(updates)) {
            throw call.shapeError("indices and updates must have the same shape", 3);
        }
        if (data.hasRank() && indices.hasRank() && data.rank() != indices.rank()) {
            throw call.shapeError("data and indices must have the same rank", 3);
        }
        return Call.one(type, data);
    }

    private static List<OutputSpec> topK(long axis, ElementType indexType, Call call) {
        call.arity(2, 2);
        call.numeric(0);
        call.integer(1, "k");
        if (indexType != ElementType.I32 && indexType != ElementType.I64) {
            throw call.error("index_element_type must be i32 or i64, not " + indexType.irName());
        }
        PartialShape data = call.shape(0);
        Long k = call.scalar(1, "k");
        PartialShape shape = data;
        if (data.hasRank()) {
            int at = call.axis(axis, data.rank());
            Dimension[] dims = data.dims().toArray(Dimension[]::new);
            if (k == null) {
                dims[at] = new Dimension(0, dims[at].max());
            } else if (k < 0) {
                throw call.error("k is negative: " + k);
            } else if (k > dims[at].max()) {
                throw call.error("k is " + k + ", but axis " + at + " of shape " + data + " has fewer elements");
            } else {
                dims[at] = Dimension.of(k);
            }
            shape = Call.shapeOf(dims);
        }
        return List.of(new OutputSpec(call.type(0), shape), new OutputSpec(indexType, shape));
    }
}
