package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Copies;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.infer.InputSpec;
import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.infer.ValueBounds;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Steps that describe or re-describe values. */
final class ShapeSteps {
    private ShapeSteps() {}

    /** Dimensions, and products of some, up to which multiplying by another does not overflow. */
    private static final long MOST = Integer.MAX_VALUE;

    /** The shape of output 0 for the current step's inputs: input 0 by its shape, the others by value. */
    static Shape infer(Op op, String layer, Frame frame) {
        List<InputSpec> specs = new ArrayList<>(frame.inputCount());
        specs.add(new InputSpec(frame.type(0), PartialShape.of(frame.shape(0)), Optional.empty()));
        for (int i = 1; i < frame.inputCount(); i++) {
            Tensor value = frame.in(i);
            boolean integers = isWide(value.elementType());
            specs.add(new InputSpec(
                    value.elementType(),
                    PartialShape.of(value.shape()),
                    integers ? Optional.of(ValueBounds.exactly(value.toLongs())) : Optional.empty()));
        }
        List<OutputSpec> outputs = ShapeInference.inferSpecs(op, layer, specs);
        return outputs.getFirst().shape().toShape();
    }

    /**
     * Same memory, other dimensions. What is usual is computed here; the rest, mistakes included, is left to shape
     * inference, which knows the messages.
     */
    static Step reshape(Node node) {
        Op op = node.op();
        String layer = node.name();
        boolean steered = node.inputs().size() > 1;
        Optional<long[]> constant = steered ? Constants.integers(node.input(1)) : Optional.of(new long[0]);
        boolean usual = constant.isPresent() || isWide(node.input(1).elementType());
        if (!usual || (op instanceof ShapeOp.Reshape && !Graphs.hasRank(node.input(1), 1))) {
            return frame -> frame.view(0, frame.in(0).reshaped(infer(op, layer, frame)));
        }
        long @Nullable [] known = constant.orElse(null);
        return frame -> {
            Tensor data = frame.in(0);
            Shape given = data.shape();
            long[] steering = known != null ? known : frame.in(1).toLongs();
            Shape shape = switch (op) {
                case ShapeOp.Reshape reshape -> reshaped(given, steering, reshape.specialZero());
                case ShapeOp.Unsqueeze _ -> unsqueezed(given, steering);
                default -> squeezed(given, steering);
            };
            frame.view(0, data.reshaped(shape == null ? infer(op, layer, frame) : shape));
        };
    }

    private static boolean isWide(ElementType type) {
        return type == ElementType.I64 || type == ElementType.I32;
    }

    /** The shape that {@code target} means; null where that takes more thought. */
    private static @Nullable Shape reshaped(Shape given, long[] target, boolean specialZero) {
        long[] dims = target.clone();
        int open = -1;
        long named = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && open < 0) {
                open = i;
                continue;
            }
            if (dims[i] == 0 && specialZero && i < given.rank()) {
                dims[i] = given.dim(i);
            }
            if (dims[i] <= 0 || dims[i] > MOST || named > MOST) {
                return null;
            }
            named *= dims[i];
        }
        long elements = given.elements();
        if (elements == 0 || elements % named != 0 || (open < 0 && elements != named)) {
            return null;
        }
        if (open >= 0) {
            dims[open] = elements / named;
        }
        return Shape.of(dims);
    }

    private static @Nullable Shape unsqueezed(Shape given, long[] axes) {
        int rank = given.rank() + axes.length;
        boolean[] added = new boolean[rank];
        for (long axis : axes) {
            long at = axis < 0 ? axis + rank : axis;
            if (at < 0 || at >= rank || added[(int) at]) {
                return null;
            }
            added[(int) at] = true;
        }
        long[] dims = new long[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            dims[i] = added[i] ? 1 : given.dim(next++);
        }
        return Shape.of(dims);
    }

    /** None of a list of axes stands for all that are 1. */
    private static @Nullable Shape squeezed(Shape given, long[] axes) {
        int rank = given.rank();
        boolean all = axes.length == 0;
        boolean[] gone = new boolean[rank];
        int left = rank;
        for (int i = 0; all && i < rank; i++) {
            gone[i] = given.dim(i) == 1;
            left -= gone[i] ? 1 : 0;
        }
        for (long axis : axes) {
            long at = axis < 0 ? axis + rank : axis;
            if (at < 0 || at >= rank || gone[(int) at] || given.dim((int) at) != 1) {
                return null;
            }
            gone[(int) at] = true;
            left--;
        }
        long[] dims = new long[left];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            if (!gone[i]) {
                dims[next++] = given.dim(i);
            }
        }
        return Shape.of(dims);
    }

    /** Whether {@code node} takes the lower half of i64. */
    static boolean narrows(Node node) {
        return node.input(0).elementType() == ElementType.I64 && node.output().elementType() == ElementType.I32;
    }

    /** The lower halves of i64. */
    static Step narrow() {
        return frame -> {
            Tensor x = frame.in(0);
            long[] values = x.toLongs();
            int[] lower = new int[values.length];
            for (int i = 0; i < lower.length; i++) {
                lower[i] = (int) values[i];
            }
            MemorySegment to = frame.out(0, ElementType.I32, x.shape()).memory();
            MemorySegment.copy(lower, 0, to, ValueLayout.JAVA_INT_UNALIGNED, 0, lower.length);
        };
    }

    /** Neighbours along one axis are copied here; other slices are left to the reference. */
    static Step slice(Node node) {
        Step general = Lowering.reference(node);
        boolean steered = node.inputs().size() == 5
                && node.inputs().stream().skip(1).allMatch(i -> isWide(i.elementType()) && Graphs.hasRank(i, 1));
        if (!steered) {
            return general;
        }
        return frame -> {
            Tensor x = frame.in(0);
            Shape given = x.shape();
            long[] start = frame.in(1).toLongs();
            long[] stop = frame.in(2).toLongs();
            long[] step = frame.in(3).toLongs();
            long[] axes = frame.in(4).toLongs();
            int rank = given.rank();
            boolean one = axes.length == 1 && start.length == 1 && stop.length == 1 && step.length == 1;
            if (!one || step[0] != 1 || axes[0] >= rank || axes[0] < -rank) {
                general.run(frame);
                return;
            }
            int axis = (int) (axes[0] < 0 ? axes[0] + rank : axes[0]);
            long size = given.dim(axis);
            long from = bound(start[0], size);
            long count = Math.max(0, bound(stop[0], size) - from);
            long[] dims = given.dims();
            dims[axis] = count;
            Tensor y = frame.out(0, x.elementType(), Shape.of(dims));
            long bytes = given.elements(axis + 1, rank) * (x.elementType().bits() / Byte.SIZE);
            long blocks = given.elements(0, axis);
            for (long i = 0; i < blocks; i++) {
                MemorySegment.copy(x.memory(), (i * size + from) * bytes, y.memory(), i * count * bytes, count * bytes);
            }
        };
    }

    private static long bound(long limit, long size) {
        return Math.clamp(limit < 0 ? limit + size : limit, 0L, size);
    }

    static Step shapeOf(ElementType type) {
        return frame -> {
            Shape shape = frame.shape(0);
            MemorySegment out = frame.out(0, type, Shape.of(shape.rank())).memory();
            for (int i = 0; i < shape.rank(); i++) {
                if (type == ElementType.I32) {
                    out.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) shape.dim(i));
                } else {
                    out.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, shape.dim(i));
                }
            }
        };
    }

    static Step sizes(FusedOp.Sizes op) {
        Shape shape = op.alone() ? Shape.SCALAR : Shape.of(op.numbers().size());
        boolean wide = op.elementType() == ElementType.I64;
        return frame -> {
            MemorySegment out = frame.out(0, op.elementType(), shape).memory();
            for (int i = 0; i < op.numbers().size(); i++) {
                long number = op.numbers().get(i).of(frame);
                if (wide) {
                    out.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, number);
                } else {
                    out.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) number);
                }
            }
        };
    }

    /** Any permutation, of elements of a byte or more. */
    static Step transpose() {
        return frame -> {
            Tensor x = frame.in(0);
            Shape shape = x.shape();
            int rank = shape.rank();
            long[] order = frame.in(1).toLongs();
            long[] source = new long[rank];
            long step = 1;
            for (int i = rank - 1; i >= 0; i--) {
                source[i] = step;
                step *= shape.dim(i);
            }
            long[] dims = new long[rank];
            long[] strides = new long[rank];
            for (int i = 0; i < rank; i++) {
                int axis = order.length == 0 ? rank - 1 - i : (int) (order[i] < 0 ? order[i] + rank : order[i]);
                dims[i] = shape.dim(axis);
                strides[i] = source[axis];
            }
            Tensor y = frame.out(0, x.elementType(), Shape.of(dims));
            long[] target = new long[rank];
            step = 1;
            for (int i = rank - 1; i >= 0; i--) {
                target[i] = step;
                step *= dims[i];
            }
            int bytes = x.elementType().bits() / Byte.SIZE;
            Copies.strided(frame.team(), bytes, dims, x.memory(), 0, strides, y.memory(), 0, target);
        };
    }
}
