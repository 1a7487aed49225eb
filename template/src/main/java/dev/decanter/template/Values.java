package dev.decanter.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What Python says of any value: whether it is true, equal to or less than another, what it contains, how long it is. The values
 * are null, {@link Boolean}, {@link Long} or, beyond its range, {@link BigInteger}, {@link Double}, {@link String}, {@link List},
 * {@link Sequence}, {@link Map}, {@link Lazy}, {@link Undefined}, {@link Callable} and {@link Attributes}.
 */
final class Values {
    private Values() {}

    static boolean truth(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case String text -> !text.isEmpty();
            case Double d -> d != 0;
            case Long n -> n != 0;
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
            case Long _, BigInteger _ -> "int";
            case Sequence.Tuple _ -> "tuple";
            case Sequence.Range _ -> "range";
            case Sequence.View view -> view.name;
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case Undefined _ -> "Undefined";
            case Lazy lazy -> lazy.typeName();
            case Attributes object ->
                object.typeName().substring(object.typeName().lastIndexOf('.') + 1);
            default -> "function";
        };
    }

    /** What Jinja's messages about missing members call a value. */
    static String kind(@Nullable Object value) {
        return switch (value) {
            case null -> "None";
            case Undefined _ -> "jinja2.runtime.Undefined object";
            case Attributes object -> object.typeName() + " object";
            default -> typeName(value) + " object";
        };
    }

    /** Throws with the message of an undefined value. */
    static @Nullable Object defined(@Nullable Object value) {
        if (value instanceof Undefined undefined) {
            throw new TemplateError(undefined.message());
        }
        return value;
    }

    static boolean isPlainList(@Nullable Object value) {
        return value instanceof List<?> && !(value instanceof Sequence);
    }

    static boolean equal(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Undefined || b instanceof Undefined) {
            return a instanceof Undefined && b instanceof Undefined;
        }
        Object left = Arithmetic.number(a);
        Object right = Arithmetic.number(b);
        if (left instanceof Number x && right instanceof Number y) {
            return numberOrder(x, y) == 0;
        }
        if (left instanceof List<?> x && right instanceof List<?> y) {
            boolean same = typeName(x).equals(typeName(y)) && x.size() == y.size();
            for (int i = 0; same && i < x.size(); i++) {
                same = equal(x.get(i), y.get(i));
            }
            return same;
        }
        if (left instanceof Map<?, ?> x && right instanceof Map<?, ?> y) {
            boolean same = x.size() == y.size();
            for (Map.Entry<?, ?> entry : x.entrySet()) {
                same = same && has(y, entry.getKey()) && equal(entry.getValue(), lookup(y, entry.getKey()));
            }
            return same;
        }
        return Objects.equals(left, right);
    }

    /** 2 if one is no number. */
    private static int numberOrder(Number x, Number y) {
        if (x instanceof Long a && y instanceof Long b) {
            return Long.compare(a, b);
        }
        double p = x.doubleValue();
        double q = y.doubleValue();
        if (Double.isNaN(p) || Double.isNaN(q)) {
            return 2;
        }
        if (Double.isInfinite(p) || Double.isInfinite(q)) {
            return p < q ? -1 : p > q ? 1 : 0;
        }
        return decimal(x).compareTo(decimal(y));
    }

    private static BigDecimal decimal(Number number) {
        return switch (number) {
            case Double d -> new BigDecimal(d);
            case BigInteger n -> new BigDecimal(n);
            default -> BigDecimal.valueOf(number.longValue());
        };
    }

    /**
     * The order of two values, for an operator; 2 if there is none because one is not a number.
     *
     * @param operator for the message if the values cannot be compared
     */
    static int order(@Nullable Object a, @Nullable Object b, String operator) {
        Object left = Arithmetic.number(defined(a));
        Object right = Arithmetic.number(defined(b));
        if (left instanceof Number x && right instanceof Number y) {
            return numberOrder(x, y);
        }
        if (left instanceof String x && right instanceof String y) {
            return textOrder(x, y);
        }
        boolean lists = (isPlainList(left) && isPlainList(right))
                || (left instanceof Sequence.Tuple && right instanceof Sequence.Tuple);
        if (lists && left instanceof List<?> x && right instanceof List<?> y) {
            for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
                if (!equal(x.get(i), y.get(i))) {
                    return order(x.get(i), y.get(i), operator);
                }
            }
            return Integer.compare(x.size(), y.size());
        }
        throw new TemplateError("'" + operator + "' not supported between instances of '" + typeName(a) + "' and '"
                + typeName(b) + "'");
    }

    /** By code points, unlike {@link String#compareTo}. */
    private static int textOrder(String x, String y) {
        int i = 0;
        while (i < x.length() && i < y.length() && x.charAt(i) == y.charAt(i)) {
            i++;
        }
        if (i == x.length() || i == y.length()) {
            return Integer.signum(x.length() - y.length());
        }
        boolean inside = i > 0 && Character.isHighSurrogate(x.charAt(i - 1));
        return Integer.compare(x.codePointAt(inside ? i - 1 : i), y.codePointAt(inside ? i - 1 : i));
    }

    static boolean holds(String operator, @Nullable Object left, @Nullable Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "<" -> order(left, right, operator) == -1;
            case "<=" -> order(left, right, operator) <= 0;
            case ">" -> order(left, right, operator) == 1;
            case ">=" -> {
                int order = order(left, right, operator);
                yield order == 0 || order == 1;
            }
            case "in" -> contains(right, left);
            default -> !contains(right, left);
        };
    }

    static boolean contains(@Nullable Object container, @Nullable Object item) {
        return switch (container) {
            // as a loop over it, which runs no times
            case Undefined _ -> false;
            case String text -> {
                if (!(item instanceof String part)) {
                    throw new TemplateError("'in <string>' requires string as left operand, not " + typeName(item));
                }
                yield text.contains(part);
            }
            case List<?> list -> {
                boolean found = false;
                for (int i = 0; !found && i < list.size(); i++) {
                    found = equal(list.get(i), item);
                }
                yield found;
            }
            case Map<?, ?> map -> has(map, item);
            case Lazy lazy -> {
                boolean found = false;
                while (!found && lazy.items().hasNext()) {
                    found = equal(lazy.items().next(), item);
                }
                yield found;
            }
            case null, default ->
                throw new TemplateError("argument of type '" + typeName(container) + "' is not iterable");
        };
    }

    /** Whether a value can be a key of a dict. */
    static boolean isKey(@Nullable Object value) {
        return !isPlainList(value)
                && !(value instanceof Map<?, ?>)
                && (!(value instanceof Sequence.Tuple tuple) || tuple.stream().allMatch(Values::isKey));
    }

    /** Throws for what cannot be a key. */
    static @Nullable Object key(@Nullable Object value) {
        if (value instanceof Sequence.Tuple tuple) {
            tuple.forEach(Values::key);
        } else if (!isKey(value)) {
            throw new TemplateError("unhashable type: '" + typeName(value) + "'");
        }
        return value;
    }

    static boolean has(Map<?, ?> map, @Nullable Object key) {
        return map.containsKey(key(key)) || equalKey(map, key) != null;
    }

    /** The value of a key, or null. */
    static @Nullable Object lookup(Map<?, ?> map, @Nullable Object key) {
        if (map.containsKey(key(key))) {
            return map.get(key);
        }
        Object known = equalKey(map, key);
        return known == null ? null : map.get(known);
    }

    /** Python's 1, 1.0 and True are the same key: the one that is there, or null. */
    private static @Nullable Object equalKey(Map<?, ?> map, @Nullable Object key) {
        if (!(Arithmetic.number(key) instanceof Number number)) {
            return null;
        }
        double value = number.doubleValue();
        List<Object> equal = new ArrayList<>(List.of(value));
        if (value == Math.rint(value) && Math.abs(value) < 0x1p62) {
            equal.add((long) value);
        }
        if (value == 0 || value == 1) {
            equal.add(value == 1);
        }
        for (Object candidate : equal) {
            if (map.containsKey(candidate) && equal(candidate, key)) {
                return candidate;
            }
        }
        return null;
    }

    /** Puts as Python does: of two equal keys the first stays. */
    static void put(Map<@Nullable Object, @Nullable Object> map, @Nullable Object key, @Nullable Object value) {
        Object known = map.containsKey(key(key)) ? null : equalKey(map, key);
        map.put(known == null ? key : known, value);
    }

    static long length(@Nullable Object value) {
        return switch (value) {
            case String text -> text.codePointCount(0, text.length());
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined _ -> 0;
            case LoopVariable loop -> loop.length();
            case null, default -> throw new TemplateError("object of type '" + typeName(value) + "' has no len()");
        };
    }

    static boolean iterable(@Nullable Object value) {
        return value instanceof List<?>
                || value instanceof Map<?, ?>
                || value instanceof String
                || value instanceof Undefined
                || value instanceof Lazy;
    }

    /** The items that a loop sees. */
    static Iterator<? extends @Nullable Object> iterator(@Nullable Object value) {
        return switch (value) {
            case List<?> list -> list.iterator();
            case Map<?, ?> map -> map.keySet().iterator();
            case String text -> text.codePoints().mapToObj(Character::toString).iterator();
            case Undefined _ -> Collections.emptyIterator();
            case Lazy lazy -> lazy.items();
            case null, default -> throw new TemplateError("'" + typeName(value) + "' object is not iterable");
        };
    }

    /** All of them, in a new list. */
    static List<@Nullable Object> list(@Nullable Object value, Limits limits) {
        List<@Nullable Object> items = new ArrayList<>();
        Iterator<? extends @Nullable Object> from = iterator(value);
        while (from.hasNext()) {
            limits.items(1);
            items.add(from.next());
        }
        return items;
    }
}
