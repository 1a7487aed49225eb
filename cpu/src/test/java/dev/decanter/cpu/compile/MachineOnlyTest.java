package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MachineOnlyTest {
    private static List<String> others(Model model, Map<String, String> options) {
        try (WeightMemory memory = WeightMemory.create()) {
            Model rewritten = CpuCompiler.rewrite(model, CompileOptions.of(options, model), memory);
            List<String> others = rewritten.topologicalOrder().stream()
                    .filter(node -> !MachineOnly.computes(node))
                    .map(node -> node.op().type())
                    .toList();
            assertThat(CpuCompiler.needsVectors(rewritten)).isEqualTo(!MachineOnly.available() || !others.isEmpty());
            return others;
        }
    }

    /** The decoder with an op behind it. */
    private static Model ending(Model decoder, dev.decanter.ir.op.Op op) {
        Node result = decoder.results().getFirst();
        Output last = result.input(0);
        result.replaceInput(0, Node.of(op, "behind", List.of(last)).output());
        return decoder;
    }

    @Test
    void aDecoderOfBlockLinearWeights() {
        assertThat(others(DecoderThreadsTest.decoder(1), Map.of(CompileOptions.GROUP_SIZE, "128")))
                .isEmpty();
    }

    @Test
    void activationsOfMoreBits() {
        assertThat(others(DecoderThreadsTest.decoder(1), Map.of(CompileOptions.GROUP_SIZE, "0")))
                .contains("Linear");
        assertThat(others(DecoderThreadsTest.decoder(1), Map.of(CompileOptions.MODE, "ACCURACY")))
                .contains("Linear", "Attention");
    }

    @Test
    void whatOnlyVectorKernelsDo() {
        Map<String, String> options = Map.of(CompileOptions.GROUP_SIZE, "128");
        assertThat(others(ending(DecoderThreadsTest.decoder(1), new NeuralOp.Softmax(-1)), options))
                .containsExactly("SoftMax");
        assertThat(others(ending(DecoderThreadsTest.decoder(1), new UnaryOp.Exp()), options))
                .containsExactly("Exp");
    }
}
