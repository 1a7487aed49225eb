package dev.decanter.grammar.json;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Arrays: what the items are, how many there are.
 *
 * @param rules each item meets all of them
 * @param min items at least
 * @param max items at most, or {@link Node.Repeat#UNBOUNDED}
 * @param unique whether no two items are equal
 * @param contains what some of the items are
 */
record ArraySpec(List<Items> rules, int min, int max, boolean unique, List<Contains> contains) {
    static final ArraySpec ANY = new ArraySpec(List.of(), 0, Node.Repeat.UNBOUNDED, false, List.of());

    /**
     * One schema's word on items.
     *
     * @param first the first items, by position
     * @param rest the others
     * @param restIsGiven whether the schema speaks of the others
     */
    record Items(List<Expr> first, Expr rest, boolean restIsGiven) {
        Expr at(int position) {
            return position < first.size() ? first.get(position) : rest;
        }
    }

    /** So many items at least are of that kind; times is above 0. */
    record Contains(Expr item, int times) {}

    static ArraySpec items(Items items) {
        return new ArraySpec(List.of(items), 0, Node.Repeat.UNBOUNDED, false, List.of());
    }

    static ArraySpec count(int min, int max) {
        return new ArraySpec(List.of(), min, max, false, List.of());
    }

    static ArraySpec containing(Contains contains) {
        return new ArraySpec(List.of(), contains.times, Node.Repeat.UNBOUNDED, false, List.of(contains));
    }

    ArraySpec and(ArraySpec other) {
        int least = Math.max(min, other.min);
        int most = Math.min(max, other.max);
        return new ArraySpec(
                joined(rules, other.rules), least, most, unique || other.unique, joined(contains, other.contains));
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        second.stream().filter(item -> !all.contains(item)).forEach(all::add);
        return List.copyOf(all);
    }

    /** Number of items that have a schema of their own. */
    int positions() {
        return rules.stream().mapToInt(items -> items.first.size()).max().orElse(0);
    }

    /** What an item is; the same for all from {@link #positions()} on. */
    Expr at(int position) {
        return Expr.all(rules.stream().map(items -> items.at(position)).toList());
    }

    /** Whether some schema says what items after the positions are. */
    boolean restIsGiven() {
        return rules.isEmpty() || rules.stream().anyMatch(Items::restIsGiven);
    }

    /** What this set has not; exact unless {@link #unique}. */
    List<ArraySpec> outside() {
        List<ArraySpec> parts = new ArrayList<>();
        if (min > 0) {
            parts.add(count(0, min - 1));
        }
        if (max != Node.Repeat.UNBOUNDED) {
            parts.add(count(max + 1, Node.Repeat.UNBOUNDED));
        }
        for (Items items : rules) {
            for (int i = 0; i < items.first.size(); i++) {
                if (!items.first.get(i).equals(Expr.ANY)) {
                    List<Expr> wrong = new ArrayList<>(Collections.nCopies(i, Expr.ANY));
                    wrong.add(Expr.not(items.first.get(i)));
                    parts.add(items(new Items(wrong, Expr.ANY, true)).and(count(i + 1, Node.Repeat.UNBOUNDED)));
                }
            }
            if (!items.rest.equals(Expr.ANY) && items.first.isEmpty()) {
                parts.add(containing(new Contains(Expr.not(items.rest), 1)));
            }
            if (items.rest.equals(Expr.NONE) && !items.first.isEmpty()) {
                parts.add(count(items.first.size() + 1, Node.Repeat.UNBOUNDED));
            }
        }
        for (Contains some : contains) {
            if (some.times == 1) {
                parts.add(items(new Items(List.of(), Expr.not(some.item), true)));
            }
        }
        return parts;
    }

    /** Whether {@link #outside()} is all that this set has not. */
    boolean outsideIsExact() {
        return !unique
                && contains.stream().allMatch(some -> some.times == 1)
                && rules.stream()
                        .allMatch(items ->
                                items.first.isEmpty() || items.rest.equals(Expr.ANY) || items.rest.equals(Expr.NONE));
    }
}
