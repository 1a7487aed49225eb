package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Published vocabulary files and ranks, without a tokenizer.json, against ids that their users published. Runs where the
 * shared reference files are.
 */
class RealFolderTest {
    @TempDir
    Path folder;

    private static Path real(String name) {
        Optional<Path> path = TestFiles.shared("real/" + name);
        assumeTrue(path.isPresent(), "shared reference files are not here: real/" + name);
        return path.get();
    }

    private Tokenizer load() {
        return TestFiles.throughDisk(folder, folder.resolve("out"));
    }

    /** llama.cpp's vocabulary tests: texts and ids without special tokens. */
    static void givesTheIdsOfLlamaCpp(Tokenizer tokenizer, String name) {
        try {
            Path expected = real("tokenizers/ggml-vocab");
            String[] texts = Files.readString(expected.resolve("ggml-vocab-" + name + ".gguf.inp"))
                    .split("\n__ggml_vocab_test__\n", -1);
            List<String> ids = Files.readAllLines(expected.resolve("ggml-vocab-" + name + ".gguf.out"));
            assertThat(ids).hasSizeGreaterThan(40);
            for (int i = 0; i < ids.size(); i++) {
                long[] wanted = Arrays.stream(ids.get(i).strip().split(" +"))
                        .filter(s -> !s.isEmpty())
                        .mapToLong(Long::parseLong)
                        .toArray();
                assertThat(tokenizer.encodeToIds(texts[i], false)).as(texts[i]).isEqualTo(wanted);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Ids and, with special tokens, the text; {@code special} is whether the published ids have special tokens. */
    static void givesTheIdsOfTransformersJs(
            Tokenizer tokenizer, String family, String key, boolean special, boolean decoded) {
        JsonNode cases = TestFiles.json(real("tokenizers/expected-transformers.js/" + family + ".json"))
                .path(key);
        assertThat(cases).isNotEmpty();
        cases.properties().forEach(c -> {
            if (c.getValue().has("text_pair")) {
                return;
            }
            long[] ids = TestFiles.ids(c.getValue().path("ids"));
            String text = c.getValue().path("text").textValue();
            assertThat(tokenizer.encodeToIds(text, special)).as(c.getKey()).isEqualTo(ids);
            if (decoded) {
                assertThat(tokenizer.decode(ids, false))
                        .as(c.getKey())
                        .isEqualTo(c.getValue().path("decoded").textValue());
            }
        });
    }

    @Test
    void qwen3() {
        Path source = real("tokenizers/qwen3-vocab-merges");
        try (Tokenizer tokenizer = TestFiles.throughDisk(source, folder)) {
            givesTheIdsOfLlamaCpp(tokenizer, "qwen2");
            givesTheIdsOfTransformersJs(tokenizer, "qwen2", "Xenova/Qwen1.5-0.5B-Chat", true, true);
            assertThat(tokenizer.vocabularySize()).isEqualTo(151_669);
            assertThat(tokenizer.encodeToIds("<|im_start|>a<|im_end|>")).containsExactly(151644, 64, 151645);
        }
    }

    @Test
    void roberta() {
        Folders.copy(real("tokenizers/roberta-base"), folder, "vocab.json", "merges.txt");
        Folders.config(folder, Map.of("tokenizer_class", "RobertaTokenizer"));
        try (Tokenizer files = load();
                Tokenizer json = TestFiles.throughDisk(real("tokenizers/roberta-base"), folder.resolve("json"))) {
            givesTheIdsOfTransformersJs(files, "roberta", "Xenova/all-distilroberta-v1", true, true);
            for (String text : List.of("a <mask> b", "<s>x</s> <pad>", "\u00e9 \n\n1234", "")) {
                assertThat(files.encodeToIds(text)).isEqualTo(json.encodeToIds(text));
            }
        }
    }

    @Test
    void gpt2() {
        Folders.copy(real("llm-gpt2-f32-stateful"), folder, "vocab.json", "merges.txt");
        Folders.config(folder, Map.of("tokenizer_class", "GPT2Tokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfLlamaCpp(tokenizer, "gpt-2");
            givesTheIdsOfTransformersJs(tokenizer, "gpt2", "openai-community/gpt2", true, false);
        }
    }

    /** The third version has other special tokens around the same words. */
    @Test
    void whisper() {
        Path whisper = real("tokenizers/whisper-tiny");
        Folders.vocabAndMerges(whisper.resolve("tokenizer.json"), folder);
        JsonNode config = TestFiles.json(whisper.resolve("tokenizer_config.json"));
        ((ObjectNode) config).put("language", "en").put("task", "transcribe");
        Folders.write(folder.resolve("tokenizer_config.json"), config.toString());
        JsonNode cases = TestFiles.json(real("tokenizers/expected-transformers.js/whisper.json"))
                .path("distil-whisper/distil-large-v3");
        try (Tokenizer tokenizer = load()) {
            assertThat(cases).hasSizeGreaterThan(8);
            for (JsonNode c : cases) {
                long[] ids = TestFiles.ids(c.path("ids"));
                long[] own = tokenizer.encodeToIds(c.path("text").textValue());
                assertThat(own).startsWith(50258, 50259, 50359, 50363).endsWith(50257);
                assertThat(Arrays.copyOfRange(own, 4, own.length - 1))
                        .isEqualTo(Arrays.copyOfRange(ids, 2, ids.length - 1));
            }
        }
    }

    /** MPT's tokenizer is GPT-NeoX's. */
    @Test
    void gptNeox() {
        Path json = real("tokenizers/gpt-neox-20b").resolve("20B_tokenizer.json");
        Folders.vocabAndMerges(json, folder);
        Map<String, JsonNode> added = new TreeMap<>();
        TestFiles.json(json)
                .path("added_tokens")
                .forEach(token -> added.put(token.path("id").asText(), token));
        Folders.config(folder, Map.of("tokenizer_class", "GPTNeoXTokenizer", "added_tokens_decoder", added));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfLlamaCpp(tokenizer, "mpt");
        }
    }

    @Test
    void llama3Ranks() {
        Folders.copy(real("tokenizers/llama3-tiktoken"), folder, "tokenizer.model");
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfLlamaCpp(tokenizer, "llama-bpe");
            givesTheIdsOfTransformersJs(tokenizer, "llama", "Xenova/llama3-tokenizer-new", true, false);
            assertThat(tokenizer.encodeToIds("<|start_header_id|>x<|eot_id|>"))
                    .containsExactly(128000, 128006, 87, 128009);
            assertThat(tokenizer.vocabularySize()).isEqualTo(128_256);
        }
    }

    /** The words of bge-small are those of bert-base-uncased. */
    @Test
    void bertFamily() throws IOException {
        List<String> words = tokens(real("tokenizers/ggml-vocab/ggml-vocab-bert-bge.gguf"));
        assertThat(words).hasSize(30_522).contains("[CLS]", "##ing", "the");
        Folders.lines(folder.resolve("vocab.txt"), words);
        Folders.config(folder, Map.of("tokenizer_class", "BertTokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfLlamaCpp(tokenizer, "bert-bge");
            givesTheIdsOfTransformersJs(tokenizer, "bert", "Xenova/bert-base-uncased", true, false);
        }
        Folders.config(folder, Map.of("tokenizer_class", "DistilBertTokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfTransformersJs(
                    tokenizer, "distilbert", "Xenova/distilbert-base-uncased-finetuned-sst-2-english", true, false);
        }
        List<String> mpnet = new ArrayList<>(List.of("<s>", "<pad>", "</s>", "<unk>"));
        mpnet.addAll(words);
        mpnet.add("<mask>");
        Folders.lines(folder.resolve("vocab.txt"), mpnet);
        Folders.config(folder, Map.of("tokenizer_class", "MPNetTokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfTransformersJs(tokenizer, "mpnet", "Xenova/all-mpnet-base-v2", true, false);
        }
    }

    /** The words of ESM-2 are letters for amino acids. */
    @Test
    void esm() {
        String words = "<cls> <pad> <eos> <unk> L A G V S E R T I D P Q K N F Y M H W C X B U Z O . - <null_1> <mask>";
        Folders.lines(folder.resolve("vocab.txt"), List.of(words.split(" ", -1)));
        Folders.config(folder, Map.of("tokenizer_class", "EsmTokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfTransformersJs(tokenizer, "esm", "Xenova/esm2_t12_35M_UR50D", true, false);
        }
    }

    /** Characters of wav2vec2-base-960h, and repetitions that decoding joins. */
    @Test
    void wav2Vec2() {
        String characters = "<pad> <s> </s> <unk> | E T A O N I H S R D L U M W C F G Y P B V K ' X J Q Z";
        String[] tokens = characters.split(" ", -1);
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < tokens.length; id++) {
            vocabulary.put(tokens[id], id);
        }
        Folders.write(
                folder.resolve("vocab.json"),
                new ObjectMapper().valueToTree(vocabulary).toString());
        Folders.config(folder, Map.of("tokenizer_class", "Wav2Vec2CTCTokenizer"));
        try (Tokenizer tokenizer = load()) {
            givesTheIdsOfTransformersJs(tokenizer, "wav2vec2", "Xenova/wav2vec2-base-960h", true, false);
            assertThat(tokenizer.decode(new long[] {11, 11, 0, 5, 15, 0, 15, 8, 4, 4, 18}))
                    .isEqualTo("HELLO W");
        }
    }

    /** The list of tokens in a GGUF file, as vocab.txt has them: there, words have a mark and what continues them has none. */
    private static List<String> tokens(Path gguf) throws IOException {
        byte[] bytes = Files.readAllBytes(gguf);
        byte[] key = "tokenizer.ggml.tokens".getBytes(StandardCharsets.UTF_8);
        int at = 0;
        while (!Arrays.equals(bytes, at, at + key.length, key, 0, key.length)) {
            at++;
        }
        // the key, the types of a list and of its strings, and the list's length, all bytes of which are below 128
        at += key.length + 4 + 4 + 8;
        List<String> words = new ArrayList<>();
        while (bytes[at + 1] == 0) {
            String token = new String(bytes, at + 8, bytes[at], StandardCharsets.UTF_8);
            if (token.startsWith("tokenizer.ggml")) {
                break;
            }
            boolean special = token.startsWith("[") && token.endsWith("]");
            words.add(special ? token : token.startsWith("\u2581") ? token.substring(1) : "##" + token);
            at += 8 + bytes[at];
        }
        return words;
    }
}
