package dev.decanter.genai.template;

import com.hubspot.jinjava.el.ext.NamedParameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Arguments of a call, by position and by name. */
record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {

    static Arguments of(@Nullable Object[] params) {
        List<@Nullable Object> positional = new ArrayList<>();
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        for (Object param : params) {
            if (param instanceof NamedParameter parameter) {
                named.put(parameter.getName(), parameter.getValue());
            } else {
                positional.add(param);
            }
        }
        return new Arguments(positional, named);
    }

    int count() {
        return positional.size();
    }

    /** The value at a position or of a name, or null. */
    @Nullable
    Object get(int index, String name) {
        return index < positional.size() ? positional.get(index) : named.get(name);
    }

    /** As {@link #get}, as text; throws if it is not there. */
    String text(int index, String name) {
        Object value = get(index, name);
        if (value == null) {
            throw new IllegalArgumentException("argument " + (index + 1) + " is missing");
        }
        return value.toString();
    }

    /** As {@link #get}, as an integer, or {@code otherwise} if it is not there. */
    int integer(int index, String name, int otherwise) {
        return get(index, name) instanceof Number number ? number.intValue() : otherwise;
    }
}
