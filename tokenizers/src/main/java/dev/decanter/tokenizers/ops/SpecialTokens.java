package dev.decanter.tokenizers.ops;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds added tokens in text: leftmost, longest first, as the {@code tokenizers} library's automaton does. Made from the
 * pattern of a SpecialTokensSplit when that is what converters write: an alternation of literals in groups, with
 * {@code (?:\s*)} before or after a token that strips spaces and {@code (?<!\w)}, {@code (?!\w)} around one that must be a
 * word of its own.
 */
public final class SpecialTokens {
    /**
     * An added token.
     *
     * @param text its content
     * @param stripLeft whether spaces before it vanish
     * @param stripRight whether spaces after it vanish
     * @param singleWord whether it counts only where no word character is next to it
     */
    public record Token(String text, boolean stripLeft, boolean stripRight, boolean singleWord) {}

    private static final class Entry {
        final byte[] text;
        final Token token;

        Entry(Token token) {
            this.token = token;
            this.text = token.text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Candidates by first byte, longest first. */
    private final Entry[][] byFirst = new Entry[256][];

    private SpecialTokens(List<Token> tokens) {
        List<Entry> entries = new ArrayList<>();
        for (Token token : tokens) {
            if (!token.text.isEmpty()) {
                entries.add(new Entry(token));
            }
        }
        entries.sort(Comparator.comparingInt((Entry e) -> -e.text.length));
        for (int first = 0; first < 256; first++) {
            byte lead = (byte) first;
            byFirst[first] = entries.stream().filter(e -> e.text[0] == lead).toArray(Entry[]::new);
        }
    }

    /** The pattern for an added-token list, longest token first. */
    public static String pattern(List<Token> tokens) {
        List<Token> sorted = new ArrayList<>(tokens);
        sorted.sort(Comparator.comparingInt((Token t) -> -t.text.length()));
        StringBuilder pattern = new StringBuilder();
        for (Token token : sorted) {
            pattern.append(pattern.isEmpty() ? "" : "|");
            pattern.append(token.stripLeft ? "(?:\\s*)" : "");
            pattern.append(token.singleWord ? "(?<!\\w)" : "");
            pattern.append('(').append(PcreRegex.quote(token.text)).append(')');
            pattern.append(token.singleWord ? "(?!\\w)" : "");
            pattern.append(token.stripRight ? "(?:\\s*)" : "");
        }
        return pattern.toString();
    }

    /** Reads a pattern back; empty if it is not such an alternation. */
    static Optional<SpecialTokens> parse(String pattern) {
        List<Token> tokens = new ArrayList<>();
        return new Parser(pattern, tokens).parse() ? Optional.of(new SpecialTokens(tokens)) : Optional.empty();
    }

    /** What to do with what lies between tokens, and with tokens. */
    interface Sink {
        void text(int from, int to);

        void token(int from, int to);
    }

    /** Passes the parts of {@code text} in order; none is empty. */
    void split(byte[] text, int from, int to, Sink sink) {
        int done = from;
        for (int at = from; at < to; ) {
            Optional<Entry> found = byFirst[text[at] & 0xFF].length == 0 ? Optional.empty() : longest(text, at, to);
            if (found.isEmpty()) {
                at++;
                continue;
            }
            Entry entry = found.get();
            int end = at + entry.text.length;
            if (entry.token.singleWord && !standsAlone(text, from, at, end, to)) {
                at = end;
                continue;
            }
            int start = entry.token.stripLeft ? Math.max(done, Chars.spaceBefore(text, from, at)) : at;
            if (done < start) {
                sink.text(done, start);
            }
            // The search goes on behind the token itself: spaces that it takes may be another one, which then is lost.
            done = entry.token.stripRight ? Chars.spaceAfter(text, end, to) : end;
            if (start < done) {
                sink.token(at, end);
            }
            at = end;
        }
        if (done < to) {
            sink.text(done, to);
        }
    }

    private Optional<Entry> longest(byte[] text, int at, int to) {
        for (Entry entry : byFirst[text[at] & 0xFF]) {
            int length = entry.text.length;
            if (length <= to - at && java.util.Arrays.equals(entry.text, 0, length, text, at, at + length)) {
                return Optional.of(entry);
            }
        }
        return Optional.empty();
    }

    private static boolean standsAlone(byte[] text, int from, int start, int end, int to) {
        boolean wordBefore = start > from && Chars.isWord(Chars.before(text, from, start));
        boolean wordAfter = end < to && Chars.isWord(Chars.at(text, end, to));
        return !wordBefore && !wordAfter;
    }

    /** Recursive descent over {@code alternative ("|" alternative)*}. */
    private static final class Parser {
        private static final List<String> SPACES = List.of("(?:\\s*)", "\\s*");
        private static final String SPECIAL = "()[]{}?*+.^$|";

        private final String pattern;
        private final List<Token> tokens;
        private int at;

        Parser(String pattern, List<Token> tokens) {
            this.pattern = pattern;
            this.tokens = tokens;
        }

        boolean parse() {
            if (pattern.isEmpty()) {
                return true;
            }
            do {
                if (!alternative()) {
                    return false;
                }
            } while (take("|"));
            return at == pattern.length();
        }

        private boolean alternative() {
            boolean stripLeft = SPACES.stream().anyMatch(this::take);
            boolean alone = take("(?<!\\w)");
            List<String> literals = new ArrayList<>();
            boolean group = pattern.startsWith("(?:", at) ? take("(?:") : take("(");
            do {
                String literal = literal();
                if (literal.isEmpty()) {
                    return false;
                }
                literals.add(literal);
            } while (group && take("|"));
            if (group && !take(")")) {
                return false;
            }
            if (take("(?!\\w)") != alone) {
                return false;
            }
            boolean stripRight = SPACES.stream().anyMatch(this::take);
            literals.forEach(l -> tokens.add(new Token(l, stripLeft, stripRight, alone)));
            return true;
        }

        private boolean take(String text) {
            if (pattern.startsWith(text, at)) {
                at += text.length();
                return true;
            }
            return false;
        }

        /** A run of plain and escaped characters; empty if there is none or an escape that is a class. */
        private String literal() {
            StringBuilder literal = new StringBuilder();
            while (at < pattern.length()) {
                char c = pattern.charAt(at);
                if (c == '\\') {
                    if (at + 1 == pattern.length()) {
                        return "";
                    }
                    char escaped = pattern.charAt(at + 1);
                    int control = "ntrf".indexOf(escaped);
                    if (control < 0 && Character.isLetterOrDigit(escaped)) {
                        return literal.toString();
                    }
                    literal.append(control < 0 ? escaped : "\n\t\r\f".charAt(control));
                    at += 2;
                } else if (SPECIAL.indexOf(c) >= 0) {
                    return literal.toString();
                } else {
                    literal.append(c);
                    at++;
                }
            }
            return literal.toString();
        }
    }
}
