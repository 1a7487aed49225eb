package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** What is computed from sizes: one step, and the same numbers. */
class SizesFusionTest {
    private static final Core CORE = Core.create();

    private static Output shape(Graph g, Output x) {
        return g.op(new ShapeOp.ShapeOf(ElementType.I64), x);
    }

    private static Output pick(Graph g, Output list, Output index) {
        return g.op(new GatherScatterOp.Gather(0), list, index, g.scalar(0));
    }

    /** x [B, S, 8] with its last axis cut in two, and put together again, for each of some layers. */
    private static Model layers(int count) {
        return Graph.of(g -> {
            Output x = g.input("x", -1, -1, 8);
            for (int i = 0; i < count; i++) {
                Output lead = pick(g, shape(g, x), g.longs(0, 1));
                Output apart =
                        g.op(new ShapeOp.Reshape(false), x, g.op(new ShapeOp.Concat(0), lead, g.longs(2), g.longs(-1)));
                Output turned = g.op(new UnaryOp.Negative(), apart);
                Output again = pick(g, shape(g, turned), g.longs(0, 1));
                Output together =
                        g.op(new ShapeOp.Reshape(false), turned, g.op(new ShapeOp.Concat(0), again, g.longs(-1)));
                x = g.op(new BinaryOp.Add(), x, together);
            }
            g.result(x);
        });
    }

    private static List<String> kinds(Model model) {
        try (Arena arena = Arena.ofConfined()) {
            return CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder().stream()
                    .map(node -> node.op().type())
                    .toList();
        }
    }

    @Test
    void isOneStepForAllLayersThatAskTheSame() {
        List<String> kinds = kinds(layers(5));
        assertThat(kinds).filteredOn("Sizes"::equals).hasSize(2);
        assertThat(kinds).doesNotContain("ShapeOf", "Gather", "Concat");
        same(layers(5), Shape.of(2, 3, 8));
        same(layers(5), Shape.of(1, 1, 8));
    }

    /** Random arithmetic on the sizes of two inputs, given out and used as a shape. */
    @Property(tries = 200)
    void areTheSameNumbers(@ForAll long seed) {
        Random random = new Random(seed);
        Shape given = Shape.of(1 + random.nextInt(4), 1 + random.nextInt(4), 8);
        same(
                Graph.of(g -> {
                    Random choice = new Random(seed);
                    Output x = g.input("x", -1, -1, 8);
                    List<Output> lists = new ArrayList<>(List.of(shape(g, x), g.longs(3, 1, 2)));
                    for (int i = 0; i < 6; i++) {
                        lists.add(next(g, choice, x, lists.get(choice.nextInt(lists.size())), lists));
                    }
                    // as numbers that no size is: those are asked for
                    for (Output list : lists) {
                        g.result(g.op(new BinaryOp.Maximum(), list, g.scalar(-5)));
                    }
                }),
                given);
    }

    /** A list of three of another. */
    private static Output next(Graph g, Random choice, Output x, Output list, List<Output> lists) {
        Output other = lists.get(choice.nextInt(lists.size()));
        Output one = pick(g, other, g.scalar(choice.nextInt(3)));
        return switch (choice.nextInt(8)) {
            case 0 -> g.op(new BinaryOp.Add(), list, other);
            case 1 -> g.op(new BinaryOp.Subtract(), list, one);
            case 2 -> g.op(new BinaryOp.Multiply(), list, choice.nextBoolean() ? one : g.scalar(-2));
            case 3 -> pick(g, list, g.longs(2, -3, 1));
            case 4 ->
                g.op(
                        new ShapeOp.Concat(0),
                        g.op(new ShapeOp.Unsqueeze(), one, g.scalar(0)),
                        pick(g, list, g.longs(0, 1)));
            case 5 ->
                g.op(
                        new GatherScatterOp.ScatterUpdate(),
                        list,
                        g.longs(1),
                        g.op(new ShapeOp.Reshape(false), one, g.longs(1)),
                        g.scalar(0));
            case 6 -> {
                Node parts = Node.of(new ShapeOp.Split(3), "parts" + lists.size(), list, g.scalar(0));
                yield g.op(new ShapeOp.Concat(0), parts.output(2), parts.output(0), parts.output(0));
            }
            default -> {
                Output order = g.op(new ShapeOp.Transpose(), x, g.longs(1, 2, 0));
                yield shape(g, g.op(new BinaryOp.Add(), order, g.floats(Shape.of(1, 1, 1), 2)));
            }
        };
    }

    private static void same(Model model, Shape given) {
        try (CompiledModel cpu = CORE.compileModel(model, "CPU");
                CompiledModel reference = CORE.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            Tensor x = Graph.noise(new Random(1), given);
            fast.setTensor("x", x);
            slow.setTensor("x", x);
            fast.infer();
            slow.infer();
            for (int i = 0; i < slow.outputs().size(); i++) {
                Tensor a = fast.outputs().get(i);
                Tensor e = slow.outputs().get(i);
                assertThat(a.shape()).isEqualTo(e.shape());
                if (e.elementType() == ElementType.F32) {
                    assertThat(a.toFloats()).isEqualTo(e.toFloats());
                } else {
                    assertThat(a.toLongs()).isEqualTo(e.toLongs());
                }
            }
        }
    }
}
