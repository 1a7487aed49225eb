package dev.decanter.ir.rewrite;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * A shape of subgraph to look for, matched against a value from its producer upwards. Patterns are immutable values; a
 * pattern that is used in two places must match the same value in both.
 *
 * <p>Operands of commutative ops match in either order, and alternatives are tried until the whole pattern matches.
 *
 * <p>RMS normalization, for example:
 *
 * {@snippet :
 * Pattern x = Pattern.any();
 * Pattern square = Pattern.op(BinaryOp.Power.class, x, Pattern.constant(2));
 * Pattern mean = Pattern.op(ReduceOp.ReduceMean.class, square, Pattern.constant());
 * Pattern epsilon = Pattern.constant();
 * Pattern root = Pattern.op(UnaryOp.Sqrt.class, Pattern.op(BinaryOp.Add.class, mean, epsilon));
 * Pattern inverse = Pattern.op(BinaryOp.Divide.class, Pattern.constant(1), root);
 * Pattern norm = Pattern.op(BinaryOp.Multiply.class, x, inverse);
 *
 * norm.match(output).ifPresent(match -> {
 *     Output input = match.output(x);
 *     double eps = Constants.number(match.output(epsilon)).orElseThrow();
 * });
 * }
 */
public final class Pattern {
    /** What kind of pattern this is: tries to match a value, then whatever is left to match. */
    @FunctionalInterface
    private interface Matcher {
        boolean match(Output value, Bindings bindings, BooleanSupplier rest);
    }

    private final Matcher matcher;

    private Pattern(Matcher matcher) {
        this.matcher = matcher;
    }

    /** Any value. */
    public static Pattern any() {
        return new Pattern((_, _, rest) -> rest.getAsBoolean());
    }

    /** The value of a Constant, of any type and shape. */
    public static Pattern constant() {
        return any().where(value -> value.node().op() instanceof Op.Constant);
    }

    /** A numeric Constant, possibly behind Converts, of which every element is {@code number}. */
    public static Pattern constant(double number) {
        return any().where(value -> {
            Optional<double[]> elements = Constants.numbers(value);
            if (elements.isEmpty() || elements.get().length == 0) {
                return false;
            }
            for (double element : elements.get()) {
                if (element != number) {
                    return false;
                }
            }
            return true;
        });
    }

    /**
     * A value that an op of this class (a record or a sealed family) computes.
     *
     * @param inputs patterns of all inputs; none at all if the inputs do not matter
     */
    public static Pattern op(Class<? extends Op> type, Pattern... inputs) {
        List<Pattern> wanted = List.of(inputs);
        return new Pattern((value, bindings, rest) -> {
            Node node = value.node();
            if (!type.isInstance(node.op())) {
                return false;
            }
            if (wanted.isEmpty()) {
                return rest.getAsBoolean();
            }
            if (node.inputs().size() != wanted.size()) {
                return false;
            }
            if (all(node.inputs(), wanted, 0, bindings, rest)) {
                return true;
            }
            return isCommutative(node.op())
                    && wanted.size() == 2
                    && all(node.inputs().reversed(), wanted, 0, bindings, rest);
        });
    }

    private static boolean all(
            List<Output> values, List<Pattern> patterns, int from, Bindings bindings, BooleanSupplier rest) {
        if (from == patterns.size()) {
            return rest.getAsBoolean();
        }
        return patterns.get(from)
                .match(values.get(from), bindings, () -> all(values, patterns, from + 1, bindings, rest));
    }

    /** Whether the op gives the same result with its two operands exchanged. */
    public static boolean isCommutative(Op op) {
        return switch (op) {
            case BinaryOp.Add _,
                    BinaryOp.Multiply _,
                    BinaryOp.Maximum _,
                    BinaryOp.Minimum _,
                    BinaryOp.SquaredDifference _,
                    BinaryOp.Equal _,
                    BinaryOp.NotEqual _,
                    BinaryOp.Logical _,
                    BinaryOp.Bitwise _ -> true;
            default -> false;
        };
    }

    /** What one of these matches, tried in order. */
    public static Pattern or(Pattern... alternatives) {
        List<Pattern> list = List.of(alternatives);
        return new Pattern((value, bindings, rest) -> {
            for (Pattern alternative : list) {
                if (alternative.match(value, bindings, rest)) {
                    return true;
                }
            }
            return false;
        });
    }

    /**
     * What {@code wrapper} matches or, if the wrapping op is not there, what {@code inner} does. {@code wrapper} contains
     * {@code inner}:
     *
     * {@snippet :
     * Pattern x = Pattern.any();
     * Pattern maybeConverted = Pattern.optional(Pattern.op(ShapeOp.Convert.class, x), x);
     * }
     */
    public static Pattern optional(Pattern wrapper, Pattern inner) {
        return or(wrapper, inner);
    }

    /** This pattern, for values that also satisfy {@code condition}. */
    public Pattern where(Predicate<Output> condition) {
        return new Pattern((value, bindings, rest) -> condition.test(value) && this.match(value, bindings, rest));
    }

    /** This pattern, for values that are read once; what is matched can then be replaced without keeping a copy alive. */
    public Pattern readOnce() {
        return where(value -> value.consumers().size() == 1);
    }

    /** This pattern, for output {@code index} of its node. */
    public Pattern output(int index) {
        return where(value -> value.index() == index);
    }

    /** This pattern under a name by which {@link Match#output(String)} finds what it matched. */
    public Pattern named(String name) {
        return new Pattern((value, bindings, rest) -> {
            Output bound = bindings.named(name);
            if (bound != null && bound != value) {
                return false;
            }
            int mark = bindings.mark();
            bindings.add(name, value);
            if (this.match(value, bindings, rest)) {
                return true;
            }
            bindings.reset(mark);
            return false;
        });
    }

    private boolean match(Output value, Bindings bindings, BooleanSupplier rest) {
        Output bound = bindings.of(this);
        if (bound != null) {
            return bound == value && rest.getAsBoolean();
        }
        int mark = bindings.mark();
        bindings.add(this, value);
        if (matcher.match(value, bindings, rest)) {
            return true;
        }
        bindings.reset(mark);
        return false;
    }

    /** Matches {@code value} and what computes it. */
    public Optional<Match> match(Output value) {
        Bindings bindings = new Bindings();
        return match(value, bindings, () -> true) ? Optional.of(new Match(value, bindings)) : Optional.empty();
    }

    /** Matches the only output of {@code node}; empty if it has none or several. */
    public Optional<Match> match(Node node) {
        return node.outputs().size() == 1 ? match(node.output()) : Optional.empty();
    }
}
