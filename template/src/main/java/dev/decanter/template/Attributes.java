package dev.decanter.template;

import org.jspecify.annotations.Nullable;

/** A value of our own with attributes: the loop variable, a namespace, a macro. */
interface Attributes {
    /** The attribute, or {@link Undefined}. */
    @Nullable
    Object attribute(String name);

    /** What messages call such an object. */
    String typeName();
}
