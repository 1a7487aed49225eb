package dev.decanter.ir.infer;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Bounds of small integer tensors, found by evaluating the layers that compute them on intervals. An instance remembers
 * what it found, so that values with many readers are looked at once, and looks at a limited number of layers, so that
 * building a graph stays linear.
 */
final class ValuePropagation {
    private static final int MOST_ELEMENTS = 1024;
    private static final int MOST_LAYERS = 512;
    private static final int MOST_DEPTH = 96;

    private final IdentityHashMap<Output, ValueBounds> known = new IdentityHashMap<>();

    /** Bounds of the elements of a tensor of rank 0 or 1; empty if it is of another kind. */
    Optional<ValueBounds> of(Output output) {
        if (!output.shape().hasRank() || output.shape().rank() > 1) {
            return Optional.empty();
        }
        return Optional.ofNullable(bounds(output, 0));
    }

    /** Bounds of a small integer or boolean tensor of any rank, in row-major order; null for another tensor. */
    private @Nullable ValueBounds bounds(Output output, int depth) {
        int size = smallSize(output);
        if (size < 0) {
            return null;
        }
        ValueBounds found = known.get(output);
        if (found == null) {
            found = depth > MOST_DEPTH || known.size() > MOST_LAYERS ? null : evaluate(output, size, depth + 1);
            if (found == null || found.size() != size) {
                found = output.elementType() == ElementType.BOOLEAN
                        ? ValueBounds.between(new long[size], ones(size))
                        : ValueBounds.unknown(size);
            }
            known.put(output, found);
        }
        return found;
    }

    private static long[] ones(int size) {
        long[] ones = new long[size];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static int smallSize(Output output) {
        ElementType type = output.elementType();
        PartialShape shape = output.shape();
        if (!(type.isInteger() || type == ElementType.BOOLEAN) || !shape.hasRank()) {
            return -1;
        }
        long size = 1;
        for (Dimension dim : shape.dims()) {
            if (!dim.isStatic() || dim.min() > MOST_ELEMENTS) {
                return -1;
            }
            size *= dim.min();
            if (size > MOST_ELEMENTS) {
                return -1;
            }
        }
        return (int) size;
    }

    private @Nullable ValueBounds input(Node node, int index, int depth) {
        return index < node.inputs().size() ? bounds(node.input(index), depth) : null;
    }

    private long @Nullable [] exact(Node node, int index, int depth) {
        ValueBounds bounds = input(node, index, depth);
        return bounds != null && bounds.isExact() ? bounds.values() : null;
    }

    private @Nullable ValueBounds evaluate(Output output, int size, int depth) {
        Node node = output.node();
        return switch (node.op()) {
            case Op.Constant _ ->
                Constants.integers(output).map(ValueBounds::exactly).orElse(null);
            case ShapeOp.ShapeOf _, ShapeOp.ShapeOfV1 _ -> dims(node.input(0).shape());
            case ShapeOp.Reshape _, ShapeOp.Squeeze _, ShapeOp.SqueezeV15 _, ShapeOp.Unsqueeze _ ->
                input(node, 0, depth);
            case ShapeOp.Convert _, ShapeOp.ConvertLike _ -> converted(output, input(node, 0, depth));
            case UnaryOp unary -> IntervalArithmetic.unary(unary, input(node, 0, depth));
            case BinaryOp binary -> IntervalArithmetic.binary(binary, input(node, 0, depth), input(node, 1, depth));
            case ReduceOp reduce -> size == 1 ? IntervalArithmetic.reduce(reduce, input(node, 0, depth)) : null;
            case ShapeOp.Select _ ->
                IntervalArithmetic.select(input(node, 0, depth), input(node, 1, depth), input(node, 2, depth));
            case GatherScatterOp.Gather _, GatherScatterOp.GatherV7 _, GatherScatterOp.GatherV1 _ ->
                isVector(node.input(0)) ? gathered(input(node, 0, depth), input(node, 1, depth)) : null;
            case GatherScatterOp.ScatterUpdate _ -> isVector(node.input(0)) ? scattered(node, depth) : null;
            case ShapeOp.Concat _ -> output.shape().rank() == 1 ? concatenated(node, size, depth) : null;
            case ShapeOp.Broadcast _, ShapeOp.BroadcastV1 _, ShapeOp.Tile _ -> repeated(input(node, 0, depth), size);
            case ShapeOp.Slice _ -> isVector(node.input(0)) ? sliced(node, size, depth) : null;
            case ShapeOp.StridedSlice slice ->
                isVector(node.input(0)) && node.input(1).shape().equals(PartialShape.of(1))
                        ? stridedSliced(slice, node, size, depth)
                        : null;
            case ShapeOp.Split _ ->
                isVector(node.input(0)) ? part(input(node, 0, depth), (long) output.index() * size, 1, size) : null;
            case ShapeOp.VariadicSplit _ -> isVector(node.input(0)) ? variadicPart(output, size, depth) : null;
            case ShapeOp.Range _ -> ranged(exact(node, 0, depth), exact(node, 2, depth), size);
            default -> null;
        };
    }

    private static boolean isVector(Output output) {
        return output.shape().hasRank() && output.shape().rank() == 1;
    }

    private static @Nullable ValueBounds dims(PartialShape shape) {
        if (!shape.hasRank()) {
            return null;
        }
        long[] lower = new long[shape.rank()];
        long[] upper = new long[shape.rank()];
        for (int i = 0; i < lower.length; i++) {
            lower[i] = shape.dim(i).min();
            upper[i] = shape.dim(i).max();
        }
        return ValueBounds.between(lower, upper);
    }

    private static @Nullable ValueBounds converted(Output output, @Nullable ValueBounds source) {
        if (source == null || output.elementType() != ElementType.BOOLEAN) {
            return source;
        }
        return IntervalArithmetic.truth(source);
    }

    private static @Nullable ValueBounds gathered(@Nullable ValueBounds data, @Nullable ValueBounds indices) {
        if (data == null || indices == null || !indices.isExact()) {
            return null;
        }
        long[] lower = new long[indices.size()];
        long[] upper = new long[indices.size()];
        for (int i = 0; i < lower.length; i++) {
            long index = indices.lower(i) < 0 ? indices.lower(i) + data.size() : indices.lower(i);
            if (index < 0 || index >= data.size()) {
                return null;
            }
            lower[i] = data.lower((int) index);
            upper[i] = data.upper((int) index);
        }
        return ValueBounds.between(lower, upper);
    }

    private @Nullable ValueBounds scattered(Node node, int depth) {
        ValueBounds data = input(node, 0, depth);
        long[] indices = exact(node, 1, depth);
        ValueBounds updates = input(node, 2, depth);
        if (data == null || indices == null || updates == null || updates.size() != indices.length) {
            return null;
        }
        long[] lower = new long[data.size()];
        long[] upper = new long[data.size()];
        for (int i = 0; i < lower.length; i++) {
            lower[i] = data.lower(i);
            upper[i] = data.upper(i);
        }
        for (int i = 0; i < indices.length; i++) {
            long index = indices[i] < 0 ? indices[i] + lower.length : indices[i];
            if (index < 0 || index >= lower.length) {
                return null;
            }
            lower[(int) index] = updates.lower(i);
            upper[(int) index] = updates.upper(i);
        }
        return ValueBounds.between(lower, upper);
    }

    private @Nullable ValueBounds concatenated(Node node, int size, int depth) {
        long[] lower = new long[size];
        long[] upper = new long[size];
        int at = 0;
        for (int i = 0; i < node.inputs().size(); i++) {
            ValueBounds part = input(node, i, depth);
            if (part == null || at + part.size() > size) {
                return null;
            }
            for (int j = 0; j < part.size(); j++) {
                lower[at] = part.lower(j);
                upper[at++] = part.upper(j);
            }
        }
        return at == size ? ValueBounds.between(lower, upper) : null;
    }

    private static @Nullable ValueBounds repeated(@Nullable ValueBounds data, int size) {
        if (data == null || data.size() != 1) {
            return null;
        }
        return part(data, 0, 0, size);
    }

    /** {@code size} elements from {@code first} on, {@code step} apart; null if some are not there. */
    private static @Nullable ValueBounds part(@Nullable ValueBounds data, long first, long step, int size) {
        if (data == null) {
            return null;
        }
        long[] lower = new long[size];
        long[] upper = new long[size];
        for (int i = 0; i < size; i++) {
            long index = first + i * step;
            if (index < 0 || index >= data.size()) {
                return null;
            }
            lower[i] = data.lower((int) index);
            upper[i] = data.upper((int) index);
        }
        return ValueBounds.between(lower, upper);
    }

    private @Nullable ValueBounds sliced(Node node, int size, int depth) {
        ValueBounds data = input(node, 0, depth);
        long[] start = exact(node, 1, depth);
        long[] step = exact(node, 3, depth);
        if (data == null || start == null || step == null || start.length != 1 || step.length != 1) {
            return null;
        }
        return part(data, firstPlace(start[0], data.size(), step[0]), step[0], size);
    }

    private static long firstPlace(long start, int length, long step) {
        long place = start < 0 ? start + length : start;
        return step < 0 ? Math.clamp(place, -1L, length - 1L) : Math.clamp(place, 0L, (long) length);
    }

    private @Nullable ValueBounds stridedSliced(ShapeOp.StridedSlice op, Node node, int size, int depth) {
        ValueBounds data = input(node, 0, depth);
        long[] begin = exact(node, 1, depth);
        long[] strides = node.inputs().size() > 3 ? exact(node, 3, depth) : new long[] {1};
        if (data == null || CutInference.masked(op.newAxisMask(), 0) || CutInference.masked(op.ellipsisMask(), 0)) {
            return null;
        }
        if (strides == null || strides.length != 1) {
            return null;
        }
        long step = strides[0];
        boolean fromStart = CutInference.masked(op.beginMask(), 0);
        if (!fromStart && (begin == null || begin.length != 1)) {
            return null;
        }
        long start = fromStart || begin == null ? (step < 0 ? data.size() - 1 : 0) : begin[0];
        if (CutInference.masked(op.shrinkAxisMask(), 0)) {
            return part(data, start < 0 ? start + data.size() : start, 1, size);
        }
        return part(data, firstPlace(start, data.size(), step), step, size);
    }

    private @Nullable ValueBounds variadicPart(Output output, int size, int depth) {
        ValueBounds data = input(output.node(), 0, depth);
        long first = 0;
        for (int i = 0; i < output.index(); i++) {
            PartialShape before = output.node().output(i).shape();
            if (!before.isStatic()) {
                return null;
            }
            first += before.toShape().elements();
        }
        return part(data, first, 1, size);
    }

    private static @Nullable ValueBounds ranged(long @Nullable [] start, long @Nullable [] step, int size) {
        if (start == null || step == null || start.length != 1 || step.length != 1) {
            return null;
        }
        long[] values = new long[size];
        Arrays.setAll(values, i -> start[0] + i * step[0]);
        return ValueBounds.exactly(values);
    }
}
