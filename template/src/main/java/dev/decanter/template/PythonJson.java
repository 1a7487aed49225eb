package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes JSON as Python's {@code json.dumps(value, ensure_ascii, indent, separators, sort_keys)}. */
final class PythonJson {
    private final StringBuilder out = new StringBuilder();
    private final Limits limits;
    private final boolean ascii;
    /** Of one level; null for one line. */
    private final @Nullable String indent;

    private final String between;
    private final String behindKey;
    private final boolean sorted;

    private PythonJson(Arguments.Bound options, Limits limits) {
        this.limits = limits;
        this.ascii = options.flag(0);
        this.indent = indent(options.get(1));
        this.sorted = options.flag(3);
        if (options.get(2) == null) {
            this.between = indent == null ? ", " : ",";
            this.behindKey = ": ";
        } else {
            List<@Nullable Object> two = Values.list(options.get(2), limits);
            if (two.size() != 2 || !(two.get(0) instanceof String item) || !(two.get(1) instanceof String key)) {
                throw new TemplateError("separators of tojson must be two strings");
            }
            this.between = item;
            this.behindKey = key;
        }
    }

    private static @Nullable String indent(@Nullable Object indent) {
        return switch (Arithmetic.number(indent)) {
            case null -> null;
            case String text -> text;
            case Long width -> " ".repeat(Math.clamp(width, 0, 1000));
            default -> throw new TemplateError("indent of tojson must be an integer or a string");
        };
    }

    static String write(@Nullable Object value, Arguments arguments, Limits limits) {
        PythonJson json = new PythonJson(
                arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"), limits);
        json.value(value, 0);
        limits.chars(json.out.length());
        return json.out.toString();
    }

    private void value(@Nullable Object value, int depth) {
        limits.step();
        limits.shown(out.length());
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Number n -> out.append(number(n));
            case Map<?, ?> map -> map(map, depth);
            case Sequence.Tuple tuple -> list(tuple, depth);
            case List<?> items when Values.isPlainList(items) -> list(items, depth);
            case String text -> string(text);
            default ->
                throw new TemplateError("Object of type " + Values.typeName(value) + " is not JSON serializable");
        }
    }

    private static String number(Number number) {
        if (number instanceof Double value && !Double.isFinite(value)) {
            return Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }
        return PythonText.number(number);
    }

    private void map(Map<?, ?> map, int depth) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort((a, b) -> Values.order(a.getKey(), b.getKey(), "<"));
        }
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : entries) {
            separate(first, depth + 1);
            first = false;
            string(key(entry.getKey()));
            out.append(behindKey);
            value(entry.getValue(), depth + 1);
        }
        close(first, depth, '}');
    }

    private static String key(@Nullable Object key) {
        return switch (key) {
            case String text -> text;
            case null -> "null";
            case Boolean b -> b.toString();
            case Number n -> number(n);
            default ->
                throw new TemplateError("keys must be str, int, float, bool or None, not " + Values.typeName(key));
        };
    }

    private void list(Iterable<?> items, int depth) {
        out.append('[');
        boolean first = true;
        for (Object item : items) {
            separate(first, depth + 1);
            first = false;
            value(item, depth + 1);
        }
        close(first, depth, ']');
    }

    private void separate(boolean first, int depth) {
        if (!first) {
            out.append(between);
        }
        newline(depth);
    }

    private void close(boolean empty, int depth, char bracket) {
        if (!empty) {
            newline(depth);
        }
        out.append(bracket);
    }

    private void newline(int depth) {
        if (indent != null) {
            out.append('\n').append(indent.repeat(depth));
        }
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
