package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ALBERT as NNCF's post-training quantization left it, with weights of noise and ranges that fit them. */
class RealInt8Test {
    @TempDir
    Path temporary;

    @BeforeEach
    void filesArePresent() {
        assumeTrue(RealModel.folder().isPresent(), "no real models: set decanter.shared to the folder with real/");
    }

    private Model albert() throws IOException {
        Model model = RealModel.read(
                "text-albert-small-v2", "openvino_model_qint8_quantized.xml", "text-albert-small-v2-qint8", temporary);
        int quantizers = 0;
        for (Node node : model.topologicalOrder()) {
            switch (node.op()) {
                case NeuralOp.FakeQuantize _ -> setRange(node, quantizers++);
                // the positions, of which a slice is looked up
                case Op.Constant c
                when c.elementType() == ElementType.I64 && c.shape().elements() == 512 ->
                    node.output()
                            .replaceWith(Constants.integers(
                                            ElementType.I64,
                                            node.name(),
                                            c.shape(),
                                            LongStream.range(0, 512).toArray())
                                    .output());
                default -> {}
            }
        }
        assertThat(quantizers).isEqualTo(49);
        return model;
    }

    /** Signed, asymmetric and unsigned in turn; those before a product of two activations are signed, as NNCF's are. */
    private static void setRange(Node quantizer, int index) {
        boolean signed = index % 3 == 0
                || quantizer.output().consumers().stream()
                        .noneMatch(c -> c.node().op() instanceof NeuralOp.MatMul);
        double high = 2.5;
        double low = signed ? -high * 128 / 127 : index % 3 == 1 ? -high * 100 / 155 : 0;
        for (int i = 1; i <= 4; i++) {
            quantizer.replaceInput(
                    i,
                    Constants.numbers(ElementType.F32, "range", Shape.SCALAR, i % 2 == 1 ? low : high)
                            .output());
        }
    }

    @Test
    void everyQuantizedProductRunsInIntegers() throws IOException {
        // 37 by weights and 6 of queries by keys; probabilities by values are float in the file, 6 times
        assertThat(Int8FusionTest.fused(albert()))
                .isEqualTo("Embedding=3 Int8Linear=37 Int8MatMul=6 LayerNorm=13 MatMul=6 Quantize=49 SoftMax=6");
    }

    /**
     * Up to the first rounding of a computed value the devices agree to the last bits; from there on a bit may become a
     * code, as it may on any two devices, so the deviation of the whole model is bounded in codes.
     */
    @Test
    void equalsReference() throws IOException {
        Model model = albert();
        List<String> products = new ArrayList<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof NeuralOp.MatMul) {
                products.add(node.name());
            }
        }
        Model whole = model;
        Model first = upTo(albert(), products.getFirst());
        assertThat(deviation(first, 5)).isLessThan(1e-6);
        assertThat(deviation(whole, 5)).isLessThan(0.01);
    }

    private static Model upTo(Model model, String name) {
        Node last = model.topologicalOrder().stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow();
        return new Model(
                model.name(), model.parameters(), List.of(Node.of(new Op.Result(), "y", last.output())), List.of());
    }

    /** Root mean square of the difference of CPU and REFERENCE over that of the result. */
    private static double deviation(Model model, int tokens) {
        long[] ids = new long[2 * tokens];
        Arrays.setAll(ids, i -> 7 + 1009L * i % 30000);
        long[] mask = new long[2 * tokens];
        Arrays.fill(mask, 1);
        mask[2 * tokens - 1] = 0;
        List<float[]> results = new ArrayList<>();
        for (String device : List.of("CPU", "REFERENCE")) {
            try (CompiledModel compiled = Core.create().compileModel(model, device);
                    InferRequest request = compiled.createInferRequest()) {
                request.setTensor("input_ids", Tensor.ofLongs(Shape.of(2, tokens), ids));
                request.setTensor("attention_mask", Tensor.ofLongs(Shape.of(2, tokens), mask));
                request.setTensor("token_type_ids", Tensor.ofLongs(Shape.of(2, tokens), new long[2 * tokens]));
                request.infer();
                results.add(request.outputs().getFirst().toFloats());
            }
        }
        double difference = 0;
        double size = 0;
        for (int i = 0; i < results.get(0).length; i++) {
            double d = results.get(0)[i] - results.get(1)[i];
            difference += d * d;
            size += (double) results.get(1)[i] * results.get(1)[i];
        }
        assertThat(Math.sqrt(size / results.get(1).length)).isGreaterThan(0.01);
        return Math.sqrt(difference / size);
    }
}
