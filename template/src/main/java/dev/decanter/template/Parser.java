package dev.decanter.template;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses statements. */
final class Parser {
    private static final int MOST_DEPTH = 100;
    private static final Set<String> SPECIAL = Set.of("caller", "varargs", "kwargs");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int depth;
    /** Loops around the place within the same function. */
    private int loops;

    private Parser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Stmt> parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        return parser.statements(Set.of());
    }

    /** Up to a tag that begins with one of the names, whose opening bracket is consumed. */
    private List<Stmt> statements(Set<String> ends) {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("blocks are nested more than " + MOST_DEPTH + " deep", tokens.line());
        }
        List<Stmt> all = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            switch (token.kind()) {
                case DATA -> all.add(new Stmt.Text(tokens.next().text(), token.line()));
                case VARIABLE_BEGIN -> {
                    tokens.next();
                    all.add(new Stmt.Print(expressions.tuple(), token.line()));
                    tokens.expect(Token.Kind.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    if (tokens.isKind(Token.Kind.NAME)
                            && ends.contains(tokens.peek().text())) {
                        depth--;
                        return all;
                    }
                    all.addAll(statement(ends));
                    tokens.expect(Token.Kind.BLOCK_END);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateError("Unexpected end of template. " + looking(ends), tokens.line());
                    }
                    depth--;
                    return all;
                }
            }
        }
    }

    private static String looking(Set<String> ends) {
        return "Jinja was looking for the following tags: "
                + String.join(
                        " or ",
                        ends.stream().sorted().map(end -> "'" + end + "'").toList()) + ".";
    }

    /** Behind a tag's last expression, up to one of the names. */
    private List<Stmt> body(Set<String> ends) {
        // as in Python, a colon may stand at the end
        tokens.takeOperator(":");
        tokens.expect(Token.Kind.BLOCK_END);
        return statements(ends);
    }

    private List<Stmt> body(String end) {
        List<Stmt> body = body(Set.of(end));
        tokens.expectName(end);
        return body;
    }

    private List<Stmt> statement(Set<String> ends) {
        int line = tokens.line();
        if (!tokens.isKind(Token.Kind.NAME)) {
            throw new TemplateError("tag name expected", line);
        }
        String name = tokens.next().text();
        return switch (name) {
            case "if" -> List.of(conditional(line));
            case "for" -> List.of(loop(line));
            case "set" -> List.of(set(line));
            case "macro" -> List.of(macro(line));
            case "call" -> List.of(call(line));
            case "filter" -> List.of(filter(line));
            case "with" -> List.of(with(line));
            case "print" -> print(line);
            case "block" -> List.of(block(line));
            case "autoescape" -> List.of(autoescape(line));
            case "break", "continue" -> List.of(jump(name, line));
            // marks the model's own words for training; in rendering it has variables of its own like a call block
            case "generation" -> List.of(new Stmt.Scoped(function("endgeneration"), line));
            case "include", "import", "from", "extends" ->
                throw new TemplateError(
                        "{% " + name + " %} needs another template, and a chat template has no access to any", line);
            default ->
                throw new TemplateError(
                        "Encountered unknown tag '" + name + "'." + (ends.isEmpty() ? "" : " " + looking(ends)), line);
        };
    }

    private Stmt conditional(int line) {
        Expr condition = expressions.tupleWithoutCondition(Set.of());
        List<Stmt> then = body(Set.of("elif", "else", "endif"));
        int at = tokens.line();
        if (tokens.takeName("elif")) {
            if (++depth > MOST_DEPTH) {
                throw new TemplateError("an if has more than " + MOST_DEPTH + " branches", at);
            }
            Stmt otherwise = conditional(at);
            depth--;
            return new Stmt.If(condition, then, List.of(otherwise), line);
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
        Stmt.Target target = target(Set.of("in"), false);
        tokens.expectName("in");
        Expr items = expressions.tupleWithoutCondition(Set.of("recursive"));
        Optional<Expr> filter = tokens.takeName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.takeName("recursive");
        loops++;
        List<Stmt> body = body(Set.of("else", "endfor"));
        loops--;
        List<Stmt> otherwise = List.of();
        if (tokens.takeName("else")) {
            otherwise = body("endfor");
        } else {
            tokens.expectName("endfor");
        }
        return new Stmt.For(target, items, filter, body, otherwise, recursive, line);
    }

    private Stmt jump(String name, int line) {
        if (loops == 0) {
            throw new TemplateError("'" + name + "' outside loop", line);
        }
        return name.equals("break") ? new Stmt.Break(line) : new Stmt.Continue(line);
    }

    /** One target, or several with commas between them. */
    private Stmt.Target target(Set<String> ends, boolean members) {
        List<Stmt.Target> targets = new ArrayList<>();
        boolean several = false;
        while (true) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            Token token = tokens.peek();
            boolean end = token.kind() == Token.Kind.BLOCK_END
                    || token.isOperator(")")
                    || (token.kind() == Token.Kind.NAME && ends.contains(token.text()));
            if (end) {
                break;
            }
            targets.add(oneTarget(members));
            if (!tokens.peek().isOperator(",")) {
                break;
            }
            several = true;
        }
        if (targets.isEmpty()) {
            throw new TemplateError(
                    "Expected an expression, got '" + tokens.peek().described() + "'", tokens.line());
        }
        return several ? new Stmt.Target.Several(targets) : targets.getFirst();
    }

    private Stmt.Target oneTarget(boolean members) {
        if (tokens.takeOperator("(")) {
            if (++depth > MOST_DEPTH) {
                throw new TemplateError("a target is nested too deep", tokens.line());
            }
            Stmt.Target inner = target(Set.of(), members);
            depth--;
            tokens.expectOperator(")");
            return inner;
        }
        int line = tokens.line();
        String name = tokens.expect(Token.Kind.NAME).text();
        if (members && tokens.takeOperator(".")) {
            return new Stmt.Target.Member(name, tokens.expect(Token.Kind.NAME).text());
        }
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
            throw new TemplateError("can't assign to 'const'", line);
        }
        return new Stmt.Target.Name(name);
    }

    private Stmt set(int line) {
        Stmt.Target target = target(Set.of(), true);
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
        String name = tokens.expect(Token.Kind.NAME).text();
        tokens.expectOperator("(");
        List<Stmt.Parameter> parameters = parameters();
        return new Stmt.Macro(name, function(parameters, "endmacro"), line);
    }

    /** Statements that can neither leave nor continue a loop around them. */
    private List<Stmt> function(String end) {
        int outside = loops;
        loops = 0;
        List<Stmt> body = body(end);
        loops = outside;
        return body;
    }

    private Stmt.Function function(List<Stmt.Parameter> parameters, String end) {
        Set<String> outside = expressions.exchangeMentioned(new HashSet<>());
        List<Stmt> body = function(end);
        Set<String> inside = expressions.exchangeMentioned(outside);
        outside.addAll(inside);
        Set<String> special = new HashSet<>(SPECIAL);
        special.retainAll(inside);
        parameters.forEach(parameter -> special.remove(parameter.name()));
        return new Stmt.Function(parameters, body, special);
    }

    /** Behind the opening parenthesis. */
    private List<Stmt.Parameter> parameters() {
        List<Stmt.Parameter> parameters = new ArrayList<>();
        while (!tokens.takeOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            int line = tokens.line();
            String name = tokens.expect(Token.Kind.NAME).text();
            Optional<Expr> fallback =
                    tokens.takeOperator("=") ? Optional.of(expressions.expression()) : Optional.empty();
            if (fallback.isEmpty()
                    && !parameters.isEmpty()
                    && parameters.getLast().fallback().isPresent()) {
                throw new TemplateError("non-default argument follows default argument", line);
            }
            parameters.add(new Stmt.Parameter(name, fallback));
        }
        return parameters;
    }

    private Stmt call(int line) {
        List<Stmt.Parameter> parameters = tokens.takeOperator("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expr.Call call)) {
            throw new TemplateError("expected call", line);
        }
        return new Stmt.CallBlock(call, function(parameters, "endcall"), line);
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
        while (!tokens.isKind(Token.Kind.BLOCK_END)) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(oneTarget(false));
            tokens.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(targets, values, body("endwith"), line);
    }

    private List<Stmt> print(int line) {
        List<Stmt> prints = new ArrayList<>();
        while (!tokens.isKind(Token.Kind.BLOCK_END)) {
            if (!prints.isEmpty()) {
                tokens.expectOperator(",");
            }
            prints.add(new Stmt.Print(expressions.expression(), line));
        }
        return prints;
    }

    private Stmt block(int line) {
        String name = tokens.expect(Token.Kind.NAME).text();
        if (tokens.takeName("scoped") || tokens.takeName("required")) {
            throw new TemplateError(
                    "a block that is scoped or required is for inheritance, which there is none of", line);
        }
        List<Stmt> body = function("endblock");
        tokens.takeName(name);
        return new Stmt.Block(name, body, line);
    }

    private Stmt autoescape(int line) {
        if (!(expressions.expression() instanceof Expr.Literal(Boolean on)) || on) {
            throw new TemplateError("{% autoescape %} other than false would write HTML, which no model reads", line);
        }
        return new Stmt.Scoped(body("endautoescape"), line);
    }
}
