package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
}
