package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compare} on a golden Llama and its int8 form. */
class CompareTest {
    @TempDir
    static Path shared;

    private static Path base;
    private static Path int8;

    @BeforeAll
    static void export() {
        base = shared.resolve("ov");
        int8 = shared.resolve("int8");
        Cli.done("export", "--model", Cli.GOLDEN.resolve("llama-gqa").resolve("model"), base);
        Cli.done("compress", base, int8);
    }

    @Test
    void showsWhatCompressionCosts() {
        Cli result =
                Cli.done("compare", base, int8, "--num-prompts", "2", "--max-new-tokens", "6", "--max-tokens", "300");
        assertThat(result.out())
                .contains("base   " + base, "other  " + int8, "int8_asym, per-channel")
                .containsPattern("next token: \\d{3} predicted in \\d texts")
                .containsPattern("perplexity +\\S+  \\S+  \\([+-]\\d+\\.\\d\\d %\\)")
                .containsPattern("KL divergence +mean 0\\.\\d+  90 % ")
                .containsPattern("layers: 22 compared, these differ most")
                .containsPattern("layers\\.2\\.\\S+/ov_ext::linear/MatMul +f16 → u8 +0\\.\\d{4} +0\\.99")
                .contains("greedy answers to 2 prompts", "first divergent token (FDT)", "text similarity (chrF)")
                .doesNotContain("exact answers");
        assertThat(result.err()).contains("comparing next-token distributions", "comparing layers", "100 %");
    }

    @Test
    void printsOneJsonObject() throws IOException {
        Path questions = Files.writeString(
                shared.resolve("questions.jsonl"),
                "{\"kind\": \"sum\", \"messages\": [{\"role\": \"user\", \"content\": \"1 + 1?\"}], \"answer\": \"2\"}\n");
        Path texts =
                Files.writeString(shared.resolve("texts.jsonl"), "\"The river bends twice.\"\n\"Nobody knew why.\"\n");
        JsonNode json = Cli.done(
                        "compare",
                        base,
                        int8,
                        "--json",
                        "--dataset",
                        texts,
                        "--score",
                        questions,
                        "--max-new-tokens",
                        "4")
                .json();
        assertThat(json.path("base").path("path").asText()).isEqualTo(base.toString());
        assertThat(json.path("other").path("bytes").asLong())
                .isLessThan(json.path("base").path("bytes").asLong());
        assertThat(json.path("other")
                        .path("bitwidths")
                        .path(0)
                        .path("precision")
                        .asText())
                .isEqualTo("int8_asym, per-channel");
        assertThat(json.path("distributions").path("texts").asInt()).isEqualTo(2);
        assertThat(json.path("distributions").path("kl_mean").asDouble()).isBetween(1e-9, 1.0);
        assertThat(json.path("distributions").path("same_top").asDouble()).isGreaterThan(0.5);
        assertThat(json.path("layers")).hasSize(22);
        assertThat(json.path("answers").path("prompts").asInt()).isEqualTo(2);
        assertThat(json.path("scores").path("base").path("questions").asInt()).isEqualTo(1);
        assertThat(json.path("scores").path("other").path("exact").asInt()).isZero();
    }

    @Test
    void leavesOutWhatIsNotWanted() {
        JsonNode json = Cli.done(
                        "compare", base, base, "--json", "--layers", "0", "--num-prompts", "0", "--max-tokens", "50")
                .json();
        assertThat(json.path("layers")).isEmpty();
        assertThat(json.has("answers")).isFalse();
        assertThat(json.has("scores")).isFalse();
        assertThat(json.path("distributions").path("kl_max").asDouble()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--layers -1 | 2 | --layers -1 is negative",
                "--window 1 | 2 | --window 1 is too small; give 2 or more",
                "--window 4096 | 1 | --window 4096 is more than the context of 256 tokens",
                "--dataset nowhere.txt | 1 | nowhere.txt: cannot be read: ",
                "--score nowhere.jsonl | 1 | nowhere.jsonl: does not exist"
            })
    void saysWhatIsWrong(String flags, int status, String message) {
        String[] words = flags.split(" ", 2);
        Cli result = Cli.run("compare", base, int8, words[0], words[1]);
        assertThat(result.status()).isEqualTo(status);
        assertThat(result.err()).contains(message);
        assertThat(result.out()).isEmpty();
    }
}
