package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A layer of a decoder with a cache and block-linear weights gives the same bits on any number of threads. */
public class DecoderThreadsTest {
    private static final Core CORE = Core.create();
    private static final int HIDDEN = 256;
    private static final int INNER = 640;
    private static final int VOCABULARY = 1500;
    private static final int[] MORE_THREADS = {2, 3, 5, 64};
    private static final List<Heads> HEADS =
            List.of(new Heads(4, 2, 64), new Heads(8, 1, 32), new Heads(6, 6, 80), new Heads(5, 5, 16));
    private static final String[] PRECISIONS = {"f16", "u8", "f32"};

    private enum Form {
        ASYM(CompressedForm.INT4_ASYM, CompressedForm.INT8_ASYM),
        SYM(CompressedForm.INT4_SYM, CompressedForm.INT8_SYM);

        final CompressedForm layers;
        final CompressedForm head;

        Form(CompressedForm layers, CompressedForm head) {
            this.layers = layers;
            this.head = head;
        }
    }

    private record Heads(int all, int ofKeys, int size) {}

    /** The layer of one seed, with so many weights that they are worth a cache; {@link MachineOnly} knows all its parts. */
    public static Model decoder(long seed) {
        return new Decoder(Form.ASYM, 64, HEADS.getFirst(), new Random(seed), 4 * VOCABULARY).model();
    }

    private record Decoder(Form form, int group, Heads heads, Random random, int vocabulary) {
        Output linear(Graph g, Output x, CompressedForm kind, int outputs, int inputs) {
            int size = kind == form.head ? inputs : group;
            var layout = new CompressedForm.Layout(
                    Shape.of(outputs, inputs / size, size),
                    Shape.of(outputs, inputs / size, 1),
                    Shape.of(outputs, inputs),
                    ElementType.F16,
                    ElementType.F16);
            Output w = CompressedForm.to(g, ElementType.F32, kind.build(g, random, layout));
            return g.op(new NeuralOp.MatMul(false, true), x, w);
        }

        static Output norm(Graph g, Output x) {
            Output square = g.op(new BinaryOp.Power(), x, g.floats(Shape.SCALAR, 2));
            Output mean = g.op(new ReduceOp.ReduceMean(true), square, g.longs(-1));
            Output root = g.op(new UnaryOp.Sqrt(), g.op(new BinaryOp.Add(), mean, g.floats(Shape.SCALAR, 1e-5f)));
            Output inverse = g.op(new BinaryOp.Divide(), g.floats(Shape.SCALAR, 1), root);
            return g.op(new BinaryOp.Multiply(), g.noise(HIDDEN), g.op(new BinaryOp.Multiply(), x, inverse));
        }

        Output heads(Graph g, Output x, int count) {
            Output split = g.op(new ShapeOp.Reshape(true), x, g.longs(0, 0, count, heads.size));
            return DecoderGraph.turn(g, split);
        }

        Model model() {
            return Graph.of(g -> {
                Output x = g.input("x", -1, -1, HIDDEN);
                Output beams = g.input("beam_idx", ElementType.I32, -1);
                Output normed = norm(g, x);
                int width = heads.all * heads.size;
                Output q = heads(g, linear(g, normed, form.layers, width, HIDDEN), heads.all);
                Output k = heads(g, linear(g, normed, form.layers, heads.ofKeys * heads.size, HIDDEN), heads.ofKeys);
                Output v = heads(g, linear(g, normed, form.layers, heads.ofKeys * heads.size, HIDDEN), heads.ofKeys);
                Output seen = DecoderGraph.turn(
                        g,
                        DecoderGraph.attend(g, q, k, v, beams, Optional.empty(), heads.all, heads.ofKeys, heads.size));
                Output flat = g.op(new ShapeOp.Reshape(true), seen, g.longs(0, 0, width));
                // groups of weights divide their inputs
                Output projected = width % group == 0
                        ? linear(g, flat, form.layers, HIDDEN, width)
                        : linear(g, flat, form.head, HIDDEN, width);
                Output sum = g.op(new BinaryOp.Add(), x, projected);
                Output again = norm(g, sum);
                Output gate = g.op(new UnaryOp.Swish(), linear(g, again, form.layers, INNER, HIDDEN));
                Output inner = g.op(new BinaryOp.Multiply(), gate, linear(g, again, form.layers, INNER, HIDDEN));
                Output last = g.op(new BinaryOp.Add(), sum, linear(g, inner, form.layers, HIDDEN, INNER));
                g.result(linear(g, norm(g, last), form.head, vocabulary, HIDDEN));
            });
        }
    }

    /** Logits of a prompt and of some tokens after it. */
    private static List<float[]> answers(Model model, int threads, String precision, List<Tensor> steps) {
        Map<String, String> settings = Map.of(
                CpuDevice.NUM_THREADS,
                Integer.toString(threads),
                CpuDevice.DYNAMIC_QUANTIZATION,
                "128",
                "KV_CACHE_PRECISION",
                precision);
        List<float[]> answers = new ArrayList<>();
        try (CompiledModel compiled = CORE.compileModel(model, "CPU", settings);
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("beam_idx", Tensor.ofInts(Shape.of(1), 0));
            for (Tensor step : steps) {
                request.setTensor("x", step);
                request.infer();
                answers.add(request.outputs().getFirst().toFloats());
            }
        }
        return answers;
    }

    @Property(tries = 8)
    void threadsChangeNoBit(
            @ForAll Form form,
            @ForAll @IntRange(max = 2) int group,
            @ForAll @IntRange(max = 3) int heads,
            @ForAll @IntRange(max = 2) int precision,
            @ForAll @IntRange(min = 1, max = 200) int prompt,
            @ForAll long seed) {
        Random random = new Random(seed);
        Model model = new Decoder(form, 32 << group, HEADS.get(heads), random, VOCABULARY).model();
        List<Tensor> steps = new ArrayList<>();
        for (int rows : new int[] {prompt, 1, 1, 7, 1}) {
            steps.add(Graph.noise(random, Shape.of(1, rows, HIDDEN)));
        }
        List<float[]> alone = answers(model, 1, PRECISIONS[precision], steps);
        assertThat(alone.getFirst()).hasSize(prompt * VOCABULARY).doesNotContain(Float.NaN);
        for (int threads : MORE_THREADS) {
            List<float[]> together = answers(model, threads, PRECISIONS[precision], steps);
            for (int i = 0; i < alone.size(); i++) {
                assertThat(Arrays.equals(together.get(i), alone.get(i)))
                        .as("step %d on %d threads gives what one thread gives", i, threads)
                        .isTrue();
            }
        }
    }
}
