package dev.decanter.cpu.compile;

import dev.decanter.cpu.compile.MaskForm.Added;
import dev.decanter.cpu.compile.MaskForm.Counting;
import dev.decanter.cpu.compile.MaskForm.Multiples;
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
    private final SizeReader sizes = SizeReader.ofSome();
    private final AddedReader added = new AddedReader(this, sizes);
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
            case ShapeOp.Convert convert -> convert(node, convert.destinationType());
            case ShapeOp.Range range -> range(node, range.outputType());
            case ShapeOp.Reshape _ -> reshape(node);
            case ShapeOp.Squeeze _, ShapeOp.Unsqueeze _ -> moved(node);
            case GatherScatterOp.Gather gather when gather.batchDims() == 0 -> gather(node);
            case BinaryOp op when op.autoBroadcast() == AutoBroadcast.NUMPY -> binary(node, op);
            case ShapeOp.Broadcast broadcast -> broadcast(node, broadcast.mode());
            case ShapeOp.Select _ -> select(node);
            case ShapeOp.Slice _ -> slice(node);
            default -> Optional.empty();
        };
    }

    private Optional<MaskForm> find(Output value) {
        if (!value.shape().hasRank()) {
            return Optional.empty();
        }
        Optional<MaskForm> form = form(value).map(f -> f);
        return form.isPresent() ? form : added.read(value).map(f -> f);
    }

    private static Optional<Seen> constant(Output value, Op.Constant constant) {
        boolean yes = constant.elementType() == ElementType.BOOLEAN
                && constant.shape().elements() == 1
                && constant.shape().rank() <= Seen.RANK
                && Graphs.isConstant(value, 1);
        return yes ? Optional.of(Seen.all()) : Optional.empty();
    }

    private Optional<? extends MaskForm> convert(Node node, ElementType type) {
        Output source = node.input(0);
        if (type == ElementType.BOOLEAN) {
            boolean list = Graphs.hasRank(source, 2) && isWhole(source.elementType());
            return list ? Optional.of(new Present(source)) : Optional.empty();
        }
        return SizeReader.isNumber(type) ? read(source).filter(Counting.class::isInstance) : Optional.empty();
    }

    private static boolean isWhole(ElementType type) {
        return type == ElementType.I64 || type == ElementType.I32;
    }

    private Optional<Counting> range(Node node, ElementType type) {
        Optional<Size> start = sizes.only(node.input(0));
        Optional<Size> stop = sizes.only(node.input(1));
        Optional<Size> step = sizes.only(node.input(2));
        if (start.isEmpty() || stop.isEmpty() || step.isEmpty() || !step.get().is(1)) {
            return Optional.empty();
        }
        Size length = stop.get().minus(start.get());
        return length.isCount() && SizeReader.isNumber(type)
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
                && sizes.read(product.input(0)).equals(sizes.sizes(mask))
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
        Padding padding = new Padding(picked.mask(), where.keys().start(), where.rowLength(), Optional.empty());
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
    private Optional<Seen> keysAlone(Node node, Present present) {
        boolean fits = node.op() instanceof ShapeOp.Unsqueeze
                && Graphs.hasRank(node.output(), Seen.RANK)
                && Constants.integers(node.input(1))
                        .filter(axes -> Arrays.equals(axes, new long[] {1, 2}))
                        .isPresent();
        if (!fits) {
            return Optional.empty();
        }
        Size rows = sizes.size(present.mask(), 0);
        Size keys = sizes.size(present.mask(), 1);
        Padding padding = new Padding(present.mask(), Size.of(0), keys, Optional.empty());
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

    private Optional<Picked> gather(Node node) {
        Optional<PresentList> list = read(node, 0, PresentList.class);
        Optional<Places> places = read(node, 1, Places.class);
        boolean fits = list.isPresent()
                && places.isPresent()
                && Constants.integer(node.input(2)).filter(axis -> axis == 0).isPresent();
        return fits ? Optional.of(new Picked(list.get().mask(), places.get(), node.input(1))) : Optional.empty();
    }

    private Optional<? extends MaskForm> binary(Node node, BinaryOp op) {
        Output left = node.input(0);
        Output right = node.input(1);
        return switch (op) {
            case BinaryOp.Add _ -> sum(left, right).or(() -> sum(right, left));
            case BinaryOp.Subtract _ -> sizes.only(right).flatMap(less -> moved(left, less.times(-1)));
            case BinaryOp.Multiply _ -> product(left, right).or(() -> product(right, left));
            case BinaryOp.Less _ -> less(left, right, 0);
            case BinaryOp.LessEqual _ -> less(left, right, 1);
            case BinaryOp.Greater _ -> less(right, left, 0);
            case BinaryOp.GreaterEqual _ -> less(right, left, 1);
            case BinaryOp.LogicalAnd _, BinaryOp.BitwiseAnd _ -> {
                Optional<Seen> other = read(node, 1, Seen.class);
                yield read(node, 0, Seen.class).flatMap(seen -> other.flatMap(seen::and));
            }
            default -> Optional.empty();
        };
    }

    private Optional<Counting> counting(Output value) {
        return read(value).filter(Counting.class::isInstance).map(Counting.class::cast);
    }

    private Optional<MaskForm> moved(Output counting, Size more) {
        return counting(counting).map(c -> new Counting(c.start().plus(more), c.length(), c.axis()));
    }

    private Optional<MaskForm> sum(Output a, Output b) {
        Optional<Size> more = sizes.only(b);
        if (more.isPresent()) {
            return moved(a, more.get());
        }
        Optional<MaskForm> other = read(b);
        return counting(a)
                .filter(keys -> other.isPresent()
                        && other.get() instanceof Multiples(Counting rows, var _)
                        && keys.axis() != rows.axis())
                .flatMap(keys -> other.map(Multiples.class::cast)
                        .map(multiples -> new Places(keys, multiples.rows(), multiples.factor())));
    }

    private Optional<MaskForm> product(Output a, Output b) {
        return counting(a)
                .filter(rows -> rows.start().is(0))
                .flatMap(rows -> sizes.only(b).map(factor -> new Multiples(rows, factor)));
    }

    /** Where {@code a < b + more}, of keys and queries. */
    private Optional<Seen> less(Output a, Output b, long more) {
        Optional<Counting> first = counting(a);
        Optional<Counting> second = counting(b);
        if (first.isEmpty() || second.isEmpty()) {
            return Optional.empty();
        }
        Counting left = first.get();
        Counting right = second.get();
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
        Optional<List<Size>> target = sizes.read(node.input(1));
        boolean mutual = mode == ShapeOp.BroadcastMode.BIDIRECTIONAL;
        return seen.isPresent() && target.isPresent() && (mutual || mode == ShapeOp.BroadcastMode.NUMPY)
                ? seen.get().broadcast(target.get(), mutual)
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
                && mask.get().cut().isEmpty()
                && node.inputs().size() == 5
                && Graphs.isAxis(node.input(4), Seen.RANK - 1, Seen.RANK)
                && Constants.integer(node.input(1)).filter(start -> start == 0).isPresent()
                && Constants.integer(node.input(3)).filter(step -> step == 1).isPresent()
                && sizes.only(node.input(2))
                        .filter(mask.get().seen().keys()::equals)
                        .isPresent();
        return whole ? mask : Optional.empty();
    }
}
