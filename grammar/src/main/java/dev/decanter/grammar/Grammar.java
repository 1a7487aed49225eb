package dev.decanter.grammar;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A context-free grammar: named rules, one of which is the whole text.
 *
 * <p>Where a rule is referred to from several places, the matcher shares what it computes for it. So give names to what
 * recurs (a JSON string, a number), and leave small things (an escape, a separator) in place.
 *
 * @param root the rule of the whole text
 * @param rules the rules by name, in the order in which they are printed
 */
public record Grammar(String root, Map<String, Node> rules) {

    /** How deep expressions may be nested inside one rule. */
    public static final int MAX_DEPTH = 1000;

    /**
     * Checks the rules and copies the map.
     *
     * @throws GrammarException if the root or a rule that is referred to is missing, or expressions are nested too deep
     */
    public Grammar {
        rules = Collections.unmodifiableMap(new LinkedHashMap<>(rules));
        if (!rules.containsKey(root)) {
            throw new GrammarException(
                    "the grammar has no rule \"" + root + "\" to begin with; it has " + names(rules));
        }
        for (Map.Entry<String, Node> rule : rules.entrySet()) {
            check(rule.getKey(), rule.getValue(), rules);
        }
    }

    /** A grammar of one expression. */
    public static Grammar of(Node root) {
        return new Grammar("root", Map.of("root", root));
    }

    /** The same grammar with every rule's name behind a prefix, so that it can stand in another one. */
    public Grammar withPrefix(String prefix) {
        Map<String, Node> renamed = new LinkedHashMap<>();
        rules.forEach((name, body) -> renamed.put(
                prefix + name,
                Normalizer.map(
                        body, leaf -> leaf instanceof Node.Reference(String rule) ? Node.rule(prefix + rule) : leaf)));
        return new Grammar(prefix + root, renamed);
    }

    private record Visit(Node node, int depth) {}

    private static void check(String rule, Node body, Map<String, Node> rules) {
        Deque<Visit> open = new ArrayDeque<>();
        open.push(new Visit(body, 1));
        while (!open.isEmpty()) {
            Visit visit = open.pop();
            if (visit.depth > MAX_DEPTH) {
                throw new GrammarException("rule \"" + rule + "\" nests expressions deeper than " + MAX_DEPTH
                        + "; give the inner ones rules of their own");
            }
            if (visit.node instanceof Node.Reference(String name) && !rules.containsKey(name)) {
                throw new GrammarException(
                        "rule \"" + rule + "\" refers to \"" + name + "\", which the grammar does not define");
            }
            for (Node child : children(visit.node)) {
                open.push(new Visit(child, visit.depth + 1));
            }
        }
    }

    /** What a node is made of. */
    static List<Node> children(Node node) {
        return switch (node) {
            case Node.Text _, Node.Chars _, Node.Reference _ -> List.of();
            case Node.Sequence s -> s.parts();
            case Node.Choice c -> c.options();
            case Node.Repeat r -> List.of(r.body());
            case Node.Both b -> List.of(b.first(), b.second());
            case Node.Except e -> List.of(e.of(), e.excluded());
        };
    }

    private static String names(Map<String, Node> rules) {
        String names = rules.keySet().stream().limit(5).collect(Collectors.joining(", "));
        return rules.isEmpty() ? "none" : names + (rules.size() > 5 ? ", …" : "");
    }

    /** As EBNF, a rule a line, the root first. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(root).append(" ::= ").append(rules.get(root)).append('\n');
        rules.forEach((name, body) -> {
            if (!name.equals(root)) {
                text.append(name).append(" ::= ").append(body).append('\n');
            }
        });
        return text.toString();
    }
}
