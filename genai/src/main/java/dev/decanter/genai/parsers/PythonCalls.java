package dev.decanter.genai.parsers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a Python list of calls whose arguments are literals by name: {@code [f(a=1, b=['x', None])]}. */
final class PythonCalls {
    private static final int MOST_DEPTH = 100;
    private static final int MOST_DIGITS = 1000;
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*(?:[.-][\\p{L}_][\\p{L}\\p{N}_]*)*");
    private static final Pattern NUMBER = Pattern.compile("[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d{1,4})?");
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final String text;
    private int at;

    /** The text is no list of calls. */
    private static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed() {
            super(null, null, false, false);
        }
    }

    private PythonCalls(String text) {
        this.text = text;
    }

    /** The calls, at least one; empty if the text is something else. */
    static Optional<List<CallScanner.Call>> parse(String text) {
        try {
            PythonCalls parser = new PythonCalls(text);
            List<CallScanner.Call> calls = new ArrayList<>();
            parser.expect('[');
            do {
                calls.add(parser.call());
            } while (parser.takes(','));
            parser.expect(']');
            return parser.at == text.length() ? Optional.of(calls) : Optional.empty();
        } catch (Malformed e) {
            return Optional.empty();
        }
    }

    private void skip() {
        at = Texts.skipSpace(text, at);
    }

    private boolean takes(char wanted) {
        skip();
        boolean found = at < text.length() && text.charAt(at) == wanted;
        at += found ? 1 : 0;
        return found;
    }

    private void expect(char wanted) throws Malformed {
        if (!takes(wanted)) {
            throw new Malformed();
        }
    }

    private String match(Pattern pattern) throws Malformed {
        skip();
        Matcher matcher = pattern.matcher(text).region(at, text.length());
        if (!matcher.lookingAt()) {
            throw new Malformed();
        }
        at = matcher.end();
        return matcher.group();
    }

    private CallScanner.Call call() throws Malformed {
        String name = match(NAME);
        expect('(');
        ObjectNode arguments = NODES.objectNode();
        while (!takes(')')) {
            String parameter = match(NAME);
            expect('=');
            if (arguments.has(parameter)) {
                throw new Malformed();
            }
            arguments.set(parameter, value(0));
            if (!takes(',')) {
                expect(')');
                break;
            }
        }
        return new CallScanner.Call(Optional.empty(), name, arguments.toString());
    }

    private JsonNode value(int depth) throws Malformed {
        skip();
        if (depth > MOST_DEPTH || at == text.length()) {
            throw new Malformed();
        }
        char c = text.charAt(at);
        return switch (c) {
            case '\'', '"' -> NODES.textNode(string());
            case '[' -> list('[', ']', depth);
            case '(' -> list('(', ')', depth);
            case '{' -> dict(depth);
            default -> Character.isLetter(c) ? word() : number();
        };
    }

    private ArrayNode list(char open, char close, int depth) throws Malformed {
        expect(open);
        ArrayNode items = NODES.arrayNode();
        while (!takes(close)) {
            items.add(value(depth + 1));
            if (!takes(',')) {
                expect(close);
                break;
            }
        }
        return items;
    }

    private ObjectNode dict(int depth) throws Malformed {
        expect('{');
        ObjectNode dict = NODES.objectNode();
        while (!takes('}')) {
            JsonNode key = value(depth + 1);
            expect(':');
            dict.set(key.asText(), value(depth + 1));
            if (!takes(',')) {
                expect('}');
                break;
            }
        }
        return dict;
    }

    private JsonNode word() throws Malformed {
        return switch (match(NAME)) {
            case "True", "true" -> NODES.booleanNode(true);
            case "False", "false" -> NODES.booleanNode(false);
            case "None", "null" -> NODES.nullNode();
            default -> throw new Malformed();
        };
    }

    private JsonNode number() throws Malformed {
        String digits = match(NUMBER);
        if (digits.length() > MOST_DIGITS) {
            throw new Malformed();
        }
        boolean integer = digits.chars().allMatch(c -> c == '-' || c == '+' || Character.isDigit(c));
        return integer
                ? NODES.numberNode(new BigInteger(digits.startsWith("+") ? digits.substring(1) : digits))
                : NODES.numberNode(new BigDecimal(digits));
    }

    private String string() throws Malformed {
        int end = Texts.stringEnd(text, at);
        if (end < 0) {
            throw new Malformed();
        }
        String body = text.substring(at + 1, end - 1);
        at = end;
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < body.length(); i++) {
            char c = body.charAt(i);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char kind = body.charAt(++i);
            switch (kind) {
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case '0' -> out.append('\0');
                case '\\', '\'', '"', '/' -> out.append(kind);
                case 'x' -> i = code(body, i, 2, out);
                case 'u' -> i = code(body, i, 4, out);
                default -> out.append('\\').append(kind);
            }
        }
        return out.toString();
    }

    private static int code(String body, int kind, int digits, StringBuilder out) throws Malformed {
        int end = kind + 1 + digits;
        if (end > body.length() || !body.substring(kind + 1, end).chars().allMatch(c -> Character.digit(c, 16) >= 0)) {
            throw new Malformed();
        }
        out.append((char) Integer.parseInt(body.substring(kind + 1, end), 16));
        return end - 1;
    }
}
