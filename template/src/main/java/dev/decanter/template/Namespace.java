package dev.decanter.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code namespace()} makes: attributes that can be set from an inner scope. */
final class Namespace implements Attributes {
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

    void put(String name, @Nullable Object value) {
        values.put(name, value);
    }

    @Override
    public @Nullable Object attribute(String name) {
        return values.containsKey(name)
                ? values.get(name)
                : new Undefined("'namespace object' has no attribute '" + name + "'");
    }
}
