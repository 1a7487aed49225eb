package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CutEarlierTest {
    private final Core core = Core.create();

    private static Output linear(Graph g, Output x, int n) {
        return g.op(new NeuralOp.MatMul(false, true), x, g.noise(n, 8));
    }

    private static Output last(Graph g, Output x) {
        return g.op(new ShapeOp.Slice(), x, g.longs(-1), g.longs(Long.MAX_VALUE), g.longs(1), g.longs(1));
    }

    /** Linear layers, a gate and a residual sum, as after the last attention. */
    private static Model decoder(boolean readElsewhere) {
        return Graph.of(g -> {
            Output x = g.input("x", -1, -1, 8);
            Output h = g.op(new BinaryOp.Add(), x, linear(g, g.op(new UnaryOp.Tanh(), x), 8));
            Output gate = g.op(new UnaryOp.Swish(), linear(g, h, 8));
            Output product = g.op(new BinaryOp.Multiply(), gate, linear(g, h, 8));
            Output y = g.op(new BinaryOp.Add(), h, linear(g, product, 8));
            g.result(linear(g, last(g, y), 30));
            if (readElsewhere) {
                g.result(h);
            }
        });
    }

    private static List<Node> order(Model model, Arena arena) {
        return CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder();
    }

    private static long cuts(List<Node> nodes) {
        return nodes.stream().filter(n -> n.op() instanceof ShapeOp.Slice).count();
    }

    @Test
    void oneCutOfTheInputServesAll() {
        try (Arena arena = Arena.ofConfined()) {
            List<Node> nodes = order(decoder(false), arena);
            assertThat(cuts(nodes)).isOne();
            Node cut = nodes.stream()
                    .filter(n -> n.op() instanceof ShapeOp.Slice)
                    .findFirst()
                    .orElseThrow();
            assertThat(cut.input(0).node().name()).isEqualTo("x");
        }
    }

    @Test
    void stopsAtWhatOthersRead() {
        try (Arena arena = Arena.ofConfined()) {
            List<Node> nodes = order(decoder(true), arena);
            assertThat(cuts(nodes)).isOne();
            Node cut = nodes.stream()
                    .filter(n -> n.op() instanceof ShapeOp.Slice)
                    .findFirst()
                    .orElseThrow();
            assertThat(cut.input(0).node().op()).isInstanceOf(BinaryOp.Add.class);
        }
    }

    /** A sum over positions is not the sum over some of them. */
    @Test
    void leavesOtherAxesAndOperationsAlone() {
        Model model = Graph.of(g -> {
            Output x = g.input("x", -1, -1, 8);
            Output soft = g.op(new NeuralOp.Softmax(1), x);
            g.result(linear(g, last(g, soft), 8));
            Output features =
                    g.op(new ShapeOp.Slice(), linear(g, x, 8), g.longs(0), g.longs(4), g.longs(1), g.longs(2));
            g.result(features);
        });
        try (Arena arena = Arena.ofConfined()) {
            List<Node> nodes = order(model, arena);
            assertThat(nodes.stream()
                            .filter(n -> n.op() instanceof ShapeOp.Slice)
                            .map(n -> n.input(0).node().op().type()))
                    .containsExactlyInAnyOrder("SoftMax", "Linear");
        }
    }

    @Test
    void givesWhatReferenceGives() {
        Tensor x = Graph.noise(new Random(4), Shape.of(2, 5, 8));
        for (boolean readElsewhere : new boolean[] {false, true}) {
            Model model = decoder(readElsewhere);
            float[] fast = first(model, "CPU", x);
            float[] slow = first(model, "REFERENCE", x);
            assertThat(fast).hasSize(2 * 30);
            for (int i = 0; i < slow.length; i++) {
                assertThat(fast[i]).isCloseTo(slow[i], within(1e-2f));
            }
        }
    }

    private float[] first(Model model, String device, Tensor x) {
        try (CompiledModel compiled = core.compileModel(model, device);
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("x", x);
            request.infer();
            return request.outputs().getFirst().toFloats();
        }
    }
}
