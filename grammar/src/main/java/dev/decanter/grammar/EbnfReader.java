package dev.decanter.grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The reader behind {@link Ebnf}. */
final class EbnfReader extends Notation {
    private final Map<String, Node> rules = new LinkedHashMap<>();
    private final Map<String, Integer> references = new LinkedHashMap<>();

    EbnfReader(String source) {
        super(source, "grammar");
    }

    Grammar grammar(String root) {
        space();
        while (peek() != END) {
            int place = at;
            String name = name();
            if (name.isEmpty() || !definitionFollows()) {
                throw fault(place, "a rule is expected, such as name ::= \"text\"");
            }
            space();
            at += 3;
            Node body = choice();
            if (rules.putIfAbsent(name, body) != null) {
                throw fault(place, "rule \"" + name + "\" is defined twice");
            }
            if (peek() == ')') {
                throw fault(at, ") closes nothing");
            }
        }
        references.forEach((name, place) -> {
            if (!rules.containsKey(name)) {
                throw fault(place, "rule \"" + name + "\" is not defined");
            }
        });
        return new Grammar(root, rules);
    }

    @Override
    GrammarException fault(int place, String message) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < place && i < text.length; i++) {
            if (text[i] == '\n') {
                line++;
                column = 1;
            } else {
                column++;
            }
        }
        return new GrammarException("grammar, line " + line + ", column " + column + ": " + message);
    }

    private void space() {
        while (true) {
            int c = peek();
            if (c == '#') {
                while (peek() != END && peek() != '\n') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                at++;
            } else {
                return;
            }
        }
    }

    private static boolean isNamePart(int c) {
        return c == '_' || c == '-' || c == '.' || isDigit(c) || (c != END && Character.isLetter(c));
    }

    private String name() {
        int from = at;
        // A dot alone is any character, so a name does not begin with one.
        while (isNamePart(peek()) && (at > from || peek() != '.')) {
            at++;
        }
        return new String(text, from, at - from);
    }

    private boolean definitionFollows() {
        int from = at;
        space();
        boolean follows = peek() == ':' && peek(1) == ':' && peek(2) == '=';
        at = from;
        return follows;
    }

    /** Whether a name that is the beginning of the next rule comes here. */
    private boolean ruleFollows() {
        int from = at;
        boolean follows = !name().isEmpty() && definitionFollows();
        at = from;
        return follows;
    }

    private Node choice() {
        List<Node> options = new ArrayList<>();
        options.add(sequence());
        while (skip('|')) {
            options.add(sequence());
        }
        return options.size() == 1 ? options.getFirst() : new Node.Choice(options);
    }

    private Node sequence() {
        List<Node> parts = new ArrayList<>();
        space();
        while (peek() != END && peek() != '|' && peek() != ')' && !ruleFollows()) {
            parts.add(quantified());
            space();
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
    }

    private Node quantified() {
        Node node = atom();
        while (true) {
            int from = at;
            space();
            int place = at;
            if (skip('*')) {
                node = Node.star(node);
            } else if (skip('+')) {
                node = new Node.Repeat(node, 1, Node.Repeat.UNBOUNDED);
            } else if (skip('?')) {
                node = Node.optional(node);
            } else if (skip('{')) {
                node = counted(node, place);
            } else {
                at = from;
                return node;
            }
        }
    }

    private Node atom() {
        int place = at;
        int c = peek();
        return switch (c) {
            case '"', '\'' -> {
                at++;
                yield literal(c, place);
            }
            case '[' -> {
                at++;
                yield set(place);
            }
            case '.' -> {
                at++;
                yield Node.ANY;
            }
            case '(' -> {
                at++;
                yield group(place);
            }
            case '*', '+', '?', '{' -> throw fault(place, "there is nothing to repeat before " + Character.toString(c));
            default -> reference(place);
        };
    }

    private Node reference(int place) {
        String name = name();
        if (name.isEmpty()) {
            throw fault(
                    place,
                    "unexpected " + Quoting.quote(Character.toString(peek()))
                            + "; a text in quotes, a set in brackets, a rule or a group is expected");
        }
        references.putIfAbsent(name, place);
        return Node.rule(name);
    }

    private Node group(int place) {
        if (peek() == '=' || peek() == '!') {
            throw fault(place, "a condition on what follows (lookahead) is not supported");
        }
        enter(place);
        Node node = choice();
        leave();
        if (!skip(')')) {
            throw fault(place, "the group is not closed");
        }
        return node;
    }

    private Node literal(int quote, int place) {
        StringBuilder literal = new StringBuilder();
        while (!skip(quote)) {
            if (peek() == END || peek() == '\n') {
                throw fault(place, "the text in quotes is not closed");
            }
            literal.appendCodePoint(character());
        }
        return Node.text(literal.toString());
    }

    private Node set(int place) {
        boolean negated = skip('^');
        CodePoints set = CodePoints.NONE;
        while (!skip(']')) {
            if (peek() == END || peek() == '\n') {
                throw fault(place, "the set of characters is not closed with ]");
            }
            int from = at;
            int first = character();
            int last = first;
            if (peek() == '-' && peek(1) != ']') {
                at++;
                last = character();
            }
            if (last < first) {
                throw fault(from, "the range of characters goes backwards");
            }
            set = set.or(CodePoints.range(first, last));
        }
        return new Node.Chars(negated ? set.complement() : set);
    }

    private int character() {
        int place = at;
        int c = peek();
        if (c == END) {
            throw fault(place, "the grammar ends in the middle of a set of characters");
        }
        at++;
        if (c != '\\') {
            return checked(c, place);
        }
        int escaped = peek();
        at++;
        return switch (escaped) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case '0' -> 0;
            case 'x' -> hex(2, place);
            case 'u' -> hex(4, place);
            case 'U' -> hex(8, place);
            case '\\', '"', '\'', '[', ']', '-', '^', '/', '.' -> escaped;
            case END -> throw fault(place, "the grammar ends in the middle of an escape");
            default ->
                throw fault(
                        place, "there is no escape \\" + Character.toString(escaped) + "; write \\\\ for a backslash");
        };
    }
}
