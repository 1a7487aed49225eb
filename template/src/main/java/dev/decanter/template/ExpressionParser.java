package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses expressions with Jinja's precedences. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final int MOST_DEPTH = 200;

    private final TokenStream tokens;
    private int depth;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** An expression, which may be {@code a if b else c}. */
    Expr expression() {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("an expression is nested too deep", tokens.line());
        }
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
        return tupleOf(expression(), true);
    }

    /** As {@link #tuple}, where {@code if} means something else. */
    Expr tupleWithoutCondition() {
        return tupleOf(or(), false);
    }

    private Expr tupleOf(Expr first, boolean conditions) {
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Expr> items = new ArrayList<>(List.of(first));
        while (tokens.takeOperator(",") && !endsTuple()) {
            items.add(conditions ? expression() : or());
        }
        return new Expr.TupleOf(items);
    }

    private boolean endsTuple() {
        Token token = tokens.peek();
        return token.kind() == Token.Kind.BLOCK_END
                || token.kind() == Token.Kind.VARIABLE_END
                || token.isOperator(")")
                || token.isName("in");
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
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("an expression is nested too deep", tokens.line());
        }
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
        Expr left = product();
        while (tokens.takeOperator("~")) {
            left = new Expr.Binary("~", left, product());
        }
        return left;
    }

    private Expr product() {
        Expr left = power();
        while (true) {
            Token token = tokens.peek();
            boolean found =
                    token.isOperator("*") || token.isOperator("/") || token.isOperator("//") || token.isOperator("%");
            if (!found) {
                return left;
            }
            left = new Expr.Binary(tokens.next().text(), left, power());
        }
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
            value = new Expr.Unary(tokens.next().text(), unary(false));
        } else {
            value = postfix(primary());
        }
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
                    default -> new Expr.Variable(token.text());
                };
            case STRING -> new Expr.Literal(strings(token.text()));
            case INTEGER -> new Expr.Literal(integer(token));
            case FLOAT -> new Expr.Literal(Double.parseDouble(token.text()));
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> parenthesis();
                    case "[" -> list();
                    case "{" -> dict();
                    default -> throw unexpected(token);
                };
            default -> throw unexpected(token);
        };
    }

    private static TemplateError unexpected(Token token) {
        return new TemplateError("expected an expression, not '" + token.text() + "'", token.line());
    }

    private static long integer(Token token) {
        try {
            return Long.parseLong(token.text());
        } catch (NumberFormatException e) {
            throw new TemplateError("the number " + token.text() + " is too large", token.line());
        }
    }

    /** Strings side by side are one. */
    private String strings(String first) {
        StringBuilder text = new StringBuilder(first);
        while (tokens.peek().kind() == Token.Kind.STRING) {
            text.append(tokens.next().text());
        }
        return text.toString();
    }

    private Expr parenthesis() {
        if (tokens.takeOperator(")")) {
            return new Expr.TupleOf(List.of());
        }
        Expr value = tuple();
        tokens.expectOperator(")");
        return value;
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
            if (tokens.takeOperator(".")) {
                value = member(value);
            } else if (tokens.takeOperator("[")) {
                value = subscript(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expr.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    private Expr member(Expr base) {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> new Expr.Attribute(base, token.text());
            case INTEGER -> new Expr.Item(base, new Expr.Literal(integer(token)));
            default -> throw new TemplateError("expected a name behind the dot", token.line());
        };
    }

    private Expr subscript(Expr base) {
        Optional<Expr> start = sliceEnd();
        if (start.isPresent() && tokens.takeOperator("]")) {
            return new Expr.Item(base, start.get());
        }
        if (start.isPresent() && tokens.peek().isOperator(",")) {
            Expr index = tupleOf(start.get(), true);
            tokens.expectOperator("]");
            return new Expr.Item(base, index);
        }
        tokens.expectOperator(":");
        Optional<Expr> stop = sliceEnd();
        Optional<Expr> step = tokens.takeOperator(":") ? sliceEnd() : Optional.empty();
        tokens.expectOperator("]");
        return new Expr.Slice(base, start, stop, step);
    }

    private Optional<Expr> sliceEnd() {
        boolean absent = tokens.peek().isOperator(":") || tokens.peek().isOperator("]");
        return absent ? Optional.empty() : Optional.of(expression());
    }

    /** Behind the opening parenthesis. */
    List<Expr.Argument> arguments() {
        List<Expr.Argument> arguments = new ArrayList<>();
        while (!tokens.takeOperator(")")) {
            if (tokens.takeOperator("**")) {
                arguments.add(new Expr.Argument(Optional.of("**"), expression()));
            } else if (tokens.takeOperator("*")) {
                arguments.add(new Expr.Argument(Optional.of("*"), expression()));
            } else if (tokens.peek().kind() == Token.Kind.NAME
                    && tokens.peekSecond().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                arguments.add(new Expr.Argument(Optional.of(name), expression()));
            } else {
                arguments.add(new Expr.Argument(Optional.empty(), expression()));
            }
            if (!tokens.peek().isOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return arguments;
    }

    private Expr filtered(Expr base) {
        Expr value = base;
        while (true) {
            if (tokens.takeOperator("|")) {
                value = filter(value);
            } else if (tokens.takeName("is")) {
                value = test(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expr.Call(value, arguments());
            } else {
                return value;
            }
        }
    }

    /** Behind the bar. */
    Expr.Filter filter(Expr value) {
        Token name = tokens.expect(Token.Kind.NAME, "the name of a filter");
        List<Expr.Argument> arguments = tokens.takeOperator("(") ? arguments() : List.of();
        return new Expr.Filter(value, name.text(), arguments, name.line());
    }

    private Expr test(Expr value) {
        boolean negated = tokens.takeName("not");
        Token name = tokens.expect(Token.Kind.NAME, "the name of a test");
        List<Expr.Argument> arguments = List.of();
        Token next = tokens.peek();
        if (tokens.takeOperator("(")) {
            arguments = arguments();
        } else if (beginsArgument(next)) {
            arguments = List.of(new Expr.Argument(Optional.empty(), postfix(primary())));
        }
        return new Expr.Test(value, name.text(), arguments, negated, name.line());
    }

    private static boolean beginsArgument(Token token) {
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case NAME -> !Set.of("else", "or", "and", "if", "is", "in", "not").contains(token.text());
            default -> false;
        };
    }
}
