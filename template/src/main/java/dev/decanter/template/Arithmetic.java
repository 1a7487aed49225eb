package dev.decanter.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's arithmetic. */
final class Arithmetic {
    private Arithmetic() {}

    /** Python's booleans are the numbers 0 and 1. */
    static @Nullable Object number(@Nullable Object value) {
        return value instanceof Boolean b ? (b ? 1L : 0L) : value;
    }

    /** As {@link Long} if it fits. */
    static Object small(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : Limits.bounded(value);
    }

    static boolean isInteger(@Nullable Object value) {
        return value instanceof Long || value instanceof BigInteger;
    }

    static BigInteger big(Object integer) {
        return integer instanceof BigInteger value ? value : BigInteger.valueOf((Long) integer);
    }

    static Object binary(String operator, @Nullable Object a, @Nullable Object b, Limits limits) {
        if (operator.equals("%") && a instanceof String format) {
            return limits.made(PythonFormat.percent(format, b, limits));
        }
        Object left = number(Values.defined(a));
        Object right = number(Values.defined(b));
        if (left instanceof Long x && right instanceof Long y) {
            return longs(operator, x, y);
        }
        if (isInteger(left) && isInteger(right) && left != null && right != null) {
            return integers(operator, big(left), big(right));
        }
        if (left instanceof Number x && right instanceof Number y) {
            return Floats.binary(operator, floating(x), floating(y));
        }
        return switch (operator) {
            case "+" -> plus(a, b, limits);
            case "*" -> times(a, b, limits);
            default -> throw unsupported(operator, a, b);
        };
    }

    private static double floating(Number number) {
        double value = number.doubleValue();
        if (Double.isInfinite(value) && number instanceof BigInteger) {
            throw new TemplateError("int too large to convert to float");
        }
        return value;
    }

    private static TemplateError unsupported(String operator, @Nullable Object a, @Nullable Object b) {
        String shown = operator.equals("**") ? "** or pow()" : operator;
        return new TemplateError("unsupported operand type(s) for " + shown + ": '" + Values.typeName(a) + "' and '"
                + Values.typeName(b) + "'");
    }

    private static Object plus(@Nullable Object a, @Nullable Object b, Limits limits) {
        if (a instanceof String x) {
            if (b instanceof String y) {
                limits.chars((long) x.length() + y.length());
                return x + y;
            }
            throw cannotConcatenate("str", b);
        }
        if (Values.isPlainList(a) || a instanceof Sequence.Tuple) {
            String type = Values.typeName(a);
            if (a instanceof List<?> x && b instanceof List<?> y && type.equals(Values.typeName(b))) {
                limits.items((long) x.size() + y.size());
                List<@Nullable Object> all = new ArrayList<>(x);
                all.addAll(y);
                return type.equals("tuple") ? new Sequence.Tuple(all) : all;
            }
            throw cannotConcatenate(type, b);
        }
        throw unsupported("+", a, b);
    }

    private static TemplateError cannotConcatenate(String type, @Nullable Object other) {
        return new TemplateError(
                "can only concatenate " + type + " (not \"" + Values.typeName(other) + "\") to " + type);
    }

    private static Object times(@Nullable Object a, @Nullable Object b, Limits limits) {
        boolean first = a instanceof String || Values.isPlainList(a) || a instanceof Sequence.Tuple;
        boolean second = b instanceof String || Values.isPlainList(b) || b instanceof Sequence.Tuple;
        if (!first && !second) {
            throw unsupported("*", a, b);
        }
        Object sequence = first ? a : b;
        Object count = number(first ? b : a);
        if (!isInteger(count) || count == null) {
            throw new TemplateError("can't multiply sequence by non-int of type '" + Values.typeName(count) + "'");
        }
        long times = big(count).signum() <= 0
                ? 0
                : big(count).min(BigInteger.valueOf(1L << 32)).longValue();
        if (sequence instanceof String text) {
            limits.chars(text.length() * times);
            return text.repeat((int) (text.isEmpty() ? 0 : times));
        }
        List<?> items = (List<?>) java.util.Objects.requireNonNull(sequence);
        limits.items(items.size() * times);
        List<@Nullable Object> all = new ArrayList<>();
        for (long i = 0; i < times && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return items instanceof Sequence.Tuple ? new Sequence.Tuple(all) : all;
    }

    private static Object longs(String operator, long x, long y) {
        try {
            return switch (operator) {
                case "+" -> Math.addExact(x, y);
                case "-" -> Math.subtractExact(x, y);
                case "*" -> Math.multiplyExact(x, y);
                case "//" -> Math.floorDivExact(x, nonZero(operator, y));
                case "%" -> Math.floorMod(x, nonZero(operator, y));
                default -> integers(operator, BigInteger.valueOf(x), BigInteger.valueOf(y));
            };
        } catch (ArithmeticException e) {
            return integers(operator, BigInteger.valueOf(x), BigInteger.valueOf(y));
        }
    }

    private static long nonZero(String operator, long divisor) {
        if (divisor == 0) {
            throw new TemplateError(operator.equals("/") ? "division by zero" : "integer division or modulo by zero");
        }
        return divisor;
    }

    private static Object integers(String operator, BigInteger x, BigInteger y) {
        return switch (operator) {
            case "+" -> small(x.add(y));
            case "-" -> small(x.subtract(y));
            case "*" -> {
                Limits.bits((long) x.bitLength() + y.bitLength());
                yield small(x.multiply(y));
            }
            case "/" -> {
                nonZero(operator, y.signum());
                yield ratio(x, y);
            }
            case "//", "%" -> {
                nonZero(operator, y.signum());
                BigInteger[] parts = x.divideAndRemainder(y);
                boolean down = parts[1].signum() != 0 && parts[1].signum() != y.signum();
                yield small(
                        operator.equals("%")
                                ? (down ? parts[1].add(y) : parts[1])
                                : (down ? parts[0].subtract(BigInteger.ONE) : parts[0]));
            }
            case "**" -> power(x, y);
            default -> throw new TemplateError("unknown operator " + operator);
        };
    }

    private static double ratio(BigInteger x, BigInteger y) {
        if (x.bitLength() <= 53 && y.bitLength() <= 53) {
            return x.doubleValue() / y.doubleValue();
        }
        double value =
                new BigDecimal(x).divide(new BigDecimal(y), new MathContext(60)).doubleValue();
        if (Double.isInfinite(value)) {
            throw new TemplateError("integer division result too large for a float");
        }
        return value;
    }

    private static Object power(BigInteger x, BigInteger y) {
        if (y.signum() < 0) {
            return Floats.binary("**", floating(x), floating(y));
        }
        boolean trivial = x.bitLength() == 0 || x.abs().equals(BigInteger.ONE);
        if (trivial) {
            return small(y.signum() == 0 ? BigInteger.ONE : y.testBit(0) ? x : x.multiply(x));
        }
        Limits.bits(y.bitLength() > 31 ? Long.MAX_VALUE : x.bitLength() * y.longValue());
        return small(x.pow(y.intValueExact()));
    }

    static Object negated(@Nullable Object value) {
        return switch (number(Values.defined(value))) {
            case Long n when n != Long.MIN_VALUE -> -n;
            case Long n -> BigInteger.valueOf(n).negate();
            case BigInteger n -> small(n.negate());
            case Double d -> -d;
            case null, default ->
                throw new TemplateError("bad operand type for unary -: '" + Values.typeName(value) + "'");
        };
    }

    static Object positive(@Nullable Object value) {
        Object number = number(Values.defined(value));
        if (number instanceof Number) {
            return number;
        }
        throw new TemplateError("bad operand type for unary +: '" + Values.typeName(value) + "'");
    }

    static Object absolute(@Nullable Object value) {
        return switch (number(Values.defined(value))) {
            case Double d -> Math.abs(d);
            case Number n when Values.order(n, 0L, "<") < 0 -> negated(n);
            case Number n -> n;
            case null, default ->
                throw new TemplateError("bad operand type for abs(): '" + Values.typeName(value) + "'");
        };
    }
}
