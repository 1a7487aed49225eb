package dev.decanter.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.compress.weights.PlainFormulas;
import dev.decanter.export.Exporter;
import dev.decanter.export.ModelTransform;
import dev.decanter.export.WeightFormat;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints compressed on their way to IR, in one pass: the bytes in the file against the formulas, element by element. */
class CompressedCheckpointsTest {
    @ParameterizedTest
    @CsvSource({
        "demo, INT4_ASYM",
        "demo, INT8_ASYM",
        "llama-gqa, INT4_SYM",
        "llama3-rope-tied, INT4_ASYM",
        "mistral-swa, NF4",
        "qwen2, MXFP4",
        "qwen3, INT8_SYM"
    })
    void storedBytesAreTheFormulasPacked(String name, CompressionMode mode, @TempDir Path folder) {
        Path checkpoint = name.equals("demo")
                ? GoldenModels.checkpoint("x").resolve("../../../../demo/model").normalize()
                : GoldenModels.checkpoint(name);
        AtomicReference<CompressionReport> report = new AtomicReference<>();
        export(checkpoint, folder.resolve("compressed"), model -> {
            WeightCompression.Builder builder = WeightCompression.builder().mode(mode);
            if (mode.bits() == 4 && mode.scaleType() == ElementType.F16) {
                builder.groupSize(16);
            }
            report.set(builder.build().compress(model));
        });
        export(checkpoint, folder.resolve("plain"), model -> {});
        Model compressed = IrReader.read(folder.resolve("compressed/openvino_model.xml"));
        Map<String, Op.Constant> stored = constants(compressed);
        Map<String, Op.Constant> plain = constants(IrReader.read(folder.resolve("plain/openvino_model.xml")));
        assertThat(report.get().layers()).isNotEmpty();
        for (LayerDecision decision : report.get().layers()) {
            CompressionMode own =
                    CompressionMode.ofLabel(decision.label().split(",", 2)[0]).orElseThrow();
            check(decision.weight(), own, stored, floats(plain.get(decision.weight())));
        }
        assertThat(BitwidthTable.of(compressed)).isEqualTo(report.get().table());
    }

    private static void export(Path checkpoint, Path out, java.util.function.Consumer<Model> change) {
        Exporter.builder()
                .weightFormat(WeightFormat.FP16)
                .tokenizer((from, to) -> List.of())
                .transform(new ModelTransform() {
                    @Override
                    public String weightFormat() {
                        return "test";
                    }

                    @Override
                    public void apply(Model model, Path folder) {
                        change.accept(model);
                    }
                })
                .build()
                .export(checkpoint, out);
    }

    private static Map<String, Op.Constant> constants(Model model) {
        Map<String, Op.Constant> all = new HashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof Op.Constant constant) {
                all.put(node.name(), constant);
            }
        }
        return all;
    }

    private static void check(String name, CompressionMode mode, Map<String, Op.Constant> stored, float[] w) {
        Op.Constant codes = stored.get(name);
        Op.Constant scales = stored.get(name + "/scale");
        assertThat(codes.elementType()).isEqualTo(mode.elementType());
        byte[] bytes = codes.data().segment().toArray(ValueLayout.JAVA_BYTE);
        MemorySegment scale = scales.data().segment();
        byte[] zeros = mode.hasZeroPoint()
                ? stored.get(name + "/zero_point").data().segment().toArray(ValueLayout.JAVA_BYTE)
                : new byte[0];
        int groups = (int) scales.shape().elements();
        int length = w.length / groups;
        int wrong = 0;
        for (int g = 0; g < groups; g++) {
            PlainFormulas.Group plain =
                    PlainFormulas.group(java.util.Arrays.copyOfRange(w, g * length, (g + 1) * length), mode);
            float expected = Float.float16ToFloat(Float.floatToFloat16(plain.scale()));
            float found = mode.scaleType() == ElementType.F16
                    ? Float.float16ToFloat(scale.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * g))
                    : (float) Math.pow(2, (scale.get(ValueLayout.JAVA_BYTE, g) & 255) - 127);
            wrong += found == expected ? 0 : 1;
            if (mode.hasZeroPoint()) {
                wrong += code(zeros, g, mode) == plain.zeroPoint() ? 0 : 1;
            }
            for (int i = 0; i < length; i++) {
                int code = code(bytes, g * length + i, mode);
                boolean equal = mode.isInteger() ? code == plain.levels()[i] : value(code, mode) == plain.values()[i];
                wrong += equal ? 0 : 1;
            }
        }
        assertThat(wrong).as("differences in %s", name).isZero();
    }

    private static int code(byte[] bytes, int index, CompressionMode mode) {
        int raw = mode.bits() == 4 ? PlainFormulas.nibble(bytes, index) : bytes[index] & 255;
        boolean signed = mode == CompressionMode.INT4_SYM || mode == CompressionMode.INT8_SYM;
        int half = 1 << (mode.bits() - 1);
        return signed && raw >= half ? raw - 2 * half : raw;
    }

    private static float value(int code, CompressionMode mode) {
        if (mode.bits() == 8) {
            // sign, four bits of exponent, three of mantissa
            int exponent = code >> 3 & 15;
            double size = exponent == 0 ? (code & 7) / 512.0 : (1 + (code & 7) / 8.0) * Math.pow(2, exponent - 7);
            return (float) (code < 128 ? size : -size);
        }
        return PlainFormulas.value(code, mode);
    }

    private static float[] floats(Op.Constant constant) {
        MemorySegment memory = constant.data().segment();
        float[] out = new float[(int) constant.shape().elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = switch (constant.elementType()) {
                case F16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
                case BF16 -> Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16);
                default -> memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
            };
        }
        return out;
    }

    /** All data-aware stages over the same model, so that they fit together; what they are worth is tested with them. */
    @Test
    void stagesWithData() {
        List<Map<String, Tensor>> samples = new ArrayList<>();
        Random random = new Random(5);
        for (int s = 0; s < 4; s++) {
            long[] ids = random.longs(12, 0, 200).toArray();
            samples.add(Map.of("input_ids", Tensor.ofLongs(Shape.of(1, 12), ids)));
        }
        CalibrationDataset dataset = CalibrationDataset.of(samples);
        for (SensitivityMetric metric : SensitivityMetric.values()) {
            CompressionReport report =
                    int4(dataset).ratio(0.7).sensitivityMetric(metric).build().compress(model());
            long four = report.layers().stream()
                    .filter(layer -> layer.bits() == 4)
                    .mapToLong(LayerDecision::elements)
                    .sum();
            long all = report.layers().stream()
                    .filter(LayerDecision::ratioDefining)
                    .mapToLong(LayerDecision::elements)
                    .sum();
            assertThat((double) four / all).isBetween(0.4, 0.7);
        }
        Model improved = model();
        int4(dataset)
                .awq(true)
                .scaleEstimation(true)
                .loraCorrection(true)
                .build()
                .compress(improved);
        assertThat(improved.rtInfo().text("nncf", "weight_compression", "awq")).contains("True");
        assertThat(constants(improved).keySet()).anyMatch(name -> name.endsWith("_lora_A"));
        Model quantized = model();
        List<String> stages = new ArrayList<>();
        int4(dataset)
                .gptq(true)
                .listener(new CompressionListener() {
                    @Override
                    public void stage(String name) {
                        stages.add(name);
                    }
                })
                .build()
                .compress(quantized);
        assertThat(stages).contains("GPTQ");
        assertThat(BitwidthTable.of(quantized).rows())
                .extracting(BitwidthTable.Row::label)
                .contains("int4_sym, group size 32");
    }

    private static WeightCompression.Builder int4(CalibrationDataset dataset) {
        return WeightCompression.builder()
                .mode(CompressionMode.INT4_SYM)
                .groupSize(32)
                .dataset(dataset);
    }

    private static Model model() {
        return IrReader.read(GoldenModels.graph("llama-gqa", true).resolve("openvino_model.xml"));
    }
}
