package dev.decanter.tokenizers.ops;

/** Classes of characters in UTF-8 text, as the {@code regex} crate defines {@code \s} and {@code \w}. */
final class Chars {
    private Chars() {}

    /** The Unicode property White_Space. */
    static boolean isSpace(int point) {
        if (point < 0x80) {
            return point == ' ' || (point >= 0x09 && point <= 0x0D);
        }
        return point == 0x85 || Character.isSpaceChar(point);
    }

    /** Alphabetic, mark, decimal digit, connector punctuation or join control. */
    static boolean isWord(int point) {
        return switch (Character.getType(point)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.DECIMAL_DIGIT_NUMBER,
                    Character.CONNECTOR_PUNCTUATION -> true;
            default -> Character.isAlphabetic(point) || point == 0x200C || point == 0x200D;
        };
    }

    /** The code point at {@code at}; U+FFFD for bytes that are none. */
    static int at(byte[] text, int at, int end) {
        int length = Utf8.sequence(text, at, end);
        return length == 0 ? 0xFFFD : Utf8.decode(text, at, length);
    }

    /** The code point that ends at {@code at}. */
    static int before(byte[] text, int from, int at) {
        return at(text, start(text, from, at), at);
    }

    private static int start(byte[] text, int from, int at) {
        int start = at - 1;
        while (start > from && at - start < 4 && (text[start] & 0xC0) == 0x80) {
            start--;
        }
        return start;
    }

    /** Where the run of spaces that ends at {@code at} begins. */
    static int spaceBefore(byte[] text, int from, int at) {
        int start = at;
        while (start > from) {
            int previous = start(text, from, start);
            if (!isSpace(at(text, previous, start))) {
                break;
            }
            start = previous;
        }
        return start;
    }

    /** Where the run of spaces that begins at {@code at} ends. */
    static int spaceAfter(byte[] text, int at, int end) {
        int stop = at;
        while (stop < end) {
            int length = Math.max(1, Utf8.sequence(text, stop, end));
            if (!isSpace(at(text, stop, end))) {
                break;
            }
            stop += length;
        }
        return stop;
    }
}
