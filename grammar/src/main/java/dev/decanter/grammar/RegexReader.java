package dev.decanter.grammar;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The reader behind {@link Regex}. */
final class RegexReader extends Notation {
    private static final CodePoints LINE_BREAKS = CodePoints.of("\n\r\u2028\u2029");

    private boolean ignoreCase;
    private boolean dotAll;

    /** An anchor in the tree, until {@link Anchors} has given it its meaning. A rule of this name there cannot be. */
    static final Node.Reference BEGINNING = new Node.Reference("^");

    static final Node.Reference ENDING = new Node.Reference("$");

    RegexReader(String source) {
        super(source, "regular expression");
    }

    @Override
    GrammarException fault(int place, String message) {
        int from = Math.max(0, place - 20);
        int to = Math.min(text.length, place + 20);
        String excerpt = (from > 0 ? "…" : "") + new String(text, from, to - from) + (to < text.length ? "…" : "");
        return new GrammarException(
                "regular expression " + Quoting.quote(excerpt) + ", character " + (place + 1) + ": " + message);
    }

    Node read(boolean anywhere) {
        flags();
        Node node = choice();
        if (peek() != END) {
            throw fault(at, ") closes nothing");
        }
        return new Anchors(this, anywhere).resolve(node);
    }

    private void flags() {
        if (peek() != '(' || peek(1) != '?' || peek(2) == END || "is".indexOf(peek(2)) < 0) {
            return;
        }
        int place = at;
        at += 2;
        while (peek() == 'i' || peek() == 's') {
            ignoreCase |= peek() == 'i';
            dotAll |= peek() == 's';
            at++;
        }
        if (!skip(')')) {
            throw fault(place, "of flags, only (?i) and (?s) at the beginning of the expression are supported");
        }
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
        StringBuilder literal = new StringBuilder();
        while (peek() != END && peek() != '|' && peek() != ')') {
            int place = at;
            Node atom = atom();
            Node node = quantified(atom, place);
            if (node instanceof Node.Text(String character)) {
                literal.append(character);
                continue;
            }
            if (!literal.isEmpty()) {
                parts.add(Node.text(literal.toString()));
                literal.setLength(0);
            }
            parts.add(node);
        }
        if (!literal.isEmpty()) {
            parts.add(Node.text(literal.toString()));
        }
        return parts.size() == 1 ? parts.getFirst() : new Node.Sequence(parts);
    }

    private Node quantified(Node atom, int place) {
        int quantifier = at;
        Node node;
        if (skip('*')) {
            node = Node.star(atom);
        } else if (skip('+')) {
            node = new Node.Repeat(atom, 1, Node.Repeat.UNBOUNDED);
        } else if (skip('?')) {
            node = Node.optional(atom);
        } else if (countsFollow()) {
            at++;
            node = counted(atom, quantifier);
        } else {
            return atom;
        }
        if (atom.equals(BEGINNING) || atom.equals(ENDING)) {
            throw fault(place, "an anchor cannot be repeated");
        }
        // A lazy quantifier prefers the shorter match; which texts match is the same.
        if (peek() == '+') {
            throw fault(at, "possessive quantifiers are not supported; leave out the +");
        }
        skip('?');
        if ("*+?".indexOf(peek()) >= 0 || countsFollow()) {
            throw fault(at, "there is nothing to repeat before this quantifier; put a group around what is repeated");
        }
        return node;
    }

    /** Whether counts in braces come here; a brace that begins something else is a character. */
    private boolean countsFollow() {
        if (peek() != '{') {
            return false;
        }
        int digits = 0;
        int i = 1;
        while (isDigit(peek(i)) || peek(i) == ',') {
            digits += isDigit(peek(i)) ? 1 : 0;
            i++;
        }
        return digits > 0 && peek(i) == '}';
    }

    private Node atom() {
        int place = at;
        int c = text[at++];
        return switch (c) {
            case '.' -> new Node.Chars(dotAll ? CodePoints.ALL : LINE_BREAKS.complement());
            case '^' -> BEGINNING;
            case '$' -> ENDING;
            case '(' -> group(place);
            case '[' -> new Node.Chars(set(place));
            case '*', '+', '?' -> throw fault(place, "there is nothing to repeat before " + Character.toString(c));
            case '{' -> {
                at = place;
                if (countsFollow()) {
                    throw fault(place, "there is nothing to repeat before {");
                }
                at++;
                yield Node.text("{");
            }
            case '\\' -> escape(place);
            default -> character(checked(c, place));
        };
    }

    private Node character(int c) {
        CodePoints cases = ignoreCase ? bothCases(CodePoints.range(c, c)) : CodePoints.NONE;
        return cases.size() > 1 ? new Node.Chars(cases) : Node.text(Character.toString(c));
    }

    private static CodePoints bothCases(CodePoints set) {
        CodePoints both = set;
        for (int c = 'a'; c <= 'z'; c++) {
            int upper = c - 'a' + 'A';
            if (set.contains(c) || set.contains(upper)) {
                both = both.or(CodePoints.range(c, c)).or(CodePoints.range(upper, upper));
            }
        }
        return both;
    }

    private Node group(int place) {
        if (skip('?')) {
            if (peek() == '=' || peek() == '!' || (peek() == '<' && (peek(1) == '=' || peek(1) == '!'))) {
                throw fault(place, "conditions on what is around (lookahead, lookbehind) are not supported");
            }
            if (skip("P<") || skip('<')) {
                int name = at;
                while (Character.isLetterOrDigit(Math.max(peek(), 0)) || peek() == '_' || peek() == '$') {
                    at++;
                }
                if (at == name || !skip('>')) {
                    throw fault(place, "the name of the group is not closed with >");
                }
            } else if (!skip(':')) {
                throw fault(
                        place,
                        "this kind of group is not supported; groups are (…), (?:…) and (?<name>…), and flags"
                                + " (?i) and (?s) stand at the beginning");
            }
        }
        enter(place);
        Node node = choice();
        leave();
        if (!skip(')')) {
            throw fault(place, "the group is not closed");
        }
        return node;
    }

    private Node escape(int place) {
        int c = peek();
        CodePoints set = characterClass(place);
        if (set != null) {
            return new Node.Chars(ignoreCase ? bothCases(set) : set);
        }
        if ((c >= '1' && c <= '9') || c == 'k') {
            throw fault(place, "references back to a group are not supported");
        }
        if (c == 'b' || c == 'B') {
            throw fault(place, "conditions on what is around (\\b) are not supported");
        }
        if (c == 'A' || c == 'z' || c == 'Z') {
            at++;
            return c == 'A' ? BEGINNING : ENDING;
        }
        return character(escapedCharacter(place));
    }

    /** The class that an escape stands for, or null if it stands for a character; the backslash is read. */
    private @Nullable CodePoints characterClass(int place) {
        int c = peek();
        if (c == 'p' || c == 'P') {
            at++;
            CodePoints property = property(place);
            return c == 'p' ? property : property.complement();
        }
        CodePoints set = UnicodeClasses.escape(c);
        if (set != null) {
            at++;
        }
        return set;
    }

    private CodePoints property(int place) {
        int from = at + 1;
        if (!skip('{')) {
            throw fault(place, "the property of characters is not in braces, as in \\p{L}");
        }
        while (peek() != '}') {
            if (peek() == END) {
                throw fault(place, "the property of characters is not closed with }");
            }
            at++;
        }
        String name = new String(text, from, at - from);
        at++;
        CodePoints set = UnicodeClasses.property(name);
        if (set == null) {
            throw fault(
                    place,
                    "there is no property of characters \"" + name
                            + "\"; those known are categories such as L or Lu, and" + " scripts such as Script=Greek");
        }
        return set;
    }

    private int escapedCharacter(int place) {
        int c = peek();
        at++;
        return switch (c) {
            case END -> throw fault(place, "the expression ends in the middle of an escape");
            case 't' -> '\t';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case '0' -> 0;
            case 'x' -> hex(2, place);
            case 'u' -> unicode(place);
            case 'c' -> control(place);
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw fault(place, "there is no escape \\" + Character.toString(c));
                }
                yield checked(c, place);
            }
        };
    }

    private int control(int place) {
        int letter = peek();
        if (letter < 'A' || letter > 'z' || !Character.isLetter(letter)) {
            throw fault(place, "\\c needs a letter");
        }
        at++;
        return letter % 32;
    }

    private int unicode(int place) {
        if (skip('{')) {
            int value = 0;
            while (!skip('}')) {
                int digit = peek() == END ? -1 : Character.digit(peek(), 16);
                if (digit < 0 || value > Character.MAX_CODE_POINT) {
                    throw fault(place, "the escape is no character in hexadecimal digits");
                }
                value = 16 * value + digit;
                at++;
            }
            return checked(value, place);
        }
        int high = rawHex(place);
        if (Character.isHighSurrogate((char) high) && skip("\\u")) {
            int low = rawHex(place);
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) high, (char) low);
            }
        }
        return checked(high, place);
    }

    private int rawHex(int place) {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = peek() == END ? -1 : Character.digit(peek(), 16);
            if (digit < 0) {
                throw fault(place, "the escape needs 4 hexadecimal digits");
            }
            value = 16 * value + digit;
            at++;
        }
        return value;
    }

    private CodePoints set(int place) {
        boolean negated = skip('^');
        if (peek() == ']' && !negated) {
            throw fault(place, "the class of characters is empty; write \\] for a bracket");
        }
        CodePoints set = CodePoints.NONE;
        StringBuilder escapes = new StringBuilder();
        while (!skip(']')) {
            if (peek() == END) {
                throw fault(place, "the class of characters is not closed with ]");
            }
            if (peek() == '[' && (peek(1) == ':' || peek(1) == '.' || peek(1) == '=')) {
                throw fault(at, "POSIX classes are not supported; write \\p{…} or a range");
            }
            int from = at;
            CodePoints members = member(escapes);
            if (peek() == '-' && peek(1) != ']' && peek(1) != END) {
                at++;
                CodePoints last = member(escapes);
                if (members.size() != 1 || last.size() != 1) {
                    throw fault(from, "a range needs a character on each side; write \\- for a hyphen");
                }
                if (last.first(0) < members.first(0)) {
                    throw fault(from, "the range of characters goes backwards");
                }
                members = CodePoints.range(members.first(0), last.first(0));
            }
            set = set.or(members);
        }
        if (UnicodeClasses.hasOpposites(escapes)) {
            set = CodePoints.ALL;
        }
        if (ignoreCase) {
            set = bothCases(set);
        }
        return negated ? set.complement() : set;
    }

    private CodePoints member(StringBuilder escapes) {
        int place = at;
        int c = text[at++];
        if (c != '\\') {
            return CodePoints.range(checked(c, place), c);
        }
        int escaped = peek();
        CodePoints set = characterClass(place);
        if (set != null) {
            escapes.appendCodePoint(escaped);
            return set;
        }
        if (escaped == 'b') {
            at++;
            return CodePoints.of("\b");
        }
        int character = escapedCharacter(place);
        return CodePoints.range(character, character);
    }
}
