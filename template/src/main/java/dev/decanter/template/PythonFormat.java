package dev.decanter.template;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code %} on strings. */
final class PythonFormat {
    private static final Pattern FIELD = Pattern.compile(
            "%(?:\\((?<key>[^()]*)\\))?(?<flags>[-0 +#]*)(?<width>\\*|\\d{0,9})(?:\\.(?<precision>\\*|\\d{0,9}))?[hlL]?(?<kind>.?)",
            Pattern.DOTALL);

    private final @Nullable Object values;
    private final boolean tuple;
    private final Limits limits;
    private int next;
    private boolean named;

    private PythonFormat(@Nullable Object values, Limits limits) {
        this.values = values;
        this.tuple = values instanceof Sequence.Tuple;
        this.limits = limits;
    }

    static String percent(String format, @Nullable Object values, Limits limits) {
        return new PythonFormat(values, limits).format(format);
    }

    private String format(String format) {
        Matcher field = FIELD.matcher(format);
        StringBuilder out = new StringBuilder();
        while (field.find()) {
            field.appendReplacement(out, "");
            out.append(field(field));
            limits.shown(out.length());
        }
        field.appendTail(out);
        boolean rest = tuple ? next < ((List<?>) java.util.Objects.requireNonNull(values)).size() : next == 0;
        if (rest && !named && !(values instanceof Map<?, ?>)) {
            if (tuple || !(values instanceof List<?> || values instanceof Undefined)) {
                throw new TemplateError("not all arguments converted during string formatting");
            }
        }
        return out.toString();
    }

    private @Nullable Object value() {
        if (tuple && values instanceof List<?> list) {
            if (next == list.size()) {
                throw new TemplateError("not enough arguments for format string");
            }
            return list.get(next++);
        }
        if (next++ > 0) {
            throw new TemplateError("not enough arguments for format string");
        }
        return values;
    }

    private String field(Matcher field) {
        String kind = field.group("kind");
        String key = field.group("key");
        NumberFormat.Spec spec = new NumberFormat.Spec();
        String flags = field.group("flags");
        spec.align = flags.contains("-") ? '<' : flags.contains("0") ? '=' : '>';
        spec.fill = flags.contains("0") && !flags.contains("-") ? '0' : ' ';
        spec.sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
        spec.alternate = flags.contains("#");
        spec.width = size(field.group("width"), 0);
        spec.precision = field.group("precision") == null ? -1 : size(field.group("precision"), 0);
        if (kind.equals("%")) {
            return "%";
        }
        if (kind.isEmpty()) {
            throw new TemplateError("incomplete format");
        }
        Object value;
        if (key == null) {
            value = value();
        } else {
            if (!(values instanceof Map<?, ?> map)) {
                throw new TemplateError("format requires a mapping");
            }
            named = true;
            if (!Values.has(map, key)) {
                throw new TemplateError(PythonText.repr(key));
            }
            value = Values.lookup(map, key);
        }
        return converted(kind.charAt(0), value, spec);
    }

    private int size(String text, int otherwise) {
        if (text.equals("*")) {
            if (!(value() instanceof Long size)) {
                throw new TemplateError("* wants int");
            }
            return Math.clamp(size, -1_000_000_000, 1_000_000_000);
        }
        return text.isEmpty() ? otherwise : Integer.parseInt(text);
    }

    private String converted(char kind, @Nullable Object value, NumberFormat.Spec spec) {
        if (spec.width < 0) {
            spec.align = '<';
            spec.width = -spec.width;
        }
        return switch (kind) {
            case 's' -> text(PythonText.of(value), spec);
            case 'r', 'a' -> text(PythonText.repr(value), spec);
            case 'c' -> {
                spec.precision = -1;
                yield text(character(value), spec);
            }
            case 'd', 'i', 'u', 'x', 'X', 'o' -> integer(kind, value, spec);
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (!(Arithmetic.number(Values.defined(value)) instanceof Number number)) {
                    throw new TemplateError("must be real number, not " + Values.typeName(value));
                }
                spec.type = kind;
                yield NumberFormat.floating(number.doubleValue(), spec, limits);
            }
            default -> throw new TemplateError("unsupported format character '" + kind + "'");
        };
    }

    private String text(String text, NumberFormat.Spec spec) {
        spec.align = spec.align == '<' ? '<' : '>';
        spec.fill = ' ';
        return NumberFormat.text(text, spec, limits);
    }

    private static String character(@Nullable Object value) {
        if (value instanceof String text && text.codePointCount(0, text.length()) == 1) {
            return text;
        }
        if (value instanceof Long code && code >= 0 && code <= Character.MAX_CODE_POINT) {
            return Character.toString((int) (long) code);
        }
        throw new TemplateError("a format of kind c requires int or char");
    }

    private String integer(char kind, @Nullable Object value, NumberFormat.Spec spec) {
        boolean decimal = kind == 'd' || kind == 'i' || kind == 'u';
        Object number = Arithmetic.number(Values.defined(value));
        if (decimal && number instanceof Double fraction) {
            number = Numbers.truncated(fraction);
        }
        if (number == null || !Arithmetic.isInteger(number)) {
            throw new TemplateError("%" + kind + " format: " + (decimal ? "a real number" : "an integer")
                    + " is required, not " + Values.typeName(value));
        }
        spec.type = decimal ? 'd' : kind;
        return NumberFormat.integer(Arithmetic.big(number), spec, limits);
    }
}
