package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.anyOf;
import static dev.decanter.grammar.Node.choice;
import static dev.decanter.grammar.Node.optional;
import static dev.decanter.grammar.Node.sequence;
import static dev.decanter.grammar.Node.star;
import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.CodePoints;
import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How JSON (RFC 8259) spells strings and numbers, as expressions. */
final class JsonText {
    /** Every string, as content. */
    static final Node ANY_CONTENT = star(Node.ANY);

    static final Node DIGIT = new Node.Chars(CodePoints.range('0', '9'));
    static final Node DIGIT_FROM_1 = new Node.Chars(CodePoints.range('1', '9'));

    private static final CodePoints CONTROL = CodePoints.range(0, 0x1F);
    private static final CodePoints ESCAPED = CONTROL.or(CodePoints.of("\"\\"));
    private static final CodePoints RAW = ESCAPED.complement();
    private static final Node HEX = anyOf("0123456789abcdefABCDEF");

    /** One character of a string in any of its spellings; beyond U+FFFF as itself or as a pair of escapes. */
    static final Node CHARACTER = choice(
            new Node.Chars(RAW),
            sequence(
                    text("\\"),
                    choice(anyOf("\"\\/bfnrt"), sequence(text("u"), hexOutsideSurrogates()), surrogatePair())));

    private JsonText() {}

    private static Node hexOutsideSurrogates() {
        return choice(
                sequence(anyOf("0123456789abcefABCEF"), new Node.Repeat(HEX, 3, 3)),
                sequence(anyOf("dD"), anyOf("01234567"), new Node.Repeat(HEX, 2, 2)));
    }

    private static Node surrogatePair() {
        Node end = new Node.Repeat(HEX, 2, 2);
        return sequence(text("u"), anyOf("dD"), anyOf("89abAB"), end, text("\\u"), anyOf("dD"), anyOf("cdefCDEF"), end);
    }

    /** A string with quotes, as it is usually written: only what must be escaped is. */
    static String quote(String content) {
        StringBuilder text = new StringBuilder("\"");
        content.codePoints().forEach(c -> text.append(spell(c)));
        return text.append('"').toString();
    }

    /**
     * Expressions over contents of strings as expressions over their usual spelling. Since a character has one usual
     * spelling and none begins another, this keeps intersections and differences.
     */
    static Node spelled(Node content) {
        return switch (content) {
            case Node.Text t -> {
                String quoted = quote(t.text());
                yield Regular.literal(quoted.substring(1, quoted.length() - 1));
            }
            case Node.Chars c -> spelled(c.set());
            case Node.Sequence s ->
                new Node.Sequence(s.parts().stream().map(JsonText::spelled).toList());
            case Node.Choice c ->
                new Node.Choice(c.options().stream().map(JsonText::spelled).toList());
            case Node.Repeat r -> new Node.Repeat(spelled(r.body()), r.min(), r.max());
            case Node.Both b -> new Node.Both(spelled(b.first()), spelled(b.second()));
            case Node.Except e -> new Node.Except(spelled(e.of()), spelled(e.excluded()));
            case Node.Reference r -> r;
        };
    }

    private static Node spelled(CodePoints set) {
        CodePoints escaped = set.and(ESCAPED);
        if (escaped.isEmpty()) {
            return new Node.Chars(set);
        }
        List<Node> options = new ArrayList<>();
        CodePoints raw = set.and(RAW);
        if (!raw.isEmpty()) {
            options.add(new Node.Chars(raw));
        }
        for (int i = 0; i < escaped.rangeCount(); i++) {
            for (int c = escaped.first(i); c <= escaped.last(i); c++) {
                options.add(text(spell(c)));
            }
        }
        return new Node.Choice(options);
    }

    private static String spell(int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> c < 0x20 ? String.format(Locale.ROOT, "\\u%04x", c) : Character.toString(c);
        };
    }

    /** Any number: up to 15 digits before and 15 after the point, and an exponent of up to two digits. */
    static Node anyNumber() {
        return sequence(
                optional(text("-")),
                choice(text("0"), sequence(DIGIT_FROM_1, new Node.Repeat(DIGIT, 0, NumberText.DIGITS - 1))),
                optional(sequence(text("."), new Node.Repeat(DIGIT, 1, NumberText.DIGITS))),
                optional(sequence(anyOf("eE"), optional(anyOf("+-")), new Node.Repeat(DIGIT, 1, 2))));
    }
}
