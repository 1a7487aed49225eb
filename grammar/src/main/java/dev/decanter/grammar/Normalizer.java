package dev.decanter.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Brings the rules of a grammar into the form that the automaton needs: no rule begins with itself, small ones are in place. */
final class Normalizer {
    /** Rules with no more parts than this are put in place of references, if they have an end. */
    private static final int SMALL = 48;

    private static final int FEW_TIMES = 8;

    private final String root;
    private final Map<String, Node> rules = new LinkedHashMap<>();
    private final Set<String> recursive = new HashSet<>();
    private final Map<String, Integer> sizes = new HashMap<>();
    private final Map<String, Node> inlined = new HashMap<>();

    private Normalizer(Grammar grammar) {
        root = grammar.root();
        for (String rule : reachable(Node.rule(root), grammar.rules())) {
            rules.put(rule, grammar.rules().getOrDefault(rule, Node.NOTHING));
        }
    }

    /**
     * The rules that the root reaches, rewritten.
     *
     * @throws GrammarException if a rule begins with itself by way of others, or an intersection or difference is recursive
     */
    static Map<String, Node> normalize(Grammar grammar) {
        Normalizer normalizer = new Normalizer(grammar);
        normalizer.findRecursive();
        normalizer.rules.replaceAll(
                (name, body) -> normalizer.recursive.contains(name) ? withoutDirect(name, body) : body);
        normalizer.refuseLeftRecursion();
        Map<String, Node> result = new LinkedHashMap<>();
        for (String name : normalizer.rules.keySet()) {
            result.put(name, normalizer.inline(name));
        }
        return result;
    }

    private static Set<String> reachable(Node from, Map<String, Node> rules) {
        Set<String> found = new LinkedHashSet<>();
        List<Node> open = new ArrayList<>(List.of(from));
        while (!open.isEmpty()) {
            Node node = open.removeLast();
            if (node instanceof Node.Reference(String rule) && found.add(rule)) {
                open.add(rules.getOrDefault(rule, Node.NOTHING));
            }
            open.addAll(Grammar.children(node));
        }
        return found;
    }

    private void findRecursive() {
        Map<String, Set<String>> calls = new HashMap<>();
        rules.forEach((name, body) -> calls.put(name, directReferences(body)));
        // Rules from which no cycle is reached fall away one after the other; of the others, those on a cycle reach
        // themselves.
        for (String name : rules.keySet()) {
            Set<String> seen = new HashSet<>();
            List<String> open = new ArrayList<>(calls.getOrDefault(name, Set.of()));
            while (!open.isEmpty()) {
                String rule = open.removeLast();
                if (rule.equals(name)) {
                    recursive.add(name);
                    break;
                }
                if (seen.add(rule)) {
                    open.addAll(calls.getOrDefault(rule, Set.of()));
                }
            }
        }
        rules.forEach(this::refuseRecursiveOperands);
    }

    private static Set<String> directReferences(Node body) {
        Set<String> found = new LinkedHashSet<>();
        List<Node> open = new ArrayList<>(List.of(body));
        while (!open.isEmpty()) {
            Node node = open.removeLast();
            if (node instanceof Node.Reference(String rule)) {
                found.add(rule);
            }
            open.addAll(Grammar.children(node));
        }
        return found;
    }

    private void refuseRecursiveOperands(String name, Node body) {
        List<Node> open = new ArrayList<>(List.of(body));
        while (!open.isEmpty()) {
            Node node = open.removeLast();
            open.addAll(Grammar.children(node));
            if (node instanceof Node.Both || node instanceof Node.Except) {
                for (String rule : reachable(node, rules)) {
                    if (recursive.contains(rule)) {
                        throw new GrammarException("rule \"" + name + "\" takes an intersection or difference of \""
                                + rule + "\", which is recursive; only texts without recursion can be compared");
                    }
                }
            }
        }
    }

    /** {@code a ::= a x | y} says {@code a ::= y x*}. */
    private static Node withoutDirect(String name, Node body) {
        List<Node> tails = new ArrayList<>();
        List<Node> others = new ArrayList<>();
        for (Node option : options(body)) {
            List<Node> parts = parts(option);
            if (!parts.isEmpty() && parts.getFirst() instanceof Node.Reference(String rule) && rule.equals(name)) {
                tails.add(new Node.Sequence(parts.subList(1, parts.size())));
            } else {
                others.add(option);
            }
        }
        return tails.isEmpty() ? body : Node.sequence(new Node.Choice(others), Node.star(new Node.Choice(tails)));
    }

    private static List<Node> options(Node node) {
        return node instanceof Node.Choice(List<Node> options)
                ? options.stream().flatMap(option -> options(option).stream()).toList()
                : List.of(node);
    }

    private static List<Node> parts(Node node) {
        return node instanceof Node.Sequence(List<Node> parts)
                ? parts.stream().flatMap(part -> parts(part).stream()).toList()
                : List.of(node);
    }

    private void refuseLeftRecursion() {
        Nullability nullability = new Nullability(rules);
        Map<String, Set<String>> begins = new HashMap<>();
        for (String name : recursive) {
            Set<String> first = new LinkedHashSet<>();
            collectFirst(rules.getOrDefault(name, Node.NOTHING), nullability, first);
            first.retainAll(recursive);
            begins.put(name, first);
        }
        Set<String> done = new HashSet<>();
        for (String name : recursive) {
            refuseCycle(name, begins, done);
        }
    }

    private static void collectFirst(Node node, Nullability nullability, Set<String> first) {
        switch (node) {
            case Node.Reference(String rule) -> first.add(rule);
            case Node.Sequence(List<Node> parts) -> {
                for (Node part : parts) {
                    collectFirst(part, nullability, first);
                    if (!nullability.isNullable(part)) {
                        break;
                    }
                }
            }
            default -> Grammar.children(node).forEach(child -> collectFirst(child, nullability, first));
        }
    }

    private static void refuseCycle(String from, Map<String, Set<String>> begins, Set<String> done) {
        List<String> path = new ArrayList<>();
        List<List<String>> pending = new ArrayList<>();
        path.add(from);
        pending.add(new ArrayList<>(begins.getOrDefault(from, Set.of())));
        while (!path.isEmpty()) {
            List<String> next = pending.getLast();
            if (next.isEmpty()) {
                done.add(path.removeLast());
                pending.removeLast();
                continue;
            }
            String rule = next.removeLast();
            int at = path.indexOf(rule);
            if (at >= 0) {
                throw new GrammarException("rule \"" + rule + "\" begins with itself ("
                        + String.join(" → ", path.subList(at, path.size())) + " → " + rule
                        + "); put something before it, or write a repetition: x* for x ::= x …");
            }
            if (!done.contains(rule)) {
                path.add(rule);
                pending.add(new ArrayList<>(begins.getOrDefault(rule, Set.of())));
            }
        }
    }

    /** A rule's body with small rules in place of references to them. */
    private Node inline(String name) {
        Node known = inlined.get(name);
        if (known == null) {
            known = map(rules.getOrDefault(name, Node.NOTHING), this::inPlace);
            inlined.put(name, known);
        }
        return known;
    }

    private Node inPlace(Node node) {
        return node instanceof Node.Reference(String rule) && size(rule) <= SMALL ? inline(rule) : node;
    }

    /** Rebuilds a node from its leaves. */
    static Node map(Node node, UnaryOperator<Node> leaf) {
        return switch (node) {
            case Node.Text _, Node.Chars _, Node.Reference _ -> leaf.apply(node);
            case Node.Sequence(List<Node> parts) ->
                new Node.Sequence(parts.stream().map(part -> map(part, leaf)).toList());
            case Node.Choice(List<Node> options) ->
                new Node.Choice(
                        options.stream().map(option -> map(option, leaf)).toList());
            case Node.Repeat(Node body, int min, int max) -> new Node.Repeat(map(body, leaf), min, max);
            case Node.Both(Node first, Node second) -> new Node.Both(map(first, leaf), map(second, leaf));
            case Node.Except(Node of, Node excluded) -> new Node.Except(map(of, leaf), map(excluded, leaf));
        };
    }

    /** Number of parts of a rule in place; beyond {@link #SMALL} if it is large, recursive or has no end. */
    private int size(String rule) {
        if (recursive.contains(rule) || rule.equals(root)) {
            return SMALL + 1;
        }
        Integer known = sizes.get(rule);
        if (known == null) {
            known = size(rules.getOrDefault(rule, Node.NOTHING));
            sizes.put(rule, known);
        }
        return known;
    }

    private int size(Node node) {
        int size = switch (node) {
            case Node.Text(String text) -> text.length();
            case Node.Chars _ -> 2;
            case Node.Reference(String rule) -> size(rule);
            case Node.Repeat(Node body, int _, int max) -> max > FEW_TIMES ? SMALL : max * size(body);
            case Node.Both _, Node.Except _ -> SMALL;
            case Node.Sequence _, Node.Choice _ -> {
                int sum = 0;
                for (Node child : Grammar.children(node)) {
                    sum = Math.min(sum + size(child), SMALL);
                }
                yield sum;
            }
        };
        return Math.min(size + 1, SMALL + 1);
    }
}
