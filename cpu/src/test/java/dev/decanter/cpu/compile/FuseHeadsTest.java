package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FuseHeadsTest {
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int SIZE = 8;

    @Test
    void cachesAndAttentionTakeHeadsAsProductsHaveThem() {
        Model model = DecoderGraph.of(HEADS, KV_HEADS, SIZE, false, true);
        try (Arena arena = Arena.ofConfined()) {
            var nodes = CpuCompiler.rewrite(model, WeightMemory.in(arena)).topologicalOrder();
            assertThat(nodes.stream().filter(n -> n.op() instanceof FusedOp.CacheAppend))
                    .hasSize(2)
                    .allMatch(n -> ((FusedOp.CacheAppend) n.op()).turned());
            // queries without a rotary embedding are still exchanged
            assertThat(nodes.stream().filter(n -> n.op() instanceof ShapeOp.Transpose))
                    .hasSize(1);
        }
        Random random = new Random(5);
        Core core = Core.create();
        try (CompiledModel cpu = core.compileModel(model, "CPU", Map.of(CpuDevice.EXECUTION_MODE, "ACCURACY"));
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            for (int steps : new int[] {37, 1, 1, 5}) {
                Map<String, Tensor> inputs = Map.of(
                        "q", Graph.noise(random, Shape.of(2, steps, HEADS, SIZE)),
                        "k", Graph.noise(random, Shape.of(2, steps, KV_HEADS, SIZE)),
                        "v", Graph.noise(random, Shape.of(2, steps, KV_HEADS, SIZE)),
                        "beam_idx", Tensor.ofInts(Shape.of(2), 1, 0));
                inputs.forEach(fast::setTensor);
                inputs.forEach(slow::setTensor);
                fast.infer();
                slow.infer();
                assertThat(fast.outputs().getFirst().shape()).isEqualTo(Shape.of(2, steps, HEADS, SIZE));
                float[] expected = slow.outputs().getFirst().toFloats();
                float[] actual = fast.outputs().getFirst().toFloats();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i]).isCloseTo(expected[i], within(1e-4f));
                }
            }
        }
    }
}
