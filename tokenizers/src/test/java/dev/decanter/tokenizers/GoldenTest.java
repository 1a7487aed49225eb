package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids and texts that the {@code tokenizers} library gives, through conversion, files and the runtime. */
class GoldenTest {
    @TempDir
    Path target;

    @ParameterizedTest
    @MethodSource("dev.decanter.tokenizers.TestFiles#goldenNames")
    void givesTheLibrarysIdsAndTexts(String name) {
        JsonNode golden = TestFiles.json(TestFiles.golden(name).resolve("golden.json"));
        try (Tokenizer tokenizer = TestFiles.throughDisk(TestFiles.golden(name), target)) {
            assertThat(golden.path("strings")).hasSizeGreaterThan(60);
            for (JsonNode c : golden.path("strings")) {
                encodesAndDecodes(tokenizer, c);
            }
            for (JsonNode c : golden.path("decode_only")) {
                decodes(tokenizer, c, TestFiles.ids(c.path("ids")));
            }
            for (JsonNode c : golden.path("streaming")) {
                streams(tokenizer, c);
            }
        }
    }

    private static void encodesAndDecodes(Tokenizer tokenizer, JsonNode c) {
        String text = c.path("text").textValue();
        long[] ids = TestFiles.ids(c.path("ids"));
        assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids);
        assertThat(tokenizer.encodeToIds(text, false)).as(text).isEqualTo(TestFiles.ids(c.path("ids_no_special")));
        decodes(tokenizer, c, ids);
    }

    private static void decodes(Tokenizer tokenizer, JsonNode c, long[] ids) {
        assertThat(tokenizer.decode(ids, true)).isEqualTo(c.path("decoded").textValue());
        assertThat(tokenizer.decode(ids, false))
                .isEqualTo(c.path("decoded_with_special").textValue());
    }

    private static void streams(Tokenizer tokenizer, JsonNode c) {
        long[] ids = TestFiles.ids(c.path("ids"));
        JsonNode prefixes = c.path("decoded_prefixes");
        StreamingDetokenizer stream = tokenizer.streamingDetokenizer();
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            String fresh = stream.push(ids[i]);
            assertThat(fresh).doesNotContain("\uFFFD");
            text.append(fresh);
            assertThat(prefixes.get(i).textValue()).startsWith(text.toString().stripTrailing());
        }
        text.append(stream.flush());
        assertThat(text.toString()).isEqualTo(prefixes.get(ids.length - 1).textValue());
    }
}
