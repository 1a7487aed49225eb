package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.rewrite.LastTokenLogits;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published models, whose graphs others wrote, with weights of noise: they compile, generate, and equal REFERENCE. */
class RealModelsTest {
    /** For results that are held to those of f32. */
    private static final Map<String, String> F32_ACTIVATIONS =
            Map.of(CpuDevice.DYNAMIC_QUANTIZATION, "0", CpuDevice.KV_CACHE_PRECISION, "f32");

    private final Core core = Core.create();

    @TempDir
    Path temporary;

    @BeforeEach
    void filesArePresent() {
        assumeTrue(RealModel.folder().isPresent(), "no real models: set decanter.shared to the folder with real/");
    }

    /** Every layer of every graph is fused; nothing of what fusions are for is left to single steps. */
    @ParameterizedTest
    @CsvSource({
        "llm-gpt2-f32-stateful, Attention=12 CacheAppend=24 Embedding=2 LayerNorm=25 Linear=49",
        "llm-tinyllama-1.1b-int8,"
                + " Angles=1 Attention=22 CacheAppend=44 DecoderMask=22 Embedding=1 Linear=155 RmsNorm=45 Rotary=44"
                + " SwishMultiply=22",
        "llm-evaai-model.ov,"
                + " Angles=1 Attention=36 CacheAppend=72 DecoderMask=1 Embedding=1 Linear=253 RmsNorm=145 Rotary=72"
                + " SwishMultiply=36",
    })
    void isFused(String name, String expected) throws IOException {
        assertThat(counts(name, CompileOptions.EXACT)).isEqualTo(expected);
    }

    /** With activations quantized: one product for queries, keys and values, one for the gate, each with its norm. */
    @ParameterizedTest
    @CsvSource({
        "llm-gpt2-f32-stateful, Attention=12 CacheAppend=24 Embedding=2 LayerNorm=25 Linear=49",
        "llm-tinyllama-1.1b-int8,"
                + " AddNormBlockGate=22 AddNormBlockLinear=22 Angles=1 Attention=22 BlockLinear=44 CacheAppend=44"
                + " DecoderMask=22 Embedding=1 NormBlockLinear=1 Rotary=44",
        "llm-evaai-model.ov,"
                + " AddNormBlockGate=36 AddNormBlockLinear=36 Angles=1 Attention=36 BlockLinear=72 CacheAppend=72"
                + " DecoderMask=1 Embedding=1 NormBlockLinear=1 RmsNorm=72 Rotary=72",
    })
    void isFusedWithQuantizedActivations(String name, String expected) throws IOException {
        assertThat(counts(name, new CompileOptions(128, false))).isEqualTo(expected);
    }

    private String counts(String name, CompileOptions options) throws IOException {
        Map<String, Integer> counts = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            for (Node node : CpuCompiler.rewrite(RealModel.read(name, temporary), options, WeightMemory.in(arena))
                    .topologicalOrder()) {
                if (node.op() instanceof FusedOp op
                        && !(op instanceof FusedOp.CachePast || op instanceof FusedOp.Sizes)) {
                    counts.merge(op.type(), 1, Integer::sum);
                }
            }
        }
        return counts.toString().replaceAll("[{},]", "");
    }

    @ParameterizedTest
    @CsvSource({
        "llm-gpt2-f32-stateful, 50257",
        "llm-tinyllama-1.1b-int8, 32000",
        "llm-evaai-model.ov, 146260",
    })
    void generates(String name, int vocabulary) throws IOException {
        Model model = RealModel.read(name, temporary);
        assertThat(new LastTokenLogits("logits").run(model)).isTrue();
        try (CompiledModel compiled = core.compileModel(model, "CPU");
                InferRequest request = compiled.createInferRequest()) {
            long[] ids = {17, 300, 5, 4711, 42};
            List<Long> generated = new ArrayList<>();
            int past = 0;
            for (int step = 0; step < 3; step++) {
                infer(request, past, ids);
                float[] logits = request.tensor("logits").toFloats();
                assertThat(logits).hasSize(vocabulary);
                int best = argmax(logits);
                assertThat(logits[best]).isFinite().isGreaterThan(logits[(best + 1) % vocabulary]);
                generated.add((long) best);
                past += ids.length;
                ids = new long[] {best};
            }
            // the same prompt again gives the same tokens: the state was reset
            request.resetState();
            infer(request, 0, 17, 300, 5, 4711, 42);
            assertThat(argmax(request.tensor("logits").toFloats()))
                    .isEqualTo(generated.getFirst().intValue());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llm-gpt2-f32-stateful, __module.model.transformer.h.1/aten::add/Add_1",
        "llm-tinyllama-1.1b-int8, __module.model.layers.1/aten::add/Add_1",
        "llm-evaai-model.ov, __module.model.layers.1/aten::add/Add_1",
    })
    void firstLayersEqualReference(String name, String lastLayer) throws IOException {
        Model model = RealModel.firstLayers(RealModel.read(name, temporary), lastLayer, 2);
        try (CompiledModel cpu = core.compileModel(model, "CPU", F32_ACTIVATIONS);
                CompiledModel reference = core.compileModel(model, "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            infer(fast, 0, 17, 300, 5, 4711);
            infer(slow, 0, 17, 300, 5, 4711);
            same(fast.outputs().getFirst(), slow.outputs().getFirst());
            infer(fast, 4, 9);
            infer(slow, 4, 9);
            same(fast.outputs().getFirst(), slow.outputs().getFirst());
        }
    }

    /** Two rows, the second padded on the left; then one token more each, in the other order. */
    @ParameterizedTest
    @CsvSource({
        "llm-gpt2-f32-stateful, __module.model.transformer.h.1/aten::add/Add_1",
        "llm-tinyllama-1.1b-int8, __module.model.layers.1/aten::add/Add_1",
    })
    void paddedRowsEqualSingleOnes(String name, String lastLayer) throws IOException {
        Model model = RealModel.firstLayers(RealModel.read(name, temporary), lastLayer, 2);
        try (CompiledModel compiled = core.compileModel(model, "CPU", F32_ACTIVATIONS);
                InferRequest batch = compiled.createInferRequest();
                InferRequest full = compiled.createInferRequest();
                InferRequest padded = compiled.createInferRequest()) {
            set(batch, "input_ids", 2, 17, 300, 5, 4711, 0, 0, 8, 3);
            set(batch, "attention_mask", 2, 1, 1, 1, 1, 0, 0, 1, 1);
            set(batch, "position_ids", 2, 0, 1, 2, 3, 1, 1, 0, 1);
            batch.setTensor("beam_idx", Tensor.ofInts(Shape.of(2), 0, 1));
            batch.infer();
            infer(full, 0, 17, 300, 5, 4711);
            infer(padded, 0, 8, 3);
            same(last(batch, 0), last(full, 0));
            same(last(batch, 1), last(padded, 0));

            set(batch, "input_ids", 2, 9, 11);
            set(batch, "attention_mask", 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
            set(batch, "position_ids", 2, 2, 4);
            batch.setTensor("beam_idx", Tensor.ofInts(Shape.of(2), 1, 0));
            batch.infer();
            infer(full, 4, 11);
            infer(padded, 2, 9);
            same(last(batch, 0), last(padded, 0));
            same(last(batch, 1), last(full, 0));
        }
    }

    private static void set(InferRequest request, String input, int rows, long... values) {
        request.setTensor(input, Tensor.ofLongs(Shape.of(rows, values.length / rows), values));
    }

    /** The values at the last position of a row. */
    private static Tensor last(InferRequest request, int row) {
        Tensor output = request.outputs().getFirst();
        int positions = (int) output.shape().dim(1);
        int size = (int) output.shape().dim(2);
        int from = ((row + 1) * positions - 1) * size;
        return Tensor.ofFloats(Shape.of(size), Arrays.copyOfRange(output.toFloats(), from, from + size));
    }

    private static void same(Tensor actual, Tensor expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        float[] a = actual.toFloats();
        float[] e = expected.toFloats();
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < e.length; i++) {
            scale += (double) e[i] * e[i];
            worst = Math.max(worst, Math.abs(a[i] - e[i]));
        }
        double deviation = Math.sqrt(scale / e.length);
        assertThat(deviation).isGreaterThan(0.01);
        assertThat(worst / deviation).isLessThan(1e-4);
    }

    private static void infer(InferRequest request, int past, long... ids) {
        int n = ids.length;
        long[] positions = new long[n];
        Arrays.setAll(positions, i -> past + i);
        long[] mask = new long[past + n];
        Arrays.fill(mask, 1);
        request.setTensor("input_ids", Tensor.ofLongs(Shape.of(1, n), ids));
        request.setTensor("attention_mask", Tensor.ofLongs(Shape.of(1, past + n), mask));
        request.setTensor("position_ids", Tensor.ofLongs(Shape.of(1, n), positions));
        request.setTensor("beam_idx", Tensor.ofInts(Shape.of(1), 0));
        request.infer();
    }

    private static int argmax(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }
}
