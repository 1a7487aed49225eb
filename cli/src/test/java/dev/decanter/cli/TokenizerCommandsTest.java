package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.tokenizers.TextPair;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code convert-tokenizer} with its flags, and {@code tokenize} on folders of all kinds. */
class TokenizerCommandsTest {
    private static final Path CHECKPOINT = Cli.GOLDEN.resolve("qwen2").resolve("model");

    @TempDir
    static Path folder;

    private static Path files;

    /** The checkpoint's tokenizer as vocab.json and merges.txt. */
    @BeforeAll
    static void slowFiles() throws IOException {
        files = Files.createDirectories(folder.resolve("files"));
        JsonNode json = Cli.read(CHECKPOINT.resolve("tokenizer.json"));
        Files.writeString(
                files.resolve("vocab.json"), json.path("model").path("vocab").toString());
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (JsonNode merge : json.path("model").path("merges")) {
            merges.append(
                            merge.isTextual()
                                    ? merge.asText()
                                    : merge.get(0).asText() + " " + merge.get(1).asText())
                    .append('\n');
        }
        Files.writeString(files.resolve("merges.txt"), merges.toString());
        StringBuilder added = new StringBuilder();
        for (JsonNode token : json.path("added_tokens")) {
            added.append(added.isEmpty() ? "" : ", ")
                    .append('"')
                    .append(token.path("id").asInt())
                    .append("\": ")
                    .append(token);
        }
        Files.writeString(
                files.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"Qwen2Tokenizer\", \"added_tokens_decoder\": {" + added + "}}");
    }

    @Test
    void tokenizesAFolderOfVocabularyFilesFromTheCache() {
        JsonNode fast = Cli.done("tokenize", "--model", CHECKPOINT, "--text", "The quick river, 12", "--json")
                .json();
        Cli slow = Cli.done("tokenize", "--model", files, "--text", "The quick river, 12", "--json");
        assertThat(slow.json()).isEqualTo(fast);
        assertThat(slow.err()).contains("is a Hugging Face folder, it is converted into");
        assertThat(Cli.done("tokenize", "--model", files, "--text", "a").err()).contains("using ");
    }

    @Test
    void everyFlagHasItsEffect() {
        Path out = folder.resolve("out");
        Cli result = Cli.done(
                "convert-tokenizer",
                folder,
                "--subfolder",
                "files",
                "-o",
                out,
                "--with-detokenizer",
                "--number-of-inputs",
                "2",
                "--max-padding",
                "7",
                "--tokenizer-output-type",
                "i32",
                "--detokenizer-input-type",
                "i32",
                "--clean-up-tokenization-spaces",
                "True",
                "--utf8_replace_mode",
                "ignore",
                "--use-fast-false",
                "--handle-special-tokens-with-re",
                "--not-skip-special-tokens",
                "--trust-remote-code");
        assertThat(result.err()).contains("--trust-remote-code is ignored");
        try (Tokenizer tokenizer = Tokenizer.load(out)) {
            assertThat(tokenizer.encode("a").attentionMask().toLongs()).containsExactly(1, 0, 0, 0, 0, 0, 0);
            assertThat(tokenizer
                            .encodePairs(List.of(new TextPair("a", "b")))
                            .attentionMask()
                            .toLongs())
                    .containsExactly(1, 1, 0, 0, 0, 0, 0);
            assertThat(tokenizer.decode(tokenizer.encodeToIds("a , b"))).startsWith("a, b");
            assertThat(List.of(
                            "number_of_inputs",
                            "use_max_padding",
                            "tokenizer_output_type",
                            "detokenizer_input_type",
                            "clean_up_tokenization_spaces",
                            "utf8_replace_mode",
                            "handle_special_tokens_with_re",
                            "skip_special_tokens",
                            "use_sentencepiece_backend"))
                    .map(key -> tokenizer.rtInfo().text(key).orElse(""))
                    .containsExactly("2", "True", "i32", "i32", "True", "ignore", "True", "False", "False");
        }
        Cli.done("convert-tokenizer", files, "-o", out, "--left-padding", "--number-of-inputs", "2");
        try (Tokenizer tokenizer = Tokenizer.load(out)) {
            assertThat(tokenizer.encode(List.of("a", "a b")).attentionMask().toLongs())
                    .containsExactly(0, 1, 1, 1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--utf8_replace_mode odd | 2 | Invalid value for option '--utf8_replace_mode': \"odd\"",
                "--tokenizer-output-type f32 | 2 | Invalid value for option '--tokenizer-output-type': \"f32\"",
                "--number-of-inputs 3 | 2 | 3 is neither 1 nor 2",
                "--max-padding 0 | 2 | \"0\" is no positive number",
                "--max-padding long | 2 | \"long\" is no positive number",
                "--left-padding --right-padding | 2 | Give one of --left-padding and --right-padding",
                "--subfolder none | 1 | has no such folder",
                "--use-sentencepiece-backend | 1 | has no SentencePiece model",
                "--streaming-detokenizer | 1 | a streaming detokenizer is made of SentencePiece models only",
                "--max-padding true | 1 | has no model_max_length to pad to",
            })
    void whatIsNotPossibleIsSaid(String flags, int status, String message) {
        Path out = folder.resolve("refused");
        List<Object> words = new java.util.ArrayList<>(List.of("convert-tokenizer", files, "-o", out));
        words.addAll(List.of(flags.split(" ", -1)));
        Cli result = Cli.run(words.toArray());
        assertThat(result.status()).isEqualTo(status);
        assertThat(result.err()).contains(message);
        assertThat(out).doesNotExist();
    }

    @Test
    void idsThatAreNoneAndTextThatIsNotUtf8AreNamedWithTheirPlace() throws IOException {
        Cli ids = Cli.run("tokenize", "--model", files, "--ids", "1,999999");
        assertThat(ids.status()).isEqualTo(1);
        assertThat(ids.err()).contains("decanter: --ids: 999999 is no id of this tokenizer, which has");
        Path lines = folder.resolve("lines.jsonl");
        Files.writeString(lines, "\"a\"\n[1, -2]\n");
        assertThat(Cli.run("tokenize", "--model", files, "--file", lines).err())
                .contains(lines + ":2: -2 is no id of this tokenizer");
        byte[] bytes = "\"a\"\n\"\u00e9\"\n".getBytes(StandardCharsets.ISO_8859_1);
        Files.write(lines, bytes);
        assertThat(Cli.run("tokenize", "--model", files, "--file", lines).err()).contains(lines + ":2: is not UTF-8");
    }

    @Test
    void aClassThatIsNotKnownIsRefused() throws IOException {
        Path unknown = Files.createDirectories(folder.resolve("unknown"));
        Files.copy(files.resolve("vocab.json"), unknown.resolve("vocab.json"));
        Files.copy(files.resolve("merges.txt"), unknown.resolve("merges.txt"));
        Files.writeString(unknown.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"OddTokenizer\"}");
        Cli result = Cli.run("tokenize", "--model", unknown, "--text", "a");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.err())
                .contains("has no tokenizer.json, but vocab.json and merges.txt and the class OddTokenizer");
    }
}
