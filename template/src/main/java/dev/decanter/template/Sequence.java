package dev.decanter.template;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Python iterates over and counts, but does not take for a list. */
abstract sealed class Sequence extends AbstractList<@Nullable Object> {

    /** Python's tuple. */
    static final class Tuple extends Sequence {
        private final List<@Nullable Object> items;

        /** Indices by name, as Python's named tuples have. */
        final Map<String, Integer> names;

        Tuple(Collection<? extends @Nullable Object> items) {
            this(items, Map.of());
        }

        Tuple(Collection<? extends @Nullable Object> items, Map<String, Integer> names) {
            this.names = names;
            this.items = Collections.unmodifiableList(new ArrayList<>(items));
        }

        static Tuple of(@Nullable Object first, @Nullable Object second) {
            List<@Nullable Object> pair = new ArrayList<>(2);
            pair.add(first);
            pair.add(second);
            return new Tuple(pair);
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

    /** Python's range. */
    static final class Range extends Sequence {
        final long start;
        final long stop;
        final long step;
        private final int size;

        Range(long start, long stop, long step, int size) {
            this.start = start;
            this.stop = stop;
            this.step = step;
            this.size = size;
        }

        @Override
        public Object get(int index) {
            return start + index * step;
        }

        @Override
        public int size() {
            return size;
        }
    }

    /** A dict's {@code keys()}, {@code values()} or {@code items()}, which have no indices. */
    static final class View extends Sequence {
        final String name;
        private final List<@Nullable Object> items = new ArrayList<>();

        View(String name, Map<?, ?> map) {
            this.name = name;
            map.forEach((key, value) -> items.add(
                    switch (name) {
                        case "dict_keys" -> key;
                        case "dict_values" -> value;
                        default -> Tuple.of(key, value);
                    }));
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
}
