package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
    /** x → 20 times (add a constant, tanh), the first value kept for the end. */
    private static Model chain() {
        return Graph.of(g -> {
            Output x = g.input("x", -1, 64);
            Output first = g.op(new BinaryOp.Add(), x, g.noise(64));
            Output y = first;
            for (int i = 0; i < 20; i++) {
                y = g.op(new UnaryOp.Tanh(), g.op(new BinaryOp.Add(), y, g.noise(64)));
            }
            g.result(g.op(new BinaryOp.Multiply(), y, first));
        });
    }

    @Test
    void buffersAreReused() {
        try (Arena arena = Arena.ofShared();
                ThreadTeam team = new ThreadTeam(1)) {
            Plan plan = new Planner(
                            CpuCompiler.rewrite(chain(), WeightMemory.in(arena)),
                            new Lowering(team, WeightMemory.in(arena), List.of()),
                            CachePrecision.F16)
                    .plan();
            assertThat(plan.steps()).hasSize(42);
            // the kept value, and two for the chain
            assertThat(plan.slotCount()).isEqualTo(3);
        }
    }

    @Test
    void aRepeatedShapeMakesNoNewTensor() {
        try (Arena arena = Arena.ofShared();
                ThreadTeam team = new ThreadTeam(1)) {
            Plan plan = new Planner(
                            CpuCompiler.rewrite(chain(), WeightMemory.in(arena)),
                            new Lowering(team, WeightMemory.in(arena), List.of()),
                            CachePrecision.F16)
                    .plan();
            try (Frame frame = new Frame(plan, team)) {
                Random random = new Random(1);
                Tensor two = frame.infer(List.of(Graph.noise(random, Shape.of(2, 64))))
                        .getFirst();
                float[] before = two.toFloats();
                Tensor again = frame.infer(List.of(Graph.noise(random, Shape.of(2, 64))))
                        .getFirst();
                assertThat(again).isSameAs(two);
                assertThat(again.toFloats()).isNotEqualTo(before);
                // a smaller shape fits the buffer that is there
                Tensor one = frame.infer(List.of(Graph.noise(random, Shape.of(1, 64))))
                        .getFirst();
                assertThat(one.memory().address()).isEqualTo(two.memory().address());
            }
        }
    }
}
