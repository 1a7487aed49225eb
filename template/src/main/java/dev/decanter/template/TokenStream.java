package dev.decanter.template;

import java.util.List;

/** The tokens still to be parsed. */
final class TokenStream {
    private final List<Token> tokens;
    private int at;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token peekSecond() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Token.Kind.END) {
            at++;
        }
        return token;
    }

    int line() {
        return peek().line();
    }

    boolean isKind(Token.Kind kind) {
        return peek().kind() == kind;
    }

    boolean takeOperator(String text) {
        boolean found = peek().isOperator(text);
        at += found ? 1 : 0;
        return found;
    }

    boolean takeName(String text) {
        boolean found = peek().isName(text);
        at += found ? 1 : 0;
        return found;
    }

    void expectOperator(String text) {
        if (!takeOperator(text)) {
            throw unexpected(text);
        }
    }

    void expectName(String text) {
        if (!takeName(text)) {
            throw unexpected(text);
        }
    }

    Token expect(Token.Kind kind) {
        if (!isKind(kind)) {
            throw unexpected(kind.words());
        }
        return next();
    }

    private TemplateError unexpected(String wanted) {
        if (isKind(Token.Kind.END)) {
            return new TemplateError("unexpected end of template, expected '" + wanted + "'.", line());
        }
        return new TemplateError("expected token '" + wanted + "', got '" + peek().described() + "'", line());
    }
}
