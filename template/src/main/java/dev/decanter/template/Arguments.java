package dev.decanter.template;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Arguments of a call, by position and by name. */
record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    int count() {
        return positional.size();
    }

    /** Without the first positional argument. */
    Arguments rest() {
        return new Arguments(positional.subList(Math.min(1, positional.size()), positional.size()), named);
    }

    /**
     * Gives arguments to parameters as Python does.
     *
     * @param function for messages
     * @param required how many parameters have no default
     */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new TemplateError(function + "() takes at most " + parameters.length + " argument"
                    + (parameters.length == 1 ? "" : "s") + " (" + positional.size() + " given)");
        }
        @Nullable Object[] values = new @Nullable Object[parameters.length];
        boolean[] given = new boolean[parameters.length];
        for (int i = 0; i < positional.size(); i++) {
            values[i] = positional.get(i);
            given[i] = true;
        }
        named.forEach((name, value) -> {
            int at = Arrays.asList(parameters).indexOf(name);
            if (at < 0) {
                throw new TemplateError(function + "() got an unexpected keyword argument '" + name + "'");
            }
            if (given[at]) {
                throw new TemplateError(function + "() got multiple values for argument '" + name + "'");
            }
            values[at] = value;
            given[at] = true;
        });
        for (int i = 0; i < required; i++) {
            if (!given[i]) {
                throw new TemplateError(
                        function + "() missing 1 required positional argument: '" + parameters[i] + "'");
            }
        }
        return new Bound(function, parameters, values, given);
    }

    /** Values of parameters, by their order. */
    static final class Bound {
        private final String function;
        private final String[] parameters;
        private final @Nullable Object[] values;
        private final boolean[] given;

        private Bound(String function, String[] parameters, @Nullable Object[] values, boolean[] given) {
            this.function = function;
            this.parameters = parameters;
            this.values = values;
            this.given = given;
        }

        boolean has(int index) {
            return given[index];
        }

        /** The value, or null if it was left out. */
        @Nullable
        Object get(int index) {
            return values[index];
        }

        @Nullable
        Object get(int index, @Nullable Object otherwise) {
            return given[index] ? values[index] : otherwise;
        }

        /** The truth of a value, false if it was left out. */
        boolean flag(int index) {
            return Values.truth(values[index]);
        }

        String text(int index) {
            if (Values.defined(values[index]) instanceof String text) {
                return text;
            }
            throw wrong(index, "a string");
        }

        /** An integer, or {@code otherwise} if it was left out or is None; clamped to 32 bits. */
        int integer(int index, int otherwise) {
            Object value = Arithmetic.number(values[index]);
            if (value == null) {
                return otherwise;
            }
            if (value instanceof Undefined || !Arithmetic.isInteger(value)) {
                Values.defined(value);
                throw wrong(index, "an integer");
            }
            return value instanceof Long number
                    ? Math.clamp(number, Integer.MIN_VALUE, Integer.MAX_VALUE)
                    : (Arithmetic.big(value).signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE);
        }

        private TemplateError wrong(int index, String wanted) {
            return new TemplateError(function + "(): argument '" + parameters[index] + "' must be " + wanted + ", not "
                    + Values.typeName(values[index]));
        }
    }
}
