package dev.decanter.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which layers get which mode, by NNCF's rules, and what is refused. */
class WeightCompressionTest {
    private static WeightCompression.Builder int4() {
        return WeightCompression.builder().mode(CompressionMode.INT4_ASYM);
    }

    private static Map<String, String> labels(CompressionReport report) {
        return report.layers().stream().collect(Collectors.toMap(LayerDecision::layer, LayerDecision::label));
    }

    @Test
    void embeddingAndLastMatMulGetTheBackupMode() {
        Graphs g = Graphs.languageModel(2);
        CompressionReport report = int4().build().compress(g.model());
        assertThat(labels(report))
                .isEqualTo(Map.of(
                        "embed", "int8_asym, per-channel",
                        "layers.0", "int4_asym, group size 128",
                        "layers.1", "int4_asym, group size 128",
                        "lm_head", "int8_asym, per-channel"));
        assertThat(report.layers().stream().filter(LayerDecision::ratioDefining))
                .hasSize(2);
        assertThat(g.reads).hasValue(0);
    }

    @Test
    void allLayersAndBackupModes() {
        assertThat(labels(int4().allLayers(true)
                        .groupSize(64)
                        .build()
                        .compress(Graphs.languageModel(1).model())))
                .containsOnlyKeys("embed", "layers.0", "lm_head")
                .allSatisfy((_, label) -> assertThat(label).isEqualTo("int4_asym, group size 64"));
        Model kept = Graphs.languageModel(1).model();
        assertThat(labels(
                        int4().backupMode(BackupMode.NONE).groupSize(-1).build().compress(kept)))
                .isEqualTo(Map.of("embed", "float", "layers.0", "int4_asym, per-channel", "lm_head", "float"));
        assertThat(types(kept)).containsEntry("embed.weight", "f16").containsEntry("layers.0.weight", "u4");
    }

    @ParameterizedTest
    @EnumSource(CompressionMode.class)
    void everyModeHasItsBackupModeAndIsFoundInTheGraph(CompressionMode mode) {
        Model model = Graphs.languageModel(2).model();
        CompressionReport report =
                WeightCompression.builder().mode(mode).build().compress(model);
        String backup = switch (mode) {
            case MXFP4, MXFP8_E4M3 -> "mxfp8_e4m3, group size 32";
            case FP4, FP8_E4M3 -> "fp8_e4m3, group size 128";
            case INT8_SYM -> "int8_sym, per-channel";
            default -> "int8_asym, per-channel";
        };
        assertThat(labels(report)).containsEntry("embed", backup).containsEntry("lm_head", backup);
        assertThat(types(model))
                .containsEntry("layers.0.weight", mode.elementType().irName());
        assertThat(BitwidthTable.of(model)).isEqualTo(report.table());
        assertThatThrownBy(() -> WeightCompression.builder().build().compress(model))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("compressed already");
    }

    /** The type of each named constant. */
    private static Map<String, String> types(Model model) {
        return model.topologicalOrder().stream()
                .filter(node -> node.op() instanceof Op.Constant)
                .collect(Collectors.toMap(
                        Node::name, n -> n.output().elementType().irName(), (a, _) -> a));
    }

    @Test
    void aTiedHeadIsTheEmbeddingsWeightAndAllProductsCount() {
        Graphs g = new Graphs();
        Node table = g.weight(ElementType.F16, "table", 50, 128);
        Model model = g.embed(table)
                .matMul("one", g.weight(ElementType.F16, "one.weight", 128, 128))
                .matMul("head", table)
                .model();
        CompressionReport report = int4().build().compress(model);
        assertThat(labels(report))
                .isEqualTo(Map.of("embed", "int8_asym, per-channel", "one", "int4_asym, group size 128"));
        assertThat(types(model)).containsEntry("table", "u8");
        assertThat(BitwidthTable.of(model)).isEqualTo(report.table());
    }

    @Test
    void groupSizesThatDoNotDivide() {
        Graphs g = new Graphs();
        g.embed(g.weight(ElementType.F32, "table", 10, 96))
                .matMul("wide", g.weight(ElementType.F32, "wide.weight", 40, 96))
                .matMul("odd", g.weight(ElementType.F32, "odd.weight", 128, 40))
                .matMul("fits", g.weight(ElementType.F32, "fits.weight", 8, 128))
                .matMul("last", g.weight(ElementType.F32, "last.weight", 4, 8));
        assertThatThrownBy(() -> int4().build().compress(g.model()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("--group-size 128 does not divide")
                .hasMessageContaining("2 layers: \"wide\" (96 channels), \"odd\" (40 channels)")
                .hasMessageContaining("--group-size-fallback");
        assertThat(g.reads).hasValue(0);
        List<String> notes = new ArrayList<>();
        CompressionListener listener = new CompressionListener() {
            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        CompressionReport adjusted = int4().groupSizeFallback(GroupSizeFallback.ADJUST)
                .listener(listener)
                .build()
                .compress(g.model());
        assertThat(labels(adjusted))
                .containsEntry("wide", "int4_asym, group size 32")
                .containsEntry("odd", "int8_asym, per-channel")
                .containsEntry("fits", "int4_asym, group size 128");
        assertThat(notes).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3, 0.9})
    void groupSizesThatDoNotDivideAreRefusedWhateverTheRatioBeforeAnythingIsRead(double ratio) {
        Graphs g = new Graphs();
        g.embed(g.weight(ElementType.F32, "table", 10, 128))
                .matMul("fits", g.weight(ElementType.F32, "fits.weight", 40, 128))
                .matMul("odd", g.weight(ElementType.F32, "odd.weight", 128, 40))
                .matMul("last", g.weight(ElementType.F32, "last.weight", 4, 128));
        assertThatThrownBy(() -> int4().ratio(ratio).build().compress(g.model()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("--group-size 128 does not divide the input channels of 1 layer: \"odd\"");
        assertThat(g.reads).hasValue(0);
        assertThat(int4().ratio(ratio)
                        .groupSizeFallback(GroupSizeFallback.IGNORE)
                        .build()
                        .compress(g.model())
                        .layers())
                .isNotEmpty();
        assertThat(g.reads).hasPositiveValue();
    }

    @Test
    void groupSizesThatDoNotDivideCanBeIgnored() {
        Graphs g = new Graphs();
        g.embed(g.weight(ElementType.F32, "table", 10, 40))
                .matMul("odd", g.weight(ElementType.F32, "odd.weight", 128, 40))
                .matMulAcross("fits", g.weight(ElementType.F32, "fits.weight", 128, 8))
                .matMul("last", g.weight(ElementType.F32, "last.weight", 4, 8));
        Model model = g.model();
        assertThat(labels(int4().groupSizeFallback(GroupSizeFallback.IGNORE)
                        .build()
                        .compress(model)))
                .containsEntry("odd", "float")
                .containsEntry("fits", "int4_asym, group size 128")
                .containsEntry("last", "int8_asym, per-channel");
        // groups of an [inputs, outputs] weight lie along its first axis, and f32 is widened by a Convert of our own
        Node widened = model.topologicalOrder().stream()
                .filter(n -> n.name().equals("fits"))
                .findFirst()
                .orElseThrow()
                .input(1)
                .node();
        assertThat(widened.name()).isEqualTo("fits.weight/fq_weights_1/convert");
        assertThat(constant(model, "fits.weight").shape()).isEqualTo(Shape.of(1, 128, 8));
        assertThat(constant(model, "fits.weight/scale").shape()).isEqualTo(Shape.of(1, 1, 8));
    }

    private static Op.Constant constant(Model model, String name) {
        return (Op.Constant) model.topologicalOrder().stream()
                .filter(n -> n.name().equals(name))
                .findFirst()
                .orElseThrow()
                .op();
    }

    @Test
    void theRatioLeavesSensitiveLayersToTheBackupMode() {
        Graphs g = Graphs.languageModel(4);
        CompressionReport report = int4().ratio(0.6).build().compress(g.model());
        // two of four equal layers are 0.5 of the elements; a third would make it 0.75
        assertThat(report.layers().stream().filter(d -> d.bits() == 4)).hasSize(2);
        assertThat(report.table().rows())
                .extracting(row -> row.label() + " " + row.ratioDefining())
                .containsExactly("int8_asym, per-channel 50% (2 / 4)", "int4_asym, group size 128 50% (2 / 4)");
        // strictly below the ratio
        assertThat(int4().ratio(0.5).build().compress(Graphs.languageModel(4).model()).layers().stream()
                        .filter(d -> d.bits() == 4))
                .hasSize(1);
    }

    @Test
    void ignoredScopes() {
        assertThat(labels(scoped(IgnoredScope.ofNames("layers.1")))).containsEntry("layers.1", "float");
        assertThat(labels(scoped(new IgnoredScope(List.of(), List.of("layers\\.\\d"), List.of()))))
                .containsEntry("layers.0", "float")
                .containsEntry("layers.1", "float")
                .containsEntry("lm_head", "int8_asym, per-channel");
        assertThat(labels(scoped(new IgnoredScope(List.of(), List.of(), List.of("Gather")))))
                .containsEntry("embed", "float");
        // if the last product is ignored, the one before it is not taken for the last
        assertThat(labels(scoped(IgnoredScope.ofNames("lm_head"))))
                .containsEntry("layers.1", "int4_asym, group size 128");
        assertThatThrownBy(() -> scoped(IgnoredScope.ofNames("layers.7")))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("--ignored-scope: no layer is named \"layers.7\"");
        assertThatThrownBy(() -> scoped(new IgnoredScope(List.of(), List.of("x.*"), List.of())))
                .hasMessageContaining("\"x.*\"");
        assertThatThrownBy(() -> new IgnoredScope(List.of(), List.of("("), List.of()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("no regular expression");
    }

    private static CompressionReport scoped(IgnoredScope scope) {
        return int4().ignoredScope(scope)
                .build()
                .compress(Graphs.languageModel(2).model());
    }

    @Test
    void illegalCombinationsAreRefusedByName() {
        WeightCompression.Builder int8 = WeightCompression.builder()
                .ratio(0.5)
                .groupSize(64)
                .allLayers(false)
                .sensitivityMetric(SensitivityMetric.WEIGHT_QUANTIZATION_ERROR)
                .backupMode(BackupMode.NONE)
                .awq(true);
        assertThatThrownBy(int8::build)
                .isInstanceOf(CompressionException.class)
                .hasMessageStartingWith("--ratio, --group-size, --all-layers, --backup-precision,"
                        + " --sensitivity-metric, --awq cannot be used with int8_asym");
        refused(int4().ratio(1.5), "--ratio 1.5");
        refused(int4().groupSize(0), "--group-size 0");
        refused(
                int4().sensitivityMetric(SensitivityMetric.MAX_ACTIVATION_VARIANCE)
                        .ratio(0.8),
                "give a --dataset");
        refused(int4().gptq(true), "--gptq looks at the activations of the model: give a --dataset");
        refused(int4().scaleEstimation(true), "--scale-estimation");
        refused(int4().loraCorrection(true), "--lora-correction");
        refused(WeightCompression.builder().mode(CompressionMode.MXFP4).groupSize(64), "--group-size 64");
        refused(
                WeightCompression.builder().mode(CompressionMode.MXFP4).groupSizeFallback(GroupSizeFallback.ADJUST),
                "--group-size-fallback adjust");
        refused(WeightCompression.builder().mode(CompressionMode.FP8_E4M3).awq(true), "--awq corrects 4-bit");
    }

    private static void refused(WeightCompression.Builder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void awqWithNothingToDoIsRefusedBeforeAnythingIsRead() {
        Graphs g = Graphs.languageModel(2);
        assertThatThrownBy(() -> int4().awq(true).build().compress(g.model()))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("--awq");
        assertThat(g.reads).hasValue(0);
    }
}
