package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.Op;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class ExporterTest {

    @TempDir
    Path folder;

    private static List<String> names(List<Node> nodes) {
        return nodes.stream().map(node -> Model.tensorNames(node).getFirst()).toList();
    }

    @ParameterizedTest
    @FieldSource("dev.decanter.export.TestData#MODELS")
    void aStatefulModelHasTheInputsOutputsAndStatesOfOptimumIntel(String name) {
        Path out = folder.resolve("ov");
        Exporter.builder().build().export(TestData.checkpoint(name), out);
        Model model = IrReader.read(out.resolve("openvino_model.xml"));
        assertThat(names(model.parameters()))
                .containsExactly("input_ids", "attention_mask", "position_ids", "beam_idx");
        assertThat(names(model.results())).containsExactly("logits");
        List<String> states = new ArrayList<>();
        for (int i = 0; i < model.sinks().size() / 2; i++) {
            for (String part : List.of("key", "value")) {
                states.add("past_key_values." + i + "." + part + "present." + i + "." + part);
            }
        }
        assertThat(states).isNotEmpty();
        assertThat(model.sinks())
                .extracting(sink -> ((Op.Assign) sink.op()).variableId())
                .containsExactlyElementsOf(states);
        assertThat(model.rtInfo().text("decanter_version"))
                .isPresent()
                .get()
                .asString()
                .matches("\\d+\\.\\d+.*");
        assertThat(model.rtInfo().text("runtime_options", "ACTIVATIONS_SCALE_FACTOR"))
                .contains("8.0");
    }

    @ParameterizedTest
    @FieldSource("dev.decanter.export.TestData#MODELS")
    void aStatelessModelTakesPastsAndGivesPresents(String name) {
        Path out = folder.resolve("ov");
        Exporter.builder().stateful(false).build().export(TestData.checkpoint(name), out);
        Model model = IrReader.read(out.resolve("openvino_model.xml"));
        assertThat(names(model.parameters()))
                .startsWith("input_ids", "attention_mask", "position_ids", "past_key_values.0.key")
                .doesNotContain("beam_idx");
        assertThat(names(model.results())).startsWith("logits", "present.0.key", "present.0.value");
        assertThat(model.sinks()).isEmpty();
        assertThat(model.results()).hasSize(model.parameters().size() - 2);
    }

    /** Each checkpoint's sizes are those that its {@code model_type} has where config.json does not give them. */
    static Stream<SyntheticCheckpoint> checkpointsOfDefaultSizes() {
        return Stream.of(
                new SyntheticCheckpoint("mistral")
                        .with("hidden_size", 43)
                        .with("num_attention_heads", 16)
                        .with("num_key_value_heads", 8)
                        .with("head_dim", 2),
                new SyntheticCheckpoint("qwen2")
                        .with("hidden_size", 131)
                        .with("num_attention_heads", 64)
                        .with("num_key_value_heads", 32)
                        .with("head_dim", 2),
                new SyntheticCheckpoint("qwen3")
                        .with("num_attention_heads", 32)
                        .with("num_key_value_heads", 32)
                        .with("head_dim", 128));
    }

    @ParameterizedTest
    @MethodSource("checkpointsOfDefaultSizes")
    void absentSizesAreThoseOfTransformers(SyntheticCheckpoint checkpoint) {
        checkpoint.write(folder);
        Path said = folder.resolve("said");
        Exporter.builder().build().export(folder, said);
        checkpoint.without("num_key_value_heads").without("head_dim").writeConfig(folder);
        Path unsaid = folder.resolve("unsaid");
        Exporter.builder().build().export(folder, unsaid);
        for (String file : List.of("openvino_model.xml", "openvino_model.bin")) {
            assertThat(unsaid.resolve(file)).hasSameBinaryContentAs(said.resolve(file));
        }
    }
}
