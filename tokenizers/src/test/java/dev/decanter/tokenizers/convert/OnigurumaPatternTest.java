package dev.decanter.tokenizers.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.PcreRegex;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Patterns that published tokenizers split by, and odd ones, with the matches that Oniguruma 6.9.10 finds. */
class OnigurumaPatternTest {
    static List<String> patterns() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(OnigurumaPatternTest.class.getResourceAsStream("/components/patterns.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    private static String translate(String pattern) {
        return OnigurumaPattern.toPcre(new JsonAt(new TextNode(pattern), Path.of("tokenizer.json"), "pattern.Regex"));
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("patterns")
    void matchesWhatOnigurumaMatches(String line) throws IOException {
        JsonNode json = new ObjectMapper().readTree(line);
        String pattern = json.path("pattern").textValue();
        for (JsonNode c : json.path("cases")) {
            String text = c.path("text").textValue();
            List<String> wanted = new ArrayList<>();
            c.path("matches").forEach(m -> wanted.add(m.textValue()));
            assertThat(matches(translate(pattern), text))
                    .as("%s on %s", pattern, text)
                    .isEqualTo(wanted);
        }
    }

    /** Begin and end of the matches that are not empty, in code points. */
    private static List<String> matches(String pcre, String text) {
        List<String> matches = new ArrayList<>();
        Matcher matcher = PcreRegex.compile(pcre).matcher(text);
        while (matcher.find()) {
            if (matcher.start() < matcher.end()) {
                matches.add(text.codePointCount(0, matcher.start()) + "-" + text.codePointCount(0, matcher.end()));
            }
        }
        return matches;
    }

    @Test
    void leavesWhatIsTheSameAsItIs() {
        String qwen = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        assertThat(translate(qwen)).isEqualTo(qwen);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "[a",
                "a\\",
                "*a",
                "\\p{L",
                "\\p{Nonsense}",
                "[[:nonsense:]]",
                "[b-a]",
                "(?x)a b",
                "(?~a)",
                "a\\Kb",
                "\\g<1>",
                "(?i:stra\u00DFe)",
                "(?i:first)",
                "a{3,1}",
                "\\x{110000}"
            })
    void refusesWhatIsBrokenOrCannotBeExpressed(String pattern) {
        assertThatThrownBy(() -> translate(pattern))
                .isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith("tokenizer.json: pattern.Regex: ")
                .message()
                .doesNotContain("\n");
    }
}
