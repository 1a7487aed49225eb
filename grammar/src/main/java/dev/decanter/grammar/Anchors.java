package dev.decanter.grammar;

import java.util.ArrayList;
import java.util.List;

/** Gives {@code ^} and {@code $} their meaning: at the ends of the whole expression they hold or fail, elsewhere nothing matches. */
final class Anchors {
    /** Anchors inside alternatives are brought to the outside; expressions that need more parts for it are refused. */
    private static final int MAX_OPTIONS = 1000;

    private final RegexReader reader;
    private final boolean anywhere;

    Anchors(RegexReader reader, boolean anywhere) {
        this.reader = reader;
        this.anywhere = anywhere;
    }

    Node resolve(Node node) {
        List<Node> resolved = new ArrayList<>();
        for (List<Node> parts : expand(node)) {
            resolved.add(withEnds(parts));
        }
        return resolved.size() == 1 ? resolved.getFirst() : new Node.Choice(resolved);
    }

    private Node withEnds(List<Node> parts) {
        int from = 0;
        int to = parts.size();
        while (from < to && parts.get(from).equals(RegexReader.BEGINNING)) {
            from++;
        }
        while (to > from && parts.get(to - 1).equals(RegexReader.ENDING)) {
            to--;
        }
        List<Node> inner = new ArrayList<>(parts.subList(from, to));
        for (Node part : inner) {
            if (hasAnchor(part)) {
                throw reader.fault(0, "^ is supported at the beginning and $ at the end of the expression, not inside");
            }
        }
        if (anywhere && from == 0) {
            inner.addFirst(Node.star(Node.ANY));
        }
        if (anywhere && to == parts.size()) {
            inner.addLast(Node.star(Node.ANY));
        }
        return inner.size() == 1 ? inner.getFirst() : new Node.Sequence(inner);
    }

    /** The options of a node as sequences in which anchors are parts; only options with anchors are taken apart. */
    private List<List<Node>> expand(Node node) {
        List<List<Node>> found = new ArrayList<>();
        switch (node) {
            case Node.Choice(List<Node> options)
            when hasAnchor(node) -> options.forEach(option -> found.addAll(expand(option)));
            case Node.Sequence(List<Node> parts)
            when hasAnchor(node) -> {
                found.add(List.of());
                for (Node part : parts) {
                    List<List<Node>> longer = new ArrayList<>();
                    for (List<Node> end : expand(part)) {
                        for (List<Node> start : found) {
                            List<Node> both = new ArrayList<>(start);
                            both.addAll(end);
                            longer.add(both);
                        }
                    }
                    found.clear();
                    found.addAll(longer);
                    if (found.size() > MAX_OPTIONS) {
                        throw reader.fault(0, "there are too many alternatives with ^ or $ inside");
                    }
                }
            }
            default -> found.add(List.of(node));
        }
        return found;
    }

    private static boolean hasAnchor(Node node) {
        return node.equals(RegexReader.BEGINNING)
                || node.equals(RegexReader.ENDING)
                || Grammar.children(node).stream().anyMatch(Anchors::hasAnchor);
    }
}
