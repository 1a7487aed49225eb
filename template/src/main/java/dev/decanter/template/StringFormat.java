package dev.decanter.template;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code str.format}, with the member access of the sandbox. */
final class StringFormat {
    private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");
    private static final Pattern SPEC = Pattern.compile(
            "(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\\d{1,9})?(?<grouping>[,_])?"
                    + "(?:\\.(?<precision>\\d{1,9}))?(?<type>[a-zA-Z%])?",
            Pattern.DOTALL);

    private final List<? extends @Nullable Object> positional;
    private final Map<?, ?> named;
    private final Limits limits;
    private int next;

    private StringFormat(List<? extends @Nullable Object> positional, Map<?, ?> named, Limits limits) {
        this.positional = positional;
        this.named = named;
        this.limits = limits;
    }

    static String format(String format, List<? extends @Nullable Object> positional, Map<?, ?> named, Limits limits) {
        return new StringFormat(positional, named, limits).run(format, 2);
    }

    static String formatMap(String format, @Nullable Object mapping, Limits limits) {
        if (!(mapping instanceof Map<?, ?> map)) {
            throw new TemplateError("'" + Values.typeName(mapping) + "' object is not a mapping");
        }
        return format(format, List.of(), map, limits);
    }

    private String run(String format, int depth) {
        if (depth == 0) {
            throw new TemplateError("Max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c != '{' && c != '}') {
                out.append(c);
            } else if (at < format.length() && format.charAt(at) == c) {
                out.append(c);
                at++;
            } else if (c == '}') {
                throw new TemplateError("Single '}' encountered in format string");
            } else {
                int end = end(format, at);
                out.append(field(format.substring(at, end), depth));
                at = end + 1;
            }
            limits.shown(out.length());
        }
        return out.toString();
    }

    private static int end(String format, int from) {
        int open = 1;
        for (int i = from; i < format.length(); i++) {
            open += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        throw new TemplateError(
                from == format.length()
                        ? "Single '{' encountered in format string"
                        : "expected '}' before end of string");
    }

    private String field(String field, int depth) {
        limits.step();
        int nameEnd = 0;
        boolean bracket = false;
        while (nameEnd < field.length() && (bracket || "!:".indexOf(field.charAt(nameEnd)) < 0)) {
            bracket = field.charAt(nameEnd) == '[' || (bracket && field.charAt(nameEnd) != ']');
            nameEnd++;
        }
        Object value = value(field.substring(0, nameEnd));
        String rest = field.substring(nameEnd);
        if (rest.startsWith("!")) {
            char conversion = rest.length() > 1 ? rest.charAt(1) : ' ';
            value = switch (conversion) {
                case 's' -> PythonText.of(value);
                case 'r', 'a' -> PythonText.repr(value);
                default -> throw new TemplateError("Unknown conversion specifier '" + conversion + "'");
            };
            rest = rest.substring(2);
        }
        String spec = rest.startsWith(":") ? rest.substring(1) : "";
        return formatted(value, spec.contains("{") ? run(spec, depth - 1) : spec);
    }

    private @Nullable Object value(String path) {
        Matcher first = Pattern.compile("^[^.\\[]*").matcher(path);
        String name = first.find() ? first.group() : "";
        Object value;
        if (name.isEmpty() || name.chars().allMatch(Character::isDigit)) {
            long index = name.isEmpty() ? next++ : Long.parseLong(name.length() > 9 ? "999999999" : name);
            if (index >= positional.size()) {
                throw new TemplateError("Replacement index " + index + " out of range for positional args tuple");
            }
            value = positional.get((int) index);
        } else {
            if (!named.containsKey(name)) {
                throw new TemplateError(PythonText.repr(name));
            }
            value = named.get(name);
        }
        Matcher step = STEP.matcher(path).region(name.length(), path.length());
        while (step.lookingAt()) {
            String index = step.group(2);
            if (index == null) {
                value = Members.attribute(value, step.group(1), limits);
            } else {
                boolean number = index.length() < 10 && index.chars().allMatch(Character::isDigit);
                value = Members.item(value, number ? (Object) Long.parseLong(index) : index, limits);
            }
            step.region(step.end(), path.length());
        }
        return value;
    }

    private String formatted(@Nullable Object value, String text) {
        if (text.isEmpty()) {
            return PythonText.of(value);
        }
        Matcher matcher = SPEC.matcher(text);
        if (!matcher.matches()) {
            throw new TemplateError("Invalid format specifier '" + text + "'");
        }
        boolean numeric = value instanceof Number || value instanceof Boolean;
        NumberFormat.Spec spec = new NumberFormat.Spec();
        spec.align = numeric ? '>' : '<';
        if (matcher.group("zero") != null) {
            spec.fill = '0';
            spec.align = numeric ? '=' : '<';
        }
        if (matcher.group("align") != null) {
            spec.align = matcher.group("align").charAt(0);
            spec.fill = matcher.group("fill") == null
                    ? spec.fill
                    : matcher.group("fill").codePointAt(0);
        }
        spec.sign = matcher.group("sign") == null ? '-' : matcher.group("sign").charAt(0);
        spec.alternate = matcher.group("alternate") != null;
        spec.width = matcher.group("width") == null ? 0 : Integer.parseInt(matcher.group("width"));
        spec.grouping = matcher.group("grouping") == null
                ? 0
                : matcher.group("grouping").charAt(0);
        spec.precision = matcher.group("precision") == null ? -1 : Integer.parseInt(matcher.group("precision"));
        spec.type = matcher.group("type") == null ? 0 : matcher.group("type").charAt(0);
        return formatted(value, spec);
    }

    private String formatted(@Nullable Object value, NumberFormat.Spec spec) {
        if (value instanceof Boolean && spec.type == 0) {
            // format(True, '5') is that of the number
            spec.type = 'd';
        }
        Object number = Arithmetic.number(value);
        if (value instanceof String text && (spec.type == 0 || spec.type == 's') && spec.align != '=') {
            return NumberFormat.text(text, spec, limits);
        }
        if (Arithmetic.isInteger(number) && number != null && (spec.type == 0 || "bdoxXn".indexOf(spec.type) >= 0)) {
            if (spec.precision >= 0) {
                throw new TemplateError("Precision not allowed in integer format specifier");
            }
            return NumberFormat.integer(Arithmetic.big(number), spec, limits);
        }
        if (number instanceof Number some && (spec.type == 0 || "eEfFgGn%".indexOf(spec.type) >= 0)) {
            return NumberFormat.floating(some.doubleValue(), spec, limits);
        }
        if (spec.type == 0 || !(number instanceof Number || value instanceof String)) {
            throw new TemplateError("unsupported format string passed to " + Values.typeName(value) + ".__format__");
        }
        throw new TemplateError(
                "Unknown format code '" + spec.type + "' for object of type '" + Values.typeName(value) + "'");
    }
}
