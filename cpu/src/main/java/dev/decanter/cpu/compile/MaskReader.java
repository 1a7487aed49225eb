package dev.decanter.cpu.compile;

import dev.decanter.cpu.compile.MaskForm.Added;
import dev.decanter.cpu.compile.MaskForm.Counting;
import dev.decanter.cpu.compile.MaskForm.Multiples;
import dev.decanter.cpu.compile.MaskForm.Numbers;
import dev.decanter.cpu.compile.MaskForm.Padding;
import dev.decanter.cpu.compile.MaskForm.Picked;
import dev.decanter.cpu.compile.MaskForm.Places;
import dev.decanter.cpu.compile.MaskForm.Present;
import dev.decanter.cpu.compile.MaskForm.PresentList;
import dev.decanter.cpu.compile.MaskForm.Seen;
import dev.decanter.cpu.kernels.Visibility;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Reads what a mask hides off the graph that computes it. It follows the graph node by node and knows what each value is, so
 * it depends on no exporter's order of nodes; what it does not know for sure it gives up.
 */
final class MaskReader {
    private static final long MOST = 8;

    private final Map<Output, Optional<MaskForm>> known = new HashMap<>();

    /** What {@code value} is, if it can be said. */
    Optional<MaskForm> read(Output value) {
        Optional<MaskForm> form = known.get(value);
        if (form == null) {
            form = find(value);
            known.put(value, form);
        }
        return form;
    }

    private <T extends MaskForm> Optional<T> read(Node node, int input, Class<T> form) {
        return node.inputs().size() > input
                ? read(node.input(input)).filter(form::isInstance).map(form::cast)
                : Optional.empty();
    }

    private Optional<? extends MaskForm> form(Output value) {
        Node node = value.node();
        return switch (node.op()) {
            case Op.Constant constant -> constant(value, constant);
            case ShapeOp.ShapeOf _, ShapeOp.ShapeOfV1 _ -> shapeOf(node.input(0));
            case ShapeOp.Convert convert -> convert(node, convert.destinationType());
            case ShapeOp.Range range -> range(node, range.outputType());
            case ShapeOp.Reshape _ -> reshape(node);
            case ShapeOp.Squeeze _, ShapeOp.Unsqueeze _ -> moved(node);
            case ShapeOp.Concat concat -> concat(node, concat.axis());
            case ShapeOp.Split split -> split(value, split.numSplits());
            case GatherScatterOp.Gather gather when gather.batchDims() == 0 -> gather(node);
            case BinaryOp op when op.autoBroadcast() == AutoBroadcast.NUMPY -> binary(node, op);
            case ShapeOp.Broadcast broadcast -> broadcast(node, broadcast.mode());
            case ShapeOp.Select _ -> select(node);
            case ShapeOp.Slice _ -> slice(node);
            default -> Optional.empty();
        };
    }

    private Optional<MaskForm> find(Output value) {
        return value.shape().hasRank() ? form(value).map(f -> f) : Optional.empty();
    }

    private static Optional<? extends MaskForm> constant(Output value, Op.Constant constant) {
        if (constant.shape().elements() > MOST) {
            return Optional.empty();
        }
        if (constant.elementType() == ElementType.BOOLEAN) {
            boolean yes = constant.shape().elements() == 1 && Graphs.isConstant(value, 1);
            return yes && constant.shape().rank() <= Seen.RANK ? Optional.of(Seen.all()) : Optional.empty();
        }
        return constant.shape().rank() <= 1 || constant.shape().elements() == 1
                ? Constants.integers(value)
                        .map(all -> new Numbers(
                                Arrays.stream(all).mapToObj(Size::of).toList()))
                : Optional.empty();
    }

    private static Optional<Numbers> shapeOf(Output value) {
        if (!value.shape().hasRank()) {
            return Optional.empty();
        }
        List<Size> sizes = new ArrayList<>();
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            sizes.add(Size.of(value, axis));
        }
        return Optional.of(new Numbers(sizes));
    }

    /** Numbers keep what they are: sizes and positions are below 2^24. */
    private Optional<? extends MaskForm> convert(Node node, ElementType type) {
        Output source = node.input(0);
        if (type == ElementType.BOOLEAN) {
            boolean list = Graphs.hasRank(source, 2) && isWhole(source.elementType());
            return list ? Optional.of(new Present(source)) : Optional.empty();
        }
        boolean exact = isWhole(type) || type == ElementType.F32;
        return exact
                ? read(source).filter(form -> form instanceof Numbers || form instanceof Counting)
                : Optional.empty();
    }

    private static boolean isWhole(ElementType type) {
        return type == ElementType.I64 || type == ElementType.I32;
    }

    private Optional<Counting> range(Node node, ElementType type) {
        Optional<Size> start = read(node, 0, Numbers.class).flatMap(Numbers::only);
        Optional<Size> stop = read(node, 1, Numbers.class).flatMap(Numbers::only);
        Optional<Size> step = read(node, 2, Numbers.class).flatMap(Numbers::only);
        if (start.isEmpty() || stop.isEmpty() || step.isEmpty() || !step.get().is(1)) {
            return Optional.empty();
        }
        Size length = stop.get().minus(start.get());
        return length.isCount() && (isWhole(type) || type == ElementType.F32)
                ? Optional.of(new Counting(start.get(), length, 0))
                : Optional.empty();
    }

    private Optional<? extends MaskForm> reshape(Node node) {
        Output target = node.input(1);
        Optional<Present> present = read(node, 0, Present.class);
        if (present.isPresent()) {
            return isList(target, present.get().mask())
                    ? Optional.of(new PresentList(present.get().mask()))
                    : Optional.empty();
        }
        Optional<Picked> picked = read(node, 0, Picked.class);
        if (picked.isEmpty()) {
            return moved(node);
        }
        // the elements keep their order
        boolean restored = target.node().op() instanceof ShapeOp.ShapeOf
                && target.node().input(0) == picked.get().places();
        return restored ? seen(picked.get()) : picked;
    }

    /** [-1], or [elements of {@code mask}, -1]. */
    private boolean isList(Output target, Output mask) {
        Optional<long[]> constant = Constants.integers(target);
        if (constant.isPresent()) {
            return constant.get().length == 1 && constant.get()[0] == -1;
        }
        Node concat = target.node();
        if (!(concat.op() instanceof ShapeOp.Concat) || concat.inputs().size() != 2) {
            return false;
        }
        Node product = concat.input(0).node();
        return product.op() instanceof ReduceOp.ReduceProd
                && read(product, 0, Numbers.class).equals(shapeOf(mask))
                && Constants.integer(product.input(1))
                        .filter(axis -> axis == 0 || axis == -1)
                        .isPresent()
                && Constants.integer(concat.input(1)).filter(open -> open == -1).isPresent();
    }

    private static Optional<Seen> seen(Picked picked) {
        Places where = picked.where();
        if (where.keys().axis() != 0
                || where.rows().axis() != Seen.RANK - 1
                || !Graphs.hasRank(picked.places(), Seen.RANK)) {
            return Optional.empty();
        }
        Padding padding = new Padding(picked.mask(), where.keys().start(), where.rowLength());
        Seen seen = new Seen(Seen.all().dims(), Optional.empty(), Optional.empty(), Optional.of(padding));
        return Optional.of(seen.sized(0, where.keys().length())
                .sized(Seen.RANK - 1, where.rows().length()));
    }

    /** Other dimensions of 1, or none. */
    private Optional<? extends MaskForm> moved(Node node) {
        Optional<MaskForm> form = read(node.input(0));
        Output result = node.output();
        if (form.isEmpty()) {
            return form;
        }
        return switch (form.get()) {
            case Numbers numbers when numbers.values().size() == 1 || Graphs.hasRank(result, 1) -> form;
            case Counting counting -> {
                OptionalInt axis = openAxis(result);
                yield axis.isPresent()
                        ? Optional.of(new Counting(counting.start(), counting.length(), axis.getAsInt()))
                        : Optional.empty();
            }
            case Present present -> keysAlone(node, present);
            default -> Optional.empty();
        };
    }

    /** [rows, keys] as [rows, 1, 1, keys]. */
    private static Optional<Seen> keysAlone(Node node, Present present) {
        boolean fits = node.op() instanceof ShapeOp.Unsqueeze
                && Graphs.hasRank(node.output(), Seen.RANK)
                && Constants.integers(node.input(1))
                        .filter(axes -> Arrays.equals(axes, new long[] {1, 2}))
                        .isPresent();
        if (!fits) {
            return Optional.empty();
        }
        Size rows = Size.of(present.mask(), 0);
        Size keys = Size.of(present.mask(), 1);
        Padding padding = new Padding(present.mask(), Size.of(0), keys);
        return Optional.of(new Seen(Seen.all().dims(), Optional.empty(), Optional.empty(), Optional.of(padding))
                .sized(0, keys)
                .sized(Seen.RANK - 1, rows));
    }

    /** The only axis that is not 1, counted from the last. */
    private static OptionalInt openAxis(Output value) {
        int rank = value.shape().rank();
        OptionalInt open = OptionalInt.empty();
        for (int i = 0; i < rank; i++) {
            if (Graphs.dim(value, i) != 1) {
                if (open.isPresent()) {
                    return OptionalInt.empty();
                }
                open = OptionalInt.of(rank - 1 - i);
            }
        }
        return open;
    }

    private Optional<Numbers> concat(Node node, long axis) {
        List<Size> all = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            Optional<Numbers> numbers = read(node, i, Numbers.class);
            if (numbers.isEmpty()) {
                return Optional.empty();
            }
            all.addAll(numbers.get().values());
        }
        return Graphs.hasRank(node.output(), 1) && (axis == 0 || axis == -1)
                ? Optional.of(new Numbers(all))
                : Optional.empty();
    }

    private Optional<Numbers> split(Output value, long parts) {
        return read(value.node(), 0, Numbers.class)
                .filter(n -> n.values().size() == parts && Graphs.hasRank(value, 1))
                .map(n -> new Numbers(List.of(n.values().get(value.index()))));
    }

    private Optional<? extends MaskForm> gather(Node node) {
        boolean first =
                Constants.integer(node.input(2)).filter(axis -> axis == 0).isPresent();
        Optional<MaskForm> data = read(node.input(0));
        if (!first || data.isEmpty()) {
            return Optional.empty();
        }
        if (data.get() instanceof PresentList list) {
            return read(node, 1, Places.class).map(places -> new Picked(list.mask(), places, node.input(1)));
        }
        Optional<long[]> indices = Constants.integers(node.input(1));
        if (!(data.get() instanceof Numbers numbers) || !Graphs.hasRank(node.input(0), 1) || indices.isEmpty()) {
            return Optional.empty();
        }
        List<Size> picked = new ArrayList<>();
        for (long index : indices.get()) {
            long at = index < 0 ? index + numbers.values().size() : index;
            if (at < 0 || at >= numbers.values().size()) {
                return Optional.empty();
            }
            picked.add(numbers.values().get((int) at));
        }
        return node.output().shape().rank() <= 1 ? Optional.of(new Numbers(picked)) : Optional.empty();
    }

    private Optional<? extends MaskForm> binary(Node node, BinaryOp op) {
        Optional<MaskForm> left = read(node.input(0));
        Optional<MaskForm> right = read(node.input(1));
        if (left.isEmpty() || right.isEmpty()) {
            return Optional.empty();
        }
        MaskForm a = left.get();
        MaskForm b = right.get();
        return switch (op) {
            case BinaryOp.Add _ -> sum(a, b).or(() -> sum(b, a));
            case BinaryOp.Subtract _ -> negative(b).flatMap(minus -> sum(a, minus));
            case BinaryOp.Multiply _ -> product(a, b).or(() -> product(b, a));
            case BinaryOp.Less _ -> less(a, b, 0);
            case BinaryOp.LessEqual _ -> less(a, b, 1);
            case BinaryOp.Greater _ -> less(b, a, 0);
            case BinaryOp.GreaterEqual _ -> less(b, a, 1);
            case BinaryOp.LogicalAnd _, BinaryOp.BitwiseAnd _ ->
                a instanceof Seen x && b instanceof Seen y ? x.and(y) : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<MaskForm> sum(MaskForm a, MaskForm b) {
        if (b instanceof Numbers(var values) && values.size() == 1) {
            Size more = values.getFirst();
            return switch (a) {
                case Numbers(var all) ->
                    Optional.of(new Numbers(all.stream().map(more::plus).toList()));
                case Counting(Size start, Size length, int axis) ->
                    Optional.of(new Counting(start.plus(more), length, axis));
                default -> Optional.empty();
            };
        }
        boolean places = a instanceof Counting keys
                && b instanceof Multiples multiples
                && keys.axis() != multiples.rows().axis();
        return places && a instanceof Counting keys && b instanceof Multiples(Counting rows, Size factor)
                ? Optional.of(new Places(keys, rows, factor))
                : Optional.empty();
    }

    private static Optional<MaskForm> negative(MaskForm form) {
        return form instanceof Numbers(var values)
                ? Optional.of(new Numbers(values.stream().map(v -> v.times(-1)).toList()))
                : Optional.empty();
    }

    private static Optional<MaskForm> product(MaskForm a, MaskForm b) {
        if (!(b instanceof Numbers(var values)) || values.size() != 1) {
            return Optional.empty();
        }
        Size factor = values.getFirst();
        return switch (a) {
            case Numbers numbers
            when numbers.values().size() == 1 ->
                numbers.values().getFirst().times(factor).map(product -> new Numbers(List.of(product)));
            case Counting rows when rows.start().is(0) -> Optional.of(new Multiples(rows, factor));
            default -> Optional.empty();
        };
    }

    /** Where {@code a < b + more}, of keys and queries. */
    private static Optional<Seen> less(MaskForm a, MaskForm b, long more) {
        if (!(a instanceof Counting left) || !(b instanceof Counting right)) {
            return Optional.empty();
        }
        if (left.axis() == 0 && right.axis() == 1) {
            Size until = right.start().minus(left.start()).plus(more);
            return Optional.of(limited(left, right, Optional.empty(), Optional.of(until)));
        }
        if (left.axis() == 1 && right.axis() == 0) {
            Size from = left.start().minus(right.start()).plus(1 - more);
            return Optional.of(limited(right, left, Optional.of(from), Optional.empty()));
        }
        return Optional.empty();
    }

    private static Seen limited(Counting keys, Counting queries, Optional<Size> from, Optional<Size> until) {
        return new Seen(Seen.all().dims(), from, until, Optional.empty())
                .sized(0, keys.length())
                .sized(1, queries.length());
    }

    private Optional<Seen> broadcast(Node node, ShapeOp.BroadcastMode mode) {
        Optional<Seen> seen = read(node, 0, Seen.class);
        Optional<Numbers> target = read(node, 1, Numbers.class);
        boolean mutual = mode == ShapeOp.BroadcastMode.BIDIRECTIONAL;
        return seen.isPresent() && target.isPresent() && (mutual || mode == ShapeOp.BroadcastMode.NUMPY)
                ? seen.get().broadcast(target.get().values(), mutual)
                : Optional.empty();
    }

    private Optional<Added> select(Node node) {
        Optional<Seen> seen = read(node, 0, Seen.class);
        Optional<double[]> hidden = Constants.numbers(node.input(2));
        boolean fits = seen.isPresent()
                && Graphs.isF32(node.output())
                && Graphs.hasRank(node.output(), Seen.RANK)
                && isOne(node.input(1))
                && isOne(node.input(2))
                && Graphs.isConstant(node.input(1), 0)
                && hidden.isPresent()
                && hidden.get()[0] <= Visibility.HIDDEN;
        return fits ? Optional.of(new Added(seen.get(), (float) hidden.get()[0])) : Optional.empty();
    }

    /** Whether it has one element, and no more dimensions than a mask. */
    private static boolean isOne(Output value) {
        return value.shape().hasRank()
                && value.shape().isStatic()
                && value.shape().rank() <= Seen.RANK
                && value.shape().toShape().elements() == 1;
    }

    /** All keys. */
    private Optional<Added> slice(Node node) {
        Optional<Added> mask = read(node, 0, Added.class);
        boolean whole = mask.isPresent()
                && node.inputs().size() == 5
                && Graphs.isAxis(node.input(4), Seen.RANK - 1, Seen.RANK)
                && Constants.integer(node.input(1)).filter(start -> start == 0).isPresent()
                && Constants.integer(node.input(3)).filter(step -> step == 1).isPresent()
                && read(node, 2, Numbers.class)
                        .flatMap(Numbers::only)
                        .filter(mask.get().seen().keys()::equals)
                        .isPresent();
        return whole ? mask : Optional.empty();
    }
}
