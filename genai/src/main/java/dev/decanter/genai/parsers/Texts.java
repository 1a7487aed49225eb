package dev.decanter.genai.parsers;

/** Looking for tags in text that goes on. */
final class Texts {
    private Texts() {}

    /** How many of the last characters of a text are the beginning of a tag, but not all of it. */
    static int beginning(String text, String tag) {
        for (int length = Math.min(text.length(), tag.length() - 1); length > 0; length--) {
            if (text.regionMatches(text.length() - length, tag, 0, length)) {
                return length;
            }
        }
        return 0;
    }

    /** Whether the text from a position to its end is the beginning of a tag, the empty beginning included. */
    static boolean mayBecome(String text, int from, String tag) {
        return text.length() - from < tag.length() && tag.startsWith(text.substring(from));
    }

    static int skipSpace(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /**
     * The end of what is in brackets: behind the bracket that closes the one at {@code from}; −1 if the text ends before, −2 if
     * brackets do not match.
     *
     * @param quotes the characters that begin and end strings, in which a backslash escapes
     */
    static int closed(String text, int from, String quotes) {
        StringBuilder open = new StringBuilder();
        int at = from;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (quotes.indexOf(c) >= 0) {
                int end = stringEnd(text, at);
                if (end < 0) {
                    return -1;
                }
                at = end;
                continue;
            }
            switch (c) {
                case '{' -> open.append('}');
                case '[' -> open.append(']');
                case '(' -> open.append(')');
                case '}', ']', ')' -> {
                    if (open.charAt(open.length() - 1) != c) {
                        return -2;
                    }
                    open.setLength(open.length() - 1);
                    if (open.isEmpty()) {
                        return at + 1;
                    }
                }
                default -> {}
            }
            at++;
        }
        return -1;
    }

    /** Behind the quote that ends the string at {@code from}, or −1. */
    static int stringEnd(String text, int from) {
        char quote = text.charAt(from);
        for (int at = from + 1; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == quote) {
                return at + 1;
            }
        }
        return -1;
    }
}
