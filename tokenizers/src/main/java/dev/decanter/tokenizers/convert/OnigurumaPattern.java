package dev.decanter.tokenizers.convert;

import dev.decanter.runtime.InferenceException;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Patterns of {@code tokenizer.json} are Oniguruma's in Ruby syntax, those of IR files PCRE2's. This class writes the one as
 * the other where they differ: {@code ^} and {@code $} at every line, {@code (?m)} for a dot that matches newlines,
 * {@code {1,3}+} for repeated repetition and not a possessive one, {@code {,3}}, {@code \h} for a hexadecimal digit, the
 * characters of {@code \w} and {@code \b}, long property names, sets within sets and their intersections. What PCRE2 or
 * {@link java.util.regex} cannot express is refused.
 */
final class OnigurumaPattern {
    /** Deeper groups are no tokenizer's. */
    private static final int MAX_DEPTH = 100;

    /** Characters that Oniguruma, ignoring case, finds equal to one: ligatures and the sharp s. */
    private static final List<String> FOLDED_PAIRS = List.of("ss", "ff", "fi", "fl", "st");

    private final JsonAt source;
    private final String pattern;
    private final StringBuilder out = new StringBuilder();
    private boolean lines;
    private boolean caseless;
    private int previousLiteral = -1;
    private int depth;
    private int at;

    private OnigurumaPattern(JsonAt source) {
        this.source = source;
        this.pattern = source.text();
    }

    /**
     * The pattern in PCRE2's syntax.
     *
     * @throws TokenizerException if it is broken or cannot be expressed
     */
    static String toPcre(JsonAt source) {
        OnigurumaPattern parser = new OnigurumaPattern(source);
        parser.alternatives();
        if (parser.at < parser.pattern.length()) {
            throw parser.refuse(") without (");
        }
        String translated = parser.lines ? "(?m)" + parser.out : parser.out.toString();
        try {
            PcreRegex.compile(translated);
        } catch (InferenceException e) {
            throw source.error(e.getMessage() + " (from \"" + shorten(parser.pattern) + "\")");
        }
        return translated;
    }

    private static String shorten(String text) {
        return text.length() > 200 ? text.substring(0, 200) + "…" : text;
    }

    private TokenizerException refuse(String what) {
        return source.error("regular expression \"" + shorten(pattern) + "\" at " + at + ": " + what);
    }

    private boolean atEnd() {
        return at >= pattern.length();
    }

    private boolean take(String text) {
        if (pattern.startsWith(text, at)) {
            at += text.length();
            return true;
        }
        return false;
    }

    private void alternatives() {
        if (++depth > MAX_DEPTH) {
            throw refuse("groups are nested too deeply");
        }
        boolean outer = caseless;
        previousLiteral = -1;
        while (!atEnd() && pattern.charAt(at) != ')') {
            if (take("|")) {
                out.append('|');
                previousLiteral = -1;
            } else {
                int start = out.length();
                if (atom()) {
                    quantifiers(start);
                }
            }
        }
        caseless = outer;
        depth--;
    }

    /** Writes an atom; false for what cannot be repeated (nothing was written, or a rest of the group). */
    private boolean atom() {
        int point = pattern.codePointAt(at);
        switch (point) {
            case '\\' -> escape();
            case '[' -> {
                at++;
                ParsedSet parsed = set();
                out.append(parsed.set.expression(parsed.negated));
            }
            case '(' -> {
                return group();
            }
            case '^', '$' -> {
                lines = true;
                out.append((char) point);
                at++;
            }
            case '.' -> {
                out.append('.');
                at++;
            }
            case '*', '+', '?' -> throw refuse("nothing to repeat");
            default -> {
                at += Character.charCount(point);
                literal(point);
                return true;
            }
        }
        previousLiteral = -1;
        return true;
    }

    private void literal(int point) {
        if (caseless) {
            String pair = previousLiteral < 0
                    ? ""
                    : (Character.toString(previousLiteral) + Character.toString(point)).toLowerCase(Locale.ROOT);
            String single = Character.toString(point);
            boolean grows = single.toUpperCase(Locale.ROOT)
                            .codePointCount(0, single.toUpperCase(Locale.ROOT).length())
                    > 1;
            if (grows || FOLDED_PAIRS.contains(pair)) {
                throw refuse("\"" + (grows ? single : pair)
                        + "\" regardless of case equals another number of characters, which is not supported");
            }
        }
        previousLiteral = point;
        out.append(PcreRegex.quote(Character.toString(point)));
    }

    private void quantifiers(int start) {
        for (boolean first = true; !atEnd(); first = false) {
            String quantifier;
            char c = pattern.charAt(at);
            if (c == '*' || c == '+' || c == '?') {
                at++;
                String mode = take("?") ? "?" : take("+") ? "+" : "";
                quantifier = c + mode;
            } else if (c == '{') {
                quantifier = interval();
                if (quantifier.isEmpty()) {
                    return;
                }
            } else {
                return;
            }
            if (!first) {
                out.insert(start, "(?:").append(')');
            }
            boolean optional = quantifier.endsWith("}?") && quantifier.indexOf(',') < 0;
            out.append(optional ? quantifier.substring(0, quantifier.length() - 1) : quantifier);
            if (optional) {
                // Ruby's {2}? is an optional pair, not a lazy one.
                out.insert(start, "(?:").append(")?");
            }
            previousLiteral = -1;
        }
    }

    /** {@code {n}}, {@code {n,}}, {@code {,m}} or {@code {n,m}}, perhaps lazy; empty if the brace is a literal one. */
    private String interval() {
        int i = at + 1;
        int comma = -1;
        while (i < pattern.length()
                && (Character.isDigit(pattern.charAt(i)) || (pattern.charAt(i) == ',' && comma < 0))) {
            comma = pattern.charAt(i) == ',' ? i : comma;
            i++;
        }
        if (i >= pattern.length() || pattern.charAt(i) != '}' || i - at < (comma < 0 ? 2 : 3)) {
            return "";
        }
        String low = pattern.substring(at + 1, comma < 0 ? i : comma);
        String high = comma < 0 ? low : pattern.substring(comma + 1, i);
        if (low.length() > 4 || high.length() > 4) {
            throw refuse("a repetition of more than 9999 times is not supported");
        }
        if (!low.isEmpty() && !high.isEmpty() && Integer.parseInt(low) > Integer.parseInt(high)) {
            throw refuse("a repetition from " + low + " to " + high + " times");
        }
        at = i + 1;
        String bounds = "{" + (low.isEmpty() ? "0" : low) + (comma < 0 ? "" : "," + high) + "}";
        return bounds + (take("?") ? "?" : "");
    }

    private boolean group() {
        at++;
        boolean outer = caseless;
        if (!take("?")) {
            out.append('(');
            return closeGroup(outer);
        }
        if (take("#")) {
            int end = pattern.indexOf(')', at);
            if (end < 0) {
                throw refuse("( without )");
            }
            at = end + 1;
            return false;
        }
        for (String kind : List.of(":", "=", "!", ">", "<=", "<!")) {
            if (take(kind)) {
                out.append("(?").append(kind);
                return closeGroup(outer);
            }
        }
        if (take("<") || take("'")) {
            char end = pattern.charAt(at - 1) == '<' ? '>' : '\'';
            int stop = pattern.indexOf(end, at);
            if (stop < 0 || !pattern.substring(at, stop).matches("[A-Za-z][A-Za-z0-9]*")) {
                throw refuse("a group's name must be of ASCII letters and digits");
            }
            out.append("(?<").append(pattern, at, stop).append('>');
            at = stop + 1;
            return closeGroup(outer);
        }
        return options(outer);
    }

    /** {@code (?i:…)} or {@code (?i)}, which in Ruby goes to the end of the group, alternatives included. */
    private boolean options(boolean outer) {
        int start = at;
        boolean on = true;
        StringBuilder written = new StringBuilder();
        while (!atEnd() && "imx-".indexOf(pattern.charAt(at)) >= 0) {
            char c = pattern.charAt(at++);
            if (c == 'x') {
                throw refuse("the option x is not supported");
            }
            on = on && c != '-';
            caseless = c == 'i' ? on : caseless;
            written.append(c == 'm' ? 's' : c);
        }
        boolean rest = !atEnd() && pattern.charAt(at) == ')';
        if (start == at || (!rest && (atEnd() || pattern.charAt(at) != ':'))) {
            throw refuse("this kind of group is not supported");
        }
        at++;
        out.append("(?").append(written).append(':');
        if (!rest) {
            return closeGroup(outer);
        }
        alternatives();
        out.append(')');
        caseless = outer;
        return false;
    }

    private boolean closeGroup(boolean outer) {
        alternatives();
        if (!take(")")) {
            throw refuse("( without )");
        }
        out.append(')');
        caseless = outer;
        previousLiteral = -1;
        return true;
    }

    private void escape() {
        if (at + 1 >= pattern.length()) {
            throw refuse("ends with \\");
        }
        char c = pattern.charAt(at + 1);
        String word = "[" + CharClasses.RUBY_WORD + "]";
        String replaced = switch (c) {
            case 'h' -> "[0-9a-fA-F]";
            case 'H' -> "[^0-9a-fA-F]";
            case 'w' -> word;
            case 'W' -> "[^" + CharClasses.RUBY_WORD + "]";
            case 'b' -> "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
            case 'B' -> "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))";
            case 'O' -> "[\\s\\S]";
            case 'N' -> "[^\\n]";
            case 'd', 'D', 's', 'S', 'A', 'z', 'Z', 'G', 'R', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> "\\" + c;
            case 'k' -> {
                int end = pattern.indexOf('>', at);
                if (end < 0 || !pattern.substring(at, end).matches("\\\\k<[A-Za-z][A-Za-z0-9]*")) {
                    throw refuse("this kind of reference is not supported");
                }
                String reference = pattern.substring(at, end + 1);
                at = end - 1;
                yield reference;
            }
            case 'p', 'P' -> {
                OnigurumaSet set = new OnigurumaSet();
                boolean negated = property(set);
                at -= 2;
                yield set.atom(negated);
            }
            case 'K', 'g', 'y', 'Y', 'X', 'M', 'C', 'c' -> throw refuse("\\" + c + " is not supported");
            default -> "";
        };
        if (!replaced.isEmpty()) {
            out.append(replaced);
            at += 2;
        } else {
            out.append(PcreRegex.quote(Character.toString(escapedCharacter(false))));
        }
    }

    /** The character that {@code \n}, {@code \x41} (or by four digits behind u) or an escaped one is; moves behind it. */
    private int escapedCharacter(boolean inSet) {
        int point = pattern.codePointAt(at + 1);
        at += 1 + Character.charCount(point);
        return switch (point) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 0x07;
            case 'e' -> 0x1B;
            case 'b' -> {
                if (!inSet) {
                    throw refuse("\\b");
                }
                yield '\b';
            }
            case 'u' -> hex(4, 4);
            case 'x' -> {
                if (!take("{")) {
                    yield hex(1, 2);
                }
                int code = hex(1, 6);
                if (!take("}")) {
                    throw refuse("\\x{ without }");
                }
                yield code;
            }
            case '0' -> {
                int end = at;
                while (end < Math.min(at + 2, pattern.length()) && Character.digit(pattern.charAt(end), 8) >= 0) {
                    end++;
                }
                int code = end == at ? 0 : Integer.parseInt(pattern, at, end, 8);
                at = end;
                yield code;
            }
            default -> point;
        };
    }

    private int hex(int least, int most) {
        int end = at;
        while (end < Math.min(at + most, pattern.length()) && Character.digit(pattern.charAt(end), 16) >= 0) {
            end++;
        }
        if (end - at < least || Integer.parseInt(pattern, at, end, 16) > Character.MAX_CODE_POINT) {
            throw refuse("a broken code of a character");
        }
        int code = Integer.parseInt(pattern, at, end, 16);
        at = end;
        return code;
    }

    /** Reads {@code \p{…}} from its backslash; returns whether it is negated. */
    private boolean property(OnigurumaSet set) {
        boolean negated = pattern.charAt(at + 1) == 'P';
        int end = pattern.indexOf('}', at);
        if (!pattern.startsWith("{", at + 2) || end < 0) {
            throw refuse("\\p without {name}");
        }
        String name = pattern.substring(at + 3, end);
        at = end + 1;
        if (name.startsWith("^")) {
            negated = !negated;
            name = name.substring(1);
        }
        set.add(OnigurumaProperties.members(name));
        return negated;
    }

    /** A set as parsed, and whether it is what it does not contain. */
    private record ParsedSet(OnigurumaSet set, boolean negated) {}

    /** From after {@code [} to after {@code ]}. */
    private ParsedSet set() {
        if (++depth > MAX_DEPTH) {
            throw refuse("sets are nested too deeply");
        }
        boolean negated = take("^");
        List<OnigurumaSet> sets = new ArrayList<>();
        OnigurumaSet set = new OnigurumaSet();
        if (take("]")) {
            set.add(']');
        }
        while (!take("]")) {
            if (atEnd()) {
                throw refuse("[ without ]");
            }
            if (take("&&")) {
                sets.add(set);
                set = new OnigurumaSet();
            } else {
                member(set);
            }
        }
        depth--;
        if (!sets.isEmpty()) {
            sets.add(set);
            set = OnigurumaSet.intersection(sets);
        }
        return new ParsedSet(set, negated);
    }

    private void member(OnigurumaSet set) {
        if (pattern.startsWith("[:", at) && pattern.indexOf(":]", at) > 0) {
            int end = pattern.indexOf(":]", at);
            boolean negated = pattern.startsWith("^", at + 2);
            String name = pattern.substring(at + (negated ? 3 : 2), end);
            if (!set.addPosix(name, negated)) {
                throw refuse("unknown class [:" + name + ":]");
            }
            at = end + 2;
            return;
        }
        if (take("[")) {
            ParsedSet inner = set();
            set.add(inner.set, inner.negated);
            return;
        }
        if (pattern.charAt(at) == '\\' && classEscape(set)) {
            return;
        }
        int low = character();
        boolean range = pattern.startsWith("-", at) && at + 1 < pattern.length() && pattern.charAt(at + 1) != ']';
        if (!range) {
            set.add(low);
            return;
        }
        int dash = at++;
        boolean isClass =
                pattern.charAt(at) == '[' || (pattern.charAt(at) == '\\' && "dDsSwWhHpP".indexOf(next()) >= 0);
        if (isClass) {
            at = dash + 1;
            set.add(low);
            set.add('-');
            return;
        }
        int high = character();
        if (high < low) {
            throw refuse("an empty range in a set");
        }
        set.addRange(low, high);
    }

    private int next() {
        return at + 1 < pattern.length() ? pattern.charAt(at + 1) : -1;
    }

    private int character() {
        if (atEnd()) {
            throw refuse("[ without ]");
        }
        if (pattern.charAt(at) == '\\') {
            if (at + 1 >= pattern.length()) {
                throw refuse("ends with \\");
            }
            return escapedCharacter(true);
        }
        int point = pattern.codePointAt(at);
        at += Character.charCount(point);
        return point;
    }

    /** Adds {@code \d} and its like; false if the escape is one character. */
    private boolean classEscape(OnigurumaSet set) {
        switch (next()) {
            case 'd', 'D', 's', 'S' -> set.add("\\" + (char) next());
            case 'w' -> set.add(CharClasses.RUBY_SET_WORD);
            case 'W' -> set.addExpression("[^" + CharClasses.RUBY_SET_WORD + "]");
            case 'h' -> set.add("0-9a-fA-F");
            case 'H' -> set.addExpression("[^0-9a-fA-F]");
            case 'p', 'P' -> {
                OnigurumaSet inner = new OnigurumaSet();
                boolean negated = property(inner);
                set.add(inner, negated);
                return true;
            }
            case 'R', 'X', 'O', 'N', 'K', 'g', 'k', 'M', 'C', 'c' ->
                throw refuse("\\" + (char) next() + " in a set is not supported");
            default -> {
                return false;
            }
        }
        at += 2;
        return true;
    }
}
