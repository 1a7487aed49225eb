package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.CpuDevice;
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
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Products that quantize their activations: which layers become such, and that what they compute is REFERENCE's result, to a few
 * bits of f32 for activations that 8 bits hold exactly, and to about a hundredth for others.
 */
class BlockFusionTest {
    private static final int K = 256;

    private final Core core = Core.create();
    private final Random random = new Random(11);

    private static List<String> fused(Model model, int group) {
        try (Arena arena = Arena.ofConfined()) {
            var options = new CompileOptions(group, false);
            return CpuCompiler.rewrite(model, options, WeightMemory.in(arena)).topologicalOrder().stream()
                    .map(n -> n.op())
                    .filter(FusedOp.class::isInstance)
                    .map(Op::type)
                    .toList();
        }
    }

    private Output weight(Graph g, CompressedForm form, int n, int group) {
        Shape entries = Shape.of(n, K / group, 1);
        var layout = group == K
                ? new CompressedForm.Layout(
                        Shape.of(n, K), Shape.of(n, 1), Shape.of(n, K), ElementType.F16, ElementType.F16)
                : new CompressedForm.Layout(
                        Shape.of(n, K / group, group), entries, Shape.of(n, K), ElementType.F16, ElementType.F16);
        return CompressedForm.to(g, ElementType.F32, form.build(g, random, layout));
    }

    private Output linear(Graph g, Output x, CompressedForm form, int n, int group) {
        return g.op(new NeuralOp.MatMul(false, true), x, weight(g, form, n, group));
    }

    private static Output norm(Graph g, Output x) {
        Output square = g.op(new BinaryOp.Power(), x, g.floats(Shape.SCALAR, 2));
        Output mean = g.op(new ReduceOp.ReduceMean(true), square, g.longs(-1));
        Output root = g.op(new UnaryOp.Sqrt(), g.op(new BinaryOp.Add(), mean, g.floats(Shape.SCALAR, 1e-5f)));
        Output inverse = g.op(new BinaryOp.Divide(), g.floats(Shape.SCALAR, 1), root);
        return g.op(new BinaryOp.Multiply(), g.noise(K), g.op(new BinaryOp.Multiply(), x, inverse));
    }

    /** Whole numbers, with 127 in each group of 32: their scale is 1. */
    private Tensor exact(int rows) {
        float[] values = new float[rows * K];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 32 == 5 ? 127 : random.nextInt(255) - 127;
        }
        return Tensor.ofFloats(Shape.of(1, rows, K), values);
    }

    private List<Tensor> run(Model model, String device, Map<String, String> settings, Tensor x) {
        return run(model, device, settings, Map.of("x", x));
    }

    private List<Tensor> run(Model model, String device, Map<String, String> settings, Map<String, Tensor> inputs) {
        try (CompiledModel compiled = core.compileModel(model, device, settings);
                InferRequest request = compiled.createInferRequest()) {
            inputs.forEach(request::setTensor);
            request.infer();
            return request.outputs().stream()
                    .map(t -> Tensor.ofFloats(t.shape(), t.toFloats()))
                    .toList();
        }
    }

    private static Map<String, String> settings(int threads) {
        return Map.of(CpuDevice.NUM_THREADS, Integer.toString(threads), CpuDevice.DYNAMIC_QUANTIZATION, "64");
    }

    /** The greatest root of the mean square of the difference, of an output's. */
    private double error(Model model, Tensor x) {
        List<Tensor> expected = run(model, "REFERENCE", Map.of(), x);
        List<Tensor> actual = run(model, "CPU", settings(2), x);
        double worst = 0;
        for (int o = 0; o < expected.size(); o++) {
            assertThat(actual.get(o).shape()).isEqualTo(expected.get(o).shape());
            float[] e = expected.get(o).toFloats();
            float[] a = actual.get(o).toFloats();
            double sum = 0;
            double difference = 0;
            for (int i = 0; i < e.length; i++) {
                sum += (double) e[i] * e[i];
                difference += (double) (e[i] - a[i]) * (e[i] - a[i]);
            }
            assertThat(sum).isPositive();
            worst = Math.max(worst, Math.sqrt(difference / sum));
        }
        return worst;
    }

    @ParameterizedTest
    @EnumSource(
            value = CompressedForm.class,
            names = {"INT8_ASYM", "INT8_SYM", "INT8_SIGNED_ZERO", "INT4_ASYM", "INT4_SYM", "INT4_SIGNED_ZERO"})
    void multipliesByIntegers(CompressedForm form) {
        for (int group : new int[] {32, 64, 128, K}) {
            Model model = Graph.of(g -> g.result(
                    g.op(new BinaryOp.Add(), linear(g, g.input("x", -1, -1, K), form, 100, group), g.noise(100))));
            assertThat(fused(model, 64)).containsExactly("BlockLinear");
            assertThat(fused(model, 0)).containsExactly("Linear");
            for (int rows : new int[] {1, 3, 40}) {
                assertThat(error(model, exact(rows))).as("%d rows", rows).isLessThan(1e-6);
                assertThat(error(model, Graph.noise(random, Shape.of(1, rows, K))))
                        .isBetween(1e-5, 0.015);
            }
        }
    }

    /** With the property at 0, nothing is rounded to 8 bits. */
    @Test
    void leavesActivationsAloneIfTold() {
        Model model = Graph.of(g -> g.result(linear(g, g.input("x", -1, -1, K), CompressedForm.INT4_ASYM, 100, 64)));
        Tensor x = Graph.noise(random, Shape.of(1, 3, K));
        float[] expected = run(model, "REFERENCE", Map.of(), x).getFirst().toFloats();
        for (var off :
                List.of(Map.of(CpuDevice.DYNAMIC_QUANTIZATION, "0"), Map.of(CpuDevice.EXECUTION_MODE, "ACCURACY"))) {
            float[] actual = run(model, "CPU", off, x).getFirst().toFloats();
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[i]).isCloseTo(expected[i], org.assertj.core.api.Assertions.within(1e-4f));
            }
        }
    }

    @Test
    void leavesOtherWeightsToOtherKernels() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, K);
            g.result(linear(g, x, CompressedForm.NF4, 100, 64));
            g.result(linear(g, x, CompressedForm.INT4_FLOAT_ZERO, 100, 64));
            // groups that are no whole blocks
            g.result(linear(g, x, CompressedForm.INT4_ASYM, 100, 16));
            // too small to be worth it
            g.result(linear(g, x, CompressedForm.INT8_SYM, 60, K));
            g.result(g.op(new NeuralOp.MatMul(false, true), x, g.noise(100, K)));
        });
        assertThat(fused(model, 64)).containsExactly("Linear", "Linear", "Linear", "Linear", "Linear");
        assertThat(error(model, Graph.noise(random, Shape.of(1, 3, K)))).isLessThan(1e-5);
    }

    @Test
    void quantizesOnceForAllThatReadTheSame() {
        Model model = Graph.of(g -> {
            Output x = norm(g, g.input("x", -1, -1, K));
            g.result(linear(g, x, CompressedForm.INT4_ASYM, 256, 64));
            g.result(g.op(new BinaryOp.Add(), linear(g, x, CompressedForm.INT4_SYM, 128, 64), g.noise(128)));
            // one scale a row takes the group asked for
            g.result(linear(g, x, CompressedForm.INT8_SYM, 128, K));
            // exports ask the normalized value for its shape
            g.result(g.op(new ShapeOp.Convert(ElementType.F32), g.op(new ShapeOp.ShapeOf(ElementType.I64), x)));
        });
        assertThat(fused(model, 64)).containsExactly("NormBlockLinear");
        // two ways to quantize rows that are normalized once
        assertThat(fused(model, 128)).containsExactly("RmsNorm", "BlockLinear", "BlockLinear");
        for (int rows : new int[] {1, 20}) {
            assertThat(error(model, Graph.noise(random, Shape.of(1, rows, K)))).isBetween(1e-5, 0.015);
        }
    }

    @Test
    void keepsNormalizationsThatOthersRead() {
        Model model = Graph.of(g -> {
            Output x = norm(g, g.input("x", -1, -1, K));
            g.result(linear(g, x, CompressedForm.INT4_ASYM, 100, 64));
            g.result(x);
        });
        assertThat(fused(model, 64)).containsExactlyInAnyOrder("RmsNorm", "BlockLinear");
        assertThat(error(model, Graph.noise(random, Shape.of(1, 3, K)))).isBetween(1e-6, 0.015);
    }

    /** Two layers with residual connections: sums are made where they are normalized, and read again after. */
    @Test
    void addsWhereItNormalizes() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, K);
            Output first = g.op(new BinaryOp.Add(), x, linear(g, norm(g, x), CompressedForm.INT4_ASYM, K, 64));
            Output second = g.op(new BinaryOp.Add(), linear(g, norm(g, first), CompressedForm.INT4_ASYM, K, 64), first);
            g.result(linear(g, norm(g, second), CompressedForm.INT4_ASYM, 100, 64));
        });
        assertThat(fused(model, 64)).containsExactly("NormBlockLinear", "AddNormBlockLinear", "AddNormBlockLinear");
        for (int rows : new int[] {1, 20}) {
            assertThat(error(model, Graph.noise(random, Shape.of(1, rows, K)))).isBetween(1e-5, 0.04);
        }
    }

    /** Shapes that are equal as far as they are known, and differ when it runs. */
    @Test
    void broadcastsWhatItAdds() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, K);
            Output first = g.op(
                    new ShapeOp.Slice(), x, g.longs(0), g.input("end", ElementType.I64, 1), g.longs(1), g.longs(1));
            Output sum = g.op(new BinaryOp.Add(), first, x);
            g.result(linear(g, norm(g, sum), CompressedForm.INT4_ASYM, 100, 64));
            g.result(sum);
        });
        assertThat(fused(model, 64)).containsExactly("AddNormBlockLinear");
        Tensor x = Graph.noise(random, Shape.of(1, 3, K));
        Map<String, Tensor> inputs = Map.of("x", x, "end", Tensor.ofLongs(Shape.of(1), 1));
        float[] expected = run(model, "REFERENCE", Map.of(), inputs).get(1).toFloats();
        List<Tensor> actual = run(model, "CPU", settings(2), inputs);
        assertThat(actual.get(0).shape()).isEqualTo(Shape.of(1, 3, 100));
        assertThat(actual.get(1).toFloats()).isEqualTo(expected);
    }

    /** What has another shape is broadcast before. */
    @Test
    void addsOnlyEqualShapes() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, K);
            Output sum = g.op(new BinaryOp.Add(), x, g.noise(K));
            g.result(linear(g, norm(g, sum), CompressedForm.INT4_ASYM, 100, 64));
        });
        assertThat(fused(model, 64)).containsExactly("NormBlockLinear");
        assertThat(error(model, Graph.noise(random, Shape.of(1, 3, K)))).isBetween(1e-5, 0.015);
    }

    /** Gates as in Llama (SwiGLU) and Gemma (GELU), the activation's operand first or second. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void gatesInTheProduct(int kind) {
        Function<Boolean, Model> model = normed -> Graph.of(g -> {
            Output in = g.input("x", -1, -1, K);
            Output x = normed ? norm(g, in) : in;
            Output gate = linear(g, x, CompressedForm.INT4_ASYM, K, 64);
            Output up = linear(g, x, CompressedForm.INT4_ASYM, K, 64);
            Output active = switch (kind) {
                case 0, 1 -> g.op(new UnaryOp.Swish(), gate);
                case 2 -> g.op(new UnaryOp.Gelu(UnaryOp.GeluMode.TANH), gate);
                default -> g.op(new UnaryOp.Gelu(UnaryOp.GeluMode.ERF), gate);
            };
            Output product = kind % 2 == 0
                    ? g.op(new BinaryOp.Multiply(), active, up)
                    : g.op(new BinaryOp.Multiply(), up, active);
            // what reads the gate's result is fused after it
            g.result(linear(g, product, CompressedForm.INT4_ASYM, 100, 64));
        });
        assertThat(fused(model.apply(false), 64)).containsExactly("BlockGate", "BlockLinear");
        assertThat(fused(model.apply(true), 64)).containsExactly("NormBlockGate", "BlockLinear");
        for (int rows : new int[] {1, 20}) {
            assertThat(error(model.apply(true), Graph.noise(random, Shape.of(1, rows, K))))
                    .isBetween(1e-5, 0.03);
        }
    }

    /** A gate whose up product is read elsewhere too stays two products. */
    @Test
    void gatesOnlyWhatNobodyElseReads() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, K);
            Output up = linear(g, x, CompressedForm.INT4_ASYM, K, 64);
            Output gate = linear(g, x, CompressedForm.INT4_ASYM, K, 64);
            g.result(g.op(new BinaryOp.Multiply(), g.op(new UnaryOp.Swish(), gate), up));
            g.result(up);
        });
        assertThat(fused(model, 64)).containsExactly("BlockLinear", "SwishMultiply");
        assertThat(error(model, Graph.noise(random, Shape.of(1, 3, K)))).isBetween(1e-5, 0.02);
    }

    /** The embedding's table is also the last layer's weight: read as the file has it, multiplied by re-laid. */
    @Test
    void sharesATableWithItsEmbedding() {
        Model model = Graph.of(g -> {
            Output table = weight(g, CompressedForm.INT8_ASYM, 100, K);
            Output ids = g.constant(Tensor.ofLongs(Shape.of(1, 3), 7, 99, 0));
            g.result(g.op(new GatherScatterOp.Gather(0), table, ids, g.scalar(0)));
            g.result(g.op(new NeuralOp.MatMul(false, true), g.input("x", -1, -1, K), table));
        });
        assertThat(fused(model, 64)).containsExactlyInAnyOrder("Embedding", "BlockLinear");
        assertThat(error(model, exact(3))).isLessThan(1e-6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void multipliesByExperts(boolean sameRows) {
        int experts = 3;
        var layout = new CompressedForm.Layout(
                Shape.of(experts, 64, 4, 64),
                Shape.of(experts, 64, 4, 1),
                Shape.of(experts, 64, K),
                ElementType.F16,
                ElementType.F16);
        Model model = Graph.of(g -> {
            Output x = sameRows ? g.input("x", 1, -1, K) : g.input("x", experts, -1, K);
            Output w = CompressedForm.to(g, ElementType.F32, CompressedForm.INT4_ASYM.build(g, random, layout));
            g.result(g.op(new NeuralOp.MatMul(false, true), x, w));
        });
        assertThat(fused(model, 64)).containsExactly("BlockBatchedLinear");
        int rows = 2;
        Tensor x = exact(sameRows ? rows : experts * rows);
        assertThat(error(model, sameRows ? x : x.reshaped(Shape.of(experts, rows, K))))
                .isLessThan(1e-6);
    }

    /** Many more threads than cores, and than tasks for some layers: the same numbers. */
    @Test
    void resultsDoNotDependOnThreads() {
        Model model = Graph.of(g -> {
            Output x = norm(g, g.input("x", -1, -1, K));
            Output gate = linear(g, x, CompressedForm.INT4_ASYM, 1024, 64);
            Output up = linear(g, x, CompressedForm.INT4_ASYM, 1024, 64);
            g.result(g.op(new BinaryOp.Multiply(), g.op(new UnaryOp.Swish(), gate), up));
            g.result(linear(g, x, CompressedForm.INT8_ASYM, 3000, K));
        });
        for (int rows : new int[] {1, 33}) {
            Tensor x = Graph.noise(random, Shape.of(1, rows, K));
            List<Tensor> alone = run(model, "CPU", settings(1), x);
            for (int threads : new int[] {2, 3, 64}) {
                List<Tensor> together = run(model, "CPU", settings(threads), x);
                for (int i = 0; i < alone.size(); i++) {
                    assertThat(together.get(i).toFloats())
                            .as("%d threads", threads)
                            .isEqualTo(alone.get(i).toFloats());
                }
            }
        }
    }
}
