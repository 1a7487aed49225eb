package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tokenizer classes over SentencePiece models: folders that Transformers 4.57 saved, and the ids its slow classes give for random
 * text (text, ids, ids without special tokens, ids of the text and "b x").
 */
class SentencePieceClassesTest {
    @TempDir
    Path folder;

    private static Path resource(String name) {
        return TestFiles.golden("llama2")
                .resolveSibling("../sentencepiece/" + name)
                .normalize();
    }

    private static long[] ids(String text) {
        return text.isEmpty()
                ? new long[0]
                : Arrays.stream(text.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    }

    private void copy(String name, String model, String file) throws IOException {
        try (Stream<Path> files = Files.list(resource(name))) {
            for (Path path : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                Files.copy(
                        path,
                        folder.resolve(
                                Objects.requireNonNull(path.getFileName()).toString()));
            }
        }
        Files.copy(resource(model + ".model"), folder.resolve(file));
    }

    @ParameterizedTest
    @CsvSource({
        "xlm-roberta, unigram-rules, sentencepiece.bpe.model",
        "camembert, unigram-rules, sentencepiece.bpe.model",
        "nllb, unigram-rules, sentencepiece.bpe.model",
        "llama-legacy, bpe-bytes, tokenizer.model",
        "llama, bpe-bytes, tokenizer.model"
    })
    void givesTheSlowTokenizersIds(String name, String model, String file) throws IOException {
        copy(name, model, file);
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("ir"))) {
            List<String> lines = Files.readAllLines(resource(name).resolve("expected.tsv"));
            assertThat(lines).hasSizeGreaterThan(30);
            for (String line : lines) {
                String[] parts = line.split("\t", -1);
                String text = new String(HexFormat.of().parseHex(parts[0]), StandardCharsets.UTF_8);
                assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids(parts[1]));
                assertThat(tokenizer.encodeToIds(text, false)).as(text).isEqualTo(ids(parts[2]));
                TokenizedInputs pair = tokenizer.encodePairs(List.of(new TextPair(text, "b x")));
                assertThat(pair.inputIds().toLongs()).as(text).isEqualTo(ids(parts[3]));
            }
        }
    }

    @Test
    void specialTokensAreHiddenOrShown() throws IOException {
        copy("llama", "bpe-bytes", "tokenizer.model");
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("ir"))) {
            long[] ids = tokenizer.encodeToIds("<|im_start|>it is<|im_end|> zzq");
            assertThat(tokenizer.decode(ids, false)).isEqualTo("<s><|im_start|>it is<|im_end|> zzq</s>");
            assertThat(tokenizer.decode(ids)).isEqualTo("it is zzq");
            assertThat(tokenizer.padToken()).contains("[PAD]");
            assertThat(tokenizer.eosTokenId()).hasValue(2);
        }
    }

    private void refuses(String config, String message) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        assertThatThrownBy(() -> TokenizerConverter.convert(folder, folder, ConversionOptions.DEFAULT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining(message);
    }

    @Test
    void classesWithNumbersOfTheirOwnAreRefused() throws IOException {
        Files.copy(resource("unigram-rules.model"), folder.resolve("spiece.model"));
        refuses("{\"tokenizer_class\": \"PegasusTokenizer\"}", "the ids of PegasusTokenizer are not those");
        refuses("{\"tokenizer_class\": \"OurTokenizer\"}", "what OurTokenizer puts around a text is not known");
        refuses(
                "{\"tokenizer_class\": \"OurTokenizer\", \"add_bos_token\": false, \"added_tokens_decoder\": "
                        + "{\"0\": {\"content\": \"<s>\", \"special\": true}}}",
                "\"<s>\" has the id 1 here but 0 in the files beside");
        refuses("{\"tokenizer_class\": \"T5Tokenizer\", \"legacy\": false}", "legacy false is not supported");
        refuses("{\"tokenizer_class\": \"NllbTokenizer\"}", "\"eng_Latn\" has no id");
        refuses(
                "{\"tokenizer_class\": \"LlamaTokenizer\", \"added_tokens_decoder\": {\"x\": {\"content\": \"a\"}}}",
                "\"x\" is no id");
        refuses(
                "{\"tokenizer_class\": \"LlamaTokenizer\", \"added_tokens_decoder\": {\"99999999\": {\"content\": \"a!\"}}}",
                "far beyond");
    }

    @Test
    void aModelAloneIsRunAsTheLibraryDoes() throws IOException {
        Files.copy(resource("unigram-rules.model"), folder.resolve("tokenizer.model"));
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("ir"))) {
            for (String line : Files.readAllLines(resource("unigram-rules.tsv"))) {
                String[] parts = line.split("\t", -1);
                String text = new String(HexFormat.of().parseHex(parts[0]), StandardCharsets.UTF_8);
                assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids(parts[1]));
                assertThat(tokenizer.decode(ids(parts[2])))
                        .isEqualTo(new String(HexFormat.of().parseHex(parts[3]), StandardCharsets.UTF_8));
            }
        }
    }
}
