package dev.decanter.grammar;

import java.util.Locale;

/** Characters as EBNF writes them. */
final class Quoting {
    private Quoting() {}

    /** A text in double quotes. */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> append(quoted, c, "\""));
        return quoted.append('"').toString();
    }

    /** Appends a character, escaped if it does not print or is among those given. */
    static void append(StringBuilder text, int c, String escaped) {
        switch (c) {
            case '\n' -> text.append("\\n");
            case '\r' -> text.append("\\r");
            case '\t' -> text.append("\\t");
            case '\\' -> text.append("\\\\");
            default -> {
                if (escaped.indexOf(c) >= 0) {
                    text.append('\\').appendCodePoint(c);
                } else if (c >= ' ' && c < 0x7F) {
                    text.appendCodePoint(c);
                } else if (c < 0x100) {
                    text.append(String.format(Locale.ROOT, "\\x%02x", c));
                } else if (c < 0x10000) {
                    text.append(String.format(Locale.ROOT, "\\u%04x", c));
                } else {
                    text.append(String.format(Locale.ROOT, "\\U%08x", c));
                }
            }
        }
    }
}
