package dev.decanter.template;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An expression. */
sealed interface Expr {
    record Literal(@Nullable Object value) implements Expr {}

    record Variable(String name) implements Expr {}

    record ListOf(List<Expr> items) implements Expr {}

    record TupleOf(List<Expr> items) implements Expr {}

    record DictOf(List<Expr> keys, List<Expr> values) implements Expr {}

    record Attribute(Expr base, String name) implements Expr {}

    record Item(Expr base, Expr index) implements Expr {}

    record Slice(Expr base, Optional<Expr> start, Optional<Expr> stop, Optional<Expr> step) implements Expr {}

    record Call(Expr function, List<Argument> arguments, int line) implements Expr {}

    record Filter(Expr value, String name, List<Argument> arguments, int line) implements Expr {}

    record Test(Expr value, String name, List<Argument> arguments, int line) implements Expr {}

    record Unary(String operator, Expr operand) implements Expr {}

    record Binary(String operator, Expr left, Expr right) implements Expr {}

    /** {@code a ~ b ~ c}. */
    record Concatenation(List<Expr> parts) implements Expr {}

    /** {@code a < b <= c}; one operator less than operands. */
    record Comparison(List<Expr> operands, List<String> operators) implements Expr {}

    record Conditional(Expr condition, Expr then, Optional<Expr> otherwise) implements Expr {}

    /**
     * An argument of a call.
     *
     * @param name for one by name; {@code *} and {@code **} for a list and a dict of arguments
     */
    record Argument(Optional<String> name, Expr value) {}
}
