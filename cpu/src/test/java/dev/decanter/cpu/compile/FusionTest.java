package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each fusion fires on the graph it is for, and what it makes computes what REFERENCE does. */
class FusionTest {
    private static final Map<String, String> EXACT_CACHE =
            Map.of("INFERENCE_NUM_THREADS", "2", "KV_CACHE_PRECISION", "f32");
    private final Core core = Core.create();
    private final Random random = new Random(3);

    private static List<String> fused(Model model) {
        try (Arena arena = Arena.ofConfined()) {
            return CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder().stream()
                    .map(n -> n.op())
                    .filter(FusedOp.class::isInstance)
                    .map(Op::type)
                    .toList();
        }
    }

    /** Runs all inputs in turn on both devices and compares the outputs of each turn. */
    private void sameOnBoth(Model model, List<Map<String, Tensor>> turns) {
        try (CompiledModel cpu = core.compileModel(model, "CPU", EXACT_CACHE);
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            for (Map<String, Tensor> turn : turns) {
                turn.forEach(fast::setTensor);
                turn.forEach(slow::setTensor);
                fast.infer();
                slow.infer();
                for (int i = 0; i < slow.outputs().size(); i++) {
                    same(fast.outputs().get(i), slow.outputs().get(i));
                }
            }
        }
    }

    private static void same(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.elementType()).isEqualTo(expected.elementType());
        if (expected.elementType() != ElementType.F32) {
            assertThat(actual.toLongs()).isEqualTo(expected.toLongs());
            return;
        }
        float[] a = actual.toFloats();
        float[] e = expected.toFloats();
        for (int i = 0; i < e.length; i++) {
            assertThat(a[i]).isCloseTo(e[i], within(2e-5f * Math.max(1, Math.abs(e[i]))));
        }
    }

    private Tensor noise(long... dims) {
        return Graph.noise(random, Shape.of(dims));
    }

    private static Output rmsNorm(Graph g, Output x, int k, boolean swapped) {
        Output square = g.op(new BinaryOp.Power(), x, g.floats(Shape.of(1, 1, 1), 2));
        Output mean = g.op(new ReduceOp.ReduceMean(true), square, g.longs(-1));
        Output root = g.op(new UnaryOp.Sqrt(), g.op(new BinaryOp.Add(), mean, g.floats(Shape.of(1, 1, 1), 1e-5f)));
        Output inverse = g.op(new BinaryOp.Divide(), g.floats(Shape.of(1, 1, 1), 1), root);
        Output normed = swapped ? g.op(new BinaryOp.Multiply(), inverse, x) : g.op(new BinaryOp.Multiply(), x, inverse);
        return g.op(new BinaryOp.Multiply(), g.noise(1, 1, k), normed);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 16, 33, 130})
    void rmsNorm(int k) {
        for (boolean swapped : new boolean[] {false, true}) {
            Model model = Graph.of(g -> g.result(rmsNorm(g, g.input("x", -1, -1, k), k, swapped)));
            assertThat(fused(model)).containsExactly("RmsNorm");
            sameOnBoth(model, List.of(Map.of("x", noise(2, 3, k)), Map.of("x", noise(1, 1, k))));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 67})
    void layerNorm(int k) {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, k);
            Output norm = g.op(new NeuralOp.Mvn(true, 1e-5, NeuralOp.EpsMode.INSIDE_SQRT), x, g.longs(-1));
            Output scaled = g.op(new BinaryOp.Multiply(), norm, g.noise(1, 1, k));
            g.result(g.op(new BinaryOp.Add(), scaled, g.noise(1, 1, k)));
        });
        assertThat(fused(model)).containsExactly("LayerNorm");
        sameOnBoth(model, List.of(Map.of("x", noise(2, 3, k))));
    }

    private static Output rotary(Graph g, Output x, Output cos, Output sin, int d, boolean strided) {
        Output low = slice(g, x, 0, d / 2, strided);
        Output high = slice(g, x, d / 2, d, strided);
        Output negative = g.op(new BinaryOp.Multiply(), high, g.floats(Shape.of(1, 1, 1, 1), -1));
        Output rotated = g.op(new ShapeOp.Concat(-1), negative, low);
        return g.op(
                new BinaryOp.Add(), g.op(new BinaryOp.Multiply(), x, cos), g.op(new BinaryOp.Multiply(), rotated, sin));
    }

    private static Output slice(Graph g, Output x, long from, long to, boolean strided) {
        if (!strided) {
            return g.op(new ShapeOp.Slice(), x, g.longs(from), g.longs(to), g.longs(1), g.longs(3));
        }
        List<Long> mask = List.of(1L, 1L, 1L, 0L);
        var op = new ShapeOp.StridedSlice(mask, mask, List.of(), List.of(), List.of());
        return g.op(op, x, g.longs(0, 0, 0, from), g.longs(0, 0, 0, to), g.longs(1, 1, 1, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 14, 32, 64})
    void rotary(int d) {
        for (boolean strided : new boolean[] {false, true}) {
            Model model = Graph.of(g -> {
                Output x = g.input("x", -1, 3, -1, d);
                Output angle = g.input("angle", -1, 1, -1, d);
                g.result(rotary(g, x, g.op(new UnaryOp.Cos(), angle), g.op(new UnaryOp.Sin(), angle), d, strided));
            });
            assertThat(fused(model)).containsExactly("Rotary");
            sameOnBoth(
                    model,
                    List.of(
                            Map.of("x", noise(2, 3, 5, d), "angle", noise(2, 1, 5, d)),
                            Map.of("x", noise(2, 3, 1, d), "angle", noise(1, 1, 1, d))));
        }
    }

    @Test
    void rotaryIsNotMistakenForAnotherSlicing() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, 3, -1, 8);
            Output angle = g.input("angle", -1, 1, -1, 8);
            Output negative =
                    g.op(new BinaryOp.Multiply(), slice(g, x, 3, 7, false), g.floats(Shape.of(1, 1, 1, 1), -1));
            Output rotated = g.op(new ShapeOp.Concat(-1), negative, slice(g, x, 0, 4, false));
            g.result(g.op(
                    new BinaryOp.Add(),
                    g.op(new BinaryOp.Multiply(), x, g.op(new UnaryOp.Cos(), angle)),
                    g.op(new BinaryOp.Multiply(), rotated, g.op(new UnaryOp.Sin(), angle))));
        });
        assertThat(fused(model)).isEmpty();
        sameOnBoth(model, List.of(Map.of("x", noise(2, 3, 5, 8), "angle", noise(1, 1, 5, 8))));
    }

    @Test
    void swishMultiplyAndBias() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, 13);
            Output gate = g.op(new NeuralOp.MatMul(false, true), x, g.noise(37, 13));
            Output up = g.op(
                    new BinaryOp.Add(), g.noise(1, 1, 37), g.op(new NeuralOp.MatMul(false, false), x, g.noise(13, 37)));
            g.result(g.op(new BinaryOp.Multiply(), g.op(new UnaryOp.Swish(), gate), up));
        });
        assertThat(fused(model)).containsExactlyInAnyOrder("Linear", "Linear", "SwishMultiply");
        sameOnBoth(model, List.of(Map.of("x", noise(1, 1, 13)), Map.of("x", noise(2, 40, 13))));
    }

    /** NNCF's grouped 4-bit weights, both orientations, with and without zero point. */
    @ParameterizedTest
    @ValueSource(strings = {"u4 zero", "i4", "u8 zero", "i8"})
    void compressedWeights(String kind) {
        ElementType type = ElementType.fromIrName(kind.substring(0, 2));
        boolean grouped = type.bits() == 4;
        int n = 24;
        int k = 64;
        int groups = grouped ? 4 : 1;
        for (boolean inputMajor : new boolean[] {false, true}) {
            Shape stored = !grouped
                    ? (inputMajor ? Shape.of(k, n) : Shape.of(n, k))
                    : (inputMajor ? Shape.of(groups, k / groups, n) : Shape.of(n, groups, k / groups));
            Shape entries = !grouped
                    ? (inputMajor ? Shape.of(1, n) : Shape.of(n, 1))
                    : (inputMajor ? Shape.of(groups, 1, n) : Shape.of(n, groups, 1));
            Model model = Graph.of(g -> {
                Output x = g.input("x", -1, -1, k);
                Output w = g.op(new ShapeOp.Convert(ElementType.F16), g.constant(bytes(type, stored)));
                if (kind.endsWith("zero")) {
                    Output zero = g.op(new ShapeOp.Convert(ElementType.F16), g.constant(bytes(type, entries)));
                    w = g.op(new BinaryOp.Subtract(), w, zero);
                }
                w = g.op(new BinaryOp.Multiply(), w, g.constant(halves(entries)));
                if (grouped) {
                    w = g.op(new ShapeOp.Reshape(false), w, inputMajor ? g.longs(k, n) : g.longs(n, k));
                }
                w = g.op(new ShapeOp.Convert(ElementType.F32), w);
                g.result(g.op(new NeuralOp.MatMul(false, !inputMajor), x, w));
                if (!inputMajor) {
                    g.result(g.op(new GatherScatterOp.Gather(0), w, g.input("ids", ElementType.I64, -1), g.scalar(0)));
                }
            });
            assertThat(fused(model)).contains("Linear").hasSize(inputMajor ? 1 : 2);
            Tensor ids = Tensor.ofLongs(Shape.of(3), 5, 0, 23);
            sameOnBoth(
                    model,
                    Stream.of(1, 2, 9)
                            .map(rows -> inputMajor
                                    ? Map.of("x", noise(1, rows, k))
                                    : Map.of("x", noise(1, rows, k), "ids", ids))
                            .toList());
        }
    }

    private Tensor bytes(ElementType type, Shape shape) {
        byte[] bytes = new byte[(int) type.byteSize(shape.elements())];
        random.nextBytes(bytes);
        return Tensor.of(type, shape, Arena.ofAuto().allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes)));
    }

    private Tensor halves(Shape shape) {
        short[] halves = new short[(int) shape.elements()];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = Float.floatToFloat16(0.01f + 0.02f * random.nextFloat());
        }
        return Tensor.of(
                ElementType.F16,
                shape,
                Arena.ofAuto().allocate(2L * halves.length, 2).copyFrom(MemorySegment.ofArray(halves)));
    }

    @Test
    void attentionWithCache() {
        for (int[] size : new int[][] {{4, 4, 8}, {4, 2, 8}, {6, 1, 5}, {9, 3, 16}, {2, 2, 64}}) {
            Model model = DecoderGraph.of(size[0], size[1], size[2], true);
            assertThat(fused(model)).containsExactlyInAnyOrder("Attention", "CacheAppend", "CacheAppend");
            sameOnBoth(
                    model,
                    List.of(turn(size, 2, 5, 5), turn(size, 2, 1, 6), turn(size, 2, 70, 76), turn(size, 2, 1, 77)));
        }
    }

    private Map<String, Tensor> turn(int[] size, int batch, int steps, int total, int... beams) {
        Tensor mask = noise(batch, 1, steps, total);
        int[] order = beams.length > 0
                ? beams
                : java.util.stream.IntStream.range(0, batch).toArray();
        return Map.of(
                "q", noise(batch, size[0], steps, size[2]),
                "k", noise(batch, size[1], steps, size[2]),
                "v", noise(batch, size[1], steps, size[2]),
                "beam_idx", Tensor.ofInts(Shape.of(order.length), order),
                "mask", mask);
    }

    @Test
    void aMaskOfOneNumberForAllKeysIsNotFused() {
        for (Shape shape : List.of(Shape.SCALAR, Shape.of(1, 1, 3, 1))) {
            Model model = Graph.of(g -> {
                Output q = g.input("q", -1, 2, 3, 8);
                Output k = g.input("k", -1, 2, -1, 8);
                Output mask = g.constant(noise(shape.dims()));
                g.result(g.op(new NeuralOp.ScaledDotProductAttention(false), q, k, k, mask));
            });
            assertThat(fused(model)).isEmpty();
            sameOnBoth(model, List.of(Map.of("q", noise(1, 2, 3, 8), "k", noise(1, 2, 5, 8))));
        }
    }

    @Test
    void cacheFollowsBeams() {
        int[] size = {4, 2, 8};
        sameOnBoth(
                DecoderGraph.of(4, 2, 8, true),
                List.of(
                        turn(size, 3, 4, 4),
                        turn(size, 3, 1, 5, 2, 0, 0),
                        turn(size, 2, 1, 6, 1, 1),
                        turn(size, 4, 2, 8, 0, 1, 1, 0)));
    }

    @Test
    void cacheCanBeTrimmedReadSetAndReset() {
        int[] size = {4, 2, 8};
        Model model = DecoderGraph.of(4, 2, 8, true);
        try (CompiledModel compiled = core.compileModel(model, "CPU", EXACT_CACHE);
                InferRequest request = compiled.createInferRequest()) {
            Map<String, Tensor> first = turn(size, 1, 6, 6);
            first.forEach(request::setTensor);
            request.infer();
            var k = request.queryState().getFirst();
            try (Tensor state = k.state()) {
                assertThat(state.shape()).isEqualTo(Shape.of(1, 2, 6, 8));
                assertThat(state.toFloats()).isEqualTo(first.get("k").toFloats());
            }
            request.queryState().forEach(s -> s.trim(2, 4));
            Map<String, Tensor> second = turn(size, 1, 1, 5);
            second.forEach(request::setTensor);
            request.infer();
            float[] afterTrim = request.outputs().getFirst().toFloats();
            try (Tensor state = k.state()) {
                assertThat(state.shape()).isEqualTo(Shape.of(1, 2, 5, 8));
                k.reset();
                assertThat(k.state().shape().dim(2)).isZero();
                k.state(state);
            }
            request.queryState().forEach(s -> s.trim(2, 4));
            request.infer();
            assertThat(request.outputs().getFirst().toFloats()).isEqualTo(afterTrim);
        }
    }

    @Test
    void requestsShareTheModelAndNotTheCache() {
        int[] size = {4, 2, 8};
        Map<String, Tensor> turn = turn(size, 1, 3, 3);
        try (CompiledModel compiled = core.compileModel(DecoderGraph.of(4, 2, 8, true), "CPU", EXACT_CACHE);
                InferRequest one = compiled.createInferRequest();
                InferRequest other = compiled.createInferRequest()) {
            turn.forEach(one::setTensor);
            one.infer();
            turn.forEach(other::setTensor);
            other.infer();
            assertThat(other.outputs().getFirst().toFloats())
                    .isEqualTo(one.outputs().getFirst().toFloats());
        }
    }
}
