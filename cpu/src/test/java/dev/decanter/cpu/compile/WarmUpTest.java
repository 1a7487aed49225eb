package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.Execution;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The warm-up runs while a model is compiled, disturbs nothing and ends. */
class WarmUpTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int HEADS = 2;
    private static final int SIZE = 8;
    private static final int TOKENS = 5;

    private final ThreadTeam team = new ThreadTeam(2);
    private final WeightMemory memory = WeightMemory.create();

    @AfterEach
    void free() {
        memory.close();
        team.close();
    }

    private Plan plan(int attentions, WarmUp warmUp) {
        Model model = Graph.of(g -> {
            Output q = g.input("q", -1, HEADS, -1, SIZE);
            Output k = g.input("k", -1, HEADS, -1, SIZE);
            Output v = g.input("v", -1, HEADS, -1, SIZE);
            Output x = q;
            for (int i = 0; i < attentions; i++) {
                x = g.op(new NeuralOp.ScaledDotProductAttention(true), x, k, v);
            }
            g.result(x);
        });
        Model own = CpuCompiler.rewrite(model, memory);
        return new Planner(own, new Lowering(team, memory, List.of()), CachePrecision.F32, warmUp).plan();
    }

    private static float[] infer(Execution execution) {
        Random random = new Random(7);
        List<Tensor> inputs = random.doubles(3)
                .mapToObj(_ -> {
                    float[] values = new float[HEADS * TOKENS * SIZE];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = random.nextFloat() - 0.5f;
                    }
                    return Tensor.ofFloats(Shape.of(1, HEADS, TOKENS, SIZE), values);
                })
                .toList();
        return execution.infer(inputs).getFirst().toFloats();
    }

    private static void awaitRound(WarmUp warmUp) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (warmUp.rounds() == 0 && System.nanoTime() < end) {
            Thread.sleep(1);
        }
        assertThat(warmUp.rounds()).isPositive();
    }

    @Test
    void runsTheFirstLayerAndEndsWithTheFirstInference() throws Exception {
        try (WarmUp warmUp = WarmUp.create();
                Frame plain = new Frame(plan(3, WarmUp.none()), team)) {
            Plan plan = plan(3, warmUp);
            Thread thread = warmUp.thread().orElseThrow();
            assertThat(thread.isDaemon()).isTrue();
            awaitRound(warmUp);
            try (Execution execution = warmUp.endingWith(new Frame(plan, team))) {
                assertThat(infer(execution)).containsExactly(infer(plain));
                assertThat(thread.join(PATIENCE)).isTrue();
                assertThat(infer(execution)).containsExactly(infer(plain));
            }
            assertThat(warmUp.waiting()).isFalse();
        }
    }

    @Test
    void endsBeforeTheWeightsAreFreed() throws Exception {
        WarmUp warmUp = WarmUp.create();
        plan(2, warmUp);
        awaitRound(warmUp);
        warmUp.close();
        assertThat(warmUp.thread().orElseThrow().isAlive()).isFalse();
    }

    @Test
    void endsByItselfWhenItGetsNoFaster() throws Exception {
        try (WarmUp warmUp = WarmUp.create()) {
            plan(2, warmUp);
            assertThat(warmUp.thread().orElseThrow().join(PATIENCE)).isTrue();
            assertThat(warmUp.rounds()).isGreaterThan(1);
        }
    }

    @Test
    void doesNotStartWithoutASecondLayer() {
        try (WarmUp warmUp = WarmUp.create()) {
            plan(1, warmUp);
            assertThat(warmUp.thread()).isEmpty();
        }
    }

    @Test
    void aSystemPropertyLeavesItOut() {
        System.setProperty(WarmUp.PROPERTY, "false");
        try (WarmUp warmUp = WarmUp.create()) {
            plan(2, warmUp);
            assertThat(warmUp.thread()).isEmpty();
        } finally {
            System.clearProperty(WarmUp.PROPERTY);
        }
    }
}
