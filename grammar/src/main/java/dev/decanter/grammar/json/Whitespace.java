package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.anyOf;
import static dev.decanter.grammar.Node.optional;
import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;

/**
 * The white space that generated JSON may have between its tokens.
 *
 * <p>JSON allows any amount of it anywhere, and a model that may write it can go on writing it for ever. So the amount
 * is bounded, and there is none around the whole text.
 *
 * @param spaceAfterSeparators one space may follow a comma or a colon
 * @param most so many spaces, line feeds and tabs may stand in each place where JSON has room for white space, 0 to 256
 */
public record Whitespace(boolean spaceAfterSeparators, int most) {

    /** No white space: {@code {"a":1,"b":[2,3]}}. The fewest tokens. */
    public static final Whitespace COMPACT = new Whitespace(false, 0);

    /**
     * One space may follow a comma or a colon: {@code {"a": 1, "b": [2, 3]}}, which is what Python's {@code json.dumps}
     * writes, so what models have read most on one line. The default.
     */
    public static final Whitespace SPACED = new Whitespace(true, 0);

    /** Checks the range. */
    public Whitespace {
        if (most < 0 || most > 256) {
            throw new GrammarException(
                    "white space between the tokens of JSON must be bounded by 0 to 256 characters, not " + most);
        }
    }

    /** Up to so many spaces, line feeds and tabs in each place: room for pretty-printing. */
    public static Whitespace upTo(int characters) {
        return new Whitespace(true, characters);
    }

    /** After a comma or a colon. */
    Node afterSeparator() {
        return most > 0 ? inside() : spaceAfterSeparators ? optional(text(" ")) : Node.EMPTY;
    }

    /** After an opening and before a closing bracket, and before a comma or a colon. */
    Node inside() {
        return most > 0 ? new Node.Repeat(anyOf(" \n\t"), 0, most) : Node.EMPTY;
    }
}
