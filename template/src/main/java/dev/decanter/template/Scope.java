package dev.decanter.template;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Variables that are visible at a place of the template. */
final class Scope {
    private final Map<String, @Nullable Object> values = new HashMap<>();
    private final Optional<Scope> outer;

    Scope(Map<String, ? extends @Nullable Object> values) {
        this.values.putAll(values);
        this.outer = Optional.empty();
    }

    Scope(Scope outer, Set<String> hidden) {
        this.outer = Optional.of(outer);
        hidden.forEach(name -> values.put(name, Undefined.variable(name)));
    }

    /** For a named block: what was set here, and what is outside, but not what is hidden until it is set. */
    Scope exported() {
        Scope copy = new Scope(outer.orElse(this), Set.of());
        values.forEach((name, value) -> {
            if (!(value instanceof Undefined)) {
                copy.values.put(name, value);
            }
        });
        return copy;
    }

    void set(String name, @Nullable Object value) {
        values.put(name, value);
    }

    /** The value, or {@link Undefined}. */
    @Nullable
    Object get(String name) {
        Scope scope = this;
        while (!scope.values.containsKey(name)) {
            if (scope.outer.isEmpty()) {
                return Undefined.variable(name);
            }
            scope = scope.outer.get();
        }
        return scope.values.get(name);
    }
}
