package dev.decanter.grammar.json;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Members of an object, or distinct items of an array, in a fixed order with commas between them: some required, some
 * not, and at the end any number of one more kind.
 */
final class Members {
    private static final int MAX_STATES = 20_000;

    /** One of the members. */
    record Member(Node node, boolean required) {}

    private final Emitter emitter;
    private final Place place;
    private final List<Member> members;
    private final Node others;
    private final int min;
    private final int max;
    private final boolean counts;
    private final int branching;
    private final Map<Long, Node> known = new HashMap<>();
    private boolean lacksNames;

    /**
     * Takes what there is.
     *
     * @param others further members; nothing if there are none
     * @param min members at least
     * @param max members at most
     */
    Members(Emitter emitter, Place place, List<Member> members, Node others, int min, int max) {
        this.emitter = emitter;
        this.place = place;
        this.members = members;
        this.others = others;
        this.max = max;
        int required = (int) members.stream().filter(Member::required).count();
        this.min = min <= required ? 0 : min;
        boolean mayBeTooMany = max < members.size() || (max != Node.Repeat.UNBOUNDED && !others.equals(Node.NOTHING));
        counts = members.isEmpty() ? this.min > 1 : this.min > 0 || mayBeTooMany;
        int first = 0;
        while (first < members.size() && !members.get(first).required) {
            first++;
        }
        branching = first;
    }

    /** All members with the commas between them. */
    Node node() {
        long states = (long) (members.size() + 1) * (Math.min(limit(), members.size()) + 1);
        if (counts && states > MAX_STATES) {
            throw place.fault("to count " + members.size() + " properties takes more than " + MAX_STATES
                    + " states; leave minProperties and maxProperties out");
        }
        for (int i = branching; i > 0 && !counts; i--) {
            from(i, 1); // From the end, so that the calls do not nest.
        }
        Node node = from(0, 0);
        if (node.equals(Node.NOTHING)) {
            throw place.fault(
                    lacksNames
                            ? "minProperties " + min + " cannot be guaranteed: names of properties that are not in"
                                    + " properties might repeat; name more properties, or lower it"
                            : "no value can meet it: its counts and required properties leave nothing");
        }
        return node;
    }

    /** Beyond this number nothing depends on how many there are. */
    private int limit() {
        return !counts ? 1 : max == Node.Repeat.UNBOUNDED ? Math.max(min, 1) : Math.max(min, max);
    }

    private Node from(int index, int count) {
        long key = (long) index << 32 | count;
        Node node = known.get(key);
        if (node == null) {
            node = counts || count == 0 ? alternatives(index, count) : inLine(index, count);
            boolean shared = (counts || (index > 0 && index <= branching)) && count > 0 && isLarge(node);
            node = shared ? emitter.define("members", node) : node;
            known.put(key, node);
        }
        return node;
    }

    private static boolean isLarge(Node node) {
        return !(node instanceof Node.Reference || node.equals(Node.EMPTY) || node.equals(Node.NOTHING));
    }

    /** With so many before. A member that is not required is there, or the next one is the first to be. */
    private Node alternatives(int index, int count) {
        List<Node> options = new ArrayList<>();
        for (int i = index; ; i++) {
            if (i == members.size()) {
                options.add(end(count));
                break;
            }
            Member member = members.get(i);
            if (count < max) {
                Node rest = from(i + 1, Math.min(count + 1, limit()));
                Node comma = count == 0 ? Node.EMPTY : emitter.options().separator();
                options.add(joined(List.of(comma, member.node, rest)));
            }
            if (member.required) {
                break;
            }
            if (counts && count > 0) {
                options.add(from(i + 1, count));
                break;
            }
        }
        return Regular.choice(
                options.stream().filter(o -> !o.equals(Node.NOTHING)).toList());
    }

    /** After some other, when nothing is counted. Up to the first required one the list may begin anywhere. */
    private Node inLine(int index, int count) {
        List<Node> parts = new ArrayList<>();
        for (int i = index; i < members.size(); i++) {
            if (i > index && i <= branching) {
                parts.add(from(i, count));
                return joined(parts);
            }
            Member member = members.get(i);
            Node node = joined(List.of(emitter.options().separator(), member.node));
            parts.add(member.required ? node : Node.optional(node));
        }
        parts.add(end(count));
        return joined(parts);
    }

    private Node end(int count) {
        int missing = Math.max(min - count, 0);
        if (others.equals(Node.NOTHING)) {
            return missing == 0 ? Node.EMPTY : Node.NOTHING;
        }
        if (missing > 1) {
            lacksNames = true;
            return Node.NOTHING;
        }
        int room = max == Node.Repeat.UNBOUNDED ? emitter.options().maxItems() : max - count;
        return list(emitter.options().separator(), others, missing, room, count > 0);
    }

    /** A number of equal members; if some come before, each with a comma. */
    static Node list(Node separator, Node member, int min, int max, boolean afterOthers) {
        if (max == 0 || min > max) {
            return min > max ? Node.NOTHING : Node.EMPTY;
        }
        if (afterOthers) {
            return Regular.repeat(joined(List.of(separator, member)), min, max);
        }
        Node more = Regular.repeat(joined(List.of(separator, member)), Math.max(min - 1, 0), Regular.less(max, 1));
        Node all = joined(List.of(member, more));
        return min == 0 ? Node.optional(all) : all;
    }

    /** One after the other; nothing if one of them is. */
    static Node joined(List<Node> nodes) {
        List<Node> parts = new ArrayList<>();
        for (Node node : nodes) {
            if (node.equals(Node.NOTHING)) {
                return node;
            }
            if (node instanceof Node.Sequence inner) {
                parts.addAll(inner.parts());
            } else {
                parts.add(node);
            }
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
    }
}
