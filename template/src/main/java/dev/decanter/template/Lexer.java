package dev.decanter.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens by the rules of Jinja's lexer with {@code trim_blocks} and {@code lstrip_blocks} on. */
final class Lexer {
    private static final String S = PythonStrings.SPACE_CLASS;
    private static final Pattern BEGIN = Pattern.compile("\\{[{%#]");
    private static final Pattern RAW = Pattern.compile("\\{%([-+]?)" + S + "*raw" + S + "*(?:-%\\}" + S + "*|%\\})");
    private static final Pattern END_RAW =
            Pattern.compile("\\{%([-+]?)" + S + "*endraw" + S + "*(?:\\+%\\}|-%\\}" + S + "*|%\\}\\n?)");
    private static final Pattern END_COMMENT = Pattern.compile("\\+#\\}|-#\\}" + S + "*|#\\}\\n?");
    private static final Pattern END_BLOCK = Pattern.compile("\\+%\\}|-%\\}" + S + "*|%\\}\\n?");
    private static final Pattern END_VARIABLE = Pattern.compile("-\\}\\}" + S + "*|\\}\\}");
    private static final Pattern SPACE = Pattern.compile(S + "+");
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{Nl}_][\\p{L}\\p{M}\\p{N}\\p{Pc}]*");
    private static final String DIGITS = "(?:\\d+_)*\\d+";
    private static final Pattern FLOAT =
            Pattern.compile(DIGITS + "(?:(?:\\." + DIGITS + ")?[eE][-+]?" + DIGITS + "|\\." + DIGITS + ")");
    private static final Pattern INTEGER = Pattern.compile(
            "(?:0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\\da-f])+|[1-9](?:_?\\d)*|0(?:_?0)*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+*/%~<>=.,:|;()\\[\\]{}]");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    /** Whether what was read last ended with a line break; so the next tag may stand alone on its line. */
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        // Jinja's default drops one line break at the end
        Lexer lexer = new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        Matcher begin = BEGIN.matcher(source);
        while (begin.find(at)) {
            int start = begin.start();
            Matcher raw = RAW.matcher(source).region(start, source.length());
            if (raw.lookingAt()) {
                data(start, raw.group(1), true);
                advance(raw.end());
                rawBlock();
                continue;
            }
            char sign = begin.end() < source.length() ? source.charAt(begin.end()) : ' ';
            String control = sign == '-' || sign == '+' ? String.valueOf(sign) : "";
            char kind = begin.group().charAt(1);
            data(start, control, kind != '{');
            int tagLine = line;
            advance(begin.end() + control.length());
            switch (kind) {
                case '#' -> comment();
                case '%' -> tag(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, END_BLOCK, tagLine);
                default -> tag(Token.Kind.VARIABLE_BEGIN, Token.Kind.VARIABLE_END, END_VARIABLE, tagLine);
            }
        }
        if (at < source.length()) {
            tokens.add(new Token(Token.Kind.DATA, source.substring(at), line));
            advance(source.length());
        }
        tokens.add(new Token(Token.Kind.END, "", line));
    }

    /** Text before a tag that begins at {@code end} with the given sign behind its bracket. */
    private void data(int end, String control, boolean lstrip) {
        String text = source.substring(at, end);
        String kept = text;
        if (control.equals("-")) {
            kept = PythonStrings.strip(text, false, true);
        } else if (lstrip && control.isEmpty()) {
            int start = text.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStarts) && text.substring(start).codePoints().allMatch(PythonStrings::isSpace)) {
                kept = text.substring(0, start);
            }
        }
        if (!kept.isEmpty()) {
            tokens.add(new Token(Token.Kind.DATA, kept, line));
        }
        advance(end);
    }

    private void advance(int to) {
        for (int i = at; i < to; i++) {
            line += source.charAt(i) == '\n' ? 1 : 0;
        }
        lineStarts = to > at ? source.charAt(to - 1) == '\n' : lineStarts;
        at = to;
    }

    private void comment() {
        Matcher end = END_COMMENT.matcher(source);
        if (!end.find(at)) {
            throw new TemplateError("Missing end of comment tag", line);
        }
        advance(end.end());
    }

    private void rawBlock() {
        Matcher end = END_RAW.matcher(source);
        if (!end.find(at)) {
            throw new TemplateError("Missing end of raw directive", line);
        }
        data(end.start(), end.group(1), true);
        advance(end.end());
    }

    private void tag(Token.Kind begin, Token.Kind endKind, Pattern end, int tagLine) {
        tokens.add(new Token(begin, "", tagLine));
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            Matcher close = end.matcher(source).region(at, source.length());
            if (open.isEmpty() && close.lookingAt()) {
                tokens.add(new Token(endKind, "", line));
                advance(close.end());
                return;
            }
            Matcher space = SPACE.matcher(source).region(at, source.length());
            if (space.lookingAt()) {
                advance(space.end());
                continue;
            }
            if (at >= source.length()) {
                tokens.add(new Token(Token.Kind.END, "", line));
                return;
            }
            token(open);
        }
    }

    private void token(Deque<Character> open) {
        char c = source.charAt(at);
        boolean behindDot = at > 0 && source.charAt(at - 1) == '.';
        if ((!behindDot && one(FLOAT, Token.Kind.FLOAT))
                || one(INTEGER, Token.Kind.INTEGER)
                || one(NAME, Token.Kind.NAME)) {
            return;
        }
        if (c == '"' || c == '\'') {
            string(c);
            return;
        }
        balance(c, open);
        if (!one(OPERATOR, Token.Kind.OPERATOR)) {
            throw new TemplateError(
                    "unexpected char " + PythonText.repr(Character.toString(source.codePointAt(at))), line);
        }
    }

    private void balance(char c, Deque<Character> open) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty()) {
                    throw new TemplateError("unexpected '" + c + "'", line);
                }
                char expected = open.pop();
                if (expected != c) {
                    throw new TemplateError("unexpected '" + c + "', expected '" + expected + "'", line);
                }
            }
            default -> {}
        }
    }

    private boolean one(Pattern pattern, Token.Kind kind) {
        Matcher matcher = pattern.matcher(source).region(at, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        String text = matcher.group();
        boolean number = kind == Token.Kind.FLOAT || kind == Token.Kind.INTEGER;
        tokens.add(new Token(kind, number ? text.replace("_", "") : text, line));
        advance(matcher.end());
        return true;
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateError("unexpected char " + PythonText.repr(String.valueOf(quote)), line);
        }
        tokens.add(new Token(Token.Kind.STRING, unescaped(source.substring(at + 1, end)), line));
        advance(end + 1);
    }

    /** Python's escapes. */
    private String unescaped(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char kind = text.charAt(i++);
            switch (kind) {
                case '\n' -> {}
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'v' -> out.append('\u000b');
                case 'a' -> out.append('\u0007');
                case '\\', '\'', '"' -> out.append(kind);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int end = i;
                    while (end < text.length() && end < i + 2 && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
                        end++;
                    }
                    out.append((char) Integer.parseInt(text.substring(i - 1, end), 8));
                    i = end;
                }
                case 'x' -> i = code(text, i, 2, out);
                case 'u' -> i = code(text, i, 4, out);
                case 'U' -> i = code(text, i, 8, out);
                case 'N' -> i = named(text, i, out);
                default -> {
                    out.append('\\');
                    if (kind < 0x80) {
                        out.append(kind);
                    } else {
                        // Jinja writes the character as an escape first, whose backslash is then escaped by this one
                        out.append(String.format(kind < 0x100 ? "x%02x" : "u%04x", (int) kind));
                    }
                }
            }
        }
        return out.toString();
    }

    private int code(String text, int from, int digits, StringBuilder out) {
        try {
            out.appendCodePoint(Integer.parseUnsignedInt(text.substring(from, from + digits), 16));
            return from + digits;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new TemplateError("a string has a malformed escape", line);
        }
    }

    private int named(String text, int from, StringBuilder out) {
        int end = text.indexOf('}', from);
        try {
            if (end < 0 || text.charAt(from) != '{') {
                throw new IllegalArgumentException("no braces");
            }
            out.appendCodePoint(Character.codePointOf(text.substring(from + 1, end)));
            return end + 1;
        } catch (IllegalArgumentException e) {
            throw new TemplateError("unknown Unicode character name", line);
        }
    }
}
