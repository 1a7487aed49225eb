package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders without a tokenizer.json: vocabulary files with the class's rules, ranks of tiktoken, and what is refused. */
class FolderSourcesTest {
    @TempDir
    Path folder;

    private Path golden(String name) {
        Path golden = TestFiles.golden(name);
        Folders.copy(golden, folder, "tokenizer_config.json", "special_tokens_map.json");
        if (name.equals("bert")) {
            Folders.vocabTxt(golden.resolve("tokenizer.json"), folder);
        } else {
            Folders.vocabAndMerges(golden.resolve("tokenizer.json"), folder);
        }
        return golden;
    }

    private Tokenizer load() {
        return TestFiles.throughDisk(folder, folder.resolve("out"));
    }

    /** CLIP's class turns ends of words into spaces when it decodes, which the library alone does not. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "opt", "qwen2", "clip", "bert"})
    void vocabularyFilesGiveTheLibrarysIds(String name) {
        JsonNode golden = TestFiles.json(golden(name).resolve("golden.json"));
        try (Tokenizer tokenizer = load()) {
            assertThat(golden.path("strings")).hasSizeGreaterThan(60);
            for (JsonNode c : golden.path("strings")) {
                String text = c.path("text").textValue();
                long[] ids = TestFiles.ids(c.path("ids"));
                assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids);
                assertThat(tokenizer.encodeToIds(text, false))
                        .as(text)
                        .isEqualTo(TestFiles.ids(c.path("ids_no_special")));
                String decoded = c.path("decoded").textValue();
                assertThat(tokenizer.decode(ids))
                        .isEqualTo(
                                name.equals("clip")
                                        ? decoded.replace("</w>", " ").strip()
                                        : decoded);
            }
        }
    }

    @Test
    void aTokenizerJsonWinsUnlessTheSlowFilesAreAskedFor() throws IOException {
        golden("gpt2");
        Folders.config(folder, Map.of("tokenizer_class", "GPT2Tokenizer", "add_prefix_space", true));
        Files.copy(TestFiles.golden("gpt2").resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        try (Tokenizer fast = load()) {
            assertThat(fast.decode(fast.encodeToIds("a"))).isEqualTo("a");
        }
        Path out = folder.resolve("slow");
        TokenizerConverter.convert(folder, out, ConversionOptions.DEFAULT.withUseFast(false));
        try (Tokenizer slow = Tokenizer.load(out)) {
            assertThat(slow.decode(slow.encodeToIds("a"))).isEqualTo(" a");
        }
        assertThatThrownBy(() -> TokenizerConverter.convert(
                        folder, out, ConversionOptions.DEFAULT.withSentencePieceBackend(true)))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("has no SentencePiece model");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                                  | Ab \u00c9 b | 12 10 1",
                "{\"do_lower_case\": false}          | Ab \u00c9 b | 6 7 8 1",
                "{\"strip_accents\": false}          | \u00c9      | 9",
                "{\"tokenize_chinese_chars\": true}  | x\u4f60     | 11 1",
                "{\"tokenize_chinese_chars\": false} | x\u4f60     | 1",
            })
    void bertFlagsAreRead(String config, String text, String wanted) {
        Map<String, Object> values = new LinkedHashMap<>(Map.of("tokenizer_class", "BertTokenizer"));
        TestFiles.parse(config)
                .properties()
                .forEach(f -> values.put(f.getKey(), f.getValue().booleanValue()));
        Folders.config(folder, values);
        List<String> special = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
        List<String> tokens = new ArrayList<>(special);
        tokens.addAll(List.of("a", "A", "##b", "\u00c9", "\u00e9", "e", "x", "ab"));
        Folders.lines(folder.resolve("vocab.txt"), tokens);
        try (Tokenizer tokenizer = load()) {
            assertThat(Arrays.stream(tokenizer.encodeToIds(text, false))
                            .mapToObj(Long::toString)
                            .toList())
                    .containsExactly(wanted.split(" ", -1));
            assertThat(tokenizer.encodeToIds("", true)).containsExactly(2, 3);
        }
    }

    /** Ids behind the vocabulary are given in the order of the files, as fast tokenizers of Transformers do. */
    @Test
    void addedTokensComeFromTheirFiles() {
        Folders.vocabAndMerges(TestFiles.golden("qwen2").resolve("tokenizer.json"), folder);
        Folders.config(folder, Map.of("tokenizer_class", "Qwen2Tokenizer", "image_token", "<|image|>"));
        Folders.write(
                folder.resolve("added_tokens.json"),
                "{\"<|im_end|>\": 402, \"<tool>\": 403, \"<|endoftext|>\": 400, \"<|im_start|>\": 401}");
        Folders.write(
                folder.resolve("special_tokens_map.json"),
                "{\"eos_token\": {\"content\": \"<|im_end|>\", \"rstrip\": true},"
                        + " \"additional_special_tokens\": [\"<|im_start|>\", \"<|more|>\"]}");
        try (Tokenizer tokenizer = load()) {
            assertThat(tokenizer.encodeToIds("<|endoftext|><|im_start|><|im_end|><tool><|image|><|more|>"))
                    .containsExactly(400, 401, 402, 403, 404, 405);
            assertThat(tokenizer.decode(new long[] {401, 403, 404})).isEqualTo("<tool>");
            assertThat(tokenizer.eosTokenId()).hasValue(402);
            assertThat(tokenizer.padTokenId()).hasValue(400);
        }
    }

    @Test
    void robertasMaskTakesTheSpaceBeforeItAndTextsAreFenced() {
        Folders.vocabAndMerges(TestFiles.golden("opt").resolve("tokenizer.json"), folder);
        Folders.config(folder, Map.of("tokenizer_class", "RobertaTokenizer"));
        try (Tokenizer tokenizer = load()) {
            long[] a = tokenizer.encodeToIds("a", false);
            assertThat(tokenizer.encodeToIds("a <mask>")).containsExactly(0, a[0], 392, 2);
            assertThat(tokenizer.bosTokenId()).hasValue(0);
            assertThat(tokenizer.padToken()).contains("<pad>");
        }
    }

    @Test
    void theModelsTypeStandsForAClassThatIsNotNamed() {
        golden("qwen2");
        JsonNode golden = TestFiles.json(TestFiles.golden("qwen2").resolve("golden.json"));
        Folders.config(folder, Map.of("tokenizer_class", "PreTrainedTokenizerFast"));
        Folders.write(folder.resolve("config.json"), "{\"model_type\": \"qwen3\"}");
        JsonNode c = golden.path("strings").get(20);
        try (Tokenizer tokenizer = load()) {
            assertThat(tokenizer.encodeToIds(c.path("text").textValue())).isEqualTo(TestFiles.ids(c.path("ids")));
        }
    }

    private void ranks(String name, String... more) {
        List<String> lines = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            lines.add(Base64.getEncoder().encodeToString(new byte[] {(byte) value}) + " " + value);
        }
        for (String token : more) {
            lines.add(Base64.getEncoder().encodeToString(token.getBytes(StandardCharsets.UTF_8)) + " " + lines.size());
        }
        Folders.lines(folder.resolve(name), lines);
    }

    /** The pair of the lowest joint rank merges first; a piece that is a token is that one, reachable or not. */
    @Test
    void ranksMergeAsTiktokenDoes() {
        ranks("tokenizer.model", "bc", "ab", "abc", "xyz", "12", "123", "é");
        Folders.config(
                folder,
                Map.of(
                        "tokenizer_class",
                        "PreTrainedTokenizerFast",
                        "bos_token",
                        "<|b|>",
                        "add_bos_token",
                        true,
                        "added_tokens_decoder",
                        Map.of("265", Map.of("content", "<|b|>", "special", true))));
        try (Tokenizer tokenizer = load()) {
            assertThat(tokenizer.encodeToIds("abc", false)).containsExactly(258);
            assertThat(tokenizer.encodeToIds("abcd", false)).containsExactly(258, 'd');
            assertThat(tokenizer.encodeToIds("aabcx", false)).containsExactly('a', 258, 'x');
            assertThat(tokenizer.encodeToIds("xyz", false)).containsExactly(259);
            assertThat(tokenizer.encodeToIds("xyzx", false)).containsExactly('x', 'y', 'z', 'x');
            assertThat(tokenizer.encodeToIds("1234", false)).containsExactly(261, '4');
            assertThat(tokenizer.encodeToIds("é<|b|>")).containsExactly(265, 262, 265);
            assertThat(tokenizer.decode(new long[] {265, 262, 263, 258})).isEqualTo("éabc");
            assertThat(tokenizer.vocabulary()).hasSize(266).contains("<|reserved_token_263|>");
        }
    }

    @Test
    void classesCutAndKnowTokensOfTheirOwn() {
        ranks("qwen.tiktoken", "12");
        Folders.config(folder, Map.of("tokenizer_class", "QWenTokenizer"));
        try (Tokenizer qwen = load()) {
            assertThat(qwen.encodeToIds("12e\u0301<|im_end|>")).containsExactly('1', '2', 0xc3, 0xa9, 259);
            assertThat(qwen.vocabulary()).hasSize(257 + 208).endsWith("<|extra_204|>");
            assertThat(qwen.eosTokenId()).hasValue(257);
        }
        Folders.config(
                folder,
                Map.of(
                        "tokenizer_class",
                        "ChatGLM4Tokenizer",
                        "added_tokens_decoder",
                        Map.of(
                                "257", Map.of("content", "[gMASK]", "special", true),
                                "258", Map.of("content", "<sop>", "special", true))));
        try (Tokenizer glm = load()) {
            assertThat(glm.encodeToIds("12")).containsExactly(257, 258, 256);
        }
        ranks("tiktoken.model", "你好", "a你");
        Folders.config(folder, Map.of("tokenizer_class", "TikTokenTokenizer"));
        try (Tokenizer kimi = load()) {
            assertThat(kimi.encodeToIds("a你好")).containsExactly('a', 256);
            assertThat(kimi.vocabulary()).hasSize(258 + 256).endsWith("<|reserved_token_513|>");
        }
    }

    private void refuses(String... parts) {
        assertThatThrownBy(() -> TokenizerConverter.convert(folder, folder.resolve("out"), ConversionOptions.DEFAULT))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContainingAll(parts)
                .message()
                .doesNotContain("\n");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void whatIsNotKnownIsNotGuessed() throws IOException {
        refuses("has no file that defines a tokenizer; add its tokenizer.json");
        Folders.lines(folder.resolve("vocab.txt"), List.of("a"));
        refuses("but vocab.txt and neither tokenizer_class", "BertTokenizer");
        Folders.config(folder, Map.of("tokenizer_class", "BertJapaneseTokenizer"));
        refuses("vocab.txt and the class BertJapaneseTokenizer");
        Folders.config(folder, Map.of("tokenizer_class", "GPT2TokenizerFast"));
        refuses("the class GPT2TokenizerFast, which is defined by vocab.json and merges.txt");
        ranks("tokenizer.model");
        refuses("tokenizer.model: has tiktoken's ranks, but GPT2Tokenizer is not known", "QWenTokenizer");
    }

    @Test
    void filesThatAreBrokenAreNamedWithTheirLine() throws IOException {
        Folders.config(folder, Map.of("tokenizer_class", "GPT2Tokenizer"));
        Folders.write(folder.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
        Folders.write(folder.resolve("merges.txt"), "#version: 0.2\na b\na c\n");
        refuses("merges.txt: line 3: \"c\" is not in vocab.json");
        Folders.write(folder.resolve("merges.txt"), "#version: 0.2\na b c\n");
        refuses("merges.txt: line 2: expected two tokens, found \"a b c\"");
        Files.write(folder.resolve("merges.txt"), new byte[] {'a', ' ', 'b', '\n', (byte) 0xff, ' ', 'b', '\n'});
        refuses("merges.txt: line 2 is not UTF-8");
        Folders.write(folder.resolve("vocab.json"), "{\"a\": -1}");
        refuses("vocab.json: token \"a\" has the id -1");
        Folders.write(folder.resolve("vocab.json"), "{\"a\": ");
        refuses("vocab.json: not valid JSON at line 1");
        Folders.config(folder, Map.of("tokenizer_class", "QWenTokenizer"));
        Folders.write(folder.resolve("x.tiktoken"), "IQ== 0\nIg==\n");
        refuses("x.tiktoken: line 2: expected a token in base 64 and its rank");
        Folders.write(folder.resolve("x.tiktoken"), "IQ== 0\nI=Q 1\n");
        refuses("x.tiktoken: line 2: \"I=Q\" is not base 64");
        Folders.write(folder.resolve("x.tiktoken"), "IQ== 0\nIQ== 1\n");
        refuses("x.tiktoken: line 2: the token \"IQ==\" has a rank already");
        Folders.write(folder.resolve("x.tiktoken"), "IQ== 0\nIg== 2\n");
        refuses("the ranks of 2 tokens are not 0 to 1");
        Folders.write(folder.resolve("x.tiktoken"), "IQ== 0\n");
        refuses("has no token for the byte 0");
    }
}
