package dev.decanter.ir.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Files that OpenVINO and its tools wrote: read, written, read again, equal. */
class RealFilesTest {
    private static final String ABSENT = "no real models: set decanter.shared to the folder that has them in real/";

    /** Files in which OpenVINO's own writer wrote all of the text. */
    private static final Set<String> SAME_WORDS = Set.of(
            "llm-evaai-model.ov/openvino_model.xml",
            "llm-evaai-model.ov/openvino_tokenizer.xml",
            "llm-evaai-model.ov/openvino_detokenizer.xml",
            "llm-gpt2-f32-stateful/openvino_model.xml",
            "llm-tinyllama-1.1b-int8/openvino_model.xml",
            "ir-npu-compiler-tests/tensor_iterator_rename.xml",
            "text-macbert-zh/openvino_model.xml");

    @TempDir
    Path folder;

    private static boolean isLegacy(Path xml) throws IOException {
        return Files.readString(xml).contains("version=\"6\">");
    }

    @TestFactory
    List<DynamicTest> everyFileIsReadWrittenReadAgainAndEqual() throws IOException {
        assumeTrue(!SharedFiles.irFiles().isEmpty(), ABSENT);
        List<DynamicTest> tests = new ArrayList<>();
        for (Path xml : SharedFiles.irFiles()) {
            if (!isLegacy(xml)) {
                String name =
                        xml.subpath(xml.getNameCount() - 2, xml.getNameCount()).toString();
                tests.add(DynamicTest.dynamicTest(name, () -> roundTrip(xml, name)));
            }
        }
        assertThat(tests).hasSizeGreaterThanOrEqualTo(25);
        return tests;
    }

    private void roundTrip(Path xml, String name) throws IOException {
        Path copy = folder.resolve("copy.xml");
        boolean withData = Files.exists(IrReader.weightsPath(xml));
        Model model;
        Model again;
        if (withData) {
            model = IrReader.read(xml);
            IrWriter.write(model, copy);
            again = IrReader.read(copy);
        } else {
            model = IrReader.readTopology(xml);
            writeTopology(model, copy);
            again = IrReader.readTopology(copy);
        }
        assertThat(ModelComparison.firstDifference(model, again, withData)).isEmpty();
        assertThat(model.results()).isNotEmpty();
        if (SAME_WORDS.contains(name)) {
            assertThat(String.join("\n", words(copy))).isEqualTo(String.join("\n", words(xml)));
        }
    }

    /** As the writer does, but for the weights: those of the larger models have no place in a test. */
    private static void writeTopology(Model model, Path xml) throws IOException {
        IdentityHashMap<ConstantData, Long> offsets = new IdentityHashMap<>();
        long[] end = {0};
        try (BufferedWriter out = Files.newBufferedWriter(xml)) {
            IrWriter.writeXml(
                    model,
                    out,
                    (data, _) -> offsets.computeIfAbsent(data, d -> {
                        long offset = end[0];
                        end[0] += d.byteSize();
                        return offset;
                    }));
        }
    }

    /** The lines without what the order of layers decides: that, and with it ids and offsets, may be another. */
    private static List<String> words(Path xml) throws IOException {
        return Files.readAllLines(xml).stream()
                .map(line -> line.replaceAll(" (id|offset|from-layer|to-layer)=\"[0-9]+\"", "")
                        // equal numbers, printed by C++ and by Java
                        .replaceAll(" (eps|normalize_variance)=\"[^\"]*\"", ""))
                .sorted()
                .toList();
    }

    @TestFactory
    List<DynamicTest> legacyFilesAreRefused() throws IOException {
        assumeTrue(!SharedFiles.irFiles().isEmpty(), ABSENT);
        List<DynamicTest> tests = new ArrayList<>();
        for (Path xml : SharedFiles.irFiles()) {
            if (isLegacy(xml)) {
                tests.add(DynamicTest.dynamicTest(
                        xml.getFileName().toString(),
                        () -> assertThatThrownBy(() -> IrReader.readTopology(xml))
                                .isInstanceOf(IrException.class)
                                .hasMessage(xml + ": IR version 6 is older than 10 and not supported: convert the "
                                        + "original model again with OpenVINO 2022.1 or newer")));
            }
        }
        assertThat(tests).hasSize(2);
        return tests;
    }

    @Test
    void inputsAndOutputsOfALanguageModelAreFoundByTensorName() {
        assumeTrue(SharedFiles.real().isPresent(), ABSENT);
        Model model = IrReader.readTopology(
                SharedFiles.real().orElseThrow().resolve("llm-evaai-model.ov/openvino_model.xml"));
        assertThat(model.parameter("input_ids")).isPresent();
        assertThat(model.parameter("beam_idx")).isPresent();
        assertThat(model.result("logits")).isPresent();
        assertThat(model.sinks()).hasSize(72);
        assertThat(model.rtInfo().text("nncf", "weight_compression", "mode")).hasValue("int4_asym");
        assertThat(model.topologicalOrder()).hasSize(7692);
    }
}
