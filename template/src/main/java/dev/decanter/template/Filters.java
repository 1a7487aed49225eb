package dev.decanter.template;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Jinja's filters, with {@code tojson} as Transformers defines it. */
final class Filters {
    /** All that Jinja has. */
    static final Set<String> NAMES = Set.of(
            "abs",
            "attr",
            "batch",
            "capitalize",
            "center",
            "count",
            "d",
            "default",
            "dictsort",
            "e",
            "escape",
            "filesizeformat",
            "first",
            "float",
            "forceescape",
            "format",
            "groupby",
            "indent",
            "int",
            "join",
            "last",
            "length",
            "list",
            "lower",
            "items",
            "map",
            "min",
            "max",
            "pprint",
            "random",
            "reject",
            "rejectattr",
            "replace",
            "reverse",
            "round",
            "safe",
            "select",
            "selectattr",
            "slice",
            "sort",
            "string",
            "striptags",
            "sum",
            "title",
            "trim",
            "truncate",
            "unique",
            "upper",
            "urlencode",
            "urlize",
            "wordcount",
            "wordwrap",
            "xmlattr",
            "tojson");

    private final Limits limits;
    private final TextFilters texts;
    private final ListFilters lists;

    Filters(Limits limits) {
        this.limits = limits;
        this.texts = new TextFilters(limits);
        this.lists = new ListFilters(this, limits);
    }

    @Nullable
    Object apply(String name, @Nullable Object value, Arguments arguments) {
        limits.step();
        return switch (name) {
            case "tojson" -> PythonJson.write(value, arguments, limits);
            case "default", "d" -> fallback(value, arguments.bind(name, 0, "default_value", "boolean"));
            case "abs" -> {
                arguments.bind(name, 0);
                yield Arithmetic.absolute(value);
            }
            case "length", "count" -> {
                arguments.bind(name, 0);
                yield Values.length(value);
            }
            case "attr" -> attribute(value, arguments.bind(name, 1, "name").text(0));
            case "int" -> {
                Arguments.Bound bound = arguments.bind(name, 0, "default", "base");
                yield Numbers.toInteger(value, bound.get(0, 0L), bound.integer(1, 10));
            }
            case "float" ->
                Numbers.toFloat(value, arguments.bind(name, 0, "default").get(0, 0.0));
            case "round" -> {
                Arguments.Bound bound = arguments.bind(name, 0, "precision", "method");
                yield Numbers.round(value, bound.integer(0, 0), bound.has(1) ? bound.text(1) : "common");
            }
            case "batch",
                    "dictsort",
                    "first",
                    "groupby",
                    "items",
                    "last",
                    "list",
                    "map",
                    "max",
                    "min",
                    "random",
                    "reject",
                    "rejectattr",
                    "reverse",
                    "select",
                    "selectattr",
                    "slice",
                    "sort",
                    "sum",
                    "unique" -> lists.apply(name, value, arguments);
            default -> texts.apply(name, value, arguments);
        };
    }

    private static @Nullable Object fallback(@Nullable Object value, Arguments.Bound bound) {
        boolean absent = value instanceof Undefined || (bound.flag(1) && !Values.truth(value));
        return absent ? bound.get(0, "") : value;
    }

    /** Unlike {@code value.name} this finds no items. */
    private @Nullable Object attribute(@Nullable Object value, String name) {
        if (value instanceof java.util.Map<?, ?> map && map.containsKey(name)) {
            Object found = Members.attribute(java.util.Map.of(), name, limits);
            return found instanceof Undefined ? Undefined.member(value, name) : Members.attribute(value, name, limits);
        }
        return Members.attribute(value, name, limits);
    }
}
