package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are broken or say what is not supported: the message names the file and the place in it. */
class ConversionErrorsTest {
    private static final String MODEL =
            "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\"]}";

    @TempDir
    Path folder;

    private void refuses(String json, String... parts) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), json);
        assertThatThrownBy(() -> TokenizerConverter.convert(folder, folder.resolve("out"), ConversionOptions.DEFAULT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContainingAll(parts)
                .message()
                .doesNotContain("\n");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "normalizer | {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"} | not a precompiled character map",
                "normalizer | {\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"X\"}]} | normalizers[0]: unknown normalizer X",
                "normalizer | {\"type\": \"Replace\", \"content\": \"\", \"pattern\": {\"Regex\": \"(a\"}} | pattern.Regex: regular expression",
                "normalizer | {} | normalizer.type: expected a string, found nothing",
                "pre_tokenizer | {\"type\": \"Odd\"} | unknown pre-tokenizer Odd",
                "pre_tokenizer | {\"type\": \"FixedLength\", \"length\": 0} | 0 is not positive",
                "pre_tokenizer | {\"type\": \"Split\", \"behavior\": \"Odd\", \"pattern\": {\"String\": \"x\"}} | unknown behavior \"Odd\"",
                "pre_tokenizer | {\"type\": \"Metaspace\", \"prepend_scheme\": \"odd\"} | unknown prepend_scheme",
                "post_processor | {\"type\": \"Odd\"} | post-processor Odd is unknown",
                "decoder | {\"type\": \"Odd\"} | unknown decoder Odd",
                "decoder | {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"ByteFallback\"}, {\"type\": \"ByteLevel\"}]} | without a Fuse",
                "added_tokens | [{\"content\": \"x\"}] | added_tokens[0].id: expected an integer",
                "added_tokens | [{\"id\": -4, \"content\": \"x\"}] | negative id -4",
                "added_tokens | [{\"id\": 1, \"content\": 7}] | added_tokens[0].content: expected a string",
            })
    void namesWhatIsNotSupported(String key, String value, String message) throws IOException {
        refuses("{\"" + key + "\": " + value + ", " + MODEL + "}", message);
    }

    @Test
    void namesWhatIsWrongInTheModel() throws IOException {
        refuses("{\"model\": ", "line 1");
        refuses("{\"version\": \"1.0\"}", "it has no \"model\"");
        refuses("[]", "it has no \"model\"");
        refuses(
                "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {}}}",
                "model.unk_token: \"<unk>\" is not in the vocabulary");
        refuses("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[1, 2]]}}", "model.vocab[0]: expected [token, score]");
        refuses("{\"model\": {\"type\": \"BPE\", \"vocab\": [], \"merges\": []}}", "model.vocab: expected an object");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": \"x\"}, \"merges\": []}}",
                "model.vocab: token \"a\"");
        refuses("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"aa\"]}}", "model.merges[0]");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}",
                "both have the id 0");
        refuses("{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}", "the id -1");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 999999999}, \"merges\": []}}",
                "the greatest id is 999999999");
        refuses(
                "{\"added_tokens\": [{\"id\": 1, \"content\": \"x\"}],"
                        + " \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 1}, \"merges\": []}}",
                "added_tokens[0]: token \"x\" would have the id 1 of token \"a\"");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a a\"]}}",
                "merge 0 (\"a\", \"a\"): the product is not in the vocabulary");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"dropout\": 0.1}}",
                "model.dropout");
        refuses(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [], \"unk_token\": \"u\"}}",
                "the unknown token \"u\" is not in the vocabulary");
    }

    @Test
    void aModelFileThatIsNoneIsTold() throws IOException {
        Files.writeString(folder.resolve("tokenizer.model"), "x");
        assertThatThrownBy(() -> TokenizerConverter.convert(folder, folder, ConversionOptions.DEFAULT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer.model: not a SentencePiece model");
    }

    @Test
    void aMaxLengthWithoutRoomForSpecialTokensIsRefused() {
        assertThatThrownBy(() -> TokenizerConverter.convert(
                        TestFiles.golden("bert"), folder, ConversionOptions.DEFAULT.withMaxLength(1)))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("less than the 2 special tokens");
        assertThatThrownBy(() -> ConversionOptions.DEFAULT.withMaxLength(0)).isInstanceOf(TokenizerException.class);
    }

    @Test
    void addBosTokenOfALlamaClassReplacesThePostProcessor() throws IOException {
        for (String name : new String[] {"tokenizer.json", "special_tokens_map.json"}) {
            Files.copy(TestFiles.golden("llama2").resolve(name), folder.resolve(name));
        }
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"LlamaTokenizer\", \"add_bos_token\": false, \"add_eos_token\": true}");
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("out"))) {
            assertThat(tokenizer.encodeToIds("a")).containsExactly(261, 2);
            assertThat(tokenizer.eosTokenId()).hasValue(2);
        }
    }
}
