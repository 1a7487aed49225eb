package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp.TopKMode;
import dev.decanter.ir.op.GatherScatterOp.TopKSort;
import dev.decanter.runtime.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The k largest or smallest along an axis. Among equals the lower index wins and comes first, whether the op asks for
 * stability or not; NaN counts as larger than everything. Without an order asked for, they are sorted by value.
 */
final class TopKOps {
    private TopKOps() {}

    static List<Tensor> topK(
            long namedAxis,
            TopKMode mode,
            TopKSort sort,
            ElementType indexType,
            List<Tensor> inputs,
            Allocator allocator) {
        Tensor data = inputs.get(0);
        Shape shape = data.shape();
        int axis = Values.axis(namedAxis, shape.rank());
        long size = shape.dim(axis);
        long wanted = Values.scalar(inputs.get(1), "k");
        if (wanted < 0 || wanted > size) {
            throw new IrException("k is " + wanted + ", and axis " + axis + " of shape " + shape + " has " + size);
        }
        int k = (int) wanted;
        long[] dims = shape.dims();
        dims[axis] = k;
        Tensor values = allocator.allocate(data.elementType(), Shape.of(dims));
        Tensor indices = allocator.allocate(indexType, Shape.of(dims));
        Elements from = Elements.of(data);
        Elements index = Elements.of(indices);
        Copier copier = new Copier(data, values);
        long inner = shape.elements(axis + 1, shape.rank());
        long outer = shape.elements(0, axis);
        for (long lane = 0; lane < outer * inner; lane++) {
            long start = lane / inner * size * inner + lane % inner;
            long target = lane / inner * k * inner + lane % inner;
            Integer[] best = order(from, data.elementType(), mode, start, inner, Math.toIntExact(size));
            int[] chosen = IntStream.range(0, k).map(i -> best[i]).toArray();
            if (sort == TopKSort.INDEX) {
                java.util.Arrays.sort(chosen);
            }
            for (int i = 0; i < k; i++) {
                copier.copy(start + chosen[i] * inner, 1, target + i * inner, 1);
                index.putLong(target + i * inner, chosen[i]);
            }
        }
        return List.of(values, indices);
    }

    /** Indices from best to worst; the sort is stable, so equals stay in order of index. */
    private static Integer[] order(Elements from, ElementType type, TopKMode mode, long start, long step, int size) {
        Integer[] indices = IntStream.range(0, size).boxed().toArray(Integer[]::new);
        Comparator<Integer> ascending;
        if (type == ElementType.U64) {
            ascending = (a, b) -> Long.compareUnsigned(from.longAt(start + a * step), from.longAt(start + b * step));
        } else if (Values.isWhole(type)) {
            ascending = Comparator.comparingLong(i -> from.longAt(start + i * step));
        } else {
            // adding 0 makes −0 and 0 equal
            ascending = Comparator.comparingDouble(i -> from.doubleAt(start + i * step) + 0.0);
        }
        java.util.Arrays.sort(indices, mode == TopKMode.MAX ? ascending.reversed() : ascending);
        return indices;
    }
}
