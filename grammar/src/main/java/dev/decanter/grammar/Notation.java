package dev.decanter.grammar;

/** Reads a notation character by character; what regular expressions and EBNF have in common. */
abstract class Notation {
    /** Groups may be nested to this depth: the reader and what follows it recurse. */
    static final int MAX_NESTING = 200;

    private static final int MAX_LENGTH = 1 << 20;

    /** Stands for the end where a character is expected. */
    static final int END = -1;

    final int[] text;
    int at;
    private int nesting;

    Notation(String source, String what) {
        if (source.length() > MAX_LENGTH) {
            throw new GrammarException(
                    "the " + what + " has " + source.length() + " characters; at most " + MAX_LENGTH + " are read");
        }
        text = source.codePoints().toArray();
    }

    /** The failure to read on from a place in the text. */
    abstract GrammarException fault(int place, String message);

    int peek() {
        return peek(0);
    }

    int peek(int ahead) {
        return at + ahead < text.length ? text[at + ahead] : END;
    }

    boolean skip(int c) {
        if (peek() == c) {
            at++;
            return true;
        }
        return false;
    }

    boolean skip(String characters) {
        for (int i = 0; i < characters.length(); i++) {
            if (peek(i) != characters.charAt(i)) {
                return false;
            }
        }
        at += characters.length();
        return true;
    }

    void enter(int place) {
        if (++nesting > MAX_NESTING) {
            throw fault(place, "groups are nested deeper than " + MAX_NESTING);
        }
    }

    void leave() {
        nesting--;
    }

    static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /** A number in decimal digits. */
    int number() {
        int place = at;
        int value = 0;
        while (isDigit(peek())) {
            value = 10 * value + text[at++] - '0';
            if (value > Node.Repeat.UNBOUNDED / 100) {
                throw fault(place, "the number of repetitions is too large");
            }
        }
        if (at == place) {
            throw fault(place, "a number is missing");
        }
        return value;
    }

    /** Exactly so many hexadecimal digits. */
    int hex(int digits, int place) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = peek() == END ? -1 : Character.digit(peek(), 16);
            if (digit < 0) {
                throw fault(place, "the escape needs " + digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
            at++;
        }
        return checked(value, place);
    }

    int checked(int codePoint, int place) {
        if (codePoint < 0 || codePoint > Character.MAX_CODE_POINT) {
            throw fault(place, "the escape is no character: there is none above U+10FFFF");
        }
        if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
            throw fault(place, "the escape is half a character (a surrogate); write the whole one");
        }
        return codePoint;
    }

    /** Braces with counts around a node: {@code {2}}, {@code {2,}}, {@code {,3}}, {@code {2,3}}; the brace is skipped. */
    Node counted(Node body, int place) {
        int min = peek() == ',' ? 0 : number();
        int max = min;
        if (skip(',')) {
            max = peek() == '}' ? Node.Repeat.UNBOUNDED : number();
        }
        if (!skip('}')) {
            throw fault(at, "the counts of the repetition are not closed with }");
        }
        if (max < min) {
            throw fault(place, "the greatest number of times, " + max + ", is below the least, " + min);
        }
        return new Node.Repeat(body, min, max);
    }
}
