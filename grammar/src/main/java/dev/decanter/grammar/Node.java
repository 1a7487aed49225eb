package dev.decanter.grammar;

import java.util.List;
import java.util.stream.Collectors;

/**
 * An expression of a grammar: a set of texts. Immutable, compared by content, printed as EBNF.
 *
 * <p>Expressions may be nested to a depth of {@link Grammar#MAX_DEPTH}. Texts are Unicode; the matcher works on their UTF-8 bytes.
 */
public sealed interface Node {

    /** The empty text. */
    Node EMPTY = new Sequence(List.of());

    /** No text at all. */
    Node NOTHING = new Choice(List.of());

    /** One character, whichever. */
    Node ANY = new Chars(CodePoints.ALL);

    /**
     * Exactly this text, which may be empty.
     *
     * @param text well-formed UTF-16
     */
    record Text(String text) implements Node {
        /** Checks the text. */
        public Text {
            int lone = loneSurrogate(text);
            if (lone >= 0) {
                throw new GrammarException(String.format(
                        "the text %s has a lone surrogate U+%04X at character %d, which UTF-8 cannot express",
                        Quoting.quote(text), (int) text.charAt(lone), lone));
            }
        }

        private static int loneSurrogate(String text) {
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                boolean pair = Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1));
                if (Character.isSurrogate(c) && !pair) {
                    return i;
                }
                if (pair) {
                    i++;
                }
            }
            return -1;
        }

        @Override
        public String toString() {
            return Quoting.quote(text);
        }
    }

    /** One character of a set; no text if the set is empty. */
    record Chars(CodePoints set) implements Node {
        @Override
        public String toString() {
            return set.toString();
        }
    }

    /** One after the other; the empty text if there are none. */
    record Sequence(List<Node> parts) implements Node {
        /** Copies the list. */
        public Sequence {
            parts = List.copyOf(parts);
        }

        @Override
        public String toString() {
            return parts.isEmpty() ? "\"\"" : joined(parts, " ");
        }
    }

    /** One of them; no text if there are none. */
    record Choice(List<Node> options) implements Node {
        /** Copies the list. */
        public Choice {
            options = List.copyOf(options);
        }

        @Override
        public String toString() {
            return options.isEmpty()
                    ? "[]"
                    : options.size() == 1 ? options.getFirst().toString() : joined(options, " | ");
        }
    }

    /**
     * A number of times. Large numbers cost nothing: the matcher counts.
     *
     * @param min least number of times, from 0
     * @param max greatest number of times, from min; {@link #UNBOUNDED} for any number
     */
    record Repeat(Node body, int min, int max) implements Node {
        /** A max without a limit. */
        public static final int UNBOUNDED = Integer.MAX_VALUE;

        /** Checks the counts. */
        public Repeat {
            if (min < 0 || max < min || min == UNBOUNDED) {
                throw new GrammarException("a repetition of " + min + " to " + max
                        + " times cannot be; give a least number from 0 and a greatest that is not below it");
            }
        }

        @Override
        public String toString() {
            String times = switch (max) {
                case UNBOUNDED -> min == 0 ? "*" : min == 1 ? "+" : "{" + min + ",}";
                case 1 -> min == 0 ? "?" : "{1}";
                default -> min == max ? "{" + min + "}" : "{" + min + "," + max + "}";
            };
            return grouped(body) + times;
        }
    }

    /** What the rule of that name is. Rules may be recursive, but not begin with themselves. */
    record Reference(String rule) implements Node {
        @Override
        public String toString() {
            return rule;
        }
    }

    /** Texts that both expressions have. Neither may reach a recursive rule. */
    record Both(Node first, Node second) implements Node {
        @Override
        public String toString() {
            return grouped(first) + " & " + grouped(second);
        }
    }

    /** Texts of the first expression that the second has not. Neither may reach a recursive rule. */
    record Except(Node of, Node excluded) implements Node {
        @Override
        public String toString() {
            return grouped(of) + " - " + grouped(excluded);
        }
    }

    /** {@link Text}. */
    static Node text(String text) {
        return new Text(text);
    }

    /** {@link Chars}: one character of a text. */
    static Node anyOf(String characters) {
        return new Chars(CodePoints.of(characters));
    }

    /** {@link Sequence}. */
    static Node sequence(Node... parts) {
        return new Sequence(List.of(parts));
    }

    /** {@link Choice}. */
    static Node choice(Node... options) {
        return new Choice(List.of(options));
    }

    /** Any number of times. */
    static Node star(Node body) {
        return new Repeat(body, 0, Repeat.UNBOUNDED);
    }

    /** Once or not at all. */
    static Node optional(Node body) {
        return new Repeat(body, 0, 1);
    }

    /** {@link Reference}. */
    static Node rule(String name) {
        return new Reference(name);
    }

    private static String joined(List<Node> nodes, String between) {
        return nodes.stream().map(Node::grouped).collect(Collectors.joining(between));
    }

    private static String grouped(Node node) {
        boolean atom = switch (node) {
            case Text _, Chars _, Reference _, Repeat _ -> true;
            case Sequence s -> s.parts().isEmpty();
            case Choice c -> c.options().isEmpty();
            case Both _, Except _ -> false;
        };
        return atom ? node.toString() : "(" + node + ")";
    }
}
