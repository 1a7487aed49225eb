package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How arrays are written. */
final class ArrayText {
    /** Distinct items of sets up to this size come in any order; of larger ones, in the order of the set. */
    private static final int ANY_ORDER = 6;

    /** Items of their own that are nested in one rule. */
    private static final int NESTED = 40;

    private final Emitter emitter;
    private final Place place;
    private final ArraySpec spec;
    private final Node separator;

    ArrayText(Emitter emitter, Place place, ArraySpec spec) {
        this.emitter = emitter;
        this.place = place;
        this.spec = spec;
        separator = emitter.options().separator();
    }

    Node node() {
        int max = most();
        if (spec.min() > max) {
            return Node.NOTHING;
        }
        Node items;
        if (!spec.contains().isEmpty()) {
            items = containing(max);
        } else if (spec.unique() && max > 1) {
            items = distinct(max);
        } else {
            items = from(0, max);
        }
        Node space = emitter.options().whitespace().inside();
        return Members.joined(List.of(text("["), space, items, space, text("]")));
    }

    private int most() {
        int max = spec.max();
        int positions = spec.positions();
        if (emitter.options().strict() && !spec.restIsGiven() && spec.min() <= positions) {
            max = Math.min(max, positions);
        }
        for (int i = 0; i <= positions && i < max; i++) {
            if (emitter.value(spec.at(i)).equals(Node.NOTHING)) {
                max = i;
            }
        }
        return max == Node.Repeat.UNBOUNDED
                ? Math.max(emitter.options().maxItems(), Math.max(spec.min(), positions))
                : max;
    }

    /** The items from a position on. */
    private Node from(int position, int max) {
        if (position >= max) {
            return Node.EMPTY;
        }
        if (position == spec.positions()) {
            int least = Math.max(spec.min() - position, 0);
            return Members.list(
                    separator, emitter.value(spec.at(position)), least, Regular.less(max, position), position > 0);
        }
        Node comma = position == 0 ? Node.EMPTY : separator;
        Node rest = from(position + 1, max);
        if (position % NESTED == NESTED - 1) {
            rest = emitter.define("items", rest);
        }
        Node items = Members.joined(List.of(comma, emitter.value(spec.at(position)), rest));
        return position < spec.min() ? items : Node.optional(items);
    }

    private Node containing(int max) {
        ArraySpec.Contains some = spec.contains().getFirst();
        if (spec.contains().size() > 1 || spec.positions() > 0 || spec.unique()) {
            throw place.fault(
                    "contains cannot be guaranteed together with prefixItems, uniqueItems or another contains");
        }
        Expr item = spec.at(0);
        Node any = emitter.value(item);
        Node wanted = emitter.value(Expr.all(List.of(item, some.item())));
        if (max != Node.Repeat.UNBOUNDED) {
            // How many are left depends on how many came before; so the wanted ones come first.
            Node first = Members.list(separator, wanted, some.times(), some.times(), false);
            int least = Math.max(spec.min() - some.times(), 0);
            return Members.joined(List.of(first, Members.list(separator, any, least, max - some.times(), true)));
        }
        List<Node> parts = new ArrayList<>();
        Node before = Members.joined(List.of(any, separator));
        for (int i = 0; i < some.times(); i++) {
            if (i > 0) {
                parts.add(separator);
            }
            parts.add(Node.star(before));
            parts.add(wanted);
        }
        parts.add(Members.list(separator, any, Math.max(spec.min() - some.times(), 0), max, true));
        return Members.joined(parts);
    }

    private Node distinct(int max) {
        Optional<List<Node>> values = emitter.listed(spec.at(0));
        if (spec.positions() > 0 || values.isEmpty()) {
            throw place.fault("uniqueItems cannot be guaranteed unless the items are all of one schema that lists its"
                    + " values (enum, const, boolean, a small range of integers); set maxItems to 1, or leave it out");
        }
        List<Node> all = values.get();
        int most = Math.min(max, all.size());
        if (spec.min() > most) {
            throw place.fault("no value can meet it: minItems is " + spec.min() + ", and only " + most
                    + " different items are possible");
        }
        if (all.size() > ANY_ORDER) {
            List<Members.Member> members =
                    all.stream().map(value -> new Members.Member(value, false)).toList();
            return new Members(emitter, place, members, Node.NOTHING, spec.min(), max).node();
        }
        return permutations(all, 0, most, new HashMap<>());
    }

    /** What may follow when those of a bit set are used. */
    private Node permutations(List<Node> values, int used, int max, Map<Integer, Node> known) {
        Node node = known.get(used);
        if (node == null) {
            int count = Integer.bitCount(used);
            List<Node> options = new ArrayList<>();
            if (count >= spec.min()) {
                options.add(Node.EMPTY);
            }
            for (int i = 0; i < values.size() && count < max; i++) {
                if ((used & 1 << i) == 0) {
                    Node comma = count == 0 ? Node.EMPTY : separator;
                    options.add(Members.joined(
                            List.of(comma, values.get(i), permutations(values, used | 1 << i, max, known))));
                }
            }
            node = options.equals(List.of(Node.EMPTY))
                    ? Node.EMPTY
                    : emitter.define("distinct", Regular.choice(options));
            known.put(used, node);
        }
        return node;
    }
}
