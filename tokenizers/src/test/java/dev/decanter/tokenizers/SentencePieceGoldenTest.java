package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders with a SentencePiece model in place of the tokenizer.json: the same ids and texts. */
class SentencePieceGoldenTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"llama2, llama2", "phi3, llama2", "gemma, gemma"})
    void givesTheFastTokenizersIdsAndTexts(String name, String model) throws IOException {
        Path source = TestFiles.golden(name);
        for (String file : List.of("tokenizer_config.json", "special_tokens_map.json")) {
            Files.copy(source.resolve(file), folder.resolve(file));
        }
        Files.copy(TestFiles.golden(model).resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        JsonNode golden = TestFiles.json(source.resolve("golden.json"));
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("ir"))) {
            assertThat(golden.path("strings")).hasSizeGreaterThan(60);
            for (JsonNode c : golden.path("strings")) {
                encodes(tokenizer, c);
                assertThat(tokenizer.decode(TestFiles.ids(c.path("ids"))))
                        .isEqualTo(c.path("decoded").textValue());
                assertThat(tokenizer.decode(TestFiles.ids(c.path("ids")), false))
                        .isEqualTo(c.path("decoded_with_special").textValue());
            }
            for (JsonNode c : golden.path("streaming")) {
                streams(tokenizer, c);
            }
        }
    }

    @Test
    void givesT5sIds() throws IOException {
        Optional<Path> source = TestFiles.shared("golden/tokenizers/t5");
        assumeTrue(source.isPresent(), "shared reference files are not here: golden/tokenizers/t5");
        for (String file : List.of("tokenizer_config.json", "special_tokens_map.json", "spiece.model")) {
            Files.copy(source.get().resolve(file), folder.resolve(file));
        }
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("ir"))) {
            for (JsonNode c :
                    TestFiles.json(source.get().resolve("golden.json")).path("strings")) {
                encodes(tokenizer, c);
            }
        }
    }

    private static void encodes(Tokenizer tokenizer, JsonNode c) {
        String text = c.path("text").textValue();
        assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(TestFiles.ids(c.path("ids")));
        assertThat(tokenizer.encodeToIds(text, false)).as(text).isEqualTo(TestFiles.ids(c.path("ids_no_special")));
    }

    /** The text so far is always one that the ids so far have: here a character is final with its last byte. */
    private static void streams(Tokenizer tokenizer, JsonNode c) {
        StreamingDetokenizer stream = tokenizer.streamingDetokenizer();
        StringBuilder text = new StringBuilder();
        long[] ids = TestFiles.ids(c.path("ids"));
        for (int i = 0; i < ids.length; i++) {
            text.append(stream.push(ids[i]));
            assertThat(text.toString()).doesNotContain("\uFFFD");
            assertThat(tokenizer.decode(Arrays.copyOf(ids, i + 1))).startsWith(text.toString());
        }
        text.append(stream.flush());
        assertThat(text.toString())
                .isEqualTo(c.path("decoded_prefixes").get(ids.length - 1).textValue());
    }
}
