package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.export.PackedCheckpoint.Variant;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.safetensors.SafetensorsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** GPTQ and AWQ checkpoints become IR with the same codes, zero points and scales. */
class PackedCheckpointTest {
    private static final int[] PROMPT = {1, 17, 301, 44, 9, 250};
    private static final int NEW_TOKENS = 16;

    @TempDir
    Path folder;

    static Stream<Variant> variants() {
        return Stream.of(
                Variant.of("gptq", 4, 32, true),
                Variant.of("gptq", 4, 32, false),
                Variant.of("gptq_v2", 4, 16, false),
                Variant.of("gptq_v2", 4, 32, true).withLmHead(),
                Variant.of("gptq", 8, 32, true),
                Variant.of("gptq_v2", 8, 32, false).withDescAct(),
                Variant.of("gptq", 4, -1, true),
                Variant.of("gptq", 4, -1, false).withScales("F32"),
                Variant.of("gptq", 4, 32, false).withDescAct(),
                Variant.of("gptq_v2", 4, 32, true).withDescAct().withScales("BF16"),
                // 64 and 160 inputs in groups of 48: the last of 16
                Variant.of("gptq", 4, 48, false),
                Variant.of("gemm", 4, 32, false),
                Variant.of("gemm", 4, 16, true),
                Variant.of("gemm", 4, -1, false).withLmHead());
    }

    private Path made(String name) {
        try {
            return Files.createDirectory(folder.resolve(name));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Model exported(PackedCheckpoint checkpoint) {
        Exporter.builder().build().export(checkpoint.write(made("packed")), folder.resolve("ov"));
        return IrReader.read(folder.resolve("ov/openvino_model.xml"));
    }

    private static Map<String, Node> products(Model model) {
        Map<String, Node> products = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof NeuralOp.MatMul && node.name().endsWith("/ov_ext::linear/MatMul")) {
                products.put(node.name().replaceAll("__module\\.|/ov_ext.*", ""), node);
            }
        }
        return products;
    }

    /** What a weight's subgraph computes, by the device that is plainly right. */
    private static float[] decompressed(Output weight) {
        Node result = Node.of(new Op.Result(List.of("w")), "w", weight);
        Model alone = new Model("weight", List.of(), List.of(result), List.of());
        try (var compiled = Core.create().compileModel(alone, "REFERENCE");
                InferRequest request = compiled.createInferRequest()) {
            request.infer();
            return request.tensor("w").toFloats();
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void decompressedWeightsAreThoseOfTheCheckpoint(Variant variant) {
        PackedCheckpoint checkpoint = new PackedCheckpoint(variant);
        Map<String, Node> products = products(exported(checkpoint));
        checkpoint.weights.forEach((module, rows) -> {
            Node product = Objects.requireNonNull(products.get(module), module);
            float[] actual = decompressed(product.input(1));
            int in = rows[0].length;
            long[] order = new long[in];
            java.util.Arrays.setAll(order, i -> i);
            if (product.input(0).node().name().contains("index_select")) {
                order = Constants.integers(product.input(0).node().input(1)).orElseThrow();
            }
            float[] inOrder = new float[actual.length];
            for (int i = 0; i < actual.length; i++) {
                inOrder[i / in * in + (int) order[i % in]] = actual[i];
            }
            assertThat(inOrder).describedAs(module).isEqualTo(checkpoint.weight(module));
        });
    }

    @ParameterizedTest
    @MethodSource("variants")
    void generatesWhatTheDecompressedCheckpointGenerates(Variant variant) {
        PackedCheckpoint checkpoint = new PackedCheckpoint(variant);
        exported(checkpoint);
        Exporter.builder()
                .weightFormat(WeightFormat.FP32)
                .build()
                .export(checkpoint.writePlain(made("plain")), folder.resolve("plain-ov"));
        for (String device : Runner.DEVICES) {
            try (Runner packed = Runner.open(folder.resolve("ov"), device, 1);
                    Runner plain = Runner.open(folder.resolve("plain-ov"), device, 1)) {
                float[][] expected = plain.append(PROMPT)[0];
                float[][] actual = packed.append(PROMPT)[0];
                for (int t = 0; t < PROMPT.length; t++) {
                    assertThat(actual[t]).describedAs(device).containsExactly(expected[t], within(2e-4f));
                }
                // the plain device decompresses everything for every token
                int count = device.equals("REFERENCE") ? 3 : NEW_TOKENS;
                assertThat(packed.greedyAfter(actual, count)).isEqualTo(plain.greedyAfter(expected, count));
            }
        }
    }

    static Stream<Arguments> forms() {
        return Stream.of(
                Arguments.of(Variant.of("gptq", 4, 32, true), ElementType.I4, Shape.of(160, 2, 32), false),
                Arguments.of(Variant.of("gptq", 4, 32, false), ElementType.U4, Shape.of(160, 2, 32), true),
                Arguments.of(Variant.of("gptq", 8, 32, true), ElementType.U8, Shape.of(160, 2, 32), true),
                Arguments.of(Variant.of("gptq", 4, -1, true), ElementType.I4, Shape.of(160, 64), false),
                Arguments.of(Variant.of("gptq", 4, 48, false), ElementType.U4, Shape.of(160, 4, 16), true),
                Arguments.of(Variant.of("gemm", 4, 16, false), ElementType.U4, Shape.of(160, 4, 16), true));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void theGraphIsThatOfCompressedWeights(Variant variant, ElementType type, Shape shape, boolean zeroPoint) {
        Model model = exported(new PackedCheckpoint(variant));
        Map<String, Node> constants = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            constants.put(node.name(), node);
        }
        String name = "self.model.layers.0.mlp.up_proj.weight";
        Shape each = shape.rank() == 2 ? Shape.of(160, 1) : Shape.of(160, shape.dim(1), 1);
        assertConstant(constants.get(name), type, shape);
        assertConstant(constants.get(name + "/scale"), ElementType.F16, each);
        if (zeroPoint) {
            assertConstant(constants.get(name + "/zero_point"), type, each);
        }
        assertThat(constants.containsKey(name + "/zero_point/subtract")).isEqualTo(zeroPoint);
        assertThat(constants).containsKey(name + "/fq_weights_1");
        assertThat(model.rtInfo().text("quantized_checkpoint", "quant_method"))
                .hasValue(variant.awq() ? "awq" : "gptq");
        assertThat(model.rtInfo().text("quantized_checkpoint", "layout")).hasValue(variant.layout());
        assertThat(model.rtInfo().text("quantized_checkpoint", "bits")).hasValue(Integer.toString(variant.bits()));
        assertThat(model.rtInfo().text("quantized_checkpoint", "matrices")).hasValue("21");
    }

    private static void assertConstant(Node node, ElementType type, Shape shape) {
        assertThat(node.op()).isInstanceOfSatisfying(Op.Constant.class, constant -> {
            assertThat(constant.elementType()).isEqualTo(type);
            assertThat(constant.shape()).isEqualTo(shape);
        });
    }

    @Test
    void projectionsOfTheSameActivationShareItsReordering() {
        Model model =
                exported(new PackedCheckpoint(Variant.of("gptq", 4, 32, true).withDescAct()));
        long reorderings = model.topologicalOrder().stream()
                .filter(node -> node.op() instanceof GatherScatterOp.Gather
                        && node.name().contains("index_select"))
                .count();
        // before q, k and v; o; gate and up; down
        assertThat(reorderings).isEqualTo(4 * 3);
    }

    @Test
    void theGoldenCheckpointDecompressesToTheRecordedWeights() {
        ExportReport report =
                Exporter.builder().build().export(TestData.checkpoint("llama-gptq"), folder.resolve("ov"));
        // without the biases of zeros that AutoGPTQ adds
        assertThat(report.parameters()).isEqualTo(158016);
        Map<String, Node> products = products(IrReader.read(folder.resolve("ov/openvino_model.xml")));
        JsonNode recorded = TestData.json(TestData.golden("llama-gptq").resolve("golden.json"))
                .get("dequantized_weights");
        assertThat(recorded.properties()).hasSize(14);
        for (Map.Entry<String, JsonNode> entry : recorded.properties()) {
            float[] actual = decompressed(
                    Objects.requireNonNull(products.get(entry.getKey())).input(1));
            double sum = 0;
            for (float value : actual) {
                sum += Math.abs(value);
            }
            assertThat(sum).isCloseTo(entry.getValue().get("abs_sum").asDouble(), within(1e-9));
            JsonNode first = entry.getValue().get("first");
            for (int i = 0; i < first.size(); i++) {
                assertThat(actual[i]).isEqualTo(Float.parseFloat(first.get(i).asText()));
            }
        }
    }

    @Test
    void reportsTheParametersThatThePackedMatricesStandFor() {
        List<String> notes = new ArrayList<>();
        PackedCheckpoint checkpoint = new PackedCheckpoint(Variant.of("gemm", 4, 32, false));
        ExportListener listener = new ExportListener() {
            @Override
            public void note(String note) {
                notes.add(note);
            }
        };
        ExportReport report = Exporter.builder()
                .listener(listener)
                .build()
                .export(checkpoint.write(made("in")), folder.resolve("ov"));
        assertThat(report.parameters()).isEqualTo(201152);
        assertThat(notes)
                .containsExactly("the checkpoint is quantized already (awq, 4 bits, group size 32): 21 matrices are"
                        + " carried over as they are");
    }

    /** AutoGPTQ adds the bias that it writes to every matrix. */
    @Test
    void aBiasThatIsNotZeroIsKept() {
        PackedCheckpoint checkpoint = new PackedCheckpoint(Variant.of("gptq", 4, 32, true));
        float[] bias = new float[64];
        bias[3] = 0.5f;
        checkpoint.packed.f16("model.layers.1.mlp.down_proj.bias", bias, 64);
        Model model = exported(checkpoint);
        assertThat(model.topologicalOrder())
                .filteredOn(node -> node.name().endsWith("_proj/ov_ext::linear/Add"))
                .extracting(Node::name)
                .containsExactly("__module.model.layers.1.mlp.down_proj/ov_ext::linear/Add");
    }

    @Test
    void zeroPointsOfGptqModelBorrowFromTheirNeighbours() {
        PackedCheckpoint checkpoint = new PackedCheckpoint(Variant.of("gptq", 4, 32, false));
        String name = "model.layers.0.self_attn.q_proj.qzeros";
        int[][] words = new int[2][8];
        for (int[] row : words) {
            java.util.Arrays.fill(row, 0x76543210 - 0x11111111);
        }
        checkpoint.words(name, words);
        assertThatThrownBy(() -> exported(checkpoint)).hasMessageContainingAll(name, "zero point 15", "gptq_v2");
        checkpoint.quantization.putObject("meta").putArray("quantizer").add("gptqmodel:1.7.4");
        Exporter.builder().build().export(checkpoint.write(folder.resolve("packed")), folder.resolve("ov"));
        Node zero = IrReader.read(folder.resolve("ov/openvino_model.xml")).topologicalOrder().stream()
                .filter(node -> node.name().equals("self.model.layers.0.self_attn.q_proj.weight/zero_point"))
                .findFirst()
                .orElseThrow();
        byte[] packed = ((Op.Constant) zero.op()).data().segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        for (int o = 0; o < 64; o++) {
            // two groups, so that a byte is one output
            assertThat(packed[o]).isEqualTo((byte) (o % 8 * 0x11));
        }
    }

    @Test
    void theFilesOfOlderToolsSayHowToo() throws IOException {
        PackedCheckpoint awq = new PackedCheckpoint(Variant.of("gemm", 4, 32, false));
        Path in = awq.write(made("in"));
        awq.config.remove("quantization_config");
        Files.writeString(in.resolve("config.json"), awq.config.toString());
        Path out = folder.resolve("ov");
        assertThatThrownBy(() -> Exporter.builder().build().export(in, out))
                .hasMessageContaining("\"quantization_config\" is missing");
        Files.writeString(
                in.resolve("quant_config.json"),
                "{\"zero_point\": true, \"q_group_size\": 32, \"w_bit\": 4, \"version\": \"GEMM\"}");
        Exporter.builder().build().export(in, out);
        assertThat(IrReader.read(out.resolve("openvino_model.xml")).rtInfo().text("quantized_checkpoint", "layout"))
                .hasValue("gemm");
    }

    private static Arguments refusal(Variant variant, Consumer<PackedCheckpoint> damage, String... parts) {
        return Arguments.of(variant, damage, parts);
    }

    static Stream<Arguments> refusals() {
        Variant gptq = Variant.of("gptq", 4, 32, true);
        Variant awq = Variant.of("gemm", 4, 32, false);
        String q = "model.layers.0.self_attn.q_proj";
        return Stream.of(
                refusal(
                        gptq,
                        c -> c.quantization.put("quant_method", "bitsandbytes"),
                        "config.json",
                        "\"bitsandbytes\""),
                refusal(gptq, c -> c.quantization.put("quant_method", "fp8"), "\"fp8\"", "one of GPTQ or AWQ"),
                refusal(gptq, c -> c.quantization.remove("quant_method"), "quant_method \"unknown\""),
                refusal(gptq, c -> c.quantization.put("checkpoint_format", "marlin"), "layout \"marlin\""),
                refusal(gptq, c -> c.quantization.put("is_marlin_format", true), "layout \"marlin\""),
                refusal(gptq, c -> c.quantization.put("pack_dtype", "int16"), "pack_dtype \"int16\""),
                refusal(gptq, c -> c.quantization.putObject("dynamic").putObject("+:.*down.*"), "\"dynamic\"", "rules"),
                refusal(gptq, c -> c.quantization.put("bits", 3), "3 bits", "4 or 8 bits"),
                refusal(gptq, c -> c.quantization.put("bits", 2), "2 bits"),
                refusal(awq, c -> c.quantization.put("bits", 8), "AWQ weights of 8 bits"),
                refusal(awq, c -> c.quantization.put("version", "gemv"), "layout \"gemv\"", "version gemm"),
                refusal(awq, c -> c.quantization.put("version", "Marlin"), "layout \"marlin\""),
                refusal(gptq, c -> c.quantization.put("group_size", 0), "\"group_size\" must be"),
                refusal(gptq, c -> c.quantization.put("group_size", 16), q + ".qzeros", "[2, 8]", "[4, 8]"),
                refusal(gptq, c -> c.packed.remove(q + ".qzeros"), q + ".qzeros", "missing"),
                refusal(gptq, c -> c.packed.remove(q + ".qweight"), q + ".qweight", "missing"),
                refusal(awq, c -> c.packed.remove(q + ".scales"), q + ".scales", "missing"),
                refusal(gptq, c -> c.words(q + ".qweight", new int[4][64]), q + ".qweight", "[4, 64]"),
                refusal(awq, c -> c.words(q + ".qweight", new int[8][64]), q + ".qweight", "[8, 64]"),
                refusal(
                        gptq,
                        c -> c.packed.f32(q + ".qzeros", new float[16], 2, 8),
                        q + ".qzeros",
                        "f32",
                        "must be i32"),
                refusal(gptq, c -> groups(c, q, 5, 2), q + ".g_idx", "group 2 at element 5"),
                refusal(gptq, c -> groups(c, q, 0, -1), q + ".g_idx", "group -1 at element 0"),
                refusal(gptq, c -> groups(c, q, 0, 1), q + ".g_idx", "desc_act false"),
                refusal(gptq.withDescAct(), c -> groups(c, q, 0, 1), q, "no common divisor of 8"),
                refusal(gptq.withDescAct(), c -> c.packed.remove(q + ".g_idx"), q + ".g_idx", "missing"),
                refusal(
                        gptq,
                        c -> c.packed.f16(q + ".scales", nan(), 2, 64),
                        q + ".scales",
                        "NaN at element 7",
                        "damaged"),
                refusal(gptq, c -> c.packed.f16(q + ".weight", new float[4096], 64, 64), "surplus", q + ".qweight"));
    }

    private static void groups(PackedCheckpoint checkpoint, String module, int at, int group) {
        int[] groups = new int[64];
        java.util.Arrays.fill(groups, 32, 64, 1);
        groups[at] = group;
        checkpoint.packed.add(module + ".g_idx", "I32", PackedCheckpoint.bytes(new int[][] {groups}), 64);
    }

    private static float[] nan() {
        float[] scales = new float[128];
        scales[7] = Float.NaN;
        return scales;
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatCannotBeCarriedOverIsRefused(Variant variant, Consumer<PackedCheckpoint> damage, String... parts)
            throws IOException {
        PackedCheckpoint checkpoint = new PackedCheckpoint(variant);
        damage.accept(checkpoint);
        Path in = checkpoint.write(made("in"));
        assertThatThrownBy(() -> Exporter.builder().build().export(in, folder.resolve("ov")))
                .isInstanceOfAny(ExportException.class, SafetensorsException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(in);
        }
    }

    private static ModelTransform transform(String format) {
        return new ModelTransform() {
            @Override
            public String weightFormat() {
                return format;
            }

            @Override
            public void apply(Model model, Path unfinished) {
                throw new IllegalStateException("applied");
            }
        };
    }

    @Test
    void compressionOfWhatIsCompressedIsRefused() {
        Path in = new PackedCheckpoint(Variant.of("gptq", 4, 32, true)).write(made("in"));
        Path out = folder.resolve("ov");
        assertThatThrownBy(() ->
                        Exporter.builder().transform(transform("int4")).build().export(in, out))
                .isInstanceOf(ExportException.class)
                .hasMessageContainingAll("--weight-format int4", "gptq, 4 bits, group size 32", "fp16 or fp32");
        Exporter.builder().weightFormat(WeightFormat.FP32).build().export(in, out);
        assertThat(IrReader.read(out.resolve("openvino_model.xml"))
                        .rtInfo()
                        .text("conversion_parameters", "weight_format"))
                .hasValue("fp32");
    }

    @Test
    void aQuantizationConfigOverFloatWeightsIsRefused() {
        PackedCheckpoint checkpoint = new PackedCheckpoint(Variant.of("gptq", 4, 32, true));
        Path in = checkpoint.writePlain(made("in"));
        checkpoint.config.set("quantization_config", checkpoint.quantization);
        assertThatThrownBy(() -> {
                    Files.writeString(in.resolve("config.json"), checkpoint.config.toString());
                    Exporter.builder().build().export(in, folder.resolve("ov"));
                })
                .isInstanceOf(ExportException.class)
                .hasMessageContaining("weights are packed", "but none are");
    }
}
