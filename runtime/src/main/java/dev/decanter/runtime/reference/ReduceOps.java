package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.runtime.Tensor;
import java.util.BitSet;
import java.util.List;

/** Reductions: floats accumulate in double and are rounded once, integers in long and wrap once. */
final class ReduceOps {
    private ReduceOps() {}

    static List<Tensor> evaluate(ReduceOp op, List<Tensor> inputs, Allocator allocator) {
        Tensor in = inputs.get(0);
        Shape shape = in.shape();
        BitSet axes = Values.axes(Values.longs(inputs.get(1), "the axes"), shape.rank());
        boolean logical = op instanceof ReduceOp.ReduceLogicalAnd || op instanceof ReduceOp.ReduceLogicalOr;
        if (logical != (in.elementType() == ElementType.BOOLEAN)) {
            throw new IrException("type " + in.elementType().irName() + " is not supported");
        }
        Tensor out = allocator.allocate(in.elementType(), reduced(shape, axes, op.keepDims()));

        // kept dimensions outside, reduced ones inside: each output is a walk over one strided block
        long[] strides = Walk.strides(shape);
        Shape outer = pick(shape, axes, false);
        Shape inner = pick(shape, axes, true);
        long[] innerStrides = pick(strides, axes, true);
        Elements from = Elements.of(in);
        Elements to = Elements.of(out);
        boolean whole = Values.isWhole(in.elementType());
        Walk.strided(outer, 0, pick(strides, axes, false)).rows((index, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                Walk block = Walk.strided(inner, at[0] + i * step[0], innerStrides);
                if (whole) {
                    to.putLong(index + i, reduceWhole(op, from, block, inner.elements()));
                } else {
                    to.putDouble(index + i, reduceReal(op, from, block, inner.elements()));
                }
            }
        });
        return List.of(out);
    }

    private static Shape reduced(Shape shape, BitSet axes, boolean keepDims) {
        if (!keepDims) {
            return pick(shape, axes, false);
        }
        long[] dims = shape.dims();
        axes.stream().forEach(a -> dims[a] = 1);
        return Shape.of(dims);
    }

    static Shape pick(Shape shape, BitSet axes, boolean chosen) {
        return Shape.of(pick(shape.dims(), axes, chosen));
    }

    static long[] pick(long[] values, BitSet axes, boolean chosen) {
        return java.util.stream.IntStream.range(0, values.length)
                .filter(d -> axes.get(d) == chosen)
                .mapToLong(d -> values[d])
                .toArray();
    }

    private static double reduceReal(ReduceOp op, Elements from, Walk block, long size) {
        double[] state = {
            switch (op) {
                case ReduceOp.ReduceProd _ -> 1;
                case ReduceOp.ReduceMax _ -> Double.NEGATIVE_INFINITY;
                case ReduceOp.ReduceMin _ -> Double.POSITIVE_INFINITY;
                default -> 0;
            }
        };
        block.rows((_, at, step, count) -> {
            double value = state[0];
            for (long i = 0; i < count; i++) {
                double x = from.doubleAt(at[0] + i * step[0]);
                value = switch (op) {
                    case ReduceOp.ReduceMean _, ReduceOp.ReduceSum _ -> value + x;
                    case ReduceOp.ReduceProd _ -> value * x;
                    case ReduceOp.ReduceMax _ -> Math.max(value, x);
                    case ReduceOp.ReduceMin _ -> Math.min(value, x);
                    case ReduceOp.ReduceL1 _ -> value + Math.abs(x);
                    case ReduceOp.ReduceL2 _ -> value + x * x;
                    case ReduceOp.ReduceLogicalAnd _, ReduceOp.ReduceLogicalOr _ ->
                        throw new IllegalStateException("checked before");
                };
            }
            state[0] = value;
        });
        return switch (op) {
            case ReduceOp.ReduceMean _ -> state[0] / size;
            case ReduceOp.ReduceL2 _ -> Math.sqrt(state[0]);
            default -> state[0];
        };
    }

    private static long reduceWhole(ReduceOp op, Elements from, Walk block, long size) {
        boolean extreme = op instanceof ReduceOp.ReduceMax || op instanceof ReduceOp.ReduceMin;
        if (size == 0 && (extreme || op instanceof ReduceOp.ReduceMean)) {
            throw new IrException("nothing to reduce: the reduced dimensions are empty");
        }
        long[] state = {
            switch (op) {
                case ReduceOp.ReduceProd _, ReduceOp.ReduceLogicalAnd _ -> 1;
                case ReduceOp.ReduceMax _ -> Long.MIN_VALUE;
                case ReduceOp.ReduceMin _ -> Long.MAX_VALUE;
                default -> 0;
            }
        };
        block.rows((_, at, step, count) -> {
            long value = state[0];
            for (long i = 0; i < count; i++) {
                long x = from.longAt(at[0] + i * step[0]);
                value = switch (op) {
                    case ReduceOp.ReduceMean _, ReduceOp.ReduceSum _ -> value + x;
                    case ReduceOp.ReduceProd _ -> value * x;
                    case ReduceOp.ReduceMax _ -> Math.max(value, x);
                    case ReduceOp.ReduceMin _ -> Math.min(value, x);
                    case ReduceOp.ReduceL1 _ -> value + Math.abs(x);
                    case ReduceOp.ReduceL2 _ -> value + x * x;
                    case ReduceOp.ReduceLogicalAnd _ -> value & x;
                    case ReduceOp.ReduceLogicalOr _ -> value | x;
                };
            }
            state[0] = value;
        });
        return switch (op) {
            case ReduceOp.ReduceMean _ -> state[0] / size;
            case ReduceOp.ReduceL2 _ -> (long) Math.sqrt((double) state[0]);
            default -> state[0];
        };
    }
}
