package dev.decanter.template;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as Python prints them. */
final class PythonText {
    private PythonText() {}

    /** As {@code str}. */
    static String of(@Nullable Object value) {
        return switch (value) {
            case String text -> text;
            case Undefined _ -> "";
            case null, default -> {
                StringBuilder out = new StringBuilder();
                repr(value, out);
                yield out.toString();
            }
        };
    }

    private static void repr(@Nullable Object value, StringBuilder out) {
        if (out.length() > Limits.MOST_CHARS) {
            throw new TemplateError("a value is too large to print");
        }
        switch (value) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Number n -> out.append(number(n));
            case String text -> quoted(text, out);
            case Tuple tuple -> {
                items(tuple.iterator(), "(", tuple.size() == 1 ? ",)" : ")", out);
            }
            case List<?> list -> items(list.iterator(), "[", "]", out);
            case Map<?, ?> map -> map(map, out);
            case Undefined _ -> out.append("Undefined");
            default -> out.append('<').append(Operators.typeName(value)).append('>');
        }
    }

    private static void items(Iterator<?> items, String open, String close, StringBuilder out) {
        out.append(open);
        String separator = "";
        while (items.hasNext()) {
            out.append(separator);
            repr(items.next(), out);
            separator = ", ";
        }
        out.append(close);
    }

    private static void map(Map<?, ?> map, StringBuilder out) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            repr(entry.getKey(), out);
            out.append(": ");
            repr(entry.getValue(), out);
            separator = ", ";
        }
        out.append('}');
    }

    private static void quoted(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(c);
                    } else if (c < ' ' || c == 0x7f) {
                        out.append(String.format("\\x%02x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append(quote);
    }

    /** As {@code repr} of an int or a float. */
    static String number(Number number) {
        if (number instanceof Double || number instanceof Float || number instanceof BigDecimal) {
            return floating(number.doubleValue());
        }
        return number.toString();
    }

    private static String floating(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(value);
        BigDecimal exact = new BigDecimal(Double.toString(value));
        if (size != 0 && (size < 1e-4 || size >= 1e16)) {
            String digits = exact.unscaledValue().abs().toString().replaceFirst("0+$", "");
            int exponent = exact.precision() - exact.scale() - 1;
            return (value < 0 ? "-" : "")
                    + digits.charAt(0)
                    + (digits.length() > 1 ? "." + digits.substring(1) : "")
                    + (exponent < 0 ? "e-" : "e+")
                    + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = exact.toPlainString();
        return plain.contains(".") ? plain : plain + ".0";
    }
}
