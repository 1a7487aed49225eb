package dev.decanter.grammar;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Small random grammars, and what they mean by definition: sets of texts up to a length, found by iteration. */
final class RandomGrammars {
    private static final String[] RULES = {"root", "one", "two"};

    private final Random random;
    private final String letters;

    RandomGrammars(long seed, String letters) {
        random = new Random(seed);
        this.letters = letters;
    }

    Grammar grammar() {
        Map<String, Node> rules = new LinkedHashMap<>();
        for (String rule : RULES) {
            rules.put(rule, node(3, true));
        }
        return new Grammar("root", rules);
    }

    /** An expression without references. */
    Node regular() {
        return node(4, false);
    }

    private Node node(int depth, boolean references) {
        int kind = random.nextInt(depth == 0 ? 4 : 12);
        return switch (kind) {
            case 0, 1 -> Node.text(word());
            case 2 -> Node.anyOf(word());
            case 3 -> references ? Node.rule(RULES[random.nextInt(RULES.length)]) : Node.text(word());
            case 4, 5, 6 -> Node.sequence(node(depth - 1, references), node(depth - 1, references));
            case 7, 8 -> Node.choice(node(depth - 1, references), node(depth - 1, references), node(0, references));
            case 9, 10 -> {
                int min = random.nextInt(3);
                int max = random.nextInt(3) == 0
                        ? Node.Repeat.UNBOUNDED
                        : min + random.nextInt(random.nextBoolean() ? 3 : 60);
                yield new Node.Repeat(node(depth - 1, references), min, max);
            }
            default ->
                random.nextBoolean()
                        ? new Node.Both(node(depth - 1, false), node(depth - 1, false))
                        : new Node.Except(node(depth - 1, false), node(depth - 1, false));
        };
    }

    private String word() {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            word.append(letters.charAt(random.nextInt(letters.length())));
        }
        return word.toString();
    }

    /** The texts of a grammar with no more characters than a limit. */
    static Set<String> texts(Grammar grammar, int limit) {
        Map<String, Set<String>> known = new HashMap<>();
        grammar.rules().keySet().forEach(rule -> known.put(rule, Set.of()));
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Map.Entry<String, Node> rule : grammar.rules().entrySet()) {
                Set<String> texts = texts(rule.getValue(), known, limit);
                changed |= texts.size() > known.get(rule.getKey()).size();
                known.put(rule.getKey(), texts);
            }
        }
        return known.get(grammar.root());
    }

    private static Set<String> texts(Node node, Map<String, Set<String>> rules, int limit) {
        return switch (node) {
            case Node.Text(String text) -> text.length() <= limit ? Set.of(text) : Set.of();
            case Node.Chars(CodePoints set) -> {
                Set<String> texts = new TreeSet<>();
                for (int i = 0; i < set.rangeCount(); i++) {
                    for (int c = set.first(i); c <= set.last(i); c++) {
                        texts.add(Character.toString(c));
                    }
                }
                yield texts;
            }
            case Node.Reference(String rule) -> rules.get(rule);
            case Node.Sequence(List<Node> parts) -> {
                Set<String> texts = Set.of("");
                for (Node part : parts) {
                    texts = product(texts, texts(part, rules, limit), limit);
                }
                yield texts;
            }
            case Node.Choice(List<Node> options) -> {
                Set<String> texts = new TreeSet<>();
                options.forEach(option -> texts.addAll(texts(option, rules, limit)));
                yield texts;
            }
            case Node.Repeat(Node body, int min, int max) -> {
                Set<String> once = texts(body, rules, limit);
                Set<String> exactly = Set.of("");
                Set<String> texts = new TreeSet<>();
                // After limit + 1 times nothing new is short enough, unless the body is empty: then it is there
                // already.
                for (int i = 0; i <= Math.min(max, min + limit + 1); i++) {
                    if (i >= min) {
                        texts.addAll(exactly);
                    }
                    exactly = product(exactly, once, limit);
                }
                yield texts;
            }
            case Node.Both(Node first, Node second) -> {
                Set<String> texts = new TreeSet<>(texts(first, rules, limit));
                texts.retainAll(texts(second, rules, limit));
                yield texts;
            }
            case Node.Except(Node of, Node excluded) -> {
                Set<String> texts = new TreeSet<>(texts(of, rules, limit));
                texts.removeAll(texts(excluded, rules, limit));
                yield texts;
            }
        };
    }

    private static Set<String> product(Set<String> first, Set<String> second, int limit) {
        Set<String> texts = new TreeSet<>();
        for (String a : first) {
            for (String b : second) {
                if (a.length() + b.length() <= limit) {
                    texts.add(a + b);
                }
            }
        }
        return texts;
    }
}
