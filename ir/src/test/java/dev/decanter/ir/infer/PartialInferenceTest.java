package dev.decanter.ir.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * What is inferred from partial shapes and bounds of values must admit what is inferred from any sizes and values within
 * them; and inference may refuse the former only if it refuses the latter.
 */
class PartialInferenceTest {
    /** A number with an interval around it; the flags say on which sides the interval has no end. */
    record Known(long value, long below, long above, boolean openBelow, boolean openAbove) {
        long low(long least) {
            return openBelow ? least : Math.max(least == Long.MIN_VALUE ? value - below : least, value - below);
        }

        long high() {
            return openAbove ? Long.MAX_VALUE : value + above;
        }
    }

    @Provide
    Arbitrary<Known> sizes() {
        return known(Arbitraries.longs().between(0, 6));
    }

    @Provide
    Arbitrary<Known> limits() {
        return known(Arbitraries.longs().between(-7, 7));
    }

    private static Arbitrary<Known> known(Arbitrary<Long> values) {
        Arbitrary<Long> slack = Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.just(0L)),
                Tuple.of(1, Arbitraries.longs().between(1, 3)));
        Arbitrary<Boolean> open = Arbitraries.frequency(Tuple.of(4, false), Tuple.of(1, true));
        return Combinators.combine(values, slack, slack, open, open).as(Known::new);
    }

    private static InputSpec exactShape(Known... dims) {
        long[] sizes = Arrays.stream(dims).mapToLong(Known::value).toArray();
        return new InputSpec(ElementType.F32, PartialShape.of(sizes), Optional.empty());
    }

    private static InputSpec partialShape(Known... dims) {
        List<Dimension> list = new ArrayList<>();
        for (Known dim : dims) {
            list.add(new Dimension(dim.low(0), dim.high()));
        }
        return new InputSpec(ElementType.F32, PartialShape.of(list), Optional.empty());
    }

    private static InputSpec exactValues(Known... values) {
        long[] list = Arrays.stream(values).mapToLong(Known::value).toArray();
        return values(ValueBounds.exactly(list));
    }

    private static InputSpec boundedValues(Known... values) {
        long[] low = Arrays.stream(values).mapToLong(v -> v.low(Long.MIN_VALUE)).toArray();
        long[] high = Arrays.stream(values).mapToLong(Known::high).toArray();
        return values(ValueBounds.between(low, high));
    }

    private static InputSpec values(ValueBounds bounds) {
        return new InputSpec(ElementType.I64, PartialShape.of(bounds.size()), Optional.of(bounds));
    }

    private static InputSpec constant(long... values) {
        return values(ValueBounds.exactly(values));
    }

    private static InputSpec scalar(long value) {
        return InputSpec.of(ElementType.I64, Shape.SCALAR, value);
    }

    private static void check(Op op, List<InputSpec> exact, List<InputSpec> partial) {
        List<OutputSpec> sure;
        try {
            sure = ShapeInference.inferSpecs(op, "x", exact);
        } catch (IrException _) {
            return;
        }
        List<OutputSpec> vague = ShapeInference.inferSpecs(op, "x", partial);
        assertThat(vague).hasSameSizeAs(sure);
        for (int i = 0; i < sure.size(); i++) {
            assertThat(sure.get(i).shape().isStatic())
                    .as("static shapes give static shapes")
                    .isTrue();
            assertThat(vague.get(i).shape().admits(sure.get(i).shape().toShape()))
                    .as("%s of %s is %s, of %s %s", op, exact, sure, partial, vague)
                    .isTrue();
        }
    }

    @Property
    void slice(
            @ForAll("sizes") Known size,
            @ForAll("limits") Known start,
            @ForAll("limits") Known stop,
            @ForAll("limits") Known step) {
        InputSpec by = constant(step.value());
        check(
                new ShapeOp.Slice(),
                List.of(exactShape(size), exactValues(start), exactValues(stop), by),
                List.of(partialShape(size), boundedValues(start), boundedValues(stop), by));
        check(
                new ShapeOp.StridedSlice(List.of(0L), List.of(0L), List.of(), List.of(), List.of()),
                List.of(exactShape(size), exactValues(start), exactValues(stop), by),
                List.of(partialShape(size), boundedValues(start), boundedValues(stop), by));
    }

    /** The specification, step by step. */
    @Property
    void sliceTakesAsManyAsSteppingThroughDoes(
            @ForAll("sizes") Known size,
            @ForAll("limits") Known start,
            @ForAll("limits") Known stop,
            @ForAll("limits") Known step) {
        long n = size.value();
        long by = step.value();
        if (by == 0) {
            return;
        }
        long from = start.value() < 0 ? start.value() + n : start.value();
        long to = stop.value() < 0 ? stop.value() + n : stop.value();
        from = by > 0 ? Math.clamp(from, 0, n) : Math.clamp(from, -1, n - 1);
        to = by > 0 ? Math.clamp(to, 0, n) : Math.clamp(to, -1, n - 1);
        long count = 0;
        for (long at = from; by > 0 ? at < to : at > to; at += by) {
            count++;
        }
        assertThat(SliceLength.length(n, start.value(), stop.value(), by)).isEqualTo(count);
    }

    @Property
    void reshape(
            @ForAll("sizes") Known a,
            @ForAll("sizes") Known b,
            @ForAll("limits") Known first,
            @ForAll("limits") Known second,
            @ForAll boolean specialZero) {
        check(
                new ShapeOp.Reshape(specialZero),
                List.of(exactShape(a, b), exactValues(first, second)),
                List.of(partialShape(a, b), boundedValues(first, second)));
    }

    @Property
    void reshapeToTheSameNumberOfElements(
            @ForAll("sizes") Known a, @ForAll("sizes") Known b, @ForAll("sizes") Known c, @ForAll boolean specialZero) {
        Known swapped = new Known(-1, 0, 0, false, false);
        check(
                new ShapeOp.Reshape(specialZero),
                List.of(exactShape(a, b, c), exactValues(b, swapped, c)),
                List.of(partialShape(a, b, c), boundedValues(b, swapped, c)));
    }

    @Property
    void broadcasting(
            @ForAll("sizes") Known a, @ForAll("sizes") Known b, @ForAll("sizes") Known c, @ForAll("sizes") Known d) {
        check(
                new BinaryOp.Add(),
                List.of(exactShape(a, b), exactShape(c, d)),
                List.of(partialShape(a, b), partialShape(c, d)));
        check(
                new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL),
                List.of(exactShape(a, b), exactValues(c, d)),
                List.of(partialShape(a, b), boundedValues(c, d)));
        check(
                new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY),
                List.of(exactShape(b), exactValues(c, d)),
                List.of(partialShape(b), boundedValues(c, d)));
        check(
                new ShapeOp.Tile(),
                List.of(exactShape(a, b), exactValues(c)),
                List.of(partialShape(a, b), boundedValues(c)));
    }

    @Property
    void products(
            @ForAll("sizes") Known a, @ForAll("sizes") Known b, @ForAll("sizes") Known c, @ForAll("sizes") Known d) {
        check(
                new NeuralOp.MatMul(false, true),
                List.of(exactShape(a, b, c), exactShape(d, c)),
                List.of(partialShape(a, b, c), partialShape(d, c)));
        check(
                new NeuralOp.ScaledDotProductAttention(false),
                List.of(exactShape(a, b, c), exactShape(a, d, c), exactShape(a, d, b)),
                List.of(partialShape(a, b, c), partialShape(a, d, c), partialShape(a, d, b)));
        check(
                new NeuralOp.Convolution(List.of(2L), List.of(1L), List.of(0L), List.of(2L), NeuralOp.AutoPad.EXPLICIT),
                List.of(exactShape(a, b, c), exactShape(d, b, a)),
                List.of(partialShape(a, b, c), partialShape(d, b, a)));
    }

    @Property
    void cutsAndPads(
            @ForAll("sizes") Known a, @ForAll("sizes") Known b, @ForAll("limits") Known c, @ForAll("limits") Known d) {
        check(
                new ShapeOp.Pad(ShapeOp.PadMode.CONSTANT),
                List.of(exactShape(a), exactValues(c), exactValues(d)),
                List.of(partialShape(a), boundedValues(c), boundedValues(d)));
        check(
                new ShapeOp.Pad(ShapeOp.PadMode.REFLECT),
                List.of(exactShape(a), exactValues(c), exactValues(d)),
                List.of(partialShape(a), boundedValues(c), boundedValues(d)));
        check(
                new ShapeOp.VariadicSplit(),
                List.of(exactShape(a), scalar(0), exactValues(c, d)),
                List.of(partialShape(a), scalar(0), boundedValues(c, d)));
        check(new ShapeOp.Split(2), List.of(exactShape(a, b), scalar(1)), List.of(partialShape(a, b), scalar(1)));
        check(
                new ShapeOp.Concat(1),
                List.of(exactShape(a, b), exactShape(a, a)),
                List.of(partialShape(a, b), partialShape(a, a)));
        check(new ShapeOp.Squeeze(), List.of(exactShape(a, b)), List.of(partialShape(a, b)));
        check(
                new ReduceOp.ReduceMean(false),
                List.of(exactShape(a, b), exactValues(c)),
                List.of(partialShape(a, b), boundedValues(c)));
        check(
                new GatherScatterOp.TopK(
                        0, GatherScatterOp.TopKMode.MAX, GatherScatterOp.TopKSort.NONE, ElementType.I32, false),
                List.of(exactShape(a), exactValues(c)),
                List.of(partialShape(a), boundedValues(c)));
    }

    private static final List<BinaryOp> INTEGER_OPS = List.of(
            new BinaryOp.Add(),
            new BinaryOp.Subtract(),
            new BinaryOp.Multiply(),
            new BinaryOp.Divide(),
            new BinaryOp.Divide(AutoBroadcast.NUMPY, false),
            new BinaryOp.Maximum(),
            new BinaryOp.Minimum(),
            new BinaryOp.Mod(),
            new BinaryOp.FloorMod(),
            new BinaryOp.Equal(),
            new BinaryOp.NotEqual(),
            new BinaryOp.Less(),
            new BinaryOp.LessEqual(),
            new BinaryOp.Greater(),
            new BinaryOp.GreaterEqual());

    @Property
    void intervalArithmetic(@ForAll("limits") Known a, @ForAll("limits") Known b) {
        for (BinaryOp op : INTEGER_OPS) {
            ValueBounds sure = IntervalArithmetic.binary(op, bounds(exactValues(a)), bounds(exactValues(b)));
            ValueBounds vague = IntervalArithmetic.binary(op, bounds(boundedValues(a)), bounds(boundedValues(b)));
            if (sure != null && vague != null && sure.isExact()) {
                assertThat(vague.lower(0)).as("%s of %s and %s", op, a, b).isLessThanOrEqualTo(sure.lower(0));
                assertThat(vague.upper(0)).as("%s of %s and %s", op, a, b).isGreaterThanOrEqualTo(sure.upper(0));
            }
        }
    }

    private static ValueBounds bounds(InputSpec spec) {
        return spec.value().orElseThrow();
    }
}
