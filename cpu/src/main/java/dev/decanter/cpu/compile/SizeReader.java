package dev.decanter.cpu.compile;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads what a graph computes from sizes of values: lists of a few whole numbers, or single ones. Sizes are followed to the
 * value that first had them, so that layers which compute the same are seen to.
 */
final class SizeReader {
    private static final long MOST = 8;
    private static final long MODEST = 1 << 24;

    private final boolean some;
    private final Map<Output, Optional<List<Size>>> known = new HashMap<>();
    private final Map<Size.Dim, Size> origins = new HashMap<>();

    private SizeReader(boolean some) {
        this.some = some;
    }

    /** Of sizes that may be 0. */
    static SizeReader ofAny() {
        return new SizeReader(false);
    }

    /** Of sizes that are 1 or more: where there is nothing, nothing comes of it. */
    static SizeReader ofSome() {
        return new SizeReader(true);
    }

    /** The numbers of a list or a single one; a single one may have any number of dimensions. */
    Optional<List<Size>> read(Output value) {
        Optional<List<Size>> numbers = known.get(value);
        if (numbers == null) {
            numbers = value.shape().hasRank() ? find(value) : Optional.empty();
            known.put(value, numbers);
        }
        return numbers;
    }

    /** Takes note of what a value is that replaces others. */
    void learn(Output value, List<Size> numbers) {
        known.put(value, Optional.of(numbers));
    }

    /** The only number. */
    Optional<Size> only(Output value) {
        return read(value).filter(all -> all.size() == 1).map(List::getFirst);
    }

    /** The dimensions of a value. */
    Optional<List<Size>> sizes(Output value) {
        if (!value.shape().hasRank()) {
            return Optional.empty();
        }
        List<Size> sizes = new ArrayList<>();
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            sizes.add(size(value, axis));
        }
        return Optional.of(sizes);
    }

    /** A dimension, by the value that first had it. */
    Size size(Output value, int axis) {
        Dimension dim = value.shape().dim(axis);
        if (dim.isStatic()) {
            return Size.of(dim.size());
        }
        Size.Dim key = new Size.Dim(value, axis);
        Size origin = origins.get(key);
        if (origin == null) {
            origin = origin(value, axis).orElseGet(() -> Size.of(key));
            origins.put(key, origin);
        }
        return origin;
    }

    private Optional<Size> origin(Output value, int axis) {
        Node node = value.node();
        boolean last = axis == value.shape().rank() - 1;
        return switch (node.op()) {
            case ShapeOp.Convert _, UnaryOp _, FusedOp.RmsNorm _, FusedOp.LayerNorm _ -> same(node, axis);
            case FusedOp.Linear _, FusedOp.Embedding _ when !last -> same(node, axis);
            case FusedOp.CachePast _ when axis == 0 -> same(node, axis);
            case FusedOp.Rotary op -> same(node, op.turned() ? exchanged(axis) : axis);
            case FusedOp.Attention op when !last -> same(node, op.turned() ? exchanged(axis) : axis);
            case ShapeOp.Reshape op -> kept(node, axis, op.specialZero());
            case ShapeOp.Transpose _ ->
                Constants.integers(node.input(1))
                        .filter(order -> order.length == value.shape().rank() && order[axis] >= 0)
                        .flatMap(order -> same(node, (int) order[axis]));
            case FusedOp.SwishMultiply _ -> common(node, axis);
            case ShapeOp.Broadcast op when op.mode() == ShapeOp.BroadcastMode.NUMPY -> kept(node, axis, false);
            case BinaryOp op when op.autoBroadcast() == AutoBroadcast.NUMPY -> common(node, axis);
            default -> Optional.empty();
        };
    }

    private Optional<Size> same(Node node, int axis) {
        PartialShape shape = node.input(0).shape();
        return shape.hasRank() && axis < shape.rank() ? Optional.of(size(node.input(0), axis)) : Optional.empty();
    }

    private static int exchanged(int axis) {
        return axis == 1 ? 2 : axis == 2 ? 1 : axis;
    }

    /** What a Reshape takes over, or is told. */
    private Optional<Size> kept(Node node, int axis, boolean specialZero) {
        Optional<Size> told =
                read(node.input(1)).filter(all -> axis < all.size()).map(all -> all.get(axis));
        if (specialZero && told.isPresent() && told.get().is(0)) {
            return same(node, axis);
        }
        // a number that is not constant may be 0
        return told.filter(size -> !specialZero && size.isCount());
    }

    /** Of two operands, if they agree or one of them is repeated. */
    private Optional<Size> common(Node node, int axis) {
        Size one = Size.of(1);
        Size found = one;
        for (int i = 0; i < 2; i++) {
            PartialShape shape = node.input(i).shape();
            if (!shape.hasRank()) {
                return Optional.empty();
            }
            int at = axis - node.output().shape().rank() + shape.rank();
            Size size = at < 0 ? one : size(node.input(i), at);
            if (!size.equals(one) && !found.equals(one) && !size.equals(found)) {
                return Optional.empty();
            }
            found = size.equals(one) ? found : size;
        }
        return Optional.of(found);
    }

    private Optional<List<Size>> find(Output value) {
        Node node = value.node();
        boolean list = Graphs.hasRank(value, 1);
        return switch (node.op()) {
            case Op.Constant constant -> constant(value, constant);
            case ShapeOp.ShapeOf _, ShapeOp.ShapeOfV1 _ -> sizes(node.input(0));
            case ShapeOp.Convert op when isNumber(op.destinationType()) -> read(node.input(0));
            case ShapeOp.Reshape _, ShapeOp.Squeeze _, ShapeOp.Unsqueeze _ ->
                read(node.input(0)).filter(all -> all.size() == 1 || list);
            case ShapeOp.Concat _ when list -> concat(node);
            case ShapeOp.Split op
            when list ->
                read(node.input(0))
                        .filter(all -> all.size() == op.numSplits())
                        .map(all -> List.of(all.get(value.index())));
            case GatherScatterOp.Gather op when op.batchDims() == 0 -> gather(node);
            case GatherScatterOp.ScatterUpdate _ when list -> scatter(node);
            case BinaryOp op when op.autoBroadcast() == AutoBroadcast.NUMPY -> binary(node, op);
            default -> Optional.empty();
        };
    }

    /** Types that hold sizes and positions, which are below 2^24. */
    static boolean isNumber(ElementType type) {
        return type == ElementType.I64 || type == ElementType.I32 || type == ElementType.F32;
    }

    private static Optional<List<Size>> constant(Output value, Op.Constant constant) {
        boolean few = constant.shape().elements() <= MOST
                && constant.elementType() != ElementType.BOOLEAN
                && (constant.shape().rank() <= 1 || constant.shape().elements() == 1);
        return few
                ? Constants.integers(value)
                        .map(all -> Arrays.stream(all).mapToObj(Size::of).toList())
                        .filter(all -> all.stream().allMatch(SizeReader::isModest))
                : Optional.empty();
    }

    private Optional<List<Size>> concat(Node node) {
        List<Size> all = new ArrayList<>();
        for (Output part : node.inputs()) {
            Optional<List<Size>> numbers = read(part);
            if (numbers.isEmpty()) {
                return Optional.empty();
            }
            all.addAll(numbers.get());
        }
        return Optional.of(all);
    }

    private Optional<List<Size>> gather(Node node) {
        Optional<List<Size>> data = read(node.input(0));
        Optional<long[]> indices = Constants.integers(node.input(1));
        boolean fits = data.isPresent()
                && indices.isPresent()
                && Graphs.hasRank(node.input(0), 1)
                && node.output().shape().rank() <= 1
                && Graphs.isAxis(node.input(2), 0, 1);
        if (!fits) {
            return Optional.empty();
        }
        List<Size> picked = new ArrayList<>();
        for (long index : indices.get()) {
            long at = index < 0 ? index + data.get().size() : index;
            if (at < 0 || at >= data.get().size()) {
                return Optional.empty();
            }
            picked.add(data.get().get((int) at));
        }
        return Optional.of(picked);
    }

    private Optional<List<Size>> scatter(Node node) {
        Optional<List<Size>> data = read(node.input(0));
        Optional<long[]> indices = Constants.integers(node.input(1));
        Optional<List<Size>> updates = read(node.input(2));
        boolean fits = data.isPresent()
                && indices.isPresent()
                && updates.isPresent()
                && indices.get().length == updates.get().size()
                && Graphs.isAxis(node.input(3), 0, 1);
        if (!fits) {
            return Optional.empty();
        }
        List<Size> all = new ArrayList<>(data.get());
        for (int i = 0; i < indices.get().length; i++) {
            long index = indices.get()[i];
            if (index < 0 || index >= all.size()) {
                return Optional.empty();
            }
            all.set((int) index, updates.get().get(i));
        }
        return Optional.of(all);
    }

    private Optional<List<Size>> binary(Node node, BinaryOp op) {
        Optional<List<Size>> left = read(node.input(0));
        Optional<List<Size>> right = read(node.input(1));
        if (left.isEmpty() || right.isEmpty()) {
            return Optional.empty();
        }
        int count = Math.max(left.get().size(), right.get().size());
        boolean fits = (left.get().size() == count || left.get().size() == 1)
                && (right.get().size() == count || right.get().size() == 1);
        if (!fits) {
            return Optional.empty();
        }
        List<Size> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Size a = left.get().get(left.get().size() == 1 ? 0 : i);
            Size b = right.get().get(right.get().size() == 1 ? 0 : i);
            Optional<Size> result = switch (op) {
                case BinaryOp.Add _ -> Optional.of(a.plus(b));
                case BinaryOp.Subtract _ -> Optional.of(a.minus(b));
                case BinaryOp.Multiply _ -> a.times(b);
                case BinaryOp.Maximum _ when some && a.is(1) -> Optional.of(b).filter(Size::isCount);
                default -> Optional.empty();
            };
            if (result.filter(SizeReader::isModest).isEmpty()) {
                return Optional.empty();
            }
            all.add(result.get());
        }
        return Optional.of(all);
    }

    /** Whether it is far from what a type would wrap; limits that mean "to the end" are not. */
    private static boolean isModest(Size size) {
        return isModest(size.constant()) && size.terms().values().stream().allMatch(SizeReader::isModest);
    }

    private static boolean isModest(long number) {
        return number >= -MODEST && number <= MODEST;
    }
}
