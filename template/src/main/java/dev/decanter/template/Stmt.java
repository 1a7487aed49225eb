package dev.decanter.template;

import java.util.List;
import java.util.Optional;

/** A statement. */
sealed interface Stmt {
    /** For messages. */
    int line();

    record Text(String text, int line) implements Stmt {}

    record Print(Expr value, int line) implements Stmt {}

    record If(Expr condition, List<Stmt> then, List<Stmt> otherwise, int line) implements Stmt {}

    record For(
            Target target,
            Expr items,
            Optional<Expr> filter,
            List<Stmt> body,
            List<Stmt> otherwise,
            boolean recursive,
            int line)
            implements Stmt {}

    record Set(Target target, Expr value, int line) implements Stmt {}

    record SetBlock(Target target, List<Expr.Filter> filters, List<Stmt> body, int line) implements Stmt {}

    record Macro(String name, Function function, int line) implements Stmt {}

    record CallBlock(Expr.Call call, Function caller, int line) implements Stmt {}

    record FilterBlock(List<Expr.Filter> filters, List<Stmt> body, int line) implements Stmt {}

    record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

    /** Statements with variables of their own. */
    record Scoped(List<Stmt> body, int line) implements Stmt {}

    /** A named block: sees what the template's top level has set, and nothing of the loops around it. */
    record Block(String name, List<Stmt> body, int line) implements Stmt {}

    record Break(int line) implements Stmt {}

    record Continue(int line) implements Stmt {}

    /**
     * A macro's parameters and body.
     *
     * @param special which of {@code caller}, {@code varargs} and {@code kwargs} the body mentions
     */
    record Function(List<Parameter> parameters, List<Stmt> body, java.util.Set<String> special) {}

    /** A parameter of a macro. */
    record Parameter(String name, Optional<Expr> fallback) {}

    /** What a value is given to. */
    sealed interface Target {
        record Name(String name) implements Target {}

        /** An attribute of a namespace. */
        record Member(String namespace, String name) implements Target {}

        record Several(List<Target> targets) implements Target {}
    }
}
