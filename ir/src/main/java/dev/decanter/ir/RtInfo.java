package dev.decanter.ir;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A value of a model's {@code rt_info}: text, or named values in file order. Immutable; {@link Section#with} gives a
 * changed copy.
 */
public sealed interface RtInfo {
    /** A leaf, {@code <key value="…"/>}. */
    record Leaf(String value) implements RtInfo {}

    /** Nested entries. */
    record Section(Map<String, RtInfo> entries) implements RtInfo {
        public static final Section EMPTY = new Section(Map.of());

        public Section {
            entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }

        /** A copy in which {@code path} (keys from the outside in) is the text {@code value}. */
        public Section with(String value, String... path) {
            return with(new Leaf(value), path, 0);
        }

        private Section with(RtInfo value, String[] path, int depth) {
            Map<String, RtInfo> copy = new LinkedHashMap<>(entries);
            String key = path[depth];
            if (depth == path.length - 1) {
                copy.put(key, value);
            } else {
                Section inner = copy.get(key) instanceof Section section ? section : EMPTY;
                copy.put(key, inner.with(value, path, depth + 1));
            }
            return new Section(copy);
        }

        /** The text at {@code path}, if there is one. */
        public Optional<String> text(String... path) {
            RtInfo at = this;
            for (String key : path) {
                if (!(at instanceof Section section) || !section.entries.containsKey(key)) {
                    return Optional.empty();
                }
                at = section.entries.get(key);
            }
            return at instanceof Leaf leaf ? Optional.of(leaf.value()) : Optional.empty();
        }
    }
}
