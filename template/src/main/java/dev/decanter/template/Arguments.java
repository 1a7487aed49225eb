package dev.decanter.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Arguments of a call, by position and by name. */
record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    int count() {
        return positional.size();
    }

    boolean has(int index, String name) {
        return index < positional.size() || named.containsKey(name);
    }

    /** The value at a position or of a name, or null. */
    @Nullable
    Object get(int index, String name) {
        return index < positional.size() ? positional.get(index) : named.get(name);
    }

    /** As {@link #get}, as text; throws if it is no string. */
    String text(int index, String name) {
        if (get(index, name) instanceof String text) {
            return text;
        }
        throw new TemplateError("argument " + name + " must be a string");
    }

    /** As {@link #get}, as an integer, or {@code otherwise} if it is not there. */
    int integer(int index, String name, int otherwise) {
        Object value = get(index, name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Long number && number == number.intValue()) {
            return number.intValue();
        }
        throw new TemplateError("argument " + name + " must be an integer");
    }

    /** Without the first positional argument. */
    Arguments rest() {
        return new Arguments(positional.subList(Math.min(1, positional.size()), positional.size()), named);
    }
}
