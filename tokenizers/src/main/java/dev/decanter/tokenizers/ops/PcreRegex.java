package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * PCRE2 patterns, as IR files have them, to {@link java.util.regex}. Classes have their Unicode meaning ({@code \s}
 * includes U+00A0 and U+3000, {@code \w} is letters, marks, digits and connectors), {@code .} stops at {@code \n} only.
 */
public final class PcreRegex {
    private static final Pattern OPTIONS = Pattern.compile("(\\(\\?)([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])");
    private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
    private static final Map<String, String> POSIX = Map.ofEntries(
            Map.entry("alpha", "\\p{IsAlphabetic}"),
            Map.entry("digit", "\\p{Nd}"),
            Map.entry("alnum", "\\p{IsAlphabetic}\\p{Nd}"),
            Map.entry("upper", "\\p{Lu}"),
            Map.entry("lower", "\\p{Ll}"),
            Map.entry("space", "\\s"),
            Map.entry("blank", "\\h"),
            Map.entry("cntrl", "\\p{Cc}"),
            Map.entry("punct", "\\p{P}\\$+<=>\\^`|~"),
            Map.entry("xdigit", "0-9A-Fa-f"),
            Map.entry("word", WORD),
            Map.entry("ascii", "\\x00-\\x7F"),
            Map.entry("graph", "\\p{Graph}"),
            Map.entry("print", "\\p{Print}"));

    private final String source;
    private final StringBuilder out = new StringBuilder();
    private final Deque<Boolean> outerCases = new ArrayDeque<>();
    private boolean caseless;
    private int at;

    private PcreRegex(String source) {
        this.source = source;
    }

    /** Compiles a PCRE2 pattern; throws {@link InferenceException} for one that Java's engine cannot express. */
    public static Pattern compile(String pattern) {
        String translated = new PcreRegex(pattern).translate();
        try {
            return Pattern.compile(translated, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
        } catch (PatternSyntaxException e) {
            throw new InferenceException(
                    "regular expression \"" + pattern + "\" is not supported: " + e.getDescription() + " near index "
                            + e.getIndex(),
                    e);
        }
    }

    private String translate() {
        while (at < source.length()) {
            char c = source.charAt(at);
            if (c == '\\') {
                escape(false);
            } else if (c == '[') {
                int start = out.length();
                characterClass();
                if (caseless) {
                    exemptTurkish(start);
                }
            } else if (caseless && (c == 'i' || c == 'I')) {
                out.append("(?-i:[iI])");
                at++;
            } else if (c == '{' && !quantifierAt(at)) {
                out.append("\\{");
                at++;
            } else if (source.startsWith("(?P<", at)) {
                out.append("(?<");
                at += 4;
            } else {
                scope(c);
            }
        }
        return out.toString();
    }

    /** Copies a character, or options as a whole, and keeps track of where the option i holds. */
    private void scope(char c) {
        int end = at + 1;
        if (c == ')') {
            caseless = outerCases.isEmpty() ? caseless : outerCases.pop();
        } else if (c == '(') {
            Matcher options = OPTIONS.matcher(source).region(at, source.length());
            boolean hasOptions = options.lookingAt();
            String on = hasOptions ? options.group(2) : "";
            String off = hasOptions && options.group(3) != null ? options.group(3) : "";
            boolean to = on.contains("i") || (caseless && !off.contains("i"));
            if (hasOptions && options.group(4).equals(")")) {
                caseless = to;
            } else {
                outerCases.push(caseless);
                caseless = to;
            }
            end = hasOptions ? options.end() : end;
        }
        out.append(source, at, end);
        if (source.startsWith("(?<=", at) || source.startsWith("(?<!", at)) {
            // Looking behind, Java sees surrogate pairs as characters only if the pattern has such a pair as a literal.
            out.append("?<").append(source.charAt(at + 3)).append("(?:\uD800\uDC00){0}");
            end += 3;
        }
        at = end;
    }

    /** Java takes the Turkish letters for forms of i; elsewhere they are letters of their own. */
    private void exemptTurkish(int start) {
        String set = out.substring(start);
        for (String letter : List.of("\u0130", "\u0131")) {
            boolean member = Pattern.compile(set, Pattern.UNICODE_CHARACTER_CLASS)
                    .matcher(letter)
                    .matches();
            out.insert(start, member ? "(?:(?-i:" + letter + ")|" : "(?:(?!(?-i:" + letter + "))");
            out.append(')');
        }
    }

    private boolean quantifierAt(int brace) {
        int i = brace + 1;
        int digits = 0;
        while (i < source.length()
                && (Character.isDigit(source.charAt(i)) || (digits > 0 && source.charAt(i) == ','))) {
            digits++;
            i++;
        }
        return digits > 0 && i < source.length() && source.charAt(i) == '}';
    }

    private void escape(boolean inClass) {
        if (at + 1 >= source.length()) {
            out.append("\\\\");
            at++;
            return;
        }
        char c = source.charAt(at + 1);
        if (c == 'w') {
            out.append(inClass ? WORD : "[" + WORD + "]");
            at += 2;
        } else if (c == 'W' && !inClass) {
            out.append("[^").append(WORD).append(']');
            at += 2;
        } else if (c == 'Q') {
            int end = source.indexOf("\\E", at);
            int stop = end < 0 ? source.length() : end + 2;
            out.append(source, at, stop);
            at = stop;
        } else if ((c == 'p' || c == 'P') && source.startsWith("{", at + 2)) {
            property(c);
        } else if (c == 'x' && source.startsWith("{", at + 2) && source.indexOf('}', at) > 0) {
            int stop = source.indexOf('}', at) + 1;
            out.append(source, at, stop);
            at = stop;
        } else {
            out.append('\\').append(c);
            at += 2;
        }
    }

    /** Java has scripts and long property names under a prefix; categories of one or two letters are as they are. */
    private void property(char letter) {
        int end = source.indexOf('}', at);
        if (end < 0) {
            throw new InferenceException("regular expression \"" + source + "\": \\" + letter + "{ without }");
        }
        String name = source.substring(at + 3, end);
        char sign = letter;
        if (name.startsWith("^")) {
            sign = letter == 'p' ? 'P' : 'p';
            name = name.substring(1);
        }
        if (name.equals("L&")) {
            name = "LC";
        } else if (name.equalsIgnoreCase("any")) {
            name = "L}\\P{L";
            out.append(sign == 'p' ? "[\\p{" : "[^\\p{").append(name).append("}]");
            at = end + 1;
            return;
        } else if (name.length() > 2 && !name.startsWith("Is") && !name.startsWith("In")) {
            name = "Is" + name;
        }
        out.append('\\').append(sign).append('{').append(name).append('}');
        at = end + 1;
    }

    /** In PCRE2 an inner [ is a literal and {@code &&} two of them; Java takes them as set operations. */
    private void characterClass() {
        out.append('[');
        at++;
        if (source.startsWith("^", at)) {
            out.append('^');
            at++;
        }
        boolean first = true;
        while (at < source.length() && (first || source.charAt(at) != ']')) {
            char c = source.charAt(at);
            first = false;
            if (c == '\\') {
                escape(true);
            } else if (c == '[' && source.startsWith("[:", at) && source.indexOf(":]", at) > 0) {
                posixClass();
            } else {
                if (c == '[' || c == ']' || c == '&' || c == '^') {
                    out.append('\\');
                }
                out.append(c);
                at++;
            }
        }
        if (at >= source.length()) {
            throw new InferenceException("regular expression \"" + source + "\": [ without ]");
        }
        out.append(']');
        at++;
    }

    private void posixClass() {
        int end = source.indexOf(":]", at);
        String name = source.substring(at + 2, end).toLowerCase(Locale.ROOT);
        boolean negated = name.startsWith("^");
        String set = POSIX.get(negated ? name.substring(1) : name);
        if (set == null) {
            throw new InferenceException("regular expression \"" + source + "\": unknown class [:" + name + ":]");
        }
        out.append(negated ? "[^" + set + "]" : set);
        at = end + 2;
    }

    /** {@code text} as a pattern that matches just it, in PCRE2's (and Java's) syntax. */
    public static String quote(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 8);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (".^$*+?{}[]\\|()-&~#".indexOf(c) >= 0) {
                quoted.append('\\');
            }
            quoted.append(c);
        }
        return quoted.toString();
    }
}
