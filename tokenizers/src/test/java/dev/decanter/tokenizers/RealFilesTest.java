package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published tokenizers against ids that their users published. Runs where the shared reference files are. */
class RealFilesTest {
    @TempDir
    Path target;

    private static Path real(String name) {
        Optional<Path> path = TestFiles.shared("real/" + name);
        assumeTrue(path.isPresent(), "shared reference files are not here: real/" + name);
        return path.get();
    }

    /** llama.cpp's vocabulary tests: texts and ids without special tokens. */
    @ParameterizedTest
    @CsvSource({"tokenizers/llama2, llama-spm", "tokenizers/phi-3-mini, phi-3", "llm-gpt2-f32-stateful, gpt-2"})
    void givesTheIdsOfLlamaCpp(String folder, String name) throws IOException {
        Path expected = real("tokenizers/ggml-vocab");
        String[] texts = Files.readString(expected.resolve("ggml-vocab-" + name + ".gguf.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> ids = Files.readAllLines(expected.resolve("ggml-vocab-" + name + ".gguf.out"));
        assertThat(ids).hasSizeGreaterThan(40);
        try (Tokenizer tokenizer = TestFiles.throughDisk(real(folder), target)) {
            for (int i = 0; i < ids.size(); i++) {
                long[] wanted = Arrays.stream(ids.get(i).strip().split(" +"))
                        .filter(s -> !s.isEmpty())
                        .mapToLong(Long::parseLong)
                        .toArray();
                assertThat(tokenizer.encodeToIds(texts[i], false)).as(texts[i]).isEqualTo(wanted);
            }
        }
    }

    private static JsonNode expected(String family, String key) {
        return TestFiles.json(real("tokenizers/expected-transformers.js/" + family + ".json"))
                .path(key);
    }

    private static void encodesAll(Tokenizer tokenizer, JsonNode cases, Set<String> except) {
        assertThat(cases).isNotEmpty();
        cases.properties().forEach(c -> {
            if (!except.contains(c.getKey()) && !c.getValue().has("text_pair")) {
                assertThat(tokenizer.encodeToIds(c.getValue().path("text").textValue()))
                        .as(c.getKey())
                        .isEqualTo(TestFiles.ids(c.getValue().path("ids")));
            }
        });
    }

    /** In the Llama-2 file here, no-break spaces of tokens have become spaces, which two cases need. */
    @ParameterizedTest
    @CsvSource({
        "tokenizers/clip, clip, Xenova/clip-vit-base-patch16, ''",
        "tokenizers/llama2, llama, Xenova/llama-tokenizer, TEXT_WITH_ESCAPE_CHARACTERS;TEXT_WITH_ESCAPE_CHARACTERS_2",
        "llm-gpt2-f32-stateful, gpt2, openai-community/gpt2, ''",
        "tokenizers/roberta-base, roberta, Xenova/all-distilroberta-v1, ''",
        "text-macbert-zh, bert, Xenova/bge-base-zh-v1.5, ''"
    })
    void givesTheIdsOfTransformersJs(String folder, String family, String key, String except) {
        try (Tokenizer tokenizer = TestFiles.throughDisk(real(folder), target)) {
            encodesAll(tokenizer, expected(family, key), Set.of(except.split(";")));
        }
    }

    /** A graph of 2024.0 in the old forms, with its files as they are. It truncates to 77 ids, which one case exceeds. */
    @Test
    void runsTheClipTokenizerOf2024() {
        try (Tokenizer tokenizer = Tokenizer.load(real("ovtok-clip-2024.0"))) {
            encodesAll(tokenizer, expected("clip", "Xenova/clip-vit-base-patch16"), Set.of("MULTIBYTE_EMOJIS"));
            long[] long77 = TestFiles.ids(expected("clip", "Xenova/clip-vit-base-patch16")
                    .path("MULTIBYTE_EMOJIS")
                    .path("ids"));
            String emojis = expected("clip", "Xenova/clip-vit-base-patch16")
                    .path("MULTIBYTE_EMOJIS")
                    .path("text")
                    .textValue();
            long[] cut = Arrays.copyOf(long77, 77);
            cut[76] = long77[long77.length - 1];
            assertThat(tokenizer.encodeToIds(emojis)).isEqualTo(cut);
            assertThat(tokenizer.encodeToIds("many words ".repeat(60))).hasSize(77);
            assertThat(tokenizer.encodeToIds("a", false)).containsExactly(320);
        }
    }

    @Test
    void runsTheGemmaDetokenizerOf2024() {
        Model model = IrReader.read(real("ovtok-gemma-2-9b-it").resolve("openvino_detokenizer.xml"));
        try (CompiledModel compiled = Core.create().compileModel(model, "REFERENCE");
                InferRequest request = compiled.createInferRequest()) {
            expected("gemma", "Xenova/gemma2-tokenizer").properties().forEach(c -> {
                long[] ids = TestFiles.ids(c.getValue().path("ids"));
                request.setTensor(compiled.inputs().getFirst().name(), Tensor.ofLongs(Shape.of(1, ids.length), ids));
                request.infer();
                String wanted = c.getValue().path("decoded").textValue().replaceFirst("^<bos>", "");
                assertThat(request.outputs().getFirst().strings())
                        .as(c.getKey())
                        .containsExactly(wanted);
            });
        }
    }
}
