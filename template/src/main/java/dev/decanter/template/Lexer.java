package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on. */
final class Lexer {
    private static final Pattern BEGIN = Pattern.compile("\\{[{%#]");
    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%\\}\\s*|%\\})");
    private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");
    private static final Pattern END_COMMENT = Pattern.compile("\\+#\\}|-#\\}\\s*|#\\}\\n?");
    private static final Pattern END_BLOCK = Pattern.compile("\\+%\\}|-%\\}\\s*|%\\}\\n?");
    private static final Pattern END_VARIABLE = Pattern.compile("-\\}\\}\\s*|\\}\\}");
    private static final Pattern SPACE = Pattern.compile("\\s+");
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*");
    private static final Pattern NUMBER = Pattern.compile("\\d[\\d_]*(\\.\\d+(?:[eE][+-]?\\d+)?|[eE][+-]?\\d+)?");
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
            String data = source.substring(at, begin.start());
            char kind = begin.group().charAt(1);
            char sign = begin.end() < source.length() ? source.charAt(begin.end()) : ' ';
            data(data, sign, kind != '{');
            at = begin.start();
            switch (kind) {
                case '#' -> comment();
                case '%' -> block(sign);
                default -> tag(sign, Token.Kind.VARIABLE_BEGIN, Token.Kind.VARIABLE_END, END_VARIABLE);
            }
        }
        data(source.substring(at), ' ', false);
        tokens.add(new Token(Token.Kind.END, "the end of the template", line));
    }

    /** Text before a tag with the given sign behind its bracket. */
    private void data(String data, char sign, boolean lstrip) {
        String kept = data;
        if (sign == '-') {
            kept = data.stripTrailing();
        } else if (lstrip && sign != '+') {
            int start = data.lastIndexOf('\n') + 1;
            if ((start > 0 || lineStarts) && data.substring(start).isBlank()) {
                kept = data.substring(0, start);
            }
        }
        if (!kept.isEmpty()) {
            tokens.add(new Token(Token.Kind.DATA, kept, line));
        }
        advance(data);
    }

    private void advance(String text) {
        at += text.length();
        line += (int) text.chars().filter(c -> c == '\n').count();
        lineStarts = text.isEmpty() ? lineStarts : text.endsWith("\n");
    }

    private void comment() {
        Matcher end = END_COMMENT.matcher(source);
        if (!end.find(at + 2)) {
            throw new TemplateError("a comment has no end", line);
        }
        advance(source.substring(at, end.end()));
    }

    private void block(char sign) {
        Matcher raw = RAW.matcher(source).region(at, source.length());
        if (!raw.lookingAt()) {
            tag(sign, Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, END_BLOCK);
            return;
        }
        advance(raw.group());
        Matcher end = END_RAW.matcher(source);
        if (!end.find(at)) {
            throw new TemplateError("a raw block has no end", line);
        }
        String text = source.substring(at, end.start());
        data(text, end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0), true);
        advance(end.group());
    }

    private void tag(char sign, Token.Kind begin, Token.Kind endKind, Pattern end) {
        tokens.add(new Token(begin, source.substring(at, at + 2), line));
        advance(source.substring(at, at + (sign == '-' || (sign == '+' && endKind == Token.Kind.BLOCK_END) ? 3 : 2)));
        int depth = 0;
        while (true) {
            skip();
            if (at >= source.length()) {
                throw new TemplateError("a tag has no end", line);
            }
            Matcher close = end.matcher(source).region(at, source.length());
            if (depth == 0 && close.lookingAt()) {
                tokens.add(new Token(endKind, close.group().strip(), line));
                advance(close.group());
                return;
            }
            char c = source.charAt(at);
            if (c == '(' || c == '[' || c == '{') {
                depth++;
            } else if (c == ')' || c == ']' || c == '}') {
                depth--;
            }
            token(c);
        }
    }

    private void skip() {
        Matcher space = SPACE.matcher(source).region(at, source.length());
        if (space.lookingAt()) {
            advance(space.group());
        }
    }

    private void token(char c) {
        if (c == '"' || c == '\'') {
            string(c);
        } else if (!one(NAME, Token.Kind.NAME) && !number() && !one(OPERATOR, Token.Kind.OPERATOR)) {
            throw new TemplateError("there is an unexpected '" + c + "'", line);
        }
    }

    private boolean one(Pattern pattern, Token.Kind kind) {
        Matcher matcher = pattern.matcher(source).region(at, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        tokens.add(new Token(kind, matcher.group(), line));
        advance(matcher.group());
        return true;
    }

    private boolean number() {
        Matcher matcher = NUMBER.matcher(source).region(at, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        Token.Kind kind = matcher.group(1) == null ? Token.Kind.INTEGER : Token.Kind.FLOAT;
        tokens.add(new Token(kind, matcher.group().replace("_", ""), line));
        advance(matcher.group());
        return true;
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw new TemplateError("a string has no end", line);
        }
        tokens.add(new Token(Token.Kind.STRING, unescaped(source.substring(at + 1, end)), line));
        advance(source.substring(at, end + 1));
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
                case '0' -> out.append('\0');
                case 'x' -> i = code(text, i, 2, out);
                case 'u' -> i = code(text, i, 4, out);
                case 'U' -> i = code(text, i, 8, out);
                default -> out.append('\\').append(kind);
            }
        }
        return out.toString();
    }

    private int code(String text, int from, int digits, StringBuilder out) {
        try {
            out.appendCodePoint(Integer.parseInt(text.substring(from, from + digits), 16));
            return from + digits;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new TemplateError("a string has a malformed escape", line);
        }
    }
}
