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
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cosine and sine of positions, and rotary embedding by them, as Optimum writes both. */
class AnglesFusionTest {
    private static final int HEADS = 3;

    private final Core core = Core.create();
    private final Random random = new Random(5);

    /** [B, S, 2n] angles of position times frequency, n of them and again. */
    private static Output angles(Graph g, Output positions, Output frequencies) {
        Output batch = g.op(
                new GatherScatterOp.Gather(0),
                g.op(new ShapeOp.ShapeOf(ElementType.I64), positions),
                g.longs(0),
                g.scalar(0));
        Output shape = g.op(new ShapeOp.Concat(0), batch, g.longs(1), g.longs(1));
        Output wide = g.op(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), frequencies, shape);
        Output rows = g.op(new ShapeOp.Unsqueeze(), positions, g.scalar(1));
        Output numbers = g.op(new ShapeOp.Convert(ElementType.F32), rows);
        Output product = g.op(new NeuralOp.MatMul(false, false), wide, numbers);
        Output turned = g.op(new ShapeOp.Transpose(), product, g.longs(0, 2, 1));
        return g.op(new ShapeOp.Concat(-1), turned, turned);
    }

    private static Output scaled(Graph g, Output x, float scale) {
        Output product = scale != 1 ? g.op(new BinaryOp.Multiply(), x, g.floats(Shape.of(1, 1, 1), scale)) : x;
        return g.op(new ShapeOp.Unsqueeze(), product, g.scalar(1));
    }

    private static Output rotary(Graph g, Output x, Output cos, Output sin, int d) {
        Output low = g.op(new ShapeOp.Slice(), x, g.longs(0), g.longs(d / 2), g.longs(1), g.longs(3));
        Output high = g.op(new ShapeOp.Slice(), x, g.longs(d / 2), g.longs(d), g.longs(1), g.longs(3));
        Output negative = g.op(new BinaryOp.Multiply(), high, g.floats(Shape.of(1, 1, 1, 1), -1));
        Output rotated = g.op(new ShapeOp.Concat(-1), negative, low);
        return g.op(
                new BinaryOp.Add(), g.op(new BinaryOp.Multiply(), x, cos), g.op(new BinaryOp.Multiply(), rotated, sin));
    }

    private static float[] frequencies(int n, float base) {
        float[] all = new float[n];
        for (int i = 0; i < n; i++) {
            all[i] = (float) Math.pow(base, -(double) i / n);
        }
        return all;
    }

    /** Two layers, of which each computes its angles. */
    private static Model model(int d, float scale, float otherBase, float sineScale) {
        return Graph.of(g -> {
            Output positions = g.input("positions", ElementType.I64, -1, -1);
            for (int layer = 0; layer < 2; layer++) {
                float base = layer == 0 ? 10_000 : otherBase;
                Output angle = angles(g, positions, g.floats(Shape.of(1, d / 2, 1), frequencies(d / 2, base)));
                Output cos = scaled(g, g.op(new UnaryOp.Cos(), angle), scale);
                Output sin = scaled(g, g.op(new UnaryOp.Sin(), angle), sineScale);
                g.result(rotary(g, g.input("x" + layer, -1, HEADS, -1, d), cos, sin, d));
            }
        });
    }

    private static List<String> fused(Model model) {
        try (Arena arena = Arena.ofConfined()) {
            return CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder().stream()
                    .filter(node -> node.op() instanceof FusedOp)
                    .map(node -> node.op().type())
                    .sorted()
                    .toList();
        }
    }

    private void sameOnBoth(Model model, int d, int rows, int... counts) {
        try (CompiledModel cpu = core.compileModel(model, "CPU");
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            for (int count : counts) {
                long[] positions = LongStream.generate(() -> random.nextInt(5000))
                        .limit((long) rows * count)
                        .toArray();
                Map<String, Tensor> inputs = Map.of(
                        "positions", Tensor.ofLongs(Shape.of(rows, count), positions),
                        "x0", Graph.noise(random, Shape.of(rows, HEADS, count, d)),
                        "x1", Graph.noise(random, Shape.of(rows, HEADS, count, d)));
                inputs.forEach(fast::setTensor);
                inputs.forEach(slow::setTensor);
                fast.infer();
                slow.infer();
                for (int layer = 0; layer < 2; layer++) {
                    float[] a = fast.outputs().get(layer).toFloats();
                    float[] e = slow.outputs().get(layer).toFloats();
                    assertThat(a).hasSameSizeAs(e);
                    for (int i = 0; i < e.length; i++) {
                        assertThat(a[i]).isCloseTo(e[i], within(1e-5f * Math.max(1, Math.abs(e[i]))));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "8, 1", "64, 1.2", "128, 1"})
    void areOnesForAllLayers(int d, float scale) {
        Model model = model(d, scale, 10_000, scale);
        assertThat(fused(model)).containsExactly("Angles", "Rotary", "Rotary");
        sameOnBoth(model, d, 2, 5, 1, 40);
        sameOnBoth(model, d, 1, 1, 300);
    }

    @Test
    void areTwoForOtherFrequencies() {
        Model model = model(8, 1, 500, 1);
        assertThat(fused(model)).containsExactly("Angles", "Angles", "Rotary", "Rotary");
        sameOnBoth(model, 8, 2, 5);
    }

    @Test
    void areLeftAloneIfSineIsScaledOtherwise() {
        Model model = model(8, 2, 10_000, 3);
        assertThat(fused(model)).containsExactly("Rotary", "Rotary", "Sizes");
        sameOnBoth(model, 8, 2, 5);
    }
}
