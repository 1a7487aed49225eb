package dev.decanter.template;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Python's iterator: can be read once, has no length, and is true even if there is nothing in it.
 *
 * @param typeName Python's name of such an iterator
 */
record Lazy(String typeName, Iterator<? extends @Nullable Object> items) {
    static Lazy generator(Iterator<? extends @Nullable Object> items) {
        return new Lazy("generator", items);
    }
}
