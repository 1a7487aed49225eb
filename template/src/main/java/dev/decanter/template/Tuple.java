package dev.decanter.template;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A list that prints as a tuple. */
final class Tuple extends AbstractList<@Nullable Object> {
    private final List<@Nullable Object> items;

    Tuple(List<? extends @Nullable Object> items) {
        this.items = Collections.unmodifiableList(new ArrayList<>(items));
    }

    @Override
    public @Nullable Object get(int index) {
        return items.get(index);
    }

    @Override
    public int size() {
        return items.size();
    }
}
