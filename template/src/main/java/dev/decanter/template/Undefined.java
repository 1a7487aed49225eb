package dev.decanter.template;

import org.jspecify.annotations.Nullable;

/**
 * The value of what does not exist: prints as nothing, is false and empty; anything else one does with it is an error.
 *
 * @param message for that error
 */
record Undefined(String message) {
    static Undefined variable(String name) {
        return new Undefined(PythonText.repr(name) + " is undefined");
    }

    /** What {@code base} has not. */
    static Undefined member(@Nullable Object base, @Nullable Object name) {
        String kind = Values.kind(base);
        return new Undefined(
                name instanceof String
                        ? PythonText.repr(kind) + " has no attribute " + PythonText.repr(name)
                        : kind + " has no element " + PythonText.repr(name));
    }

    /** What the sandbox of Transformers keeps from templates. */
    static Undefined unsafe(@Nullable Object base, String name) {
        return new Undefined("access to attribute " + PythonText.repr(name) + " of "
                + PythonText.repr(Values.typeName(base)) + " object is unsafe.");
    }
}
