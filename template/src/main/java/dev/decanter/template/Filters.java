package dev.decanter.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Jinja's filters, with {@code tojson} as Transformers defines it. */
final class Filters {
    private final Limits limits;

    Filters(Limits limits) {
        this.limits = limits;
    }

    @Nullable
    Object apply(String name, @Nullable Object value, Arguments arguments) {
        limits.step();
        return switch (name) {
            case "trim",
                    "upper",
                    "lower",
                    "title",
                    "capitalize",
                    "string",
                    "replace",
                    "indent",
                    "safe",
                    "escape",
                    "e",
                    "format" -> limits.made(text(name, value, arguments));
            case "tojson" -> limits.made(PythonJson.write(Operators.defined(value), arguments.get(99, "indent")));
            case "length", "count" -> (long) length(value);
            case "default", "d" -> fallback(value, arguments);
            case "first" -> end(Operators.items(value), true);
            case "last" -> end(Operators.items(value), false);
            case "list" -> new ArrayList<@Nullable Object>(Operators.items(value));
            case "join" -> limits.made(join(value, arguments));
            case "reverse" -> reverse(value);
            case "sort" -> sort(value, arguments);
            case "unique" -> unique(value);
            case "items" -> value instanceof Map<?, ?> map ? PythonCollections.items(map) : List.of();
            case "dictsort" -> sorted(Operators.items(apply("items", value, Arguments.NONE)), 0L, false, false);
            case "map" -> map(value, arguments);
            case "select" -> select(value, arguments, true);
            case "reject" -> select(value, arguments, false);
            case "selectattr" -> selectAttribute(value, arguments, true);
            case "rejectattr" -> selectAttribute(value, arguments, false);
            case "attr" -> Evaluator.attribute(value, arguments.text(0, "name"));
            case "sum", "min", "max" -> reduce(name, value, arguments);
            case "int" -> integer(value, arguments);
            case "float" -> floating(value, arguments);
            case "abs" -> Operators.compare(value, 0L) < 0 ? Operators.negated(value) : value;
            case "round" -> round(value, arguments);
            case "wordcount" -> (long) PythonText.of(value).strip().split("\\s+").length;
            default -> throw new TemplateError("there is no filter '" + name + "'");
        };
    }

    private static String text(String name, @Nullable Object value, Arguments arguments) {
        String text = PythonText.of(value);
        return switch (name) {
            case "trim" -> PythonText.of(PythonStrings.call(text, "strip", arguments));
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "title", "capitalize", "replace" -> PythonText.of(PythonStrings.call(text, name, arguments));
            case "indent" -> indent(text, arguments);
            case "escape", "e" -> escape(text);
            case "format" -> PythonFormat.percent(text, arguments.positional());
            default -> text;
        };
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static String indent(String text, Arguments arguments) {
        Object width = arguments.get(0, "width");
        String spaces = width instanceof String prefix ? prefix : " ".repeat(Math.clamp(width(width), 0, 1000));
        boolean first = Operators.truth(arguments.get(1, "first"));
        boolean blank = Operators.truth(arguments.get(2, "blank"));
        StringBuilder out = new StringBuilder();
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            out.append(i == 0 ? "" : "\n");
            boolean wanted = i == 0 ? first : blank || !lines[i].isEmpty();
            out.append(wanted ? spaces : "").append(lines[i]);
        }
        return out.toString();
    }

    private static long width(@Nullable Object width) {
        return width instanceof Long number ? number : 4;
    }

    private static int length(@Nullable Object value) {
        return switch (value) {
            case String text -> text.codePointCount(0, text.length());
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined _ -> 0;
            case null, default ->
                throw new TemplateError("object of type '" + Operators.typeName(value) + "' has no len()");
        };
    }

    private static @Nullable Object fallback(@Nullable Object value, Arguments arguments) {
        boolean absent =
                value instanceof Undefined || (Operators.truth(arguments.get(1, "boolean")) && !Operators.truth(value));
        if (!absent) {
            return value;
        }
        return arguments.has(0, "default_value") ? arguments.get(0, "default_value") : "";
    }

    private static @Nullable Object end(List<? extends @Nullable Object> items, boolean first) {
        if (items.isEmpty()) {
            return new Undefined("the list is empty");
        }
        return first ? items.getFirst() : items.getLast();
    }

    private static String join(@Nullable Object value, Arguments arguments) {
        Object separator = arguments.get(0, "d");
        Object attribute = arguments.get(1, "attribute");
        List<String> parts = new ArrayList<>();
        for (Object item : Operators.items(value)) {
            parts.add(PythonText.of(attribute == null ? item : Evaluator.item(item, attribute)));
        }
        return Limits.joined(separator == null ? "" : PythonText.of(separator), parts);
    }

    private static Object reverse(@Nullable Object value) {
        if (value instanceof String text) {
            return new StringBuilder(text).reverse().toString();
        }
        List<@Nullable Object> items = new ArrayList<>(Operators.items(value));
        Collections.reverse(items);
        return items;
    }

    private static List<@Nullable Object> sort(@Nullable Object value, Arguments arguments) {
        return sorted(
                Operators.items(value),
                arguments.get(2, "attribute"),
                Operators.truth(arguments.get(0, "reverse")),
                Operators.truth(arguments.get(1, "case_sensitive")));
    }

    private static List<@Nullable Object> sorted(
            List<? extends @Nullable Object> items,
            @Nullable Object attribute,
            boolean reverse,
            boolean caseSensitive) {
        Comparator<@Nullable Object> order =
                (a, b) -> Operators.compare(sortKey(a, attribute, caseSensitive), sortKey(b, attribute, caseSensitive));
        List<@Nullable Object> sorted = new ArrayList<>(items);
        sorted.sort(reverse ? order.reversed() : order);
        return sorted;
    }

    private static @Nullable Object sortKey(@Nullable Object item, @Nullable Object attribute, boolean caseSensitive) {
        Object key = attribute == null ? item : Evaluator.item(item, attribute);
        return key instanceof String text && !caseSensitive ? text.toLowerCase(Locale.ROOT) : key;
    }

    private static List<@Nullable Object> unique(@Nullable Object value) {
        List<@Nullable Object> kept = new ArrayList<>();
        List<@Nullable Object> keys = new ArrayList<>();
        for (Object item : Operators.items(value)) {
            Object key = sortKey(item, null, false);
            if (keys.stream().noneMatch(known -> Operators.equal(known, key))) {
                keys.add(key);
                kept.add(item);
            }
        }
        return kept;
    }

    private List<@Nullable Object> map(@Nullable Object value, Arguments arguments) {
        List<@Nullable Object> mapped = new ArrayList<>();
        for (Object item : Operators.items(value)) {
            limits.step();
            if (arguments.count() > 0) {
                mapped.add(apply(arguments.text(0, "filter"), item, arguments.rest()));
            } else {
                Object found = path(item, arguments.text(0, "attribute"));
                mapped.add(
                        found instanceof Undefined && arguments.has(99, "default")
                                ? arguments.get(99, "default")
                                : found);
            }
        }
        return mapped;
    }

    /** An attribute of an attribute …, with dots. */
    private static @Nullable Object path(@Nullable Object item, String path) {
        Object at = item;
        for (String name : path.split("\\.", -1)) {
            boolean index =
                    !name.isEmpty() && name.length() < 10 && name.chars().allMatch(Character::isDigit);
            at = Evaluator.item(at, index ? (Object) Long.parseLong(name) : name);
        }
        return at;
    }

    private List<@Nullable Object> select(@Nullable Object value, Arguments arguments, boolean wanted) {
        List<@Nullable Object> kept = new ArrayList<>();
        for (Object item : Operators.items(value)) {
            limits.step();
            boolean holds = arguments.count() == 0
                    ? Operators.truth(item)
                    : Tests.holds(arguments.text(0, "test"), item, arguments.rest());
            if (holds == wanted) {
                kept.add(item);
            }
        }
        return kept;
    }

    private List<@Nullable Object> selectAttribute(@Nullable Object value, Arguments arguments, boolean wanted) {
        List<@Nullable Object> kept = new ArrayList<>();
        String attribute = arguments.text(0, "attribute");
        Arguments rest = arguments.rest();
        for (Object item : Operators.items(value)) {
            limits.step();
            Object found = path(item, attribute);
            boolean holds =
                    rest.count() == 0 ? Operators.truth(found) : Tests.holds(rest.text(0, "test"), found, rest.rest());
            if (holds == wanted) {
                kept.add(item);
            }
        }
        return kept;
    }

    private @Nullable Object reduce(String name, @Nullable Object value, Arguments arguments) {
        List<? extends @Nullable Object> items = Operators.items(value);
        if (name.equals("sum")) {
            Object attribute = arguments.get(0, "attribute");
            Object sum = arguments.has(1, "start") ? arguments.get(1, "start") : (Object) 0L;
            for (Object item : items) {
                sum = Operators.binary("+", sum, attribute == null ? item : Evaluator.item(item, attribute), limits);
            }
            return sum;
        }
        List<@Nullable Object> sorted = sorted(items, arguments.get(1, "attribute"), false, false);
        return end(sorted, name.equals("min"));
    }

    private static Object integer(@Nullable Object value, Arguments arguments) {
        try {
            return switch (Operators.defined(value)) {
                case Boolean b -> b ? 1L : 0L;
                case Number n -> n.longValue();
                case String text -> new BigDecimal(text.strip()).longValue();
                case null, default -> (long) arguments.integer(0, "default", 0);
            };
        } catch (NumberFormatException e) {
            return (long) arguments.integer(0, "default", 0);
        }
    }

    private static Object floating(@Nullable Object value, Arguments arguments) {
        Object otherwise = arguments.get(0, "default");
        try {
            return switch (Operators.defined(value)) {
                case Boolean b -> b ? 1.0 : 0.0;
                case Number n -> n.doubleValue();
                case String text -> Double.parseDouble(text.strip());
                case null, default -> otherwise == null ? 0.0 : otherwise;
            };
        } catch (NumberFormatException e) {
            return otherwise == null ? 0.0 : otherwise;
        }
    }

    private static double round(@Nullable Object value, Arguments arguments) {
        if (!(value instanceof Number number)) {
            throw new TemplateError("a number is needed, not " + Operators.typeName(value));
        }
        RoundingMode mode = switch (arguments.has(1, "method") ? arguments.text(1, "method") : "common") {
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> RoundingMode.HALF_EVEN;
        };
        int digits = Math.clamp(arguments.integer(0, "precision", 0), -300, 300);
        return new BigDecimal(number.doubleValue()).setScale(digits, mode).doubleValue();
    }
}
