package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bytes of tokens, one after the other, are the decoded text. */
class TokenBytesTest {
    @TempDir
    Path target;

    /** Not CLIP's, whose decoder puts in spaces of its own. */
    static Stream<String> decodedByToken() {
        return TestFiles.goldenNames().filter(name -> !name.equals("clip"));
    }

    @ParameterizedTest
    @MethodSource("decodedByToken")
    void areWhatTheTextGets(String name) {
        JsonNode golden = TestFiles.json(TestFiles.golden(name).resolve("golden.json"));
        try (Tokenizer tokenizer = TestFiles.throughDisk(TestFiles.golden(name), target)) {
            List<byte[]> later = tokenizer.tokenBytes(false);
            List<byte[]> first = tokenizer.tokenBytes(true);
            assertThat(later).hasSize(tokenizer.vocabularySize());
            int compared = 0;
            for (JsonNode c : golden.path("strings")) {
                String decoded = c.path("decoded").textValue();
                // Bytes that are no text, and space before punctuation, are what decoders change afterwards.
                if (decoded.contains("\uFFFD") || (name.equals("bert") && !decoded.matches("[a-z ]*"))) {
                    continue;
                }
                ByteArrayOutputStream text = new ByteArrayOutputStream();
                List<byte[]> bytes = first;
                for (long id : TestFiles.ids(c.path("ids"))) {
                    if (!tokenizer.isLeftOut(id, true)) {
                        text.writeBytes(bytes.get((int) id));
                        bytes = later;
                    }
                }
                assertThat(text.toString(StandardCharsets.UTF_8)).as(decoded).isEqualTo(decoded);
                compared++;
            }
            assertThat(compared).isGreaterThan(name.equals("bert") ? 4 : 50);
        }
    }
}
