package dev.decanter.ir.rewrite;

import dev.decanter.ir.Output;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which value each pattern has matched so far; a stack, so that a failed alternative can be taken back. */
final class Bindings {
    /** {@code key} is a Pattern (by identity) or a name. */
    private record Entry(Object key, Output value) {}

    private final List<Entry> entries = new ArrayList<>();

    int mark() {
        return entries.size();
    }

    void reset(int mark) {
        entries.subList(mark, entries.size()).clear();
    }

    void add(Object key, Output value) {
        entries.add(new Entry(key, value));
    }

    @Nullable
    Output of(Pattern pattern) {
        return find(pattern);
    }

    @Nullable
    Output named(String name) {
        return find(name);
    }

    private @Nullable Output find(Object key) {
        for (Entry entry : entries) {
            // a Pattern has no equals, so that for patterns this is identity
            if (entry.key.equals(key)) {
                return entry.value;
            }
        }
        return null;
    }
}
