package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Llama 2's published model file against ids that others published. Runs where the shared reference files are. */
class SentencePieceRealFilesTest {
    @TempDir
    Path folder;

    private static Path real(String name) {
        Optional<Path> path = TestFiles.shared("real/" + name);
        assumeTrue(path.isPresent(), "shared reference files are not here: real/" + name);
        return path.get();
    }

    @BeforeEach
    void copyModel() throws IOException {
        Files.copy(real("lm-stories260K/tokenizer.model"), folder.resolve("tokenizer.model"));
    }

    private Tokenizer llama(String config) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return TestFiles.throughDisk(folder, folder.resolve("ir"));
    }

    /** llama.cpp's vocabulary tests: texts, and ids without special tokens. */
    @Test
    void givesTheIdsOfLlamaCpp() throws IOException {
        Path expected = real("tokenizers/ggml-vocab");
        String[] texts = Files.readString(expected.resolve("ggml-vocab-llama-spm.gguf.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(expected.resolve("ggml-vocab-llama-spm.gguf.out"));
        assertThat(ids).hasSizeGreaterThan(40);
        try (Tokenizer tokenizer = llama("{\"tokenizer_class\": \"LlamaTokenizer\"}")) {
            for (int i = 0; i < ids.size(); i++) {
                long[] wanted = Arrays.stream(ids.get(i).strip().split(" +", -1))
                        .filter(s -> !s.isEmpty())
                        .mapToLong(Long::parseLong)
                        .toArray();
                assertThat(tokenizer.encodeToIds(texts[i], false)).as(texts[i]).isEqualTo(wanted);
            }
        }
    }

    @Test
    void givesTheIdsAndTextsOfTransformersJs() throws IOException {
        JsonNode cases = TestFiles.json(real("tokenizers/expected-transformers.js/llama.json"))
                .path("Xenova/llama-tokenizer");
        assertThat(cases).hasSizeGreaterThan(30);
        try (Tokenizer tokenizer = llama("{\"tokenizer_class\": \"LlamaTokenizer\", \"legacy\": false}")) {
            cases.properties().forEach(c -> {
                String text = c.getValue().path("text").textValue();
                long[] ids = TestFiles.ids(c.getValue().path("ids"));
                assertThat(tokenizer.encodeToIds(text)).as(c.getKey()).isEqualTo(ids);
                assertThat(tokenizer.decode(ids, false))
                        .as(c.getKey())
                        .isEqualTo(c.getValue().path("decoded").textValue());
            });
        }
    }

    /** A text of prose is encoded at once, not word by word. */
    @Test
    void encodesAWholeBookInOneGo() throws IOException {
        String prose =
                "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in"
                        + " want of a wife.\n";
        try (Tokenizer tokenizer = llama("{\"tokenizer_class\": \"LlamaTokenizer\"}")) {
            long[] once = tokenizer.encodeToIds(prose);
            long[] often = tokenizer.encodeToIds(prose.repeat(2000));
            assertThat(often).startsWith(once);
            assertThat(tokenizer.decode(often).getBytes(StandardCharsets.UTF_8))
                    .isEqualTo(prose.repeat(2000).getBytes(StandardCharsets.UTF_8));
        }
    }
}
