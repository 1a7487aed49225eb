package dev.decanter.template;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes JSON as Python's {@code json.dumps(value, ensure_ascii=False, indent=…)}. */
final class PythonJson {
    private final StringBuilder out = new StringBuilder();
    private final int indent;

    private PythonJson(int indent) {
        this.indent = indent;
    }

    /** {@code indent} is a number of spaces, or null for one line. */
    static String write(@Nullable Object value, @Nullable Object indent) {
        int spaces = indent instanceof Long number ? Math.clamp(number, 0, 16) : -1;
        PythonJson json = new PythonJson(spaces);
        json.value(value, 0);
        return json.out.toString();
    }

    private void value(@Nullable Object value, int depth) {
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Number n -> out.append(PythonText.number(n));
            case Map<?, ?> map -> map(map, depth);
            case Iterable<?> items -> list(items, depth);
            case String text -> string(text);
            default ->
                throw new TemplateError(
                        "Object of type " + Operators.typeName(value) + " is not JSON serializable");
        }
    }

    private void map(Map<?, ?> map, int depth) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            separate(first, depth + 1);
            first = false;
            string(PythonText.of(entry.getKey()));
            out.append(": ");
            value(entry.getValue(), depth + 1);
        }
        close(first, depth, '}');
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
            out.append(indent < 0 ? ", " : ",");
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
        if (indent >= 0) {
            out.append('\n').repeat(' ', indent * depth);
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
                    if (c < ' ') {
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
