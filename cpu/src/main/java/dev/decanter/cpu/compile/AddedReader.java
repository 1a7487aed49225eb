package dev.decanter.cpu.compile;

import dev.decanter.cpu.compile.MaskForm.Added;
import dev.decanter.cpu.compile.MaskForm.Full;
import dev.decanter.cpu.compile.MaskForm.Gone;
import dev.decanter.cpu.compile.MaskForm.Marks;
import dev.decanter.cpu.compile.MaskForm.Ones;
import dev.decanter.cpu.compile.MaskForm.Padding;
import dev.decanter.cpu.compile.MaskForm.Seen;
import dev.decanter.cpu.kernels.Visibility;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Masks that are computed as numbers from the start, as Transformers did up to 4.47: all hidden, times what lies ahead, then
 * padding hidden in a part of them that is the whole.
 */
final class AddedReader {
    private static final int LAST = Seen.RANK - 1;

    private final MaskReader masks;
    private final SizeReader sizes;

    AddedReader(MaskReader masks, SizeReader sizes) {
        this.masks = masks;
        this.sizes = sizes;
    }

    Optional<? extends MaskForm> read(Output value) {
        Node node = value.node();
        return switch (node.op()) {
            case ShapeOp.Broadcast op -> full(node, op.mode()).or(() -> wider(node, op.mode()));
            case ShapeOp.Convert op
            when op.destinationType() == ElementType.F32 -> marks(node).or(() -> ones(node));
            case ShapeOp.Select _ -> ahead(node).or(() -> padded(node));
            case BinaryOp.Multiply _ -> product(node);
            case BinaryOp.Equal _ -> gone(node);
            case ShapeOp.Unsqueeze _
            when Graphs.hasRank(value, Seen.RANK) && names(node, 0, 1) -> form(node.input(0), Added.class);
            case ShapeOp.Reshape _ -> assigned(node);
            case ShapeOp.StridedSlice _ -> cut(node);
            default -> Optional.empty();
        };
    }

    private <T extends MaskForm> Optional<T> form(Output value, Class<T> form) {
        return masks.read(value).filter(form::isInstance).map(form::cast);
    }

    private static boolean names(Node node, long... axes) {
        return Constants.integers(node.input(1))
                .filter(given -> Arrays.equals(given, axes))
                .isPresent();
    }

    /** One number everywhere. */
    private Optional<MaskForm> full(Node node, ShapeOp.BroadcastMode mode) {
        Optional<Float> number = Optional.of(Graphs.floats(node.input(0)))
                .filter(all -> all.size() == 1 && all.getFirst() <= Visibility.HIDDEN)
                .map(List::getFirst);
        Optional<List<Size>> target = sizes.read(node.input(1)).filter(all -> all.size() <= Seen.RANK);
        if (number.isEmpty() || target.isEmpty() || mode != ShapeOp.BroadcastMode.NUMPY) {
            return Optional.empty();
        }
        List<Size> dims = new ArrayList<>(target.get());
        while (dims.size() < Seen.RANK) {
            dims.addFirst(Size.of(1));
        }
        return Optional.of(new Full(number.get(), dims));
    }

    private Optional<MaskForm> wider(Node node, ShapeOp.BroadcastMode mode) {
        Optional<Added> mask =
                form(node.input(0), Added.class).filter(m -> m.cut().isEmpty());
        if (mask.isEmpty()) {
            return Optional.empty();
        }
        Node target = node.input(1).node();
        boolean like = target.op() instanceof ShapeOp.ShapeOf
                && form(target.input(0), Added.class)
                        .filter(other -> other.cut().isEmpty()
                                && other.seen().dims().equals(mask.get().seen().dims()))
                        .isPresent();
        if (like) {
            return mask.map(m -> m);
        }
        boolean mutual = mode == ShapeOp.BroadcastMode.BIDIRECTIONAL;
        return sizes.read(node.input(1))
                .flatMap(dims -> mask.get().seen().broadcast(dims, mutual))
                .map(seen -> new Added(seen, mask.get().hidden()));
    }

    /** [rows, keys] of whole numbers as numbers [rows, 1, 1, keys]. */
    private static Optional<MaskForm> marks(Node convert) {
        Node unsqueeze = convert.input(0).node();
        boolean fits = unsqueeze.op() instanceof ShapeOp.Unsqueeze
                && names(unsqueeze, 1, 2)
                && Graphs.hasRank(unsqueeze.input(0), 2)
                && (unsqueeze.output().elementType() == ElementType.I64
                        || unsqueeze.output().elementType() == ElementType.I32);
        return fits ? Optional.of(new Marks(unsqueeze.input(0))) : Optional.empty();
    }

    private Optional<MaskForm> ones(Node convert) {
        return form(convert.input(0), Seen.class).map(Ones::new);
    }

    /** Hidden from some key on. */
    private Optional<MaskForm> ahead(Node node) {
        Optional<Full> full = form(node.input(1), Full.class);
        Optional<Seen> from = form(node.input(0), Seen.class)
                .filter(seen -> seen.from().isPresent()
                        && seen.until().isEmpty()
                        && seen.padding().isEmpty());
        boolean fits = full.isPresent()
                && from.filter(seen -> seen.dims().equals(full.get().dims())).isPresent()
                && Graphs.floats(node.input(2)).size() == 1
                && Graphs.isConstant(node.input(2), 0);
        return fits
                ? from.map(seen -> new Seen(seen.dims(), Optional.empty(), seen.from(), Optional.empty()))
                        .map(seen -> new Added(seen, full.get().number()))
                : Optional.empty();
    }

    /** What is hidden in both: keys are visible until the later of two. */
    private Optional<MaskForm> product(Node node) {
        Optional<Added> mask = form(node.input(0), Added.class);
        Optional<Seen> ones = form(node.input(1), Ones.class).map(Ones::seen);
        boolean fits = mask.isPresent()
                && ones.isPresent()
                && onlyUntil(mask.get())
                && ones.get().from().isPresent()
                && ones.get().until().isEmpty()
                && ones.get().padding().isEmpty()
                && ones.get().dims().equals(mask.get().seen().dims())
                && mask.get().hidden() > Float.NEGATIVE_INFINITY;
        if (!fits) {
            return Optional.empty();
        }
        Size a = mask.get().seen().until().orElseThrow();
        Size b = ones.get().from().orElseThrow();
        Optional<Size> later = b.minus(a).isCount()
                ? Optional.of(b)
                : Optional.of(a).filter(x -> x.minus(b).isCount());
        return later.map(until -> new Added(
                new Seen(ones.get().dims(), Optional.empty(), Optional.of(until), Optional.empty()),
                mask.get().hidden()));
    }

    private static boolean onlyUntil(Added mask) {
        return mask.cut().isEmpty()
                && mask.seen().from().isEmpty()
                && mask.seen().until().isPresent()
                && mask.seen().padding().isEmpty();
    }

    /** Where mask and marks are 0 together; where the mask is not, it makes no difference. */
    private Optional<MaskForm> gone(Node equal) {
        Node sum = equal.input(0).node();
        if (!(sum.op() instanceof BinaryOp.Add) || !Graphs.isConstant(equal.input(1), 0)) {
            return Optional.empty();
        }
        Optional<Added> mask = form(sum.input(0), Added.class);
        Optional<Marks> marks = form(sum.input(1), Marks.class);
        return mask.isPresent() && marks.isPresent()
                ? Optional.of(new Gone(mask.get(), marks.get().mask()))
                : Optional.empty();
    }

    /** The mask with padding hidden as well. */
    private Optional<MaskForm> padded(Node node) {
        Optional<Gone> gone = form(node.input(0), Gone.class);
        Optional<Added> mask = form(node.input(2), Added.class);
        boolean fits = gone.isPresent()
                && mask.equals(gone.map(Gone::mask))
                && onlyUntil(mask.get())
                && Graphs.floats(node.input(1)).equals(List.of(mask.get().hidden()))
                && mask.get().seen().keys().equals(sizes.size(gone.get().padding(), 1));
        if (!fits) {
            return Optional.empty();
        }
        Output marks = gone.get().padding();
        Seen seen = mask.get().seen();
        Padding padding = new Padding(marks, Size.of(0), seen.keys(), Optional.of(sizes.size(marks, 0)));
        Seen both = new Seen(seen.dims(), Optional.empty(), seen.until(), Optional.of(padding));
        return Optional.of(new Added(both, mask.get().hidden()));
    }

    /** A copy of x with all of it, as places in a list, replaced. */
    private Optional<MaskForm> assigned(Node reshape) {
        Node scatter = reshape.input(0).node();
        boolean replaces = scatter.op() instanceof GatherScatterOp.ScatterNDUpdateV4
                || scatter.op() instanceof GatherScatterOp.ScatterNDUpdateV3;
        if (!replaces || !isReshape(scatter.input(0), -1) || !isReshape(scatter.input(2), -1)) {
            return Optional.empty();
        }
        Output x = scatter.input(0).node().input(0);
        Optional<Added> old = form(x, Added.class);
        Optional<Added> updates = form(scatter.input(2).node().input(0), Added.class);
        boolean fits = isShapeOf(reshape.input(1), x)
                && isReshape(scatter.input(1), -1, 1)
                && old.isPresent()
                && updates.isPresent()
                && updates.get().cut().isEmpty()
                && updates.get().seen().dims().equals(old.get().seen().dims())
                && arePlaces(scatter.input(1).node().input(0), x, old.get());
        return fits ? updates.map(u -> u) : Optional.empty();
    }

    /** Places of all elements of x, of which the slice that follows takes all. */
    private boolean arePlaces(Output value, Output x, Added mask) {
        Node slice = value.node();
        if (!(slice.op() instanceof ShapeOp.StridedSlice op)
                || !end(slice, op).equals(Optional.of(mask.seen().keys()))) {
            return false;
        }
        Node reshape = slice.input(0).node();
        Node range = reshape.op() instanceof ShapeOp.Reshape ? reshape.input(0).node() : reshape;
        if (!(range.op() instanceof ShapeOp.Range) || !isShapeOf(reshape.input(1), x)) {
            return false;
        }
        Node product = range.input(1).node();
        return Graphs.isConstant(range.input(0), 0)
                && Graphs.isConstant(range.input(2), 1)
                && product.op() instanceof ReduceOp.ReduceProd
                && isShapeOf(product.input(0), x)
                && Graphs.isConstant(product.input(1), 0);
    }

    private static boolean isReshape(Output value, long... target) {
        return value.node().op() instanceof ShapeOp.Reshape && names(value.node(), target);
    }

    private static boolean isShapeOf(Output value, Output x) {
        return value.node().op() instanceof ShapeOp.ShapeOf && value.node().input(0) == x;
    }

    /** The first keys. */
    private Optional<MaskForm> cut(Node node) {
        Optional<Added> mask =
                form(node.input(0), Added.class).filter(m -> m.cut().isEmpty());
        Optional<Size> end = node.op() instanceof ShapeOp.StridedSlice op ? end(node, op) : Optional.empty();
        if (mask.isEmpty() || end.isEmpty()) {
            return Optional.empty();
        }
        boolean whole = end.equals(mask.map(m -> m.seen().keys()));
        return mask.map(m -> whole ? m : new Added(m.seen(), m.hidden(), end));
    }

    /** Where a slice of the last of four axes ends, if it takes all that is before and all of the other axes. */
    private Optional<Size> end(Node node, ShapeOp.StridedSlice op) {
        boolean plain = node.inputs().size() == 4
                && !op.newAxisMask().contains(1L)
                && !op.shrinkAxisMask().contains(1L)
                && !op.ellipsisMask().contains(1L)
                && op.beginMask().size() == Seen.RANK
                && op.endMask().size() == Seen.RANK
                && op.beginMask().subList(0, LAST).equals(List.of(1L, 1L, 1L))
                && op.endMask().subList(0, LAST).equals(List.of(1L, 1L, 1L))
                && op.endMask().get(LAST) == 0
                && Graphs.isConstant(node.input(1), 0)
                && Graphs.isConstant(node.input(3), 1);
        return plain
                ? sizes.read(node.input(2))
                        .filter(all -> all.size() == Seen.RANK)
                        .map(all -> all.get(LAST))
                        .filter(Size::isCount)
                : Optional.empty();
    }
}
