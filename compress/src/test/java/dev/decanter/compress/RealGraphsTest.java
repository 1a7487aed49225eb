package dev.decanter.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Files that NNCF compressed, made floats again and compressed by us: every weight's subgraph must come out as it was,
 * names, types and shapes included.
 */
class RealGraphsTest {
    @Test
    void int8OfTinyLlama() {
        Model real = real("llm-tinyllama-1.1b-int8");
        Model model = real.copy();
        // Weights were f32 there: the last Convert of each belongs to the compression.
        decompress(model, "/convert", ElementType.F32);
        CompressionReport report = WeightCompression.builder().build().compress(model);
        assertSameWeights(model, real, 156);
        assertThat(report.layers()).hasSize(156).allMatch(d -> d.label().equals("int8_asym, per-channel"));
        assertThat(BitwidthTable.of(real)).isEqualTo(report.table());
        assertThat(BitwidthTable.of(model)).isEqualTo(report.table());
        for (String key : new String[] {"all_layers", "group_size", "mode", "ratio", "ignored_scope"}) {
            assertThat(model.rtInfo().text("nncf", "weight_compression", key))
                    .as(key)
                    .isPresent()
                    .isEqualTo(real.rtInfo().text("nncf", "weight_compression", key));
        }
    }

    @Test
    void int4OfQwen3WithASharedEmbedding() {
        Model real = real("llm-evaai-model.ov");
        Model model = real.copy();
        decompress(model, "", ElementType.F16);
        CompressionReport report = WeightCompression.builder()
                .mode(CompressionMode.INT4_ASYM)
                .build()
                .compress(model);
        // 253 weights, of which one has two readers
        assertSameWeights(model, real, 254);
        assertThat(report.table().rows())
                .extracting(row -> row.label() + ": " + row.all().layers() + ", "
                        + row.ratioDefining().layers())
                .containsExactly("int8_asym, per-channel: 1, 0", "int4_asym, group size 128: 252, 252");
        assertThat(BitwidthTable.of(real)).isEqualTo(report.table());
        for (String key : new String[] {
            "all_layers",
            "awq",
            "backup_mode",
            "compression_format",
            "gptq",
            "group_size",
            "ignored_scope",
            "lora_correction",
            "mode",
            "ratio",
            "scale_estimation",
            "sensitivity_metric"
        }) {
            assertThat(model.rtInfo().text("nncf", "weight_compression", key))
                    .as(key)
                    .isPresent()
                    .isEqualTo(real.rtInfo().text("nncf", "weight_compression", key));
        }
    }

    @Test
    void whatNncfCompressedIsRefused() {
        Model real = real("llm-tinyllama-1.1b-int8");
        assertThatThrownBy(() -> WeightCompression.builder().build().compress(real))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("compressed already")
                .hasMessageContaining("__module.model.embed_tokens/aten::embedding/Gather");
    }

    private static Model real(String name) {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        Path folder =
                Path.of(named != null ? named : "../../shared").resolve("real").resolve(name);
        if (named == null && !Files.isDirectory(folder)) {
            folder = Path.of("../../../shared/real").resolve(name);
        }
        assumeTrue(Files.isDirectory(folder), name + " is not there; set decanter.shared to run this test");
        return IrReader.readTopology(folder.resolve("openvino_model.xml"));
    }

    /** Puts a float constant of the same name in the place of each compressed weight. */
    private static void decompress(Model model, String suffix, ElementType type) {
        for (Node node : model.topologicalOrder()) {
            String name = node.name().replaceAll("/fq_weights_\\d" + suffix + "$", "");
            if (!name.equals(node.name())) {
                Output widened = node.output();
                if (type == ElementType.F16
                        && widened.consumers().getFirst().node().op() instanceof ShapeOp.Reshape) {
                    widened = widened.consumers().getFirst().node().output();
                }
                Shape shape = widened.shape().toShape();
                Op.Constant constant = new Op.Constant(type, shape, new Unread(type.byteSize(shape.elements())));
                widened.replaceWith(Node.of(constant, name).output());
            }
        }
        model.removeDead();
        model.rtInfo(dev.decanter.ir.RtInfo.Section.EMPTY);
    }

    private record Unread(long byteSize) implements ConstantData {
        @Override
        public void read(long offset, MemorySegment target) {
            throw new AssertionError("weights must not be read before a writer asks for them");
        }
    }

    private static void assertSameWeights(Model ours, Model real, int weights) {
        Map<String, String> expected = weights(real);
        assertThat(expected).hasSize(weights);
        assertThat(weights(ours)).isEqualTo(expected);
    }

    /** By layer and port, the whole subgraph that a weight comes from. */
    private static Map<String, String> weights(Model model) {
        Map<String, String> weights = new LinkedHashMap<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op().type().equals("MatMul") || node.op().type().equals("Gather")) {
                for (int port = 0; port < 2; port++) {
                    String text = text(node.input(port), 0);
                    if (text.contains("fq_weights") && !text.contains("activation")) {
                        weights.put(node.name() + ":" + port, text);
                    }
                }
            }
        }
        return weights;
    }

    private static String text(Output output, int depth) {
        Node node = output.node();
        boolean ofWeights = switch (node.op()) {
            case Op.Constant _, ShapeOp.Convert _, ShapeOp.Reshape _, BinaryOp.Subtract _, BinaryOp.Multiply _ ->
                depth < 8;
            default -> false;
        };
        if (!ofWeights) {
            return "activation";
        }
        String name = node.name().matches("(Convert|Reshape|Constant)_\\d+") ? "" : node.name();
        String op = node.op() instanceof Op.Constant ? "Const" : node.op().toString();
        String attributes = node.runtimeAttributes().stream()
                .map(RuntimeAttribute::name)
                .sorted()
                .collect(Collectors.joining(","));
        return "\n" + op + " " + name + " " + output.elementType().irName() + output.shape() + " {" + attributes + "}("
                + node.inputs().stream().map(input -> text(input, depth + 1)).collect(Collectors.joining()) + ")";
    }
}
