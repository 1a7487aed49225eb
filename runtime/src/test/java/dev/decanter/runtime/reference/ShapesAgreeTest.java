package dev.decanter.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.Shape;
import dev.decanter.ir.infer.InputSpec;
import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What evaluators give has the type and the shape that shape inference says, for random shapes and attributes. */
class ShapesAgreeTest {
    private record Case(Op op, List<Tensor> inputs) {
        static Case of(Op op, Tensor... inputs) {
            return new Case(op, List.of(inputs));
        }
    }

    @FunctionalInterface
    private interface Maker {
        Case make(Random random);
    }

    private static final List<ElementType> NUMBERS =
            List.copyOf(EnumSet.range(ElementType.BOOLEAN, ElementType.F8E8M0));

    private static final List<Maker> MAKERS = List.of(
            r -> Case.of(new UnaryOp.Gelu(UnaryOp.GeluMode.ERF), tensor(r, dims(r, 0, 4))),
            r -> Case.of(new ShapeOp.Convert(any(r, NUMBERS)), tensor(r, dims(r, 0, 3))),
            ShapesAgreeTest::binary,
            ShapesAgreeTest::reduce,
            ShapesAgreeTest::reshape,
            ShapesAgreeTest::squeeze,
            r -> Case.of(new ShapeOp.Unsqueeze(), tensor(r, dims(r, 2, 3)), longs(r.nextInt(2), -1 - r.nextInt(2))),
            ShapesAgreeTest::transpose,
            ShapesAgreeTest::concat,
            ShapesAgreeTest::split,
            ShapesAgreeTest::variadicSplit,
            ShapesAgreeTest::slice,
            ShapesAgreeTest::stridedSlice,
            ShapesAgreeTest::broadcast,
            ShapesAgreeTest::tile,
            ShapesAgreeTest::pad,
            r -> Case.of(
                    new ShapeOp.Range(r.nextBoolean() ? ElementType.I32 : ElementType.F32),
                    scalar(r.nextInt(20) - 10),
                    scalar(r.nextInt(20) - 10),
                    scalar(r.nextBoolean() ? 1 + r.nextInt(4) : -1 - r.nextInt(4))),
            ShapesAgreeTest::select,
            r -> Case.of(new ShapeOp.NonZero(ElementType.I32), tensor(r, dims(r, 1, 3))),
            r -> Case.of(new ShapeOp.CumSum(r.nextBoolean(), r.nextBoolean()), tensor(r, dims(r, 2, 3)), scalar(-1)),
            r -> Case.of(
                    new ShapeOp.OneHot(r.nextInt(2)),
                    longs(1, 2, 3),
                    scalar(r.nextInt(5)),
                    Evaluated.f32(Shape.SCALAR, 1),
                    Evaluated.f32(Shape.SCALAR, 0)),
            r -> Case.of(new ShapeOp.ShapeOf(ElementType.I32), tensor(r, dims(r, 0, 4))),
            ShapesAgreeTest::gather,
            ShapesAgreeTest::gatherNd,
            r -> Case.of(new GatherScatterOp.GatherElements(1), tensor(r, 2, 3, 2), indices(r, 3, 2, r.nextInt(4), 2)),
            r -> Case.of(
                    new GatherScatterOp.ScatterUpdate(), tensor(r, 3, 4), indices(r, 3, 2), tensor(r, 2, 4), scalar(0)),
            r -> Case.of(
                    new GatherScatterOp.ScatterNDUpdate(GatherScatterOp.Reduction.SUM),
                    tensor(r, 3, 4),
                    indices(r, 3, 5, 1),
                    tensor(r, 5, 4)),
            r -> Case.of(
                    new GatherScatterOp.ScatterElementsUpdate(GatherScatterOp.Reduction.MEAN, r.nextBoolean()),
                    tensor(r, 3, 4),
                    indices(r, 3, 2, 2),
                    tensor(r, 2, 2),
                    scalar(r.nextInt(2))),
            r -> Case.of(
                    new GatherScatterOp.TopK(
                            1,
                            GatherScatterOp.TopKMode.MIN,
                            GatherScatterOp.TopKSort.INDEX,
                            ElementType.I32,
                            r.nextBoolean()),
                    tensor(r, 2, 5),
                    scalar(r.nextInt(6))),
            ShapesAgreeTest::matMul,
            r -> Case.of(new NeuralOp.Softmax(-1), tensor(r, dims(r, 1, 4))),
            r -> Case.of(
                    new NeuralOp.Mvn(true, 1e-5, NeuralOp.EpsMode.INSIDE_SQRT), tensor(r, dims(r, 2, 4)), longs(-1)),
            ShapesAgreeTest::attention,
            ShapesAgreeTest::convolution,
            ShapesAgreeTest::groupConvolution,
            r -> Case.of(
                    new NeuralOp.FakeQuantize(16, AutoBroadcast.NUMPY),
                    tensor(r, 2, 3, 4),
                    tensor(r, 3, 1),
                    tensor(r),
                    tensor(r, 1),
                    tensor(r, 1, 1, 4)),
            r -> Case.of(
                    new NeuralOp.FakeConvert(ElementType.F8E4M3),
                    tensor(r, 2, 3, 4),
                    tensor(r, 3, 1),
                    tensor(r, 3, 1)));

    @Property(tries = 2000)
    void evaluatesToTheInferredShapes(@ForAll long seed) {
        Random random = new Random(seed);
        Case made = any(random, MAKERS).make(random);
        List<InputSpec> specs = new ArrayList<>();
        int[] needed = ShapeInference.valueInputs(made.op);
        for (int i = 0; i < made.inputs.size(); i++) {
            Tensor input = made.inputs.get(i);
            int index = i;
            boolean value = IntStream.of(needed).anyMatch(n -> n == index)
                    && input.elementType().isInteger();
            specs.add(
                    value
                            ? InputSpec.of(input.elementType(), input.shape(), Values.longs(input, "input"))
                            : InputSpec.of(input.elementType(), input.shape()));
        }
        List<OutputSpec> expected = ShapeInference.inferSpecs(made.op, "layer", specs);
        List<Tensor> outputs = Evaluated.all(made.op, made.inputs.toArray(Tensor[]::new));
        assertThat(outputs).hasSameSizeAs(expected);
        for (int i = 0; i < outputs.size(); i++) {
            String what = made.op + " of " + made.inputs;
            assertThat(outputs.get(i).elementType())
                    .as(what)
                    .isEqualTo(expected.get(i).elementType());
            if (made.op instanceof ShapeOp.NonZero) {
                assertThat(expected.get(i).shape().admits(outputs.get(i).shape()))
                        .as(what)
                        .isTrue();
            } else {
                assertThat(expected.get(i).shape().toShape())
                        .as(what)
                        .isEqualTo(outputs.get(i).shape());
            }
        }
    }

    private static <T> T any(Random random, List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static long[] dims(Random random, int leastRank, int mostRank) {
        return LongStream.range(0, leastRank + random.nextInt(mostRank - leastRank + 1))
                .map(_ -> random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(4))
                .toArray();
    }

    private static Tensor tensor(Random random, long... dims) {
        Tensor out = Evaluated.iota(dims);
        Elements to = Elements.of(out);
        for (long i = 0; i < out.shape().elements(); i++) {
            to.putDouble(i, random.nextInt(9) - 4);
        }
        return out;
    }

    private static Tensor longs(long... values) {
        return Evaluated.i64(values);
    }

    private static Tensor scalar(long value) {
        return Evaluated.scalar(value);
    }

    private static Tensor indices(Random random, int bound, long... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.ofLongs(shape, random.longs(shape.elements(), 0, bound).toArray());
    }

    /** Some dimensions of {@code dims} become 1, and some in front go. */
    private static long[] repeated(Random random, long[] dims) {
        int gone = random.nextInt(dims.length + 1);
        return Arrays.stream(Arrays.copyOfRange(dims, gone, dims.length))
                .map(d -> random.nextBoolean() ? 1 : d)
                .toArray();
    }

    private static Case binary(Random random) {
        long[] dims = dims(random, 1, 4);
        Tensor a = tensor(random, dims);
        Tensor b = tensor(random, repeated(random, dims));
        Op op = random.nextBoolean() ? new BinaryOp.Add() : new BinaryOp.LessEqual();
        return random.nextBoolean() ? Case.of(op, a, b) : Case.of(op, b, a);
    }

    private static Case reduce(Random random) {
        long[] dims = dims(random, 1, 4);
        long[] axes = LongStream.range(0, dims.length)
                .filter(_ -> random.nextBoolean())
                .map(a -> random.nextBoolean() ? a : a - dims.length)
                .toArray();
        return Case.of(new ReduceOp.ReduceSum(random.nextBoolean()), tensor(random, dims), longs(axes));
    }

    private static Case reshape(Random random) {
        long[] dims = dims(random, 1, 4);
        Tensor data = tensor(random, dims);
        long elements = data.shape().elements();
        if (random.nextBoolean()) {
            return Case.of(new ShapeOp.Reshape(elements > 0 && random.nextBoolean()), data, longs(elements, 1));
        }
        long[] kept = Arrays.copyOf(new long[dims.length], dims.length);
        kept[random.nextInt(kept.length)] = Arrays.stream(dims).anyMatch(d -> d == 0) ? 0 : -1;
        return Case.of(new ShapeOp.Reshape(true), data, longs(kept));
    }

    private static Case squeeze(Random random) {
        Tensor data = tensor(random, 1, 1 + random.nextInt(3), 1, 3);
        return switch (random.nextInt(3)) {
            case 0 -> Case.of(new ShapeOp.Squeeze(), data);
            case 1 -> Case.of(new ShapeOp.Squeeze(), data, longs(random.nextInt(4), -2));
            default -> Case.of(new ShapeOp.SqueezeV15(random.nextBoolean()), data, longs(random.nextInt(4)));
        };
    }

    private static Case transpose(Random random) {
        long[] dims = dims(random, 1, 4);
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, dims.length).boxed().toList());
        java.util.Collections.shuffle(order, random);
        long[] given = random.nextInt(4) == 0
                ? new long[0]
                : order.stream().mapToLong(Integer::longValue).toArray();
        return Case.of(new ShapeOp.Transpose(), tensor(random, dims), longs(given));
    }

    private static Case concat(Random random) {
        long[] dims = dims(random, 1, 4);
        int axis = random.nextInt(dims.length);
        List<Tensor> parts = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(4); i++) {
            dims[axis] = random.nextInt(4);
            parts.add(tensor(random, dims));
        }
        return new Case(new ShapeOp.Concat(random.nextBoolean() ? axis : axis - dims.length), parts);
    }

    private static Case split(Random random) {
        int parts = 1 + random.nextInt(3);
        return Case.of(
                new ShapeOp.Split(parts), tensor(random, 2, parts * 2L, 3), scalar(random.nextBoolean() ? 1 : -2));
    }

    private static Case variadicSplit(Random random) {
        long first = random.nextInt(5);
        long second = random.nextBoolean() ? -1 : 6 - first;
        return Case.of(new ShapeOp.VariadicSplit(), tensor(random, 2, 6), scalar(1), longs(first, second));
    }

    private static long bound(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> Long.MAX_VALUE;
            case 1 -> Long.MIN_VALUE;
            default -> random.nextInt(13) - 6;
        };
    }

    private static long step(Random random) {
        long step = 1L + random.nextInt(3);
        return random.nextBoolean() ? step : -step;
    }

    private static Case slice(Random random) {
        return Case.of(
                new ShapeOp.Slice(),
                tensor(random, dims(random, 3, 4)),
                longs(bound(random), bound(random)),
                longs(bound(random), bound(random)),
                longs(step(random), step(random)),
                longs(-1, 0));
    }

    private static List<Long> mask(Random random, int size, int oneIn) {
        return LongStream.range(0, size)
                .map(_ -> random.nextInt(oneIn) == 0 ? 1 : 0)
                .boxed()
                .toList();
    }

    private static Case stridedSlice(Random random) {
        long[] dims = LongStream.range(0, 4).map(_ -> 1 + random.nextInt(4)).toArray();
        int used = 1 + random.nextInt(4);
        List<Long> shrink = mask(random, used, 4);
        List<Long> ellipsis = new ArrayList<>(java.util.Collections.nCopies(used, 0L));
        if (random.nextBoolean()) {
            ellipsis.set(random.nextInt(used), 1L);
        }
        long[] begin = new long[used];
        long[] end = new long[used];
        long[] stride = new long[used];
        for (int i = 0; i < used; i++) {
            begin[i] = shrink.get(i) == 1 ? 0 : bound(random);
            end[i] = shrink.get(i) == 1 ? 1 : bound(random);
            stride[i] = shrink.get(i) == 1 ? 1 : step(random);
        }
        return Case.of(
                new ShapeOp.StridedSlice(
                        mask(random, used, 3), mask(random, used, 3), mask(random, used, 4), shrink, ellipsis),
                tensor(random, dims),
                longs(begin),
                longs(end),
                longs(stride));
    }

    private static Case broadcast(Random random) {
        long[] target = dims(random, 1, 4);
        long[] from = repeated(random, target);
        return random.nextBoolean()
                ? Case.of(
                        new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), tensor(random, target), longs(from))
                : Case.of(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), tensor(random, from), longs(target));
    }

    private static Case tile(Random random) {
        long[] repeats = LongStream.range(0, 1 + random.nextInt(4))
                .map(_ -> random.nextInt(3))
                .toArray();
        return Case.of(new ShapeOp.Tile(), tensor(random, dims(random, 0, 3)), longs(repeats));
    }

    private static Case pad(Random random) {
        return Case.of(
                new ShapeOp.Pad(random.nextBoolean() ? ShapeOp.PadMode.CONSTANT : ShapeOp.PadMode.EDGE),
                tensor(random, 2, 3),
                longs(random.nextInt(3) - 1, random.nextInt(3)),
                longs(random.nextInt(3), random.nextInt(3) - 1));
    }

    private static Case select(Random random) {
        long[] dims = dims(random, 1, 3);
        Tensor condition = Evaluated.converted(tensor(random, repeated(random, dims)), ElementType.BOOLEAN);
        return Case.of(new ShapeOp.Select(), condition, tensor(random, dims), tensor(random, repeated(random, dims)));
    }

    private static Case gather(Random random) {
        if (random.nextBoolean()) {
            return Case.of(
                    new GatherScatterOp.Gather(1),
                    tensor(random, 2, 3, 4),
                    indices(random, 3, 2, random.nextInt(3), 2),
                    scalar(random.nextBoolean() ? 1 : -1));
        }
        return Case.of(
                new GatherScatterOp.Gather(0),
                tensor(random, dims(random, 2, 4)),
                indices(random, 3, dims(random, 0, 3)),
                scalar(random.nextInt(2)));
    }

    private static Case gatherNd(Random random) {
        int batch = random.nextInt(2);
        Op op = random.nextBoolean() ? new GatherScatterOp.GatherND(batch) : new GatherScatterOp.GatherNDV5(batch);
        return Case.of(op, tensor(random, 2, 2, 2, 3), indices(random, 2, 2, 4, 1 + random.nextInt(3)));
    }

    private static Case matMul(Random random) {
        long inner = random.nextInt(4);
        boolean transposeA = random.nextBoolean();
        boolean transposeB = random.nextBoolean();
        long[] batch = dims(random, 0, 2);
        long rows = 1L + random.nextInt(3);
        long columns = random.nextInt(3);
        Tensor a = random.nextInt(5) == 0
                ? tensor(random, inner)
                : tensor(random, append(repeated(random, batch), transposeA ? inner : rows, transposeA ? rows : inner));
        Tensor b = random.nextInt(5) == 0
                ? tensor(random, inner)
                : tensor(random, append(batch, transposeB ? columns : inner, transposeB ? inner : columns));
        return Case.of(new NeuralOp.MatMul(transposeA, transposeB), a, b);
    }

    private static long[] append(long[] dims, long... more) {
        return LongStream.concat(LongStream.of(dims), LongStream.of(more)).toArray();
    }

    private static Case attention(Random random) {
        long queries = 1L + random.nextInt(3);
        long keys = random.nextInt(4);
        Tensor q = tensor(random, 2, 3, queries, 4);
        Tensor k = tensor(random, 2, random.nextBoolean() ? 3 : 1, keys, 4);
        Tensor v = tensor(random, random.nextBoolean() ? 2 : 1, 3, keys, 5);
        Op op = new NeuralOp.ScaledDotProductAttention(random.nextBoolean());
        return random.nextBoolean() ? Case.of(op, q, k, v) : Case.of(op, q, k, v, tensor(random, 2, 1, queries, keys));
    }

    private static List<Long> pair(Random random, int least, int most) {
        return List.of(
                (long) least + random.nextInt(most - least + 1), (long) least + random.nextInt(most - least + 1));
    }

    private static NeuralOp.AutoPad autoPad(Random random) {
        return any(random, List.of(NeuralOp.AutoPad.values()));
    }

    private static Case convolution(Random random) {
        Op op = new NeuralOp.Convolution(
                pair(random, 1, 2), pair(random, 0, 2), pair(random, 0, 2), pair(random, 1, 2), autoPad(random));
        return Case.of(
                op,
                tensor(random, 1 + random.nextInt(2), 2, 5, 6),
                tensor(random, 3, 2, 1 + random.nextInt(3), 1 + random.nextInt(3)));
    }

    private static Case groupConvolution(Random random) {
        Op op = new NeuralOp.GroupConvolution(
                pair(random, 1, 3), pair(random, 0, 2), pair(random, 0, 2), pair(random, 1, 2), autoPad(random));
        return Case.of(
                op, tensor(random, 1, 4, 6, 5), tensor(random, 2, 3, 2, 1 + random.nextInt(3), 1 + random.nextInt(3)));
    }
}
