package dev.decanter.template;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What {@code namespace()} makes: attributes that can be set from an inner scope. */
final class Namespace implements Attributes {
    final Map<@Nullable Object, @Nullable Object> values = new LinkedHashMap<>();

    void put(String name, @Nullable Object value) {
        values.put(name, value);
    }

    @Override
    public @Nullable Object attribute(String name) {
        return values.containsKey(name) ? values.get(name) : Undefined.member(this, name);
    }

    @Override
    public String typeName() {
        return "jinja2.utils.Namespace";
    }
}
