package dev.decanter.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values as Python prints them. */
final class PythonText {
    /** CPython refuses to write integers of more digits. */
    private static final int MOST_DIGITS = 4300;

    private static final int MOST_CHARS = 32 << 20;

    private PythonText() {}

    /** As {@code str}. */
    static String of(@Nullable Object value) {
        return switch (value) {
            case String text -> text;
            case Undefined _ -> "";
            case null, default -> repr(value);
        };
    }

    /** As {@code repr}. */
    static String repr(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        repr(value, out);
        return out.toString();
    }

    private static void repr(@Nullable Object value, StringBuilder out) {
        if (out.length() > MOST_CHARS) {
            throw new TemplateError("a value is too large to print");
        }
        switch (value) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Number n -> out.append(number(n));
            case String text -> quoted(text, out);
            case Sequence.Tuple tuple -> items(tuple, "(", tuple.size() == 1 ? ",)" : ")", out);
            case Sequence.Range range -> {
                out.append("range(").append(range.start).append(", ").append(range.stop);
                out.append(range.step == 1 ? "" : ", " + range.step).append(')');
            }
            case Sequence.View view -> items(view, view.name + "([", "])", out);
            case List<?> list -> items(list, "[", "]", out);
            case Map<?, ?> map -> map(map, out);
            case Undefined _ -> out.append("Undefined");
            case Namespace namespace -> {
                out.append("<Namespace ");
                map(namespace.values, out);
                out.append('>');
            }
            case Lazy lazy -> out.append('<').append(lazy.typeName()).append(" object>");
            case LoopVariable loop -> out.append(loop);
            case Macro macro ->
                out.append("<Macro ")
                        .append(macro.name() == null ? "anonymous" : repr(macro.name()))
                        .append('>');
            default -> out.append('<').append(Values.typeName(value)).append('>');
        }
    }

    private static void items(Iterable<?> items, String open, String close, StringBuilder out) {
        out.append(open);
        String separator = "";
        for (Object item : items) {
            out.append(separator);
            repr(item, out);
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
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (PythonStrings.isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                    }
                }
            }
        });
        out.append(quote);
    }

    /** As {@code repr} of an int or a float. */
    static String number(Number number) {
        if (number instanceof Double value) {
            return floating(value);
        }
        String digits = number.toString();
        if (number instanceof BigInteger && digits.length() > MOST_DIGITS) {
            throw new TemplateError("Exceeds the limit (" + MOST_DIGITS + " digits) for integer string conversion");
        }
        return digits;
    }

    private static String floating(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(value);
        if (size != 0 && (size < 1e-4 || size >= 1e16)) {
            BigDecimal exact = new BigDecimal(Double.toString(size)).stripTrailingZeros();
            String digits = exact.unscaledValue().toString();
            int exponent = exact.precision() - exact.scale() - 1;
            return (value < 0 ? "-" : "")
                    + digits.charAt(0)
                    + (digits.length() > 1 ? "." + digits.substring(1) : "")
                    + exponent(exponent);
        }
        String plain = new BigDecimal(Double.toString(size)).toPlainString();
        String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
        return sign + (plain.contains(".") ? plain : plain + ".0");
    }

    /** With sign and at least two digits. */
    static String exponent(int exponent) {
        int size = Math.abs(exponent);
        return (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }
}
