package dev.decanter.template;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Jinja's tests, {@code x is …}. */
final class Tests {
    static final Set<String> NAMES = Set.of(
            "odd",
            "even",
            "divisibleby",
            "defined",
            "undefined",
            "filter",
            "test",
            "none",
            "boolean",
            "false",
            "true",
            "integer",
            "float",
            "lower",
            "upper",
            "string",
            "mapping",
            "number",
            "sequence",
            "iterable",
            "callable",
            "sameas",
            "escaped",
            "in",
            "==",
            "eq",
            "equalto",
            "!=",
            "ne",
            ">",
            "gt",
            "greaterthan",
            ">=",
            "ge",
            "<",
            "lt",
            "lessthan",
            "<=",
            "le");

    private Tests() {}

    static boolean holds(String name, @Nullable Object value, Arguments arguments, Limits limits) {
        limits.step();
        return switch (name) {
            case "sameas" -> same(value, other(name, arguments));
            case "eq", "equalto", "==" -> Values.holds("==", value, other(name, arguments));
            case "ne", "!=" -> Values.holds("!=", value, other(name, arguments));
            case "lt", "lessthan", "<" -> Values.holds("<", value, other(name, arguments));
            case "le", "<=" -> Values.holds("<=", value, other(name, arguments));
            case "gt", "greaterthan", ">" -> Values.holds(">", value, other(name, arguments));
            case "ge", ">=" -> Values.holds(">=", value, other(name, arguments));
            case "in" -> Values.contains(other(name, arguments), value);
            case "divisibleby" -> isRest(0, value, other(name, arguments), limits);
            default -> {
                arguments.bind("test_" + name, 0);
                yield one(name, value, limits);
            }
        };
    }

    private static @Nullable Object other(String name, Arguments arguments) {
        return arguments.bind("test_" + name, 1, "other").get(0);
    }

    private static boolean one(String name, @Nullable Object value, Limits limits) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> Arithmetic.isInteger(value);
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "mapping" -> value instanceof Map<?, ?>;
            case "sequence" ->
                (value instanceof List<?> && !(value instanceof Sequence.View))
                        || value instanceof Map<?, ?>
                        || value instanceof String
                        || value instanceof Undefined;
            case "iterable" -> Values.iterable(value);
            case "callable" -> value instanceof Callable || value instanceof Undefined;
            case "odd" -> isRest(1, value, 2L, limits);
            case "even" -> isRest(0, value, 2L, limits);
            case "lower" -> PythonStrings.isLower(PythonText.of(value));
            case "upper" -> PythonStrings.isUpper(PythonText.of(value));
            case "filter" -> Values.key(value) instanceof String filter && Filters.NAMES.contains(filter);
            case "test" -> Values.key(value) instanceof String test && NAMES.contains(test);
            case "escaped" -> false;
            default -> throw new TemplateError("No test named " + PythonText.repr(name) + " found.");
        };
    }

    private static boolean isRest(long rest, @Nullable Object value, @Nullable Object divisor, Limits limits) {
        return Values.equal(Arithmetic.binary("%", value, divisor, limits), rest);
    }

    /** Python's {@code is}, as far as it does not depend on how values are stored. */
    @SuppressWarnings("ReferenceEquality") // that is what Python's "is" means
    private static boolean same(@Nullable Object value, @Nullable Object other) {
        boolean single =
                value == null || value instanceof Boolean || value instanceof Number || value instanceof String;
        return single
                ? Arrays.asList(value).equals(Arrays.asList(other))
                : value == other || (value instanceof Undefined && other instanceof Undefined && value.equals(other));
    }
}
