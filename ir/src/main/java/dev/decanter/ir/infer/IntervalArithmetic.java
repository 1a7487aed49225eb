package dev.decanter.ir.infer;

import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.UnaryOp;
import org.jspecify.annotations.Nullable;

/** Integer arithmetic on bounds; booleans are 0 and 1. Null is "nothing known" on both sides. */
final class IntervalArithmetic {
    private IntervalArithmetic() {}

    private record Interval(long low, long high) {
        static final Interval ANY = new Interval(Long.MIN_VALUE, Long.MAX_VALUE);
        static final Interval FALSE = new Interval(0, 0);
        static final Interval TRUE = new Interval(1, 1);
        static final Interval MAYBE = new Interval(0, 1);

        boolean isExact() {
            return low == high;
        }

        static Interval truth(boolean always, boolean never) {
            return always ? TRUE : never ? FALSE : MAYBE;
        }
    }

    private static Interval at(ValueBounds bounds, int index) {
        int place = bounds.size() == 1 ? 0 : index;
        return new Interval(bounds.lower(place), bounds.upper(place));
    }

    @FunctionalInterface
    private interface Rule {
        Interval at(int index);
    }

    private static ValueBounds build(int size, Rule rule) {
        long[] lower = new long[size];
        long[] upper = new long[size];
        for (int i = 0; i < size; i++) {
            Interval value = rule.at(i);
            lower[i] = value.low;
            upper[i] = value.high;
        }
        return ValueBounds.between(lower, upper);
    }

    /** Whether each element is not 0. */
    static ValueBounds truth(ValueBounds source) {
        return build(source.size(), i -> {
            Interval x = at(source, i);
            return Interval.truth(x.low > 0 || x.high < 0, x.low == 0 && x.high == 0);
        });
    }

    static @Nullable ValueBounds unary(UnaryOp op, @Nullable ValueBounds source) {
        if (source == null) {
            return null;
        }
        return switch (op) {
            case UnaryOp.Floor _, UnaryOp.Ceiling _, UnaryOp.Round _ -> source;
            case UnaryOp.Negative _ -> build(source.size(), i -> negated(at(source, i)));
            case UnaryOp.Abs _ ->
                build(source.size(), i -> {
                    Interval x = at(source, i);
                    Interval y = negated(x);
                    return x.low >= 0 ? x : x.high <= 0 ? y : new Interval(0, Math.max(x.high, y.high));
                });
            case UnaryOp.LogicalNot _ ->
                build(source.size(), i -> new Interval(1 - at(source, i).high, 1 - at(source, i).low));
            default -> null;
        };
    }

    private static Interval negated(Interval x) {
        return new Interval(ValueBounds.saturatedNegate(x.high), ValueBounds.saturatedNegate(x.low));
    }

    /** Operands of one size, or one of them a single element; other broadcasts are not looked into. */
    static @Nullable ValueBounds binary(BinaryOp op, @Nullable ValueBounds a, @Nullable ValueBounds b) {
        if (a == null || b == null || (a.size() != b.size() && a.size() != 1 && b.size() != 1)) {
            return null;
        }
        int size = a.size() == 1 ? b.size() : a.size();
        return build(size, i -> apply(op, at(a, i), at(b, i)));
    }

    private static Interval apply(BinaryOp op, Interval a, Interval b) {
        return switch (op) {
            case BinaryOp.Add _ -> plus(a, b);
            case BinaryOp.Subtract _ -> plus(a, negated(b));
            case BinaryOp.Multiply _ -> times(a, b);
            case BinaryOp.Divide divide -> divided(a, b, divide.pythonDivision());
            case BinaryOp.Maximum _ -> new Interval(Math.max(a.low, b.low), Math.max(a.high, b.high));
            case BinaryOp.Minimum _ -> new Interval(Math.min(a.low, b.low), Math.min(a.high, b.high));
            case BinaryOp.FloorMod _ -> floorMod(a, b);
            case BinaryOp.Mod _ -> a.low >= 0 ? floorMod(a, b) : Interval.ANY;
            case BinaryOp.Power _, BinaryOp.SquaredDifference _ -> Interval.ANY;
            case BinaryOp.Equal _ -> equal(a, b);
            case BinaryOp.NotEqual _ -> not(equal(a, b));
            case BinaryOp.Less _ -> Interval.truth(a.high < b.low, a.low >= b.high);
            case BinaryOp.LessEqual _ -> Interval.truth(a.high <= b.low, a.low > b.high);
            case BinaryOp.Greater _ -> Interval.truth(a.low > b.high, a.high <= b.low);
            case BinaryOp.GreaterEqual _ -> Interval.truth(a.low >= b.high, a.high < b.low);
            case BinaryOp.LogicalAnd _ -> new Interval(Math.min(a.low, b.low), Math.min(a.high, b.high));
            case BinaryOp.LogicalOr _ -> new Interval(Math.max(a.low, b.low), Math.max(a.high, b.high));
            case BinaryOp.LogicalXor _ ->
                a.isExact() && b.isExact() ? Interval.truth(a.low != b.low, a.low == b.low) : Interval.MAYBE;
            case BinaryOp.BitwiseAnd _ -> a.isExact() && b.isExact() ? exactly(a.low & b.low) : Interval.ANY;
            case BinaryOp.BitwiseOr _ -> a.isExact() && b.isExact() ? exactly(a.low | b.low) : Interval.ANY;
            case BinaryOp.BitwiseXor _ -> a.isExact() && b.isExact() ? exactly(a.low ^ b.low) : Interval.ANY;
        };
    }

    private static Interval exactly(long value) {
        return new Interval(value, value);
    }

    private static Interval plus(Interval a, Interval b) {
        return new Interval(ValueBounds.saturatedAdd(a.low, b.low), ValueBounds.saturatedAdd(a.high, b.high));
    }

    private static Interval times(Interval a, Interval b) {
        long p = ValueBounds.saturatedMultiply(a.low, b.low);
        long q = ValueBounds.saturatedMultiply(a.low, b.high);
        long r = ValueBounds.saturatedMultiply(a.high, b.low);
        long s = ValueBounds.saturatedMultiply(a.high, b.high);
        return new Interval(Math.min(Math.min(p, q), Math.min(r, s)), Math.max(Math.max(p, q), Math.max(r, s)));
    }

    private static Interval divided(Interval a, Interval b, boolean floor) {
        if (b.low <= 0) {
            return Interval.ANY;
        }
        // a positive divisor keeps the order; which end of it matters depends on the dividend's sign
        long low = quotient(a.low, a.low < 0 ? b.low : b.high, floor);
        long high = quotient(a.high, a.high < 0 ? b.high : b.low, floor);
        return new Interval(low, high);
    }

    private static long quotient(long a, long b, boolean floor) {
        if (ValueBounds.isLimit(a)) {
            return a;
        }
        return floor ? Math.floorDiv(a, b) : a / b;
    }

    private static Interval floorMod(Interval a, Interval b) {
        if (b.low <= 0 || ValueBounds.isLimit(b.high)) {
            return Interval.ANY;
        }
        if (a.isExact() && b.isExact()) {
            return exactly(Math.floorMod(a.low, b.low));
        }
        return new Interval(0, b.high - 1);
    }

    private static Interval equal(Interval a, Interval b) {
        return Interval.truth(a.isExact() && b.isExact() && a.low == b.low, a.high < b.low || b.high < a.low);
    }

    private static Interval not(Interval truth) {
        return new Interval(1 - truth.high, 1 - truth.low);
    }

    /** All elements reduced to one. */
    static @Nullable ValueBounds reduce(ReduceOp op, @Nullable ValueBounds source) {
        if (source == null || source.size() == 0) {
            return null;
        }
        Interval result = at(source, 0);
        for (int i = 1; i < source.size(); i++) {
            Interval next = at(source, i);
            switch (op) {
                case ReduceOp.ReduceProd _ -> result = times(result, next);
                case ReduceOp.ReduceSum _ -> result = plus(result, next);
                case ReduceOp.ReduceMax _ ->
                    result = new Interval(Math.max(result.low, next.low), Math.max(result.high, next.high));
                case ReduceOp.ReduceMin _ ->
                    result = new Interval(Math.min(result.low, next.low), Math.min(result.high, next.high));
                default -> {
                    return null;
                }
            }
        }
        Interval all = result;
        return build(1, _ -> all);
    }

    static @Nullable ValueBounds select(
            @Nullable ValueBounds condition, @Nullable ValueBounds then, @Nullable ValueBounds otherwise) {
        if (condition == null || then == null || otherwise == null) {
            return null;
        }
        int size = Math.max(condition.size(), Math.max(then.size(), otherwise.size()));
        for (ValueBounds operand : new ValueBounds[] {condition, then, otherwise}) {
            if (operand.size() != size && operand.size() != 1) {
                return null;
            }
        }
        return build(size, i -> {
            Interval yes = at(then, i);
            Interval no = at(otherwise, i);
            Interval choice = at(condition, i);
            if (choice.isExact()) {
                return choice.low == 0 ? no : yes;
            }
            return new Interval(Math.min(yes.low, no.low), Math.max(yes.high, no.high));
        });
    }
}
