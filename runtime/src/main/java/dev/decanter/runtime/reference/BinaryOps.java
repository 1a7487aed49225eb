package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;

/**
 * Two operands with broadcasting. Floats are computed in double and rounded once to the type, which for the basic
 * operations gives what arithmetic of that type gives; integers wrap as their type does.
 */
final class BinaryOps {
    private BinaryOps() {}

    @FunctionalInterface
    private interface DoubleComparison {
        boolean test(double a, double b);
    }

    static List<Tensor> evaluate(BinaryOp op, List<Tensor> inputs, Allocator allocator) {
        Tensor a = inputs.get(0);
        Tensor b = inputs.get(1);
        Values.sameType(a, b);
        Shape shape = outputShape(op.autoBroadcast(), a.shape(), b.shape());
        ElementType type = switch (op) {
            case BinaryOp.Arithmetic _ -> a.elementType();
            case BinaryOp.Bitwise _ -> {
                if (!Values.isWhole(a.elementType())) {
                    throw new IrException("the inputs must be integer or boolean, not " + a);
                }
                yield a.elementType();
            }
            case BinaryOp.Comparison _ -> ElementType.BOOLEAN;
            case BinaryOp.Logical _ -> {
                Values.type(a, "the inputs", ElementType.BOOLEAN);
                yield ElementType.BOOLEAN;
            }
        };
        Tensor out = allocator.allocate(type, shape);
        Walk walk = Walk.broadcast(shape, a.shape(), b.shape());
        if (Values.isWhole(a.elementType())) {
            whole(walk, wholeFunction(op, a.elementType()), a, b, out);
        } else {
            real(walk, realFunction(op), a, b, out);
        }
        return List.of(out);
    }

    static Shape outputShape(AutoBroadcast mode, Shape a, Shape b) {
        return switch (mode) {
            case NUMPY -> Values.broadcast(a, b);
            case NONE -> {
                if (!a.equals(b)) {
                    throw new IrException("shapes " + a + " and " + b + " differ and auto_broadcast is none");
                }
                yield a;
            }
            case PDPD -> {
                // only the second operand is repeated
                Walk.broadcastStrides(b, a);
                yield a;
            }
        };
    }

    private static void real(Walk walk, DoubleBinaryOperator function, Tensor a, Tensor b, Tensor out) {
        Elements left = Elements.of(a);
        Elements right = Elements.of(b);
        Elements to = Elements.of(out);
        double[] x = new double[Elements.CHUNK];
        double[] y = new double[Elements.CHUNK];
        walk.rows((at, from, step, count) -> {
            for (long start = 0; start < count; start += x.length) {
                int size = (int) Math.min(x.length, count - start);
                left.read(from[0] + start * step[0], step[0], x, size);
                right.read(from[1] + start * step[1], step[1], y, size);
                for (int i = 0; i < size; i++) {
                    x[i] = function.applyAsDouble(x[i], y[i]);
                }
                to.write(at + start, x, size);
            }
        });
    }

    private static void whole(Walk walk, LongBinaryOperator function, Tensor a, Tensor b, Tensor out) {
        Elements left = Elements.of(a);
        Elements right = Elements.of(b);
        Elements to = Elements.of(out);
        walk.rows((at, from, step, count) -> {
            for (long i = 0; i < count; i++) {
                long x = left.longAt(from[0] + i * step[0]);
                long y = right.longAt(from[1] + i * step[1]);
                to.putLong(at + i, function.applyAsLong(x, y));
            }
        });
    }

    private static DoubleBinaryOperator realFunction(BinaryOp op) {
        return switch (op) {
            case BinaryOp.Add _ -> (x, y) -> x + y;
            case BinaryOp.Subtract _ -> (x, y) -> x - y;
            case BinaryOp.Multiply _ -> (x, y) -> x * y;
            case BinaryOp.Divide _ -> (x, y) -> x / y;
            case BinaryOp.Power _ -> Math::pow;
            case BinaryOp.Maximum _ -> Math::max;
            case BinaryOp.Minimum _ -> Math::min;
            case BinaryOp.SquaredDifference _ -> (x, y) -> (x - y) * (x - y);
            case BinaryOp.Mod _ -> (x, y) -> x % y;
            case BinaryOp.FloorMod _ -> BinaryOps::floorMod;
            case BinaryOp.Equal _ -> test((x, y) -> x == y);
            case BinaryOp.NotEqual _ -> test((x, y) -> x != y);
            case BinaryOp.Less _ -> test((x, y) -> x < y);
            case BinaryOp.LessEqual _ -> test((x, y) -> x <= y);
            case BinaryOp.Greater _ -> test((x, y) -> x > y);
            case BinaryOp.GreaterEqual _ -> test((x, y) -> x >= y);
            case BinaryOp.Logical _, BinaryOp.Bitwise _ -> throw new IllegalStateException("checked before");
        };
    }

    private static DoubleBinaryOperator test(DoubleComparison comparison) {
        return (x, y) -> comparison.test(x, y) ? 1 : 0;
    }

    /** The remainder has the divisor's sign. */
    private static double floorMod(double x, double y) {
        double remainder = x % y;
        return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
    }

    private static LongBinaryOperator wholeFunction(BinaryOp op, ElementType type) {
        boolean unsigned = type == ElementType.U64;
        return switch (op) {
            case BinaryOp.Add _ -> (x, y) -> x + y;
            case BinaryOp.Subtract _ -> (x, y) -> x - y;
            case BinaryOp.Multiply _ -> (x, y) -> x * y;
            case BinaryOp.Divide divide -> {
                if (unsigned) {
                    yield (x, y) -> Long.divideUnsigned(x, divisor(y));
                }
                yield divide.pythonDivision() ? (x, y) -> Math.floorDiv(x, divisor(y)) : (x, y) -> x / divisor(y);
            }
            case BinaryOp.Power _ -> BinaryOps::power;
            case BinaryOp.Maximum _ -> (x, y) -> compare(x, y, unsigned) >= 0 ? x : y;
            case BinaryOp.Minimum _ -> (x, y) -> compare(x, y, unsigned) <= 0 ? x : y;
            case BinaryOp.SquaredDifference _ -> (x, y) -> (x - y) * (x - y);
            case BinaryOp.Mod _ ->
                unsigned ? (x, y) -> Long.remainderUnsigned(x, divisor(y)) : (x, y) -> x % divisor(y);
            case BinaryOp.FloorMod _ ->
                unsigned ? (x, y) -> Long.remainderUnsigned(x, divisor(y)) : (x, y) -> Math.floorMod(x, divisor(y));
            case BinaryOp.Equal _ -> (x, y) -> x == y ? 1 : 0;
            case BinaryOp.NotEqual _ -> (x, y) -> x != y ? 1 : 0;
            case BinaryOp.Less _ -> (x, y) -> compare(x, y, unsigned) < 0 ? 1 : 0;
            case BinaryOp.LessEqual _ -> (x, y) -> compare(x, y, unsigned) <= 0 ? 1 : 0;
            case BinaryOp.Greater _ -> (x, y) -> compare(x, y, unsigned) > 0 ? 1 : 0;
            case BinaryOp.GreaterEqual _ -> (x, y) -> compare(x, y, unsigned) >= 0 ? 1 : 0;
            case BinaryOp.LogicalAnd _, BinaryOp.BitwiseAnd _ -> (x, y) -> x & y;
            case BinaryOp.LogicalOr _, BinaryOp.BitwiseOr _ -> (x, y) -> x | y;
            case BinaryOp.LogicalXor _, BinaryOp.BitwiseXor _ -> (x, y) -> x ^ y;
        };
    }

    private static int compare(long x, long y, boolean unsigned) {
        return unsigned ? Long.compareUnsigned(x, y) : Long.compare(x, y);
    }

    private static long divisor(long y) {
        if (y == 0) {
            throw new IrException("integer division by zero");
        }
        return y;
    }

    /** Wraps like repeated multiplication; a negative exponent gives the truncated fraction. */
    private static long power(long base, long exponent) {
        if (exponent < 0) {
            return (long) Math.pow((double) base, (double) exponent);
        }
        long result = 1;
        long square = base;
        for (long e = exponent; e > 0; e >>= 1) {
            if ((e & 1) != 0) {
                result *= square;
            }
            square *= square;
        }
        return result;
    }
}
