package dev.decanter.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses expressions with Jinja's precedences, which are Python's but for {@code **}, {@code ~} and filters. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
    private static final int MOST_DEPTH = 200;

    private final TokenStream tokens;
    /** Every name that was read, by which a macro learns whether its body mentions {@code caller}. */
    private Set<String> mentioned = new HashSet<>();

    private int depth;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** Starts a new set of mentioned names and returns the old one. */
    Set<String> exchangeMentioned(Set<String> fresh) {
        Set<String> old = mentioned;
        mentioned = fresh;
        return old;
    }

    private void enter() {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("an expression is nested more than " + MOST_DEPTH + " deep", tokens.line());
        }
    }

    /** An expression, which may be {@code a if b else c}. */
    Expr expression() {
        enter();
        Expr value = or();
        while (tokens.takeName("if")) {
            Expr condition = or();
            Optional<Expr> otherwise = tokens.takeName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Expr.Conditional(condition, value, otherwise);
        }
        depth--;
        return value;
    }

    /** An expression or a tuple without parentheses. */
    Expr tuple() {
        return tuple(true, Set.of(), false);
    }

    /** As {@link #tuple()}, where {@code if} means something else. */
    Expr tupleWithoutCondition(Set<String> ends) {
        return tuple(false, ends, false);
    }

    private Expr tuple(boolean conditions, Set<String> ends, boolean mayBeEmpty) {
        List<Expr> items = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
            }
            if (endsTuple(ends)) {
                break;
            }
            items.add(conditions ? expression() : or());
            if (!tokens.peek().isOperator(",")) {
                break;
            }
            several = true;
        }
        if (!several && !items.isEmpty()) {
            return items.getFirst();
        }
        if (!several && !mayBeEmpty) {
            throw new TemplateError(
                    "Expected an expression, got '" + tokens.peek().described() + "'", tokens.line());
        }
        return new Expr.TupleOf(items);
    }

    private boolean endsTuple(Set<String> ends) {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case VARIABLE_END, BLOCK_END -> true;
            case OPERATOR -> token.text().equals(")");
            case NAME -> ends.contains(token.text());
            default -> false;
        };
    }

    private Expr or() {
        Expr left = and();
        while (tokens.takeName("or")) {
            left = new Expr.Binary("or", left, and());
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (tokens.takeName("and")) {
            left = new Expr.Binary("and", left, not());
        }
        return left;
    }

    private Expr not() {
        if (!tokens.takeName("not")) {
            return comparison();
        }
        enter();
        Expr operand = not();
        depth--;
        return new Expr.Unary("not", operand);
    }

    private Expr comparison() {
        List<Expr> operands = new ArrayList<>(List.of(sum()));
        List<String> operators = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.next().text());
            } else if (tokens.takeName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.peekSecond().isName("in")) {
                tokens.next();
                tokens.next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? operands.getFirst() : new Expr.Comparison(operands, operators);
            }
            operands.add(sum());
        }
    }

    private Expr sum() {
        Expr left = concatenation();
        while (tokens.peek().isOperator("+") || tokens.peek().isOperator("-")) {
            left = new Expr.Binary(tokens.next().text(), left, concatenation());
        }
        return left;
    }

    private Expr concatenation() {
        List<Expr> parts = new ArrayList<>(List.of(product()));
        while (tokens.takeOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.getFirst() : new Expr.Concatenation(parts);
    }

    private Expr product() {
        Expr left = power();
        while (tokens.isKind(Token.Kind.OPERATOR)
                && PRODUCTS.contains(tokens.peek().text())) {
            left = new Expr.Binary(tokens.next().text(), left, power());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        while (tokens.takeOperator("**")) {
            left = new Expr.Binary("**", left, unary(true));
        }
        return left;
    }

    private Expr unary(boolean filters) {
        Expr value;
        if (tokens.peek().isOperator("-") || tokens.peek().isOperator("+")) {
            enter();
            value = new Expr.Unary(tokens.next().text(), unary(false));
            depth--;
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filtered(value) : value;
    }

    private Expr primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Expr.Literal(true);
                    case "false", "False" -> new Expr.Literal(false);
                    case "none", "None" -> new Expr.Literal(null);
                    default -> {
                        mentioned.add(token.text());
                        yield new Expr.Variable(token.text());
                    }
                };
            case STRING -> new Expr.Literal(strings(token.text()));
            case INTEGER -> new Expr.Literal(integer(token.text()));
            case FLOAT -> new Expr.Literal(Double.parseDouble(token.text()));
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> {
                        enter();
                        Expr inner = tuple(true, Set.of(), true);
                        depth--;
                        tokens.expectOperator(")");
                        yield inner;
                    }
                    case "[" -> list();
                    case "{" -> dict();
                    default -> throw unexpected(token);
                };
            default -> throw unexpected(token);
        };
    }

    private static TemplateError unexpected(Token token) {
        return new TemplateError("unexpected '" + token.described() + "'", token.line());
    }

    private static @Nullable Object integer(String text) {
        int radix = text.length() < 3
                ? 10
                : switch (text.charAt(1)) {
                    case 'x', 'X' -> 16;
                    case 'o', 'O' -> 8;
                    case 'b', 'B' -> 2;
                    default -> 10;
                };
        return Arithmetic.small(new BigInteger(radix == 10 ? text : text.substring(2), radix));
    }

    /** Strings side by side are one. */
    private String strings(String first) {
        StringBuilder text = new StringBuilder(first);
        while (tokens.isKind(Token.Kind.STRING)) {
            text.append(tokens.next().text());
        }
        return text.toString();
    }

    private Expr list() {
        List<Expr> items = new ArrayList<>();
        while (!tokens.takeOperator("]")) {
            items.add(expression());
            if (!tokens.peek().isOperator("]")) {
                tokens.expectOperator(",");
            }
        }
        return new Expr.ListOf(items);
    }

    private Expr dict() {
        List<Expr> keys = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!tokens.takeOperator("}")) {
            keys.add(expression());
            tokens.expectOperator(":");
            values.add(expression());
            if (!tokens.peek().isOperator("}")) {
                tokens.expectOperator(",");
            }
        }
        return new Expr.DictOf(keys, values);
    }

    private Expr postfix(Expr base) {
        Expr value = base;
        while (true) {
            Token token = tokens.peek();
            if (tokens.takeOperator(".")) {
                value = member(value);
            } else if (tokens.takeOperator("[")) {
                value = subscript(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expr.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expr member(Expr base) {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> new Expr.Attribute(base, token.text());
            case INTEGER -> new Expr.Item(base, new Expr.Literal(integer(token.text())));
            default -> throw new TemplateError("expected name or number", token.line());
        };
    }

    private Expr subscript(Expr base) {
        List<Expr> indices = new ArrayList<>();
        while (!tokens.takeOperator("]")) {
            if (!indices.isEmpty()) {
                tokens.expectOperator(",");
            }
            Optional<Expr> start = tokens.peek().isOperator(":") ? Optional.empty() : Optional.of(expression());
            if (tokens.takeOperator(":")) {
                Optional<Expr> stop = sliceEnd();
                Optional<Expr> step = tokens.takeOperator(":") ? sliceEnd() : Optional.empty();
                if (!indices.isEmpty() || !tokens.takeOperator("]")) {
                    throw new TemplateError("a slice of several dimensions is of no use to lists", tokens.line());
                }
                return new Expr.Slice(base, start, stop, step);
            }
            indices.add(start.orElseThrow());
        }
        return new Expr.Item(base, indices.size() == 1 ? indices.getFirst() : new Expr.TupleOf(indices));
    }

    private Optional<Expr> sliceEnd() {
        Token token = tokens.peek();
        boolean absent = token.isOperator(":") || token.isOperator("]") || token.isOperator(",");
        return absent ? Optional.empty() : Optional.of(expression());
    }

    /** Behind the opening parenthesis. */
    List<Expr.Argument> arguments() {
        int line = tokens.line();
        List<Expr.Argument> arguments = new ArrayList<>();
        Set<String> kinds = new HashSet<>();
        while (!tokens.takeOperator(")")) {
            if (!arguments.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.takeOperator(")")) {
                    break;
                }
            }
            String name = "";
            if (tokens.takeOperator("**")) {
                name = "**";
            } else if (tokens.takeOperator("*")) {
                name = "*";
            } else if (tokens.isKind(Token.Kind.NAME) && tokens.peekSecond().isOperator("=")) {
                name = tokens.next().text();
                tokens.next();
            }
            boolean fits = switch (name) {
                case "" -> kinds.isEmpty();
                case "*" -> !kinds.contains("*") && !kinds.contains("**");
                default -> !kinds.contains("**");
            };
            if (!fits) {
                throw new TemplateError("invalid syntax for function call expression", line);
            }
            if (!name.isEmpty()) {
                kinds.add(name.startsWith("*") ? name : "name");
            }
            arguments.add(new Expr.Argument(name.isEmpty() ? Optional.empty() : Optional.of(name), expression()));
        }
        return arguments;
    }

    private Expr filtered(Expr base) {
        Expr value = base;
        while (true) {
            Token token = tokens.peek();
            if (tokens.takeOperator("|")) {
                value = filter(value);
            } else if (tokens.takeName("is")) {
                value = test(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expr.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private String dottedName() {
        StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME).text());
        while (tokens.takeOperator(".")) {
            name.append('.').append(tokens.expect(Token.Kind.NAME).text());
        }
        return name.toString();
    }

    /** Behind the bar. */
    Expr.Filter filter(Expr value) {
        int line = tokens.line();
        String name = dottedName();
        List<Expr.Argument> arguments = tokens.takeOperator("(") ? arguments() : List.of();
        return new Expr.Filter(value, name, arguments, line);
    }

    private Expr test(Expr value) {
        boolean negated = tokens.takeName("not");
        int line = tokens.line();
        String name = dottedName();
        List<Expr.Argument> arguments = List.of();
        Token next = tokens.peek();
        if (tokens.takeOperator("(")) {
            arguments = arguments();
        } else if (next.isName("is")) {
            throw new TemplateError("You cannot chain multiple tests with is", next.line());
        } else if (beginsArgument(next)) {
            arguments = List.of(new Expr.Argument(Optional.empty(), postfix(primary())));
        }
        Expr test = new Expr.Test(value, name, arguments, line);
        return negated ? new Expr.Unary("not", test) : test;
    }

    private static boolean beginsArgument(Token token) {
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            default -> false;
        };
    }
}
