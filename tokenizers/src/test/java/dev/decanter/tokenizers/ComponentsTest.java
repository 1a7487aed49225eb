package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small tokenizers put together at random, which between them have every component of a tokenizer.json with every setting,
 * and what version 0.23.2 of the {@code tokenizers} library makes of random texts and ids with them.
 */
class ComponentsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    static List<String> tokenizers() throws IOException {
        return lines("tokenizers.jsonl");
    }

    static List<String> lines(String resource) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(ComponentsTest.class.getResourceAsStream("/components/" + resource))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("tokenizers")
    void givesTheLibrarysIdsAndTexts(String line) throws IOException {
        JsonNode json = MAPPER.readTree(line);
        MAPPER.writeValue(folder.resolve("tokenizer.json").toFile(), json.path("tokenizer"));
        assertThat(json.path("cases")).isNotEmpty();
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("out"))) {
            for (JsonNode c : json.path("cases")) {
                check(tokenizer, c);
            }
        } finally {
            Files.delete(folder.resolve("tokenizer.json"));
        }
    }

    private static void check(Tokenizer tokenizer, JsonNode c) {
        long[] ids = TestFiles.ids(c.path("ids"));
        if (c.has("text")) {
            String text = c.path("text").textValue();
            assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids);
            assertThat(tokenizer.encodeToIds(text, false)).as(text).isEqualTo(TestFiles.ids(c.path("plain")));
        }
        assertThat(tokenizer.decode(ids, true)).isEqualTo(c.path("skipped").textValue());
        assertThat(tokenizer.decode(ids, false)).isEqualTo(c.path("kept").textValue());
    }
}
