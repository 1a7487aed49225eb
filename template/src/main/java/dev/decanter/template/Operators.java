package dev.decanter.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Python's operators on the values of a template. */
final class Operators {
    private Operators() {}

    static boolean truth(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case String text -> !text.isEmpty();
            case Double d -> d != 0;
            case Number n -> n.longValue() != 0;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Undefined _ -> false;
            default -> true;
        };
    }

    static String typeName(@Nullable Object value) {
        return switch (value) {
            case null -> "NoneType";
            case Boolean _ -> "bool";
            case String _ -> "str";
            case Double _ -> "float";
            case Number _ -> "int";
            case Tuple _ -> "tuple";
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case Namespace _ -> "Namespace";
            case Undefined _ -> "Undefined";
            case Callable _ -> "function";
            default -> "object";
        };
    }

    /** Throws with the message of an undefined value. */
    static @Nullable Object defined(@Nullable Object value) {
        if (value instanceof Undefined undefined) {
            throw new TemplateError(undefined.message());
        }
        return value;
    }

    static boolean equal(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        Object left = number(a);
        Object right = number(b);
        if (left instanceof Double || right instanceof Double) {
            return left instanceof Number x && right instanceof Number y && x.doubleValue() == y.doubleValue();
        }
        if (left instanceof List<?> x && right instanceof List<?> y) {
            boolean same = x instanceof Tuple == y instanceof Tuple && x.size() == y.size();
            for (int i = 0; same && i < x.size(); i++) {
                same = equal(x.get(i), y.get(i));
            }
            return same;
        }
        return Objects.equals(left, right);
    }

    /** Python's booleans are the numbers 0 and 1. */
    private static @Nullable Object number(@Nullable Object value) {
        return switch (value) {
            case Boolean b -> b ? 1L : 0L;
            case Integer i -> i.longValue();
            case null, default -> value;
        };
    }

    static int compare(@Nullable Object a, @Nullable Object b) {
        Object left = number(defined(a));
        Object right = number(defined(b));
        if (left instanceof Long x && right instanceof Long y) {
            return Long.compare(x, y);
        }
        if (left instanceof Number x && right instanceof Number y) {
            return Double.compare(x.doubleValue(), y.doubleValue());
        }
        if (left instanceof String x && right instanceof String y) {
            return x.compareTo(y);
        }
        if (left instanceof List<?> x && right instanceof List<?> y) {
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                int order = compare(x.get(i), y.get(i));
                if (order != 0) {
                    return order;
                }
            }
            return Integer.compare(x.size(), y.size());
        }
        throw new TemplateError("cannot compare " + typeName(a) + " with " + typeName(b));
    }

    static boolean contains(@Nullable Object container, @Nullable Object item) {
        return switch (container) {
            // as a loop over it, which runs no times
            case Undefined _ -> false;
            case String text -> {
                if (!(item instanceof String part)) {
                    throw new TemplateError("'in <string>' needs a string, not " + typeName(item));
                }
                yield text.contains(part);
            }
            case List<?> list -> list.stream().anyMatch(one -> equal(one, item));
            case Map<?, ?> map -> map.containsKey(item);
            case null, default ->
                throw new TemplateError("argument of type '" + typeName(container) + "' is not iterable");
        };
    }

    static @Nullable Object binary(String operator, @Nullable Object a, @Nullable Object b, Limits limits) {
        Object left = number(defined(a));
        Object right = number(defined(b));
        if (left instanceof Long x && right instanceof Long y) {
            return integers(operator, x, y);
        }
        if (left instanceof Number x && right instanceof Number y) {
            return floats(operator, x.doubleValue(), y.doubleValue());
        }
        if (operator.equals("+") && left instanceof String x && right instanceof String y) {
            return limits.made(x + y);
        }
        if (operator.equals("+") && left instanceof List<?> x && right instanceof List<?> y) {
            Limits.items((long) x.size() + y.size());
            List<@Nullable Object> all = new ArrayList<>(x);
            all.addAll(y);
            return x instanceof Tuple ? new Tuple(all) : all;
        }
        if (operator.equals("*") && left instanceof String text && right instanceof Long times) {
            return repeated(text, times, limits);
        }
        if (operator.equals("*") && right instanceof String text && left instanceof Long times) {
            return repeated(text, times, limits);
        }
        if (operator.equals("%") && left instanceof String format) {
            List<? extends @Nullable Object> values = right instanceof Tuple tuple ? tuple : list(right);
            return limits.made(PythonFormat.percent(format, values));
        }
        throw new TemplateError(
                "unsupported operand types for " + operator + ": '" + typeName(a) + "' and '" + typeName(b) + "'");
    }

    private static List<@Nullable Object> list(@Nullable Object item) {
        List<@Nullable Object> list = new ArrayList<>();
        list.add(item);
        return list;
    }

    private static String repeated(String text, long times, Limits limits) {
        if (Math.max(0, times) > Limits.MOST_CHARS / Math.max(1, text.length())) {
            throw new TemplateError("a string is repeated " + times + " times, which is too long");
        }
        return limits.made(text.repeat((int) Math.max(0, times)));
    }

    private static Object integers(String operator, long x, long y) {
        try {
            return switch (operator) {
                case "+" -> Math.addExact(x, y);
                case "-" -> Math.subtractExact(x, y);
                case "*" -> Math.multiplyExact(x, y);
                case "/" -> (double) x / nonZero(y);
                case "//" -> Math.floorDiv(x, nonZero(y));
                case "%" -> Math.floorMod(x, nonZero(y));
                case "**" -> power(x, y);
                default -> throw new TemplateError("unknown operator " + operator);
            };
        } catch (ArithmeticException e) {
            throw new TemplateError("the result of " + x + " " + operator + " " + y + " is too large");
        }
    }

    private static long nonZero(long divisor) {
        if (divisor == 0) {
            throw new TemplateError("division by zero");
        }
        return divisor;
    }

    private static Object power(long x, long y) {
        if (y < 0) {
            return Math.pow((double) x, (double) y);
        }
        if (y > 64 && Math.abs(x) > 1) {
            throw new ArithmeticException("too large");
        }
        return BigInteger.valueOf(x).pow((int) Math.min(y, 64 + (y & 1))).longValueExact();
    }

    private static double floats(String operator, double x, double y) {
        boolean divides = operator.equals("/") || operator.equals("//") || operator.equals("%");
        if (divides && y == 0) {
            throw new TemplateError("division by zero");
        }
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> Math.floor(x / y);
            case "%" -> x - y * Math.floor(x / y);
            case "**" -> Math.pow(x, y);
            default -> throw new TemplateError("unknown operator " + operator);
        };
    }

    static Object negated(@Nullable Object value) {
        return switch (number(defined(value))) {
            case Long n -> -n;
            case Double d -> -d;
            case null, default ->
                throw new TemplateError("bad operand type for unary -: '" + typeName(value) + "'");
        };
    }

    /** The items that a loop sees. */
    static List<? extends @Nullable Object> items(@Nullable Object value) {
        return switch (value) {
            case List<?> list -> list;
            case Map<?, ?> map -> new ArrayList<Object>(map.keySet());
            case String text -> text.codePoints().mapToObj(Character::toString).toList();
            case Undefined _ -> List.of();
            case null, default -> throw new TemplateError("'" + typeName(value) + "' object is not iterable");
        };
    }
}
