package dev.decanter.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Jinja's tests, {@code x is …}. */
final class Tests {
    private Tests() {}

    static boolean holds(String name, @Nullable Object value, Arguments arguments) {
        Object other = arguments.get(0, "other");
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Number && !(value instanceof Double);
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "mapping" -> value instanceof Map<?, ?>;
            case "sequence", "iterable" ->
                value instanceof List<?>
                        || value instanceof Map<?, ?>
                        || value instanceof String
                        || value instanceof Undefined;
            case "callable" -> value instanceof Callable;
            case "sameas" -> Objects.equals(value, other);
            case "eq", "equalto", "==" -> Operators.equal(value, other);
            case "ne", "!=" -> !Operators.equal(value, other);
            case "lt", "lessthan", "<" -> Operators.compare(value, other) < 0;
            case "le", "<=" -> Operators.compare(value, other) <= 0;
            case "gt", "greaterthan", ">" -> Operators.compare(value, other) > 0;
            case "ge", ">=" -> Operators.compare(value, other) >= 0;
            case "in" -> Operators.contains(other, value);
            case "odd" -> integer(value) % 2 != 0;
            case "even" -> integer(value) % 2 == 0;
            case "divisibleby" -> {
                Object divisor = arguments.get(0, "num");
                yield Operators.equal(Operators.binary("%", value, divisor, new Limits()), 0L);
            }
            case "lower" -> PythonText.of(value).equals(PythonText.of(value).toLowerCase(Locale.ROOT));
            case "upper" -> PythonText.of(value).equals(PythonText.of(value).toUpperCase(Locale.ROOT));
            default -> throw new TemplateError("there is no test '" + name + "'");
        };
    }

    private static long integer(@Nullable Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw new TemplateError("an integer is needed, not " + Operators.typeName(value));
    }
}
