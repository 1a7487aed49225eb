package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.WidenDecompression;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compressed weights of every form on the CPU against REFERENCE. Decompression has to agree to the bit: a row of
 * activations that picks one input shows the weight itself.
 */
class CompressedWeightsTest {
    private static final ElementType F16 = ElementType.F16;
    private static final ElementType F32 = ElementType.F32;

    private final Core core = Core.create();

    private static List<String> fused(Model model) {
        try (Arena arena = Arena.ofConfined()) {
            return CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder().stream()
                    .map(n -> n.op())
                    .filter(FusedOp.class::isInstance)
                    .map(op -> op.type())
                    .sorted()
                    .toList();
        }
    }

    private List<Tensor> run(Model model, String device, Map<String, Tensor> inputs) {
        // held to f32 here; what quantizes activations has BlockFusionTest
        Map<String, String> settings = device.equals("CPU")
                ? Map.of(CpuDevice.NUM_THREADS, "2", CpuDevice.DYNAMIC_QUANTIZATION, "0")
                : Map.of();
        try (CompiledModel compiled = core.compileModel(model, device, settings);
                InferRequest request = compiled.createInferRequest()) {
            inputs.forEach(request::setTensor);
            request.infer();
            return request.outputs().stream()
                    .map(t -> t.elementType() == F32
                            ? Tensor.ofFloats(t.shape(), t.toFloats())
                            : Tensor.ofFloats(t.shape(), widened(t)))
                    .toList();
        }
    }

    private static float[] widened(Tensor halves) {
        float[] out = new float[(int) halves.shape().elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = Float.float16ToFloat(halves.memory().get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
        }
        return out;
    }

    /** Compares all outputs; {@code share} is the error allowed, of the largest number, 0 for none. */
    private void same(Model model, Map<String, Tensor> inputs, double share) {
        List<Tensor> expected = run(model, "REFERENCE", inputs);
        List<Tensor> actual = run(model, "CPU", inputs);
        for (int o = 0; o < expected.size(); o++) {
            assertThat(actual.get(o).shape()).isEqualTo(expected.get(o).shape());
            float[] e = expected.get(o).toFloats();
            float[] a = actual.get(o).toFloats();
            float most = 0;
            for (float v : e) {
                assertThat(v).isFinite();
                most = Math.max(most, Math.abs(v));
            }
            for (int i = 0; i < e.length; i++) {
                // one zero is as good as the other
                assertThat(a[i] + 0.0f).as("output %d, element %d", o, i).isCloseTo(e[i] + 0.0f, within((float)
                        (share * most)));
            }
        }
    }

    /** Rows that each pick one input. */
    private static Tensor pickers(int... dims) {
        int k = dims[dims.length - 1];
        float[] values = new float[Arrays.stream(dims).reduce(1, (x, y) -> x * y)];
        for (int row = 0; row * k < values.length; row++) {
            values[row * k + row % k] = 1;
        }
        return Tensor.ofFloats(Shape.of(Arrays.stream(dims).asLongStream().toArray()), values);
    }

    private static CompressedForm.Layout layout(
            int n, int k, int groups, boolean inputMajor, boolean perTensor, ElementType scale, ElementType narrow) {
        boolean grouped = groups > 1;
        Shape value = inputMajor ? Shape.of(k, n) : Shape.of(n, k);
        Shape stored =
                !grouped ? value : inputMajor ? Shape.of(groups, k / groups, n) : Shape.of(n, groups, k / groups);
        Shape entries = grouped
                ? inputMajor ? Shape.of(groups, 1, n) : Shape.of(n, groups, 1)
                : inputMajor ? Shape.of(1, n) : Shape.of(n, 1);
        return new CompressedForm.Layout(stored, perTensor ? Shape.SCALAR : entries, value, scale, narrow);
    }

    private static CompressedForm any(Random random) {
        List<CompressedForm> all = List.of(CompressedForm.values());
        return all.get(random.nextInt(all.size()));
    }

    @Property(tries = 200)
    void multipliesAndLooksUp(@ForAll long seed) {
        Random random = new Random(seed);
        CompressedForm form = any(random);
        int groups = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(5);
        int n = 1 + random.nextInt(70);
        int k = groups * (1 + random.nextInt(groups == 1 ? 150 : 40));
        boolean inputMajor = random.nextBoolean();
        ElementType scale = List.of(F16, F32, ElementType.BF16).get(random.nextInt(3));
        ElementType narrow = scale == F16 && random.nextInt(4) > 0 ? F16 : F32;
        var layout = layout(n, k, groups, inputMajor, random.nextInt(8) == 0, scale, narrow);
        int rows = List.of(1, 2, 9).get(random.nextInt(3));
        boolean flat = random.nextInt(5) == 0;
        Model model = Graph.of(g -> {
            Output x = g.input("x", flat ? new long[] {k} : new long[] {-1, -1, k});
            Output w = CompressedForm.to(g, F32, form.build(g, random, layout));
            g.result(g.op(new NeuralOp.MatMul(false, !inputMajor), x, w));
            if (!inputMajor) {
                g.result(g.op(new GatherScatterOp.Gather(0), w, g.input("ids", ElementType.I64, -1), g.scalar(0)));
            }
        });
        assertThat(fused(model)).isEqualTo(inputMajor ? List.of("Linear") : List.of("Embedding", "Linear"));
        Tensor ids = Tensor.ofLongs(Shape.of(4), random.nextInt(n), -1, 0, n);
        Tensor picked = flat ? pickers(k) : pickers(1, Math.max(rows, random.nextBoolean() ? k : 1), k);
        Tensor noise = Graph.noise(random, flat ? Shape.of(k) : Shape.of(2, rows, k));
        for (Tensor x : List.of(picked, noise)) {
            same(model, inputMajor ? Map.of("x", x) : Map.of("x", x, "ids", ids), x == picked ? 0 : 1e-5);
        }
    }

    /** Several matrices in one constant, with whatever batch dimensions the activations have. */
    @Property(tries = 100)
    void multipliesByExperts(@ForAll long seed) {
        Random random = new Random(seed);
        CompressedForm form = any(random);
        int experts = 1 + random.nextInt(4);
        int groups = 1 + random.nextInt(3);
        int n = 1 + random.nextInt(40);
        int k = groups * (1 + random.nextInt(20));
        boolean inputMajor = random.nextBoolean();
        var one = layout(n, k, groups, inputMajor, false, random.nextBoolean() ? F16 : F32, F16);
        boolean shared = random.nextInt(4) == 0;
        var layout = new CompressedForm.Layout(
                prefixed(experts, one.stored()),
                prefixed(shared ? 1 : experts, one.entries()),
                prefixed(experts, one.value()),
                one.scale(),
                one.narrow());
        boolean more = random.nextBoolean();
        int own = random.nextBoolean() ? experts : 1;
        Model model = Graph.of(g -> {
            Output x = g.input("x", more ? new long[] {-1, own, -1, k} : new long[] {own, -1, k});
            Output w = CompressedForm.to(g, F32, form.build(g, random, layout));
            g.result(g.op(new NeuralOp.MatMul(false, !inputMajor), x, w));
        });
        // experts that do not begin at a byte are decompressed when they are needed
        assertThat(fused(model)).hasSize(1).containsAnyOf("BatchedLinear", "Decompress");
        if ((long) n * groups % 2 == 0) {
            assertThat(fused(model)).containsExactly("BatchedLinear");
        }
        int rows = 1 + random.nextInt(k);
        same(model, Map.of("x", more ? pickers(2, own, rows, k) : pickers(own, rows, k)), 0);
        same(model, Map.of("x", Graph.noise(random, more ? Shape.of(2, own, 3, k) : Shape.of(own, 3, k))), 1e-5);
    }

    private static Shape prefixed(int first, Shape shape) {
        long[] dims = new long[shape.rank() + 1];
        dims[0] = first;
        System.arraycopy(shape.dims(), 0, dims, 1, shape.rank());
        return Shape.of(dims);
    }

    /** Where the graph goes on in f16: no last Convert. */
    @ParameterizedTest
    @EnumSource(CompressedForm.class)
    void feedsGraphsInHalfPrecision(CompressedForm form) {
        Random random = new Random(3);
        for (boolean inputMajor : new boolean[] {false, true}) {
            var layout = layout(24, 40, 5, inputMajor, false, F16, F16);
            Model model = Graph.of(g -> {
                Output x = g.input("x", F16, -1, -1, 40);
                Output w = form.build(g, random, layout);
                g.result(g.op(new NeuralOp.MatMul(false, !inputMajor), x, w));
                if (!inputMajor) {
                    g.result(g.op(new GatherScatterOp.Gather(0), w, g.input("ids", ElementType.I64, -1), g.scalar(0)));
                    g.result(g.op(
                            new BinaryOp.Add(), w, g.constant(CompressedForm.floats(random, F16, Shape.of(40), 0, 1))));
                }
            });
            assertThat(fused(model)).isEqualTo(inputMajor ? List.of("Linear") : List.of("Embedding", "Linear"));
            Tensor x = CompressedForm.floats(random, F16, Shape.of(1, 3, 40), -1, 1);
            Tensor ids = Tensor.ofLongs(Shape.of(2), 23, 4);
            // a result is rounded to f16, where a sum in another order may fall on the other side
            same(model, inputMajor ? Map.of("x", x) : Map.of("x", x, "ids", ids), 0x1p-11);
        }
    }

    @ParameterizedTest
    @EnumSource(CompressedForm.class)
    void keepsAndUsesCompressedKernelsOfConvolutions(CompressedForm form) {
        Random random = new Random(4);
        var plain =
                new CompressedForm.Layout(Shape.of(5, 3, 3, 2), Shape.of(5, 1, 1, 1), Shape.of(5, 3, 3, 2), F16, F16);
        var grouped = new CompressedForm.Layout(
                Shape.of(2, 3, 1, 3, 3), Shape.of(2, 3, 1, 1, 1), Shape.of(2, 3, 1, 3, 3), F16, F16);
        List<Long> ones = List.of(1L, 1L);
        Model model = Graph.of(g -> {
            Output w = CompressedForm.to(g, F32, form.build(g, random, plain));
            var op = new NeuralOp.Convolution(ones, ones, ones, ones, NeuralOp.AutoPad.EXPLICIT);
            g.result(g.op(op, g.input("x", -1, 3, -1, -1), w));
            Output v = CompressedForm.to(g, F32, form.build(g, random, grouped));
            var each = new NeuralOp.GroupConvolution(ones, ones, ones, ones, NeuralOp.AutoPad.EXPLICIT);
            g.result(g.op(each, g.input("y", -1, 2, -1, -1), v));
        });
        // bytes with a scale a channel are convolved as they are
        boolean bytes = form.codes == ElementType.U8 || form.codes == ElementType.I8;
        String expected = bytes && form != CompressedForm.CODEBOOK8 ? "ConvolutionByConstant" : "Decompress";
        assertThat(fused(model)).containsExactly(expected, expected);
        same(
                model,
                Map.of(
                        "x", Graph.noise(random, Shape.of(1, 3, 5, 4)),
                        "y", Graph.noise(random, Shape.of(2, 2, 4, 4))),
                1e-5);
    }

    /** The weight on the left, activations transposed, a transposed weight, unknown rank: compressed in memory all the same. */
    @ParameterizedTest
    @EnumSource(CompressedForm.class)
    void standsWhereverAProductHasIt(CompressedForm form) {
        Random random = new Random(5);
        var layout = layout(18, 30, 3, false, false, F16, F16);
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, 30, -1);
            g.result(g.op(
                    new NeuralOp.MatMul(false, false), CompressedForm.to(g, F32, form.build(g, random, layout)), x));
            g.result(
                    g.op(new NeuralOp.MatMul(true, true), x, CompressedForm.to(g, F32, form.build(g, random, layout))));
            Output turned = g.op(
                    new ShapeOp.Transpose(), CompressedForm.to(g, F32, form.build(g, random, layout)), g.longs(1, 0));
            Output any = g.input("any", F32, PartialShape.DYNAMIC);
            Output product = g.op(new NeuralOp.MatMul(false, false), any, turned);
            g.result(g.op(new BinaryOp.Add(), product, g.noise(18)));
        });
        assertThat(fused(model)).containsExactly("Decompress", "Decompress", "Linear");
        same(
                model,
                Map.of("x", Graph.noise(random, Shape.of(2, 30, 4)), "any", Graph.noise(random, Shape.of(2, 2, 3, 30))),
                1e-5);
    }

    /** What no kernel knows is folded to f32, and right. */
    @Test
    void computesUnknownFormsTheSlowWay() {
        Random random = new Random(6);
        Tensor x = Graph.noise(random, Shape.of(1, 3, 12));
        Model model = Graph.of(g -> {
            Output in = g.input("x", -1, -1, 12);
            // two-bit codes
            Output two = CompressedForm.to(
                    g, F16, g.constant(CompressedForm.codes(random, ElementType.U2, Shape.of(6, 12))));
            Output scale = g.constant(CompressedForm.floats(random, F16, Shape.of(6, 1), 0.1f, 1));
            product(g, in, g.op(new BinaryOp.Multiply(), two, scale));
            // a scale of 64 bits
            Output eight = g.op(
                    new ShapeOp.Convert(ElementType.F64),
                    g.constant(CompressedForm.codes(random, ElementType.I8, Shape.of(6, 12))));
            Output wide = g.op(new ShapeOp.Convert(ElementType.F64), scale);
            product(g, in, g.op(new BinaryOp.Multiply(), eight, wide));
            // a zero point that is added after the scale
            Output four = CompressedForm.to(
                    g, F16, g.constant(CompressedForm.codes(random, ElementType.U4, Shape.of(6, 12))));
            product(g, in, g.op(new BinaryOp.Add(), g.op(new BinaryOp.Multiply(), four, scale), scale));
        });
        assertThat(fused(model)).isEmpty();
        same(model, Map.of("x", x), 1e-5);
    }

    /** Scales that are no property of a row and its groups: decompressed, not packed. */
    @Test
    void decompressesWhatIsNotGroupedAlongInputs() {
        Random random = new Random(7);
        Model model = Graph.of(g -> {
            Output in = g.input("x", -1, -1, 12);
            for (Shape entries : List.of(Shape.of(6, 12), Shape.of(12), Shape.of(1, 12))) {
                var layout = new CompressedForm.Layout(Shape.of(6, 12), entries, Shape.of(6, 12), F16, F16);
                product(g, in, CompressedForm.INT4_ASYM.build(g, random, layout));
            }
            var rows = new CompressedForm.Layout(Shape.of(18, 4), Shape.of(18, 1), Shape.of(6, 12), F16, F16);
            product(g, in, CompressedForm.NF4.build(g, random, rows));
        });
        assertThat(fused(model)).containsExactly("Decompress", "Decompress", "Decompress", "Decompress");
        same(model, Map.of("x", pickers(1, 12, 12)), 0);
    }

    private static void product(Graph g, Output x, Output weight) {
        g.result(g.op(new NeuralOp.MatMul(false, true), x, CompressedForm.to(g, F32, weight)));
    }

    /** All 256 codes of the 8-bit floats, NaN and infinities too. */
    @Test
    void passesOnEveryCodeOfEightBits() {
        Tensor every = Tensor.of(ElementType.F8E4M3, Shape.of(64, 4), MemorySegment.ofArray(bytes()));
        Tensor wider = Tensor.of(ElementType.F8E5M2, Shape.of(64, 4), MemorySegment.ofArray(bytes()));
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, 4);
            g.result(g.op(new NeuralOp.MatMul(false, true), x, CompressedForm.to(g, F32, g.constant(every))));
            g.result(g.op(new NeuralOp.MatMul(false, true), x, CompressedForm.to(g, F32, g.constant(wider))));
        });
        assertThat(fused(model)).containsExactly("Linear", "Linear");
        Map<String, Tensor> inputs = Map.of("x", pickers(4, 4));
        List<Tensor> expected = run(model, "REFERENCE", inputs);
        List<Tensor> actual = run(model, "CPU", inputs);
        for (int o = 0; o < 2; o++) {
            float[] e = expected.get(o).toFloats();
            float[] a = actual.get(o).toFloats();
            for (int i = 0; i < e.length; i++) {
                assertThat(Float.valueOf(a[i] + 0.0f)).as("element %d", i).isEqualTo(Float.valueOf(e[i] + 0.0f));
            }
        }
    }

    private static byte[] bytes() {
        byte[] all = new byte[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
        }
        return all;
    }

    /** Memory is what the file has: codes, scales and zero points in their bits. */
    @ParameterizedTest
    @EnumSource(CompressedForm.class)
    void holdsWhatTheFileHolds(CompressedForm form) {
        Random random = new Random(8);
        var layout = layout(64, 96, 3, false, false, F16, F16);
        Model model = Graph.of(g -> g.result(CompressedForm.to(g, F32, form.build(g, random, layout))));
        WidenDecompression.run(model);
        WeightSource source =
                WeightSource.match(model.results().getFirst().input(0), false).orElseThrow();
        long codes = form.codes.byteSize(64 * 96);
        long entries = 64 * 3;
        long scales = switch (form) {
            case MXFP4, MXFP8, NVFP4 -> entries;
            default -> 2 * entries;
        };
        // zero points that are floats are kept in 32 bits
        long zeros = form.zeros == ElementType.DYNAMIC
                ? 0
                : form.zeros.isFloat() ? 4 * entries : form.zeros.byteSize(entries);
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            PackedWeights packed = new MatMulSteps.Packs(team, WeightMemory.in(arena))
                    .pack(source)
                    .getFirst();
            assertThat(packed.byteSize()).isEqualTo(codes + scales + zeros);
        }
    }

    /** Weights that a compression computes on demand are computed once, however many matrices they have. */
    @Test
    void asksConstantsOnce() {
        Random random = new Random(9);
        Tensor codes = CompressedForm.codes(random, ElementType.I8, Shape.of(3, 4, 8));
        int[] calls = {0};
        ConstantData counted = new ConstantData() {
            @Override
            public long byteSize() {
                return codes.memory().byteSize();
            }

            @Override
            public void read(long offset, MemorySegment target) {
                calls[0]++;
                MemorySegment.copy(codes.memory(), offset, target, 0, target.byteSize());
            }
        };
        Model model = Graph.of(g -> {
            Output x = g.input("x", 3, -1, 8);
            Output stored = g.op(new Op.Constant(ElementType.I8, codes.shape(), counted));
            product(g, x, g.op(new BinaryOp.Multiply(), CompressedForm.to(g, F16, stored), halves(g, random)));
        });
        assertThat(fused(model)).containsExactly("BatchedLinear");
        assertThat(calls[0]).isZero();
        core.compileModel(model, "CPU").close();
        assertThat(calls[0]).isOne();
        same(model, Map.of("x", pickers(3, 8, 8)), 0);
    }

    private static Output halves(Graph g, Random random) {
        return g.constant(CompressedForm.floats(random, F16, Shape.of(3, 4, 1), 0.01f, 0.03f));
    }
}
