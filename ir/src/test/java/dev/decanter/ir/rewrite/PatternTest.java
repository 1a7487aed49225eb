package dev.decanter.ir.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import org.junit.jupiter.api.Test;

class PatternTest {
    private final Output x = Graphs.f32("x", "?,8");
    private final Output y = Graphs.f32("y", "?,8");

    private static Output number(double value) {
        return Constants.numbers(ElementType.F32, "c", Shape.SCALAR, value).output();
    }

    @Test
    void bindsItsPartsToValues() {
        Output exp = Graphs.node(new UnaryOp.Exp(), x);
        Output sum = Graphs.node(new BinaryOp.Subtract(), exp, y);
        Pattern a = Pattern.any();
        Pattern b = Pattern.any().named("b");
        Pattern inner = Pattern.op(UnaryOp.Exp.class, a);
        Match match = Pattern.op(BinaryOp.Subtract.class, inner, b).match(sum).orElseThrow();
        assertThat(match.output(a)).isSameAs(x);
        assertThat(match.output("b")).isSameAs(y);
        assertThat(match.node(inner)).isSameAs(exp.node());
        assertThat(match.root()).isSameAs(sum);
        assertThat(match.find(Pattern.any())).isEmpty();
        assertThatThrownBy(() -> match.output("c")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void triesOperandsOfCommutativeOpsInBothOrders() {
        Pattern pattern = Pattern.op(BinaryOp.Add.class, Pattern.op(UnaryOp.Exp.class), Pattern.any());
        Output exp = Graphs.node(new UnaryOp.Exp(), x);
        assertThat(pattern.match(Graphs.node(new BinaryOp.Add(), exp, y))).isPresent();
        assertThat(pattern.match(Graphs.node(new BinaryOp.Add(), y, exp))).isPresent();
        Pattern ordered = Pattern.op(BinaryOp.Subtract.class, Pattern.op(UnaryOp.Exp.class), Pattern.any());
        assertThat(ordered.match(Graphs.node(new BinaryOp.Subtract(), y, exp))).isEmpty();
    }

    @Test
    void aPartUsedTwiceMustMatchOneValue() {
        Pattern a = Pattern.any();
        Pattern square = Pattern.op(BinaryOp.Multiply.class, a, a);
        assertThat(square.match(Graphs.node(new BinaryOp.Multiply(), x, x))).isPresent();
        assertThat(square.match(Graphs.node(new BinaryOp.Multiply(), x, y))).isEmpty();
    }

    @Test
    void takesBackAnOrderThatFailsLater() {
        // (exp(x) + exp(y)) with the pattern exp(a) + exp(b where it is x): the first order tried binds a to x
        Output sum =
                Graphs.node(new BinaryOp.Add(), Graphs.node(new UnaryOp.Exp(), x), Graphs.node(new UnaryOp.Exp(), y));
        Pattern a = Pattern.any();
        Pattern b = Pattern.any().where(value -> value == x);
        Match match = Pattern.op(BinaryOp.Add.class, Pattern.op(UnaryOp.Exp.class, a), Pattern.op(UnaryOp.Exp.class, b))
                .match(sum)
                .orElseThrow();
        assertThat(match.output(a)).isSameAs(y);
        assertThat(match.output(b)).isSameAs(x);
    }

    @Test
    void takesBackAnAlternativeThatFailsLater() {
        // the alternative "anything" matches first, but then the value read twice would differ
        Pattern a = Pattern.any();
        Pattern maybeExp = Pattern.or(a, Pattern.op(UnaryOp.Exp.class, a));
        Pattern pattern = Pattern.op(BinaryOp.Subtract.class, maybeExp, a);
        Output difference = Graphs.node(new BinaryOp.Subtract(), Graphs.node(new UnaryOp.Exp(), x), x);
        assertThat(pattern.match(difference).orElseThrow().output(a)).isSameAs(x);
    }

    @Test
    void optionalWrappersMayBeAbsent() {
        Pattern a = Pattern.op(UnaryOp.Exp.class);
        Pattern wrapper = Pattern.op(ShapeOp.Convert.class, a);
        Pattern pattern = Pattern.op(UnaryOp.Tanh.class, Pattern.optional(wrapper, a));
        Output exp = Graphs.node(new UnaryOp.Exp(), x);
        Output converted = Graphs.node(new ShapeOp.Convert(ElementType.F16), exp);
        assertThat(pattern.match(Graphs.node(new UnaryOp.Tanh(), exp))
                        .orElseThrow()
                        .find(wrapper))
                .isEmpty();
        assertThat(pattern.match(Graphs.node(new UnaryOp.Tanh(), converted))
                        .orElseThrow()
                        .output(a))
                .isSameAs(exp);
    }

    @Test
    void knowsConstantsAndWhoReadsAValue() {
        assertThat(Pattern.constant(2).match(number(2))).isPresent();
        assertThat(Pattern.constant(2).match(number(2.5))).isEmpty();
        assertThat(Pattern.constant(2).match(Graphs.node(new ShapeOp.Convert(ElementType.I64), number(2.5))))
                .as("a Convert truncates")
                .isPresent();
        assertThat(Pattern.constant().match(x)).isEmpty();
        Output exp = Graphs.node(new UnaryOp.Exp(), x);
        Graphs.node(new UnaryOp.Tanh(), exp);
        assertThat(Pattern.any().readOnce().match(exp)).isPresent();
        Graphs.node(new UnaryOp.Abs(), exp);
        assertThat(Pattern.any().readOnce().match(exp)).isEmpty();
    }

    @Test
    void matchesRmsNorm() {
        Output square = Graphs.node(new BinaryOp.Power(), x, number(2));
        Output mean = Graphs.node(
                new ReduceOp.ReduceMean(true),
                square,
                Constants.vector("axes", -1).output());
        Output root = Graphs.node(new UnaryOp.Sqrt(), Graphs.node(new BinaryOp.Add(), number(1e-6), mean));
        Output norm = Graphs.node(new BinaryOp.Multiply(), Graphs.node(new BinaryOp.Divide(), number(1), root), x);

        Pattern a = Pattern.any();
        Pattern epsilon = Pattern.constant();
        Pattern pattern = Pattern.op(
                BinaryOp.Multiply.class,
                a,
                Pattern.op(
                        BinaryOp.Divide.class,
                        Pattern.constant(1),
                        Pattern.op(
                                UnaryOp.Sqrt.class,
                                Pattern.op(
                                        BinaryOp.Add.class,
                                        Pattern.op(
                                                ReduceOp.ReduceMean.class,
                                                Pattern.op(BinaryOp.Power.class, a, Pattern.constant(2)),
                                                Pattern.constant()),
                                        epsilon))));
        Match match = pattern.match(norm).orElseThrow();
        assertThat(match.output(a)).isSameAs(x);
        assertThat(Constants.number(match.output(epsilon))).hasValue((double) 1e-6f);
    }
}
