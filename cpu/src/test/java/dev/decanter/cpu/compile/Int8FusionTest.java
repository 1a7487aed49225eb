package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
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
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Graphs as post-training quantization leaves them run in integers, and give what REFERENCE simulates in float. */
class Int8FusionTest {
    private final Core core = Core.create();
    private final Random random = new Random(3);

    /** A range of a quantizer as NNCF makes them. */
    private enum Range {
        SIGNED(-3, 3 * 127f / 128, 256),
        NARROW(-2.5f, 2.5f, 255),
        UNSIGNED(0, 3.3f, 256),
        ASYMMETRIC(-0.6f, 3 - 0.6f, 256),
        /** No code is worth 0: only products by a weight can correct that. */
        SHIFTED(-0.61f, 2.7f, 256);

        private final float low;
        private final float high;
        private final int levels;

        Range(float low, float high, int levels) {
            this.low = low;
            this.high = high;
            this.levels = levels;
        }

        boolean hasZero() {
            return this != SHIFTED;
        }
    }

    static Output fakeQuantize(Graph g, Output x, float low, float high, int levels) {
        Output from = g.floats(Shape.SCALAR, low);
        Output to = g.floats(Shape.SCALAR, high);
        return g.op(new NeuralOp.FakeQuantize(levels, AutoBroadcast.NUMPY), x, from, to, from, to);
    }

    private static Output fakeQuantize(Graph g, Output x, Range r) {
        return fakeQuantize(g, x, r.low, r.high, r.levels);
    }

    private Output bytes(Graph g, ElementType type, long... dims) {
        Shape shape = Shape.of(dims);
        byte[] bytes = new byte[(int) shape.elements()];
        random.nextBytes(bytes);
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
        return g.constant(Tensor.of(type, shape, memory));
    }

    private Output scales(Graph g, long... dims) {
        float[] values = new float[(int) Shape.of(dims).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.001f + 0.01f * random.nextFloat();
        }
        return g.floats(Shape.of(dims), values);
    }

    /** Const i8 → Convert → Multiply, of shape [n, k] or [k, n]. */
    private Output weight(Graph g, int n, int k, boolean inputMajor, boolean oneScale) {
        Output w = g.op(
                new ShapeOp.Convert(ElementType.F32),
                inputMajor ? bytes(g, ElementType.I8, k, n) : bytes(g, ElementType.I8, n, k));
        Output scale = oneScale ? scales(g) : inputMajor ? scales(g, 1, n) : scales(g, n, 1);
        return g.op(new BinaryOp.Multiply(), w, scale);
    }

    static String fused(Model model) {
        Map<String, Integer> counts = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder().stream()
                    .map(n -> n.op())
                    .filter(op -> (op instanceof FusedOp && !(op instanceof FusedOp.Sizes)) || op instanceof NeuralOp)
                    .forEach(op -> counts.merge(op.type(), 1, Integer::sum));
        }
        return counts.toString().replaceAll("[{},]", "");
    }

    /**
     * Runs on both devices. A difference is measured against {@code size}, the sum of the magnitudes that a result is
     * made of; a single code that is off by one shows.
     */
    private void sameOnBoth(Model model, double size, List<Map<String, Tensor>> turns) {
        try (CompiledModel cpu = core.compileModel(model, "CPU", Map.of("INFERENCE_NUM_THREADS", "2"));
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            for (Map<String, Tensor> turn : turns) {
                turn.forEach(fast::setTensor);
                turn.forEach(slow::setTensor);
                fast.infer();
                slow.infer();
                for (int i = 0; i < slow.outputs().size(); i++) {
                    same(fast.outputs().get(i), slow.outputs().get(i), size);
                }
            }
        }
    }

    private static void same(Tensor actual, Tensor expected, double size) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.elementType()).isEqualTo(expected.elementType());
        float[] a = actual.toFloats();
        float[] e = expected.toFloats();
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < e.length; i++) {
            double error = Math.abs(a[i] - e[i]);
            worst = error <= worst ? worst : error;
            largest = Math.max(largest, Math.abs(e[i]));
        }
        assertThat(worst / size).isLessThan(4e-7);
        assertThat(largest / size).isGreaterThan(4e-5);
    }

    private Tensor noise(long... dims) {
        return Graph.noise(random, Shape.of(dims));
    }

    @ParameterizedTest
    @EnumSource(Range.class)
    void productsByWeights(Range range) {
        int turn = 0;
        for (int k : new int[] {1, 3, 16, 33, 130, 515, 1100}) {
            for (int n : new int[] {1, 7, 32, 65}) {
                boolean inputMajor = turn % 2 == 1;
                boolean oneScale = turn % 3 == 1;
                boolean bias = turn++ % 3 != 0;
                Model model = Graph.of(g -> {
                    Output x = fakeQuantize(g, g.input("x", -1, -1, k), range);
                    Output y = g.op(new NeuralOp.MatMul(false, !inputMajor), x, weight(g, n, k, inputMajor, oneScale));
                    g.result(bias ? g.op(new BinaryOp.Add(), y, g.noise(1, 1, n)) : y);
                });
                assertThat(fused(model)).isEqualTo("Int8Linear=1 Quantize=1");
                double size = k * 1.5 * 3;
                sameOnBoth(model, size, List.of(Map.of("x", noise(1, 1, k)), Map.of("x", noise(2, 9, k))));
            }
        }
    }

    /** POT's and NNCF's weights with zero points, u8 and i8, per row and for all; and those that declare f16. */
    @ParameterizedTest
    @ValueSource(strings = {"u8 rows", "u8 one", "i8 rows", "i8 one", "u8 f16", "i8 f16"})
    void weightsWithZeroPoints(String kind) {
        ElementType type = ElementType.fromIrName(kind.substring(0, 2));
        ElementType width = kind.endsWith("f16") ? ElementType.F16 : ElementType.F32;
        Model model = Graph.of(g -> {
            Output w = g.op(new ShapeOp.Convert(width), bytes(g, type, 21, 40));
            Output zero = kind.endsWith("one") ? bytes(g, type, 1, 1) : bytes(g, type, 21, 1);
            w = g.op(new BinaryOp.Subtract(), w, g.op(new ShapeOp.Convert(width), zero));
            Output scale = kind.endsWith("one") ? scales(g, 1, 1) : scales(g, 21, 1);
            if (width == ElementType.F16) {
                scale = Constants.numbers(
                                width,
                                "scale",
                                Shape.of(21, 1),
                                Constants.numbers(scale).orElseThrow())
                        .output();
            }
            w = g.op(new BinaryOp.Multiply(), w, scale);
            if (width == ElementType.F16) {
                w = g.op(new ShapeOp.Convert(ElementType.F32), w);
            }
            Output x = fakeQuantize(g, g.input("x", -1, 40), Range.ASYMMETRIC);
            g.result(g.op(new NeuralOp.MatMul(false, true), x, w));
        });
        assertThat(fused(model)).isEqualTo("Int8Linear=1 Quantize=1");
        sameOnBoth(model, 40 * 3 * 3, List.of(Map.of("x", noise(1, 40)), Map.of("x", noise(13, 40))));
    }

    @ParameterizedTest
    @EnumSource(Range.class)
    void productsOfActivations(Range range) {
        for (int d : new int[] {1, 8, 65}) {
            for (boolean tb : new boolean[] {true, false}) {
                Model model = Graph.of(g -> {
                    Output a = fakeQuantize(g, g.input("a", -1, 3, -1, d), range);
                    Output b = tb ? g.input("b", -1, 3, -1, d) : g.input("b", -1, 3, d, -1);
                    g.result(g.op(new NeuralOp.MatMul(false, tb), a, fakeQuantize(g, b, Range.SIGNED)));
                });
                assertThat(fused(model))
                        .isEqualTo(range.hasZero() ? "Int8MatMul=1 Quantize=2" : "FakeQuantize=2 MatMul=1");
                sameOnBoth(
                        model,
                        d * 9,
                        List.of(turn(tb, 2, 2, 5, 40, d), turn(tb, 1, 2, 5, 33, d), turn(tb, 2, 1, 1, 7, d)));
            }
        }
    }

    private Map<String, Tensor> turn(boolean tb, int batchA, int batchB, int m, int n, int d) {
        return Map.of("a", noise(batchA, 3, m, d), "b", tb ? noise(batchB, 3, n, d) : noise(batchB, 3, d, n));
    }

    @Test
    void batchesOfDifferentRankAreBroadcast() {
        Model model = Graph.of(g -> {
            Output a = fakeQuantize(g, g.input("a", 2, 1, 3, 6, 4), Range.UNSIGNED);
            Output b = fakeQuantize(g, g.input("b", 5, 1, 6, 7), Range.NARROW);
            g.result(g.op(new NeuralOp.MatMul(true, false), a, b));
        });
        assertThat(fused(model)).isEqualTo("Int8MatMul=1 Quantize=2");
        sameOnBoth(model, 6 * 8, List.of(Map.of("a", noise(2, 1, 3, 6, 4), "b", noise(5, 1, 6, 7))));
    }

    /** One value for q, k and v, heads split by Reshape and Transpose behind the quantizers, as in ALBERT. */
    @Test
    void attention() {
        Model model = Graph.of(g -> {
            Output x = fakeQuantize(g, g.input("x", -1, -1, 24), Range.ASYMMETRIC);
            Output q = heads(g, fakeQuantize(g, projection(g, x), Range.SIGNED));
            Output k = heads(g, fakeQuantize(g, projection(g, x), Range.NARROW));
            Output v = heads(g, projection(g, x));
            Output p = g.op(new NeuralOp.Softmax(-1), g.op(new NeuralOp.MatMul(false, true), q, k));
            Output y = fakeQuantize(g, g.op(new NeuralOp.MatMul(false, false), p, v), Range.SIGNED);
            y = g.op(new ShapeOp.Transpose(), y, g.longs(0, 2, 1, 3));
            y = g.op(new ShapeOp.Reshape(true), y, g.longs(0, 0, 24));
            g.result(projection(g, y));
        });
        assertThat(fused(model)).isEqualTo("Int8Linear=4 Int8MatMul=1 MatMul=1 Quantize=4 SoftMax=1");
    }

    private Output projection(Graph g, Output x) {
        Output y = g.op(new NeuralOp.MatMul(false, true), x, weight(g, 24, 24, false, false));
        return g.op(new BinaryOp.Add(), y, g.noise(1, 1, 24));
    }

    private static Output heads(Graph g, Output x) {
        Output split = g.op(new ShapeOp.Reshape(true), x, g.longs(0, 0, 3, 8));
        return g.op(new ShapeOp.Transpose(), split, g.longs(0, 2, 1, 3));
    }

    /** The same with outputs before the second rounding, where a last bit may not become a code. */
    @Test
    void codesMoveThroughReshapeTransposeUnsqueezeAndSqueeze() {
        Model model = Graph.of(g -> {
            Output x = fakeQuantize(g, g.input("x", -1, 6, 8), Range.ASYMMETRIC);
            Output t = g.op(new ShapeOp.Transpose(), x, g.longs(0, 2, 1));
            t = g.op(new ShapeOp.Unsqueeze(), t, g.longs(1));
            t = g.op(new ShapeOp.Reshape(true), t, g.longs(0, 1, 4, 12));
            t = g.op(new ShapeOp.Squeeze(), t, g.longs(1));
            g.result(g.op(new NeuralOp.MatMul(false, true), t, weight(g, 5, 12, false, false)));
            g.result(g.op(new UnaryOp.Relu(), t));
        });
        assertThat(fused(model)).isEqualTo("FakeQuantize=1 Int8Linear=1 Quantize=1");
        sameOnBoth(model, 12 * 4, List.of(Map.of("x", noise(3, 6, 8))));
    }

    @Test
    void oneValueIsTurnedIntoCodesOnceAndStaysInFloatForOthers() {
        Model model = Graph.of(g -> {
            Output x = fakeQuantize(g, g.input("x", -1, 16), Range.UNSIGNED);
            for (int i = 0; i < 3; i++) {
                g.result(g.op(new NeuralOp.MatMul(false, true), x, weight(g, 8, 16, false, false)));
            }
            g.result(g.op(new BinaryOp.Add(), x, g.noise(1, 16)));
            g.result(g.op(new NeuralOp.MatMul(false, true), x, g.noise(8, 16)));
        });
        assertThat(fused(model)).isEqualTo("FakeQuantize=1 Int8Linear=3 Linear=1 Quantize=1");
        sameOnBoth(model, 16 * 4, List.of(Map.of("x", noise(5, 16))));
    }

    @Test
    void whatDoesNotFitStaysInFloat() {
        Range r = Range.SIGNED;
        List<Model> models = List.of(
                // more levels than a byte has
                linear((g, x) -> fakeQuantize(g, x, -2, 2, 257)),
                // 0 is outside of the range
                linear((g, x) -> fakeQuantize(g, x, 1, 3, 256)),
                // ends of the range that are computed
                linear((g, x) -> g.op(
                        new NeuralOp.FakeQuantize(256, AutoBroadcast.NUMPY),
                        x,
                        g.floats(Shape.SCALAR, -1),
                        g.input("end", Shape.SCALAR.dims()),
                        g.floats(Shape.SCALAR, -1),
                        g.floats(Shape.SCALAR, 1))),
                // a range for each channel
                linear((g, x) -> {
                    Output high = scales(g, 1, 16);
                    Output low = g.op(new UnaryOp.Negative(), high);
                    return g.op(new NeuralOp.FakeQuantize(256, AutoBroadcast.NUMPY), x, low, high, low, high);
                }),
                // ends in the wrong order
                linear((g, x) -> fakeQuantize(g, x, 2, -2, 256)),
                // something between that changes values
                linear((g, x) -> g.op(new UnaryOp.Relu(), fakeQuantize(g, x, r))));
        for (Model model : models) {
            assertThat(fused(model)).isEqualTo("FakeQuantize=1 Linear=1");
            Tensor end = Tensor.ofFloats(Shape.SCALAR, 1);
            boolean hasEnd = model.parameters().size() > 1;
            Tensor x = noise(9, 16);
            sameOnBoth(model, 16 * 4, List.of(hasEnd ? Map.of("x", x, "end", end) : Map.of("x", x)));
        }
    }

    /** Ranges by channel, along any axis, are rounded by a kernel to the last bit of the reference. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void rangesByChannel(int axis) {
        long[] dims = {3, 4, 5, 1030};
        long[] entries = {1, 1, 1, 1};
        entries[axis] = dims[axis];
        Model model = Graph.of(g -> {
            Output high = scales(g, entries);
            Output low = g.op(new BinaryOp.Multiply(), scales(g, entries), g.floats(Shape.SCALAR, -3));
            Output x = g.input("x", -1, -1, -1, dims[3]);
            g.result(g.op(new NeuralOp.FakeQuantize(255, AutoBroadcast.NUMPY), x, low, high, low, high));
        });
        Tensor x = noise(dims);
        float[] small = x.toFloats();
        for (int i = 0; i < small.length; i++) {
            small[i] *= 0.02f;
        }
        for (Tensor value : List.of(x, Tensor.ofFloats(x.shape(), small))) {
            List<float[]> results = new java.util.ArrayList<>();
            for (String device : List.of("CPU", "REFERENCE")) {
                try (CompiledModel compiled = core.compileModel(model, device);
                        InferRequest request = compiled.createInferRequest()) {
                    request.setTensor("x", value);
                    request.infer();
                    results.add(request.outputs().getFirst().toFloats());
                }
            }
            assertThat(results.get(0)).isEqualTo(results.get(1));
        }
    }

    private interface Rounding {
        Output of(Graph g, Output x);
    }

    private Model linear(Rounding rounding) {
        return Graph.of(g -> {
            Output x = rounding.of(g, g.input("x", -1, 16));
            g.result(g.op(new NeuralOp.MatMul(false, true), x, weight(g, 8, 16, false, false)));
        });
    }

    /** Output levels of their own: codes by the input range, values by the output range. */
    @Test
    void outputRangesMayDiffer() {
        Model model = linear((g, x) -> g.op(
                new NeuralOp.FakeQuantize(256, AutoBroadcast.NUMPY),
                x,
                g.floats(Shape.of(1, 1), -1),
                g.floats(Shape.of(1, 1), 2),
                g.floats(Shape.SCALAR, 3),
                g.floats(Shape.SCALAR, -1.5f)));
        assertThat(fused(model)).isEqualTo("Int8Linear=1 Quantize=1");
        sameOnBoth(model, 16 * 4, List.of(Map.of("x", noise(5, 16))));
    }

    /** More inputs than int32 has room for. */
    @Test
    void veryLongSums() {
        int k = 70_000;
        Model model = Graph.of(g -> {
            Output x = fakeQuantize(g, g.input("x", -1, k), Range.UNSIGNED);
            g.result(g.op(new NeuralOp.MatMul(false, true), x, weight(g, 3, k, false, false)));
        });
        assertThat(fused(model)).isEqualTo("Int8Linear=1 Quantize=1");
        sameOnBoth(model, k * 0.1, List.of(Map.of("x", noise(2, k))));
    }

    @Test
    void emptyBatches() {
        Model model = Graph.of(g -> {
            Output x = fakeQuantize(g, g.input("x", -1, 4, 8), Range.SIGNED);
            Output y = g.op(new NeuralOp.MatMul(false, true), x, weight(g, 3, 8, false, false));
            g.result(g.op(new NeuralOp.MatMul(true, false), fakeQuantize(g, y, Range.SIGNED), x));
        });
        try (CompiledModel cpu = core.compileModel(model, "CPU");
                InferRequest request = cpu.createInferRequest()) {
            request.setTensor("x", Tensor.ofFloats(Shape.of(0, 4, 8)));
            request.infer();
            assertThat(request.outputs().getFirst().shape()).isEqualTo(Shape.of(0, 3, 8));
        }
    }

    @Test
    void aWrongShapeNamesTheLayer() {
        Model model = linear((g, x) -> {
            Output any = g.op(new ShapeOp.Reshape(true), x, g.input("shape", ElementType.I64, 2));
            return fakeQuantize(g, any, Range.SIGNED);
        });
        try (CompiledModel cpu = core.compileModel(model, "CPU");
                InferRequest request = cpu.createInferRequest()) {
            request.setTensor("x", noise(3, 16));
            request.setTensor("shape", Tensor.ofLongs(Shape.of(2), 6, 8));
            org.assertj.core.api.Assertions.assertThatThrownBy(request::infer)
                    .hasMessageContaining("MatMul")
                    .hasMessageContaining("last dimension is 8, the weight's is 16");
        }
    }
}
