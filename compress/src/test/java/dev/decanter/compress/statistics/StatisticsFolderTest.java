package dev.decanter.compress.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.GoldenModels;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.Tensor;
import dev.decanter.safetensors.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatisticsFolderTest {
    private static final String METADATA = "statistics_metadata.json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    private final List<String> stages = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private Model model;
    private List<WeightedLayer> layers;

    @BeforeEach
    void read() {
        model = IrReader.read(GoldenModels.graph("qwen3", true).resolve("openvino_model.xml"));
        layers = WeightedLayers.find(model);
    }

    private static CalibrationDataset texts(long... firsts) {
        List<Map<String, Tensor>> samples = new ArrayList<>();
        for (long first : firsts) {
            samples.add(Map.of("input_ids", Tensor.ofLongs(Shape.of(1, 3), first, 7, 11)));
        }
        return CalibrationDataset.of(samples);
    }

    private ActivationStatistics collect(List<WeightedLayer> wanted, CalibrationDataset data) {
        CompressionListener listener = new CompressionListener() {
            @Override
            public void stage(String name) {
                stages.add(name);
            }

            @Override
            public void note(String message) {
                notes.add(message);
            }
        };
        return ActivationStatistics.collect(
                model,
                wanted,
                data,
                StagedRun.Settings.defaults().withDevice("REFERENCE").withListener(listener),
                folder);
    }

    private static void assertSame(LayerStatistics found, LayerStatistics expected) {
        assertThat(found).usingRecursiveComparison().withStrictTypeChecking().isEqualTo(expected);
    }

    @Test
    void whatWasWrittenIsReadAndNotCollectedAgain() {
        ActivationStatistics first = collect(layers, texts(1, 2));
        assertThat(stages).isNotEmpty();
        stages.clear();
        ActivationStatistics second = collect(layers, texts(1, 2));

        assertThat(stages).isEmpty();
        assertThat(notes).isEmpty();
        int compared = 0;
        for (WeightedLayer layer : layers) {
            assertThat(second.find(layer).isPresent()).isEqualTo(layer.kind() == WeightedLayer.Kind.MATMUL);
            if (layer.kind() == WeightedLayer.Kind.MATMUL) {
                assertSame(second.find(layer).orElseThrow(), first.find(layer).orElseThrow());
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(10);
    }

    @Test
    void theLayoutIsNncfs() throws IOException {
        collect(layers, texts(1, 2));
        JsonNode metadata = JSON.readTree(folder.resolve(METADATA).toFile());
        String layer = "__module.model.layers.0.input_layernorm/aten::mul/Multiply_1";
        String file =
                "WCTensorStatistic___module_model_layers_0_input_layernorm_aten__mul_Multiply_1_4_0_1.safetensors";

        assertThat(metadata.path("backend").asText()).isEqualTo("OpenVINO");
        assertThat(metadata.path("subset_size").asInt()).isEqualTo(2);
        assertThat(metadata.path("mapping").path(file).asText()).isEqualTo("WCTensorStatistic_" + layer + "_4_0");
        try (Safetensors tensors = Safetensors.open(folder.resolve(file))) {
            assertThat(tensors.tensors().keySet()).containsExactlyInAnyOrder("mean_values", "shape_values");
            assertThat(tensors.tensors().get("mean_values").shape()).isEqualTo(Shape.of(2, 64));
            assertThat(tensors.tensors().get("shape_values").shape()).isEqualTo(Shape.of(2, 3));
        }
    }

    @Test
    void onlyWhatIsMissingIsCollected() {
        WeightedLayer first = layers.stream()
                .filter(layer -> layer.kind() == WeightedLayer.Kind.MATMUL)
                .findFirst()
                .orElseThrow();
        ActivationStatistics some = collect(List.of(first), texts(1, 2));
        ActivationStatistics all = collect(layers, texts(1, 2));
        assertSame(all.find(first).orElseThrow(), some.find(first).orElseThrow());
        stages.clear();
        collect(layers, texts(1, 2));
        assertThat(stages).isEmpty();
    }

    @Test
    void statisticsOfOtherDataOrAnotherModelAreRefused() {
        collect(layers, texts(1, 2));
        assertThatThrownBy(() -> collect(layers, texts(1, 3)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(folder + ": holds the statistics of other calibration data; delete the folder");
        model = IrReader.read(GoldenModels.graph("llama-gqa", true).resolve("openvino_model.xml"));
        layers = WeightedLayers.find(model);
        assertThatThrownBy(() -> collect(layers, texts(1, 2)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("holds the statistics of another model");
    }

    @Test
    void whatDoesNotSayWhoseItIsIsUsedWithANote() throws IOException {
        ActivationStatistics first = collect(layers, texts(1, 2));
        ObjectNode metadata =
                (ObjectNode) JSON.readTree(folder.resolve(METADATA).toFile());
        metadata.remove("decanter");
        Files.writeString(folder.resolve(METADATA), metadata.toString());
        stages.clear();
        ActivationStatistics second = collect(layers, texts(1, 3));

        assertThat(stages).isEmpty();
        assertThat(notes).singleElement().asString().contains("does not say of which model and data");
        WeightedLayer last = layers.getLast();
        assertThat(second.find(last).isPresent()).isEqualTo(first.find(last).isPresent());
    }

    @Test
    void anInterruptedWriteIsNotTakenForWhole() throws IOException {
        collect(layers, texts(1, 2));
        Files.delete(folder.resolve(METADATA));
        stages.clear();
        collect(layers, texts(1, 2));
        assertThat(stages).isNotEmpty();
        assertThat(folder.resolve(METADATA)).exists();
    }

    @Test
    void damagedFilesAreNamed() throws IOException {
        collect(layers, texts(1, 2));
        JsonNode mapping = JSON.readTree(folder.resolve(METADATA).toFile()).path("mapping");
        String file = mapping.fieldNames().next();
        Files.delete(folder.resolve(file));
        assertThatThrownBy(() -> collect(layers, texts(1, 2)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("that is not there; delete the folder");
        Files.writeString(folder.resolve(METADATA), "{");
        assertThatThrownBy(() -> collect(layers, texts(1, 2)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(METADATA + ": is not valid JSON");
    }
}
