package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.NeuralOp.AutoPad;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Convolutions of random geometry on the CPU device and on REFERENCE. */
class ConvolutionTest {
    private final Core core = Core.create();
    private final Random random = new Random(9);

    /** What the data and the weight are. */
    private enum Kind {
        F32(false),
        F16(false),
        /** Bytes by channel, as 8-bit compression stores them, under f32 data. */
        COMPRESSED(false),
        SIGNED(true),
        UNSIGNED(true),
        ASYMMETRIC(true);

        private final boolean int8;

        Kind(boolean int8) {
            this.int8 = int8;
        }
    }

    /** A convolution of random sizes. */
    private record Geometry(
            int groups, int channels, int outputs, int batch, List<Long> size, List<Long> kernel, NeuralOp op) {

        static Geometry random(Random random, int dims, boolean grouped) {
            IntUnaryOperator upTo = n -> 1 + random.nextInt(n);
            List<Long> kernel = list(dims, () -> upTo.applyAsInt(3));
            List<Long> strides = list(dims, () -> upTo.applyAsInt(3));
            List<Long> dilations = list(dims, () -> upTo.applyAsInt(2));
            List<Long> begin = list(dims, () -> random.nextInt(3));
            List<Long> end = list(dims, () -> random.nextInt(3));
            List<Long> size = list(dims, () -> 5 + random.nextInt(dims == 1 ? 700 : dims == 2 ? 22 : 5));
            List<AutoPad> pads = List.of(AutoPad.values());
            AutoPad pad = pads.get(random.nextInt(pads.size()));
            NeuralOp op = grouped
                    ? new NeuralOp.GroupConvolution(strides, begin, end, dilations, pad)
                    : new NeuralOp.Convolution(strides, begin, end, dilations, pad);
            int groups = grouped ? upTo.applyAsInt(5) : 1;
            int outputs = random.nextBoolean() ? upTo.applyAsInt(4) : upTo.applyAsInt(40);
            return new Geometry(groups, upTo.applyAsInt(9), outputs, upTo.applyAsInt(3), size, kernel, op);
        }

        private static List<Long> list(int n, java.util.function.IntSupplier value) {
            return IntStream.range(0, n).mapToObj(_ -> (long) value.getAsInt()).toList();
        }

        private boolean grouped() {
            return op instanceof NeuralOp.GroupConvolution;
        }

        long[] weightDims(boolean entries) {
            IntStream lead = grouped() ? IntStream.of(groups, outputs) : IntStream.of(outputs);
            IntStream rest =
                    IntStream.concat(IntStream.of(channels), kernel.stream().mapToInt(Long::intValue));
            return IntStream.concat(lead, entries ? rest.map(_ -> 1) : rest)
                    .asLongStream()
                    .toArray();
        }

        long[] dataDims() {
            IntStream all = IntStream.concat(
                    IntStream.of(batch, groups * channels), size.stream().mapToInt(Long::intValue));
            return all.asLongStream().toArray();
        }

        double terms() {
            return channels * (double) kernel.stream().reduce(1L, (a, b) -> a * b);
        }
    }

    private Model model(Kind kind, Geometry geometry, boolean bias, boolean dynamic) {
        return Graph.of(g -> {
            long[] dims = geometry.dataDims();
            long[] declared = dims.clone();
            if (dynamic) {
                java.util.Arrays.fill(declared, 2, dims.length, -1);
                declared[0] = -1;
            }
            Output x = g.input("x", declared);
            x = switch (kind) {
                case SIGNED -> Int8FusionTest.fakeQuantize(g, x, -3, 3 * 127f / 128, 256);
                case UNSIGNED -> Int8FusionTest.fakeQuantize(g, x, 0, 3.1f, 256);
                case ASYMMETRIC -> Int8FusionTest.fakeQuantize(g, x, -1, 2, 256);
                default -> x;
            };
            Output y = g.op(geometry.op, x, weight(kind, g, geometry));
            if (bias) {
                long[] along = new long[dims.length];
                java.util.Arrays.fill(along, 1);
                along[1] = (long) geometry.groups * geometry.outputs;
                y = g.op(new BinaryOp.Add(), y, g.noise(along));
            }
            g.result(y);
        });
    }

    private Output weight(Kind kind, Graph g, Geometry geometry) {
        long[] dims = geometry.weightDims(false);
        if (kind == Kind.F32) {
            return g.noise(dims);
        }
        Shape shape = Shape.of(dims);
        if (kind == Kind.F16) {
            short[] halves = new short[(int) shape.elements()];
            for (int i = 0; i < halves.length; i++) {
                halves[i] = Float.floatToFloat16((float) random.nextGaussian());
            }
            MemorySegment memory =
                    Arena.ofAuto().allocate(2L * halves.length, 2).copyFrom(MemorySegment.ofArray(halves));
            Output stored = g.constant(Tensor.of(ElementType.F16, shape, memory));
            return g.op(new ShapeOp.Convert(ElementType.F32), stored);
        }
        ElementType type = kind == Kind.COMPRESSED ? ElementType.U8 : ElementType.I8;
        Output w = g.op(new ShapeOp.Convert(ElementType.F32), bytes(g, type, shape));
        Shape entries = Shape.of(geometry.weightDims(true));
        if (kind == Kind.COMPRESSED || kind == Kind.ASYMMETRIC) {
            Output zero = g.op(new ShapeOp.Convert(ElementType.F32), bytes(g, type, entries));
            w = g.op(new BinaryOp.Subtract(), w, zero);
        }
        float[] scales = new float[(int) entries.elements()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 0.01f + 0.02f * random.nextFloat();
        }
        return g.op(new BinaryOp.Multiply(), w, g.floats(entries, scales));
    }

    private Output bytes(Graph g, ElementType type, Shape shape) {
        byte[] bytes = new byte[(int) shape.elements()];
        random.nextBytes(bytes);
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
        return g.constant(Tensor.of(type, shape, memory));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void equalsReference(Kind kind) {
        int turn = 0;
        for (int dims = 1; dims <= 3; dims++) {
            for (int i = 0; i < 24; i++) {
                Geometry geometry = Geometry.random(random, dims, i % 3 == 0);
                Model model = model(kind, geometry, turn % 2 == 0, turn++ % 3 == 0);
                assertThat(Int8FusionTest.fused(model))
                        .as("%s", geometry)
                        .isEqualTo(kind.int8 ? "Int8Convolution=1 Quantize=1" : "ConvolutionByConstant=1");
                check(model, geometry);
            }
        }
    }

    /** More rows and longer sums than are laid out or added at once. */
    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"F32", "SIGNED", "UNSIGNED"})
    void largeOnes(Kind kind) {
        List<Long> one = List.of(1L, 1L);
        NeuralOp op = new NeuralOp.Convolution(one, one, one, one, AutoPad.EXPLICIT);
        Geometry wide = new Geometry(1, 3, 5, 1, List.of(40L, 41L), List.of(3L, 3L), op);
        check(model(kind, wide, true, true), wide);
        Geometry deep = new Geometry(1, 130, 9, 2, List.of(6L, 5L), List.of(3L, 3L), op);
        check(model(kind, deep, true, true), deep);
        NeuralOp grouped = new NeuralOp.GroupConvolution(one, one, one, one, AutoPad.EXPLICIT);
        Geometry depthwise = new Geometry(19, 1, 1, 1, List.of(39L, 31L), List.of(3L, 3L), grouped);
        check(model(kind, depthwise, true, true), depthwise);
        Geometry deepGroups = new Geometry(2, 60, 3, 1, List.of(7L, 7L), List.of(3L, 3L), grouped);
        check(model(kind, deepGroups, true, true), deepGroups);
    }

    @Test
    void aBiasOfAnotherAxisIsNotOne() {
        List<Long> one = List.of(1L, 1L);
        List<Long> none = List.of(0L, 0L);
        Model model = Graph.of(g -> {
            NeuralOp op = new NeuralOp.Convolution(one, none, none, one, AutoPad.EXPLICIT);
            Output y = g.op(op, g.input("x", 1, 3, 4, 4), g.noise(4, 3, 1, 1));
            g.result(g.op(new BinaryOp.Add(), y, g.noise(4)));
        });
        Geometry geometry = new Geometry(1, 3, 4, 1, List.of(4L, 4L), one, new NeuralOp.MatMul(false, false));
        check(model, geometry);
    }

    @Test
    void weightsThatAreComputedAreLeftToTheReference() {
        List<Long> one = List.of(1L);
        List<Long> none = List.of(0L);
        Model model = Graph.of(g -> g.result(g.op(
                new NeuralOp.Convolution(one, none, none, one, AutoPad.EXPLICIT),
                g.input("x", 1, 2, 9),
                g.input("w", 3, 2, 3))));
        assertThat(Int8FusionTest.fused(model)).isEqualTo("Convolution=1");
        try (CompiledModel cpu = core.compileModel(model, "CPU");
                InferRequest request = cpu.createInferRequest()) {
            request.setTensor("x", Graph.noise(random, Shape.of(1, 2, 9)));
            request.setTensor("w", Graph.noise(random, Shape.of(3, 2, 3)));
            request.infer();
            assertThat(request.outputs().getFirst().shape()).isEqualTo(Shape.of(1, 3, 7));
        }
    }

    private void check(Model model, Geometry geometry) {
        Tensor x = Graph.noise(random, Shape.of(geometry.dataDims()));
        try (CompiledModel cpu = core.compileModel(model, "CPU", Map.of("INFERENCE_NUM_THREADS", "2"));
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            fast.setTensor("x", x);
            slow.setTensor("x", x);
            fast.infer();
            slow.infer();
            Tensor actual = fast.outputs().getFirst();
            Tensor expected = slow.outputs().getFirst();
            assertThat(actual.shape()).as("%s", geometry).isEqualTo(expected.shape());
            float[] a = actual.toFloats();
            float[] e = expected.toFloats();
            double worst = 0;
            for (int i = 0; i < e.length; i++) {
                double error = Math.abs(a[i] - e[i]);
                worst = error <= worst ? worst : error;
            }
            assertThat(worst / (3 + 3 * geometry.terms())).as("%s", geometry).isLessThan(1e-6);
        }
    }
}
