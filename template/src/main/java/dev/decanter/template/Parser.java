package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses statements. */
final class Parser {
    private static final int MOST_DEPTH = 100;

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int depth;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Stmt> parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        List<Stmt> statements = parser.statements(Set.of());
        if (parser.tokens.peek().kind() != Token.Kind.END) {
            throw parser.tokens.unexpected("a statement");
        }
        return statements;
    }

    /** Up to a tag that begins with one of the names, whose opening bracket is consumed. */
    private List<Stmt> statements(Set<String> ends) {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("blocks are nested too deep", tokens.line());
        }
        List<Stmt> all = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            switch (token.kind()) {
                case DATA -> all.add(new Stmt.Text(tokens.next().text(), token.line()));
                case VARIABLE_BEGIN -> {
                    tokens.next();
                    all.add(new Stmt.Print(expressions.tuple(), token.line()));
                    tokens.expect(Token.Kind.VARIABLE_END, "the end of the expression");
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    if (ends.contains(tokens.peek().text())) {
                        depth--;
                        return all;
                    }
                    all.addAll(statement());
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.unexpected(
                                "one of " + ends.stream().sorted().toList());
                    }
                    depth--;
                    return all;
                }
            }
        }
    }

    /** The body of a block, behind its closing tag. */
    private List<Stmt> body(String end) {
        endTag();
        List<Stmt> body = statements(Set.of(end));
        tokens.expectName(end);
        return body;
    }

    private void endTag() {
        tokens.expect(Token.Kind.BLOCK_END, "the end of the tag");
    }

    private List<Stmt> statement() {
        int line = tokens.line();
        Token name = tokens.expect(Token.Kind.NAME, "the name of a statement");
        List<Stmt> parsed = switch (name.text()) {
            case "if" -> List.of(conditional(line));
            case "for" -> List.of(loop(line));
            case "set" -> List.of(set(line));
            case "macro" -> List.of(macro(line));
            case "call" -> List.of(call(line));
            case "filter" -> List.of(filter(line));
            case "with" -> List.of(with(line));
            case "do" -> List.of(new Stmt.Do(expressions.tuple(), line));
            case "break" -> List.of(new Stmt.Break(line));
            case "continue" -> List.of(new Stmt.Continue(line));
            // marks the model's own words for training; of no effect in rendering
            case "generation" -> body("endgeneration");
            default -> throw new TemplateError("there is no statement '" + name.text() + "' here", line);
        };
        endTag();
        return parsed;
    }

    private Stmt conditional(int line) {
        Expr condition = expressions.tuple();
        endTag();
        List<Stmt> then = statements(Set.of("elif", "else", "endif"));
        int at = tokens.line();
        if (tokens.takeName("elif")) {
            return new Stmt.If(condition, then, List.of(conditional(at)), line);
        }
        List<Stmt> otherwise = List.of();
        if (tokens.takeName("else")) {
            otherwise = body("endif");
        } else {
            tokens.expectName("endif");
        }
        return new Stmt.If(condition, then, otherwise, line);
    }

    private Stmt loop(int line) {
        Stmt.Target target = target();
        tokens.expectName("in");
        Expr items = expressions.tupleWithoutCondition();
        Optional<Expr> filter = tokens.takeName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.takeName("recursive");
        endTag();
        List<Stmt> body = statements(Set.of("else", "endfor"));
        List<Stmt> otherwise = List.of();
        if (tokens.takeName("else")) {
            otherwise = body("endfor");
        } else {
            tokens.expectName("endfor");
        }
        return new Stmt.For(target, items, filter, body, otherwise, recursive, line);
    }

    private Stmt.Target target() {
        List<Stmt.Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            if (tokens.peek().isName("in") || tokens.peek().isOperator("=")) {
                break;
            }
            targets.add(oneTarget());
            several |= tokens.peek().isOperator(",");
        } while (tokens.takeOperator(","));
        if (targets.isEmpty()) {
            throw tokens.unexpected("a name");
        }
        return several ? new Stmt.Target.Several(targets) : targets.getFirst();
    }

    private Stmt.Target oneTarget() {
        if (tokens.takeOperator("(")) {
            Stmt.Target inner = target();
            tokens.expectOperator(")");
            return inner;
        }
        String name = tokens.expect(Token.Kind.NAME, "a name").text();
        if (tokens.takeOperator(".")) {
            return new Stmt.Target.Member(
                    name, tokens.expect(Token.Kind.NAME, "a name").text());
        }
        return new Stmt.Target.Name(name);
    }

    private Stmt set(int line) {
        Stmt.Target target = target();
        if (tokens.takeOperator("=")) {
            return new Stmt.Set(target, expressions.tuple(), line);
        }
        List<Expr.Filter> filters = new ArrayList<>();
        while (tokens.takeOperator("|")) {
            filters.add(expressions.filter(new Expr.Literal(null)));
        }
        return new Stmt.SetBlock(target, filters, body("endset"), line);
    }

    private Stmt macro(int line) {
        String name = tokens.expect(Token.Kind.NAME, "the name of the macro").text();
        tokens.expectOperator("(");
        List<Stmt.Parameter> parameters = parameters();
        return new Stmt.Macro(name, parameters, body("endmacro"), line);
    }

    /** Behind the opening parenthesis. */
    private List<Stmt.Parameter> parameters() {
        List<Stmt.Parameter> parameters = new ArrayList<>();
        while (!tokens.takeOperator(")")) {
            String name =
                    tokens.expect(Token.Kind.NAME, "the name of a parameter").text();
            Optional<Expr> fallback =
                    tokens.takeOperator("=") ? Optional.of(expressions.expression()) : Optional.empty();
            parameters.add(new Stmt.Parameter(name, fallback));
            if (!tokens.peek().isOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return parameters;
    }

    private Stmt call(int line) {
        List<Stmt.Parameter> parameters = tokens.takeOperator("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw new TemplateError("a call block needs a call", line);
        }
        return new Stmt.CallBlock(call, parameters, body("endcall"), line);
    }

    private Stmt filter(int line) {
        List<Expr.Filter> filters = new ArrayList<>();
        do {
            filters.add(expressions.filter(new Expr.Literal(null)));
        } while (tokens.takeOperator("|"));
        return new Stmt.FilterBlock(filters, body("endfilter"), line);
    }

    private Stmt with(int line) {
        List<Stmt.Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.BLOCK_END) {
            targets.add(oneTarget());
            tokens.expectOperator("=");
            values.add(expressions.expression());
            if (tokens.peek().kind() != Token.Kind.BLOCK_END) {
                tokens.expectOperator(",");
            }
        }
        return new Stmt.With(targets, values, body("endwith"), line);
    }
}
