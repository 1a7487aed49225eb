package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.Op;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
    @TempDir
    Path folder;

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theFolderHasModelConfigurationAndTokenizerFilesAndNothingElse() throws IOException {
        Path out = folder.resolve("a/b/ov");
        ExportReport report = Exporter.builder().build().export(TestData.checkpoint("qwen2"), out);
        assertThat(names(out))
                .containsExactly(
                        "config.json",
                        "generation_config.json",
                        "merges.txt",
                        "openvino_model.bin",
                        "openvino_model.xml",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "vocab.json")
                .isEqualTo(report.files());
        assertThat(names(out.getParent())).containsExactly("ov");
        assertThat(report.modelType()).isEqualTo("qwen2");
        assertThat(report.parameters()).isEqualTo(143168);
    }

    @Test
    void anEmptyFolderAndAnEarlierExportAreReplaced() throws IOException {
        Path out = Files.createDirectory(folder.resolve("ov"));
        Exporter.builder().build().export(TestData.checkpoint("qwen3"), out);
        assertThat(names(out)).contains("chat_template.jinja");
        Exporter.builder().build().export(TestData.checkpoint("qwen2"), out);
        assertThat(names(out)).doesNotContain("chat_template.jinja").contains("openvino_model.xml");
        assertThat(names(folder)).containsExactly("ov");
    }

    @Test
    void aFolderWithOtherFilesIsRefusedAndLeftAlone() throws IOException {
        Path out = Files.createDirectory(folder.resolve("ov"));
        Files.writeString(out.resolve("config.json"), "mine");
        Files.writeString(out.resolve("diary.txt"), "mine");
        assertThatThrownBy(() -> Exporter.builder().build().export(TestData.checkpoint("qwen2"), out))
                .isInstanceOf(ExportException.class)
                .hasMessageContaining("files that no export wrote (diary.txt)");
        assertThat(names(out)).containsExactly("config.json", "diary.txt");
        assertThat(names(folder)).containsExactly("ov");
    }

    @Test
    void aFileInTheOutputsPlaceIsRefused() throws IOException {
        Path out = Files.writeString(folder.resolve("ov"), "mine");
        assertThatThrownBy(() -> Exporter.builder().build().export(TestData.checkpoint("qwen2"), out))
                .isInstanceOf(ExportException.class)
                .hasMessageContaining("is a file");
        assertThat(out).content().isEqualTo("mine");
    }

    @Test
    void whatGoesWrongLateLeavesTheEarlierExport() throws IOException {
        Path out = folder.resolve("ov");
        Exporter.builder().build().export(TestData.checkpoint("qwen3"), out);
        List<String> before = names(out);
        Exporter exporter = Exporter.builder()
                .tokenizer((checkpoint, target) -> {
                    throw new ExportException("no such tokenizer");
                })
                .build();
        assertThatThrownBy(() -> exporter.export(TestData.checkpoint("qwen2"), out))
                .hasMessage("no such tokenizer");
        assertThat(names(out)).isEqualTo(before);
        assertThat(names(folder)).containsExactly("ov");
    }

    @Test
    void theTokenizerIsConvertedIntoTheFolder() throws IOException {
        Path out = folder.resolve("ov");
        Exporter.builder()
                .tokenizer((checkpoint, target) -> {
                    try {
                        Files.copy(checkpoint.resolve("tokenizer.json"), target.resolve("openvino_tokenizer.xml"));
                    } catch (IOException e) {
                        throw new ExportException("cannot copy", e);
                    }
                })
                .build()
                .export(TestData.checkpoint("qwen2"), out);
        assertThat(names(out)).contains("openvino_tokenizer.xml");
    }

    @Test
    void theStandardConversionGivesTokenizerAndDetokenizer() throws IOException {
        Path out = folder.resolve("ov");
        Exporter.builder().tokenizer(TokenizerExport.STANDARD).build().export(TestData.checkpoint("qwen2"), out);
        assertThat(names(out)).contains("openvino_tokenizer.xml", "openvino_detokenizer.xml");
    }

    @Test
    void aGenerationConfigIsDerivedWhereThereIsNone() throws IOException {
        new SyntheticCheckpoint("llama")
                .with("eos_token_id", List.of(2, 5))
                .with("bos_token_id", 1)
                .withNull("pad_token_id")
                .write(folder);
        Path out = folder.resolve("ov");
        Exporter.builder().build().export(folder, out);
        assertThat(TestData.json(out.resolve("generation_config.json")))
                .hasToString("{\"bos_token_id\":1,\"eos_token_id\":[2,5]}");
    }

    @Test
    void listenersHearStagesAndProgress() {
        List<String> stages = new ArrayList<>();
        List<Long> done = new ArrayList<>();
        ExportListener listener = new ExportListener() {
            @Override
            public void stage(String what) {
                stages.add(what);
            }

            @Override
            public void progress(long bytesDone, long bytesTotal) {
                assertThat(bytesDone).isBetween(1L, bytesTotal);
                done.add(bytesDone);
            }
        };
        Path checkpoint = TestData.checkpoint("llama-gqa");
        Exporter.builder().listener(listener).build().export(checkpoint, folder.resolve("ov"));
        assertThat(stages).containsExactly("reading " + checkpoint, "writing openvino_model.xml");
        assertThat(done).isSorted().isNotEmpty();
    }

    @Test
    void whatAKilledProcessLeftIsRemovedAndWhatALivingOneWritesIsNot() throws IOException {
        Path out = folder.resolve("ov");
        String dead = ".ov.01234567-0123-0123-0123-0123456789ab";
        Files.writeString(Files.createDirectory(folder.resolve(dead + ".part")).resolve("openvino_model.xml"), "half");
        Files.createFile(folder.resolve(dead + ".lock"));
        Path stranger = Files.createDirectory(folder.resolve(".other" + dead.substring(3) + ".part"));
        Files.createFile(folder.resolve(".other" + dead.substring(3) + ".lock"));
        try (OutputFolder living = OutputFolder.replacing(out);
                OutputFolder next = OutputFolder.replacing(out)) {
            assertThat(folder.resolve(dead + ".part")).doesNotExist();
            assertThat(folder.resolve(dead + ".lock")).doesNotExist();
            assertThat(living.work()).exists();
            Files.writeString(next.work().resolve("config.json"), "{}");
            next.commit();
        }
        assertThat(stranger).exists();
        assertThat(names(out)).containsExactly("config.json");
        assertThat(names(folder)).hasSize(3).contains("ov");
    }

    @Test
    void anOutputThatWasMovedAwayWhenTheProcessDiedComesBack() throws IOException {
        Path out = folder.resolve("ov");
        String dead = ".ov.01234567-0123-0123-0123-0123456789ab";
        Files.writeString(Files.createDirectory(folder.resolve(dead + ".old")).resolve("config.json"), "earlier");
        Files.createFile(folder.resolve(dead + ".lock"));
        try (OutputFolder next = OutputFolder.replacing(out)) {
            assertThat(next.work()).isEmptyDirectory();
            assertThat(out.resolve("config.json")).hasContent("earlier");
        }
        assertThat(names(folder)).containsExactly("ov");
    }

    @Test
    void filesOfNamesThatAreGivenMayBeReplaced() throws IOException {
        Path out = Files.createDirectory(folder.resolve("ov"));
        Files.writeString(out.resolve("README.md"), "copied");
        assertThatThrownBy(() -> OutputFolder.replacing(out)).hasMessageContaining("(README.md)");
        try (OutputFolder next = OutputFolder.replacing(out, List.of("README.md"))) {
            next.commit();
        }
        assertThat(out).isEmptyDirectory();
    }

    @Test
    void anXmlGetsItsBinBesideIt() throws IOException {
        Path xml = Files.writeString(folder.resolve("m.xml"), "old");
        Files.writeString(folder.resolve("note.txt"), "mine");
        try (OutputFolder output = OutputFolder.beside(xml)) {
            Files.writeString(output.work().resolve("m.xml"), "new");
            Files.writeString(output.work().resolve("m.bin"), "weights");
            assertThat(xml).hasContent("old");
            assertThat(output.commit()).isEqualTo(folder);
        }
        assertThat(names(folder)).containsExactly("m.bin", "m.xml", "note.txt");
        assertThat(xml).hasContent("new");
    }

    /** Keeps note of what it sees, and stands for compression. */
    private static final class Recorder implements ModelTransform {
        private final List<String> seen = new ArrayList<>();

        @Override
        public String weightFormat() {
            return "int9";
        }

        @Override
        public void apply(Model model, Path unfinished) {
            model.topologicalOrder().stream()
                    .map(node -> node.op() instanceof Op.Constant c && c.shape().rank() == 2 ? c : null)
                    .filter(Objects::nonNull)
                    .map(constant -> constant.elementType().irName())
                    .filter(type -> !type.equals("i64"))
                    .distinct()
                    .forEach(seen::add);
            try {
                seen.addAll(names(unfinished));
                Files.writeString(unfinished.resolve("openvino_config.json"), "{}");
            } catch (IOException e) {
                throw new ExportException("cannot write", e);
            }
        }
    }

    @Test
    void aTransformSeesTheCheckpointsPrecisionAndTheFilesBesideTheModel() {
        Recorder transform = new Recorder();
        Path out = folder.resolve("ov");
        ExportReport report = Exporter.builder().transform(transform).build().export(TestData.checkpoint("qwen3"), out);
        assertThat(transform.seen).startsWith("bf16").contains("config.json", "tokenizer.json");
        assertThat(transform.seen).doesNotContain("f16", "openvino_model.xml");
        assertThat(report.weightFormat()).isEqualTo("int9");
        assertThat(report.files()).contains("openvino_config.json", "openvino_model.xml");
        assertThat(IrReader.read(out.resolve("openvino_model.xml"))
                        .rtInfo()
                        .text("conversion_parameters", "weight_format"))
                .contains("int9");
    }

    @Test
    void theTransformForLargeModelsLeavesSmallOnesAlone() {
        Recorder transform = new Recorder();
        ExportReport report = Exporter.builder()
                .largeModels(transform)
                .build()
                .export(TestData.checkpoint("qwen3"), folder.resolve("ov"));
        assertThat(report.weightFormat()).isEqualTo("fp16");
        assertThat(transform.seen).isEmpty();
    }
}
