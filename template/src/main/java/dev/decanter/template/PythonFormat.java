package dev.decanter.template;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code %} on strings, as far as templates use it. */
final class PythonFormat {
    private static final Pattern FIELD = Pattern.compile("%([-0 +]*)(\\d{0,4})(?:\\.(\\d{1,3}))?([sdifgxXr%])");

    private PythonFormat() {}

    static String percent(String format, List<? extends @Nullable Object> values) {
        Matcher field = FIELD.matcher(format);
        StringBuilder out = new StringBuilder();
        int next = 0;
        while (field.find()) {
            String text = "%";
            if (!field.group(4).equals("%")) {
                if (next == values.size()) {
                    throw new TemplateError("not enough arguments for format string");
                }
                text = field(field, values.get(next++));
            }
            field.appendReplacement(out, Matcher.quoteReplacement(text));
        }
        field.appendTail(out);
        if (next < values.size()) {
            throw new TemplateError("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private static String field(Matcher field, @Nullable Object value) {
        String body = switch (field.group(4)) {
            case "s", "r" -> PythonText.of(value);
            case "f", "g" ->
                String.format(
                        Locale.ROOT,
                        "%." + (field.group(3) == null ? "6" : field.group(3)) + "f",
                        number(value).doubleValue());
            case "x" -> Long.toHexString(number(value).longValue());
            case "X" -> Long.toHexString(number(value).longValue()).toUpperCase(Locale.ROOT);
            default -> Long.toString(number(value).longValue());
        };
        int width = field.group(2).isEmpty() ? 0 : Integer.parseInt(field.group(2));
        String flags = field.group(1);
        String fill = " ".repeat(Math.max(0, width - body.length()));
        if (flags.contains("-")) {
            return body + fill;
        }
        return flags.contains("0") ? fill.replace(' ', '0') + body : fill + body;
    }

    private static Number number(@Nullable Object value) {
        if (value instanceof Number number) {
            return number;
        }
        throw new TemplateError("a number is needed for the format, not " + Operators.typeName(value));
    }
}
