package dev.decanter.grammar.json;

import dev.decanter.grammar.CodePoints;
import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Decisions about regular expressions as {@link Node}s: does a text belong, is there any text at all.
 *
 * <p>By derivatives (Brzozowski, "Derivatives of Regular Expressions", 1964), which take intersection, difference and
 * counted repetition as they are. Work is bounded: what would need more than {@link #MAX_STATES} derivatives is
 * refused.
 */
final class Regular {
    /** So many different derivatives at most for one question. */
    static final int MAX_STATES = 20_000;

    /** So many parts of expressions are looked at for one question. */
    private static final long MAX_WORK = 5_000_000;

    private Regular() {}

    /** Whether a text belongs. */
    static boolean matches(Node node, String text) {
        Node rest = node;
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            rest = derive(rest, text.codePointAt(i));
            if (rest.equals(Node.NOTHING)) {
                return false;
            }
        }
        return nullable(rest);
    }

    /**
     * Whether no text belongs.
     *
     * @throws GrammarException if the answer takes too many steps
     */
    static boolean isEmpty(Node node) {
        Set<Node> seen = new HashSet<>();
        Deque<Node> open = new ArrayDeque<>();
        open.add(node);
        seen.add(node);
        long work = 0;
        while (!open.isEmpty()) {
            Node next = open.remove();
            if (nullable(next)) {
                return false;
            }
            List<CodePoints> alphabet = alphabet(next);
            work += (long) size(next) * (1 + alphabet.size());
            for (CodePoints letters : alphabet) {
                Node rest = derive(next, letters.first(0));
                if (!rest.equals(Node.NOTHING) && seen.add(rest)) {
                    if (seen.size() > MAX_STATES || work > MAX_WORK) {
                        throw new GrammarException(
                                "the expression has too many states; make its repetitions shorter or its"
                                        + " alternatives fewer");
                    }
                    open.add(rest);
                }
            }
        }
        return true;
    }

    private static int size(Node node) {
        return switch (node) {
            case Node.Text _, Node.Chars _, Node.Reference _ -> 1;
            case Node.Sequence s ->
                1 + s.parts().stream().mapToInt(Regular::size).sum();
            case Node.Choice c ->
                1 + c.options().stream().mapToInt(Regular::size).sum();
            case Node.Repeat r -> 1 + size(r.body());
            case Node.Both b -> 1 + size(b.first()) + size(b.second());
            case Node.Except e -> 1 + size(e.of()) + size(e.excluded());
        };
    }

    /** Whether the empty text belongs. */
    static boolean nullable(Node node) {
        return switch (node) {
            case Node.Text t -> t.text().isEmpty();
            case Node.Chars _ -> false;
            case Node.Sequence s -> s.parts().stream().allMatch(Regular::nullable);
            case Node.Choice c -> c.options().stream().anyMatch(Regular::nullable);
            case Node.Repeat r -> r.min() == 0 || nullable(r.body());
            case Node.Both b -> nullable(b.first()) && nullable(b.second());
            case Node.Except e -> nullable(e.of()) && !nullable(e.excluded());
            case Node.Reference r -> throw reference(r);
        };
    }

    /** What may follow a character. */
    static Node derive(Node node, int c) {
        return switch (node) {
            case Node.Text t -> {
                String text = t.text();
                yield text.isEmpty() || text.codePointAt(0) != c
                        ? Node.NOTHING
                        : literal(text.substring(Character.charCount(c)));
            }
            case Node.Chars chars -> chars.set().contains(c) ? Node.EMPTY : Node.NOTHING;
            case Node.Sequence s -> {
                List<Node> options = new ArrayList<>();
                for (int i = 0; i < s.parts().size(); i++) {
                    Node part = s.parts().get(i);
                    List<Node> tail = s.parts().subList(i + 1, s.parts().size());
                    options.add(sequence(derive(part, c), tail));
                    if (!nullable(part)) {
                        break;
                    }
                }
                yield choice(options);
            }
            case Node.Choice choice ->
                choice(choice.options().stream().map(o -> derive(o, c)).toList());
            case Node.Repeat r -> {
                if (r.max() == 0) {
                    yield Node.NOTHING;
                }
                Node rest = repeat(r.body(), Math.max(r.min() - 1, 0), less(r.max(), 1));
                yield sequence(derive(r.body(), c), List.of(rest));
            }
            case Node.Both b -> both(derive(b.first(), c), derive(b.second(), c));
            case Node.Except e -> except(derive(e.of(), c), derive(e.excluded(), c));
            case Node.Reference r -> throw reference(r);
        };
    }

    /** A text. */
    static Node literal(String text) {
        return text.isEmpty() ? Node.EMPTY : Node.text(text);
    }

    /** The union; equal parts once, nothing left out. */
    static Node choice(Collection<Node> options) {
        LinkedHashSet<Node> flat = new LinkedHashSet<>();
        for (Node option : options) {
            if (option instanceof Node.Choice inner) {
                flat.addAll(inner.options());
            } else {
                flat.add(option);
            }
        }
        return flat.size() == 1 ? flat.getFirst() : new Node.Choice(List.copyOf(flat));
    }

    /** What both have. A list of texts is filtered on the spot. */
    static Node both(Node a, Node b) {
        if (a.equals(Node.NOTHING) || b.equals(Node.NOTHING)) {
            return Node.NOTHING;
        }
        if (a.equals(b) || isAll(b)) {
            return a;
        }
        if (isAll(a)) {
            return b;
        }
        if (isTexts(a)) {
            return filter(a, b, true);
        }
        return isTexts(b) ? filter(b, a, true) : new Node.Both(a, b);
    }

    /** What the first has and the second has not. */
    static Node except(Node of, Node excluded) {
        if (of.equals(excluded) || isAll(excluded)) {
            return Node.NOTHING;
        }
        if (excluded.equals(Node.NOTHING) || of.equals(Node.NOTHING)) {
            return of;
        }
        return isTexts(of) ? filter(of, excluded, false) : new Node.Except(of, excluded);
    }

    /** A number of times. */
    static Node repeat(Node body, int min, int max) {
        if (max == 0 || body.equals(Node.EMPTY)) {
            return Node.EMPTY;
        }
        if (body.equals(Node.NOTHING)) {
            return min == 0 ? Node.EMPTY : Node.NOTHING;
        }
        return min == 1 && max == 1 ? body : new Node.Repeat(body, min, max);
    }

    /** A greatest number of times, less some. */
    static int less(int max, int by) {
        return max == Node.Repeat.UNBOUNDED ? max : Math.max(max - by, 0);
    }

    private static Node sequence(Node head, List<Node> tail) {
        if (head.equals(Node.NOTHING)) {
            return head;
        }
        List<Node> parts = new ArrayList<>();
        if (head instanceof Node.Sequence s) {
            parts.addAll(s.parts());
        } else if (!isEmptyText(head)) {
            parts.add(head);
        }
        for (Node part : tail) {
            if (part.equals(Node.NOTHING)) {
                return part;
            }
            if (!isEmptyText(part)) {
                parts.add(part);
            }
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
    }

    private static boolean isEmptyText(Node node) {
        return node.equals(Node.EMPTY) || (node instanceof Node.Text(String text) && text.isEmpty());
    }

    private static boolean isAll(Node node) {
        return node.equals(JsonText.ANY_CONTENT);
    }

    private static boolean isTexts(Node node) {
        return node instanceof Node.Text
                || (node instanceof Node.Choice c && c.options().stream().allMatch(o -> o instanceof Node.Text));
    }

    private static Node filter(Node texts, Node by, boolean keep) {
        List<Node> options = texts instanceof Node.Choice c ? c.options() : List.of(texts);
        return choice(options.stream()
                .filter(o -> o instanceof Node.Text(String text) && matches(by, text) == keep)
                .toList());
    }

    /** Sets of characters after which nothing differs inside a set; characters that lead nowhere are in none. */
    private static List<CodePoints> alphabet(Node node) {
        Set<CodePoints> firsts = new LinkedHashSet<>();
        first(node, firsts);
        List<CodePoints> letters = new ArrayList<>();
        for (CodePoints set : firsts) {
            CodePoints left = set;
            List<CodePoints> split = new ArrayList<>();
            for (CodePoints letter : letters) {
                CodePoints common = letter.and(left);
                if (common.isEmpty()) {
                    split.add(letter);
                    continue;
                }
                split.add(common);
                CodePoints outside = letter.minus(common);
                if (!outside.isEmpty()) {
                    split.add(outside);
                }
                left = left.minus(common);
            }
            if (!left.isEmpty()) {
                split.add(left);
            }
            letters = split;
        }
        return letters;
    }

    private static void first(Node node, Set<CodePoints> into) {
        switch (node) {
            case Node.Text t -> {
                if (!t.text().isEmpty()) {
                    int c = t.text().codePointAt(0);
                    into.add(CodePoints.range(c, c));
                }
            }
            case Node.Chars c -> into.add(c.set());
            case Node.Sequence s -> {
                for (Node part : s.parts()) {
                    first(part, into);
                    if (!nullable(part)) {
                        break;
                    }
                }
            }
            case Node.Choice c -> c.options().forEach(o -> first(o, into));
            case Node.Repeat r -> first(r.body(), into);
            case Node.Both b -> {
                first(b.first(), into);
                first(b.second(), into);
            }
            case Node.Except e -> {
                first(e.of(), into);
                first(e.excluded(), into);
            }
            case Node.Reference r -> throw reference(r);
        }
    }

    private static GrammarException reference(Node.Reference reference) {
        return new GrammarException("rule \"" + reference.rule() + "\" stands where only a regular expression may");
    }
}
