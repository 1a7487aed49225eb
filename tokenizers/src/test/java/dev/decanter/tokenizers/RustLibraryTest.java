package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The Rust library ({@code tokenizers} 0.21 in DJL's artefact) beside ours on random texts of odd Unicode and random ids.
 *
 * <p>{@code -Ddecanter.oracle.texts=10000} asks for so many texts of each tokenizer, {@code -Ddecanter.oracle.real=true} for
 * the published tokenizers among the shared reference files too.
 */
class RustLibraryTest {
    private static final int TEXTS = Integer.getInteger("decanter.oracle.texts", 150);

    @TempDir
    Path folder;

    @TempDir
    static Path natives;

    @BeforeAll
    static void loadTheLibrary() {
        System.setProperty("DJL_CACHE_DIR", natives.toString());
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            LibUtils.checkStatus();
        } catch (LinkageError | RuntimeException e) {
            abort("the Rust library cannot be loaded on this platform: " + e);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.decanter.tokenizers.TestFiles#goldenNames")
    void agreesOnGoldenTokenizers(String name) throws IOException {
        compare(TestFiles.golden(name).resolve("tokenizer.json"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tokenizers/clip/tokenizer.json",
                "tokenizers/gpt-neox-20b/20B_tokenizer.json",
                "tokenizers/phi-3-mini/tokenizer.json",
                "tokenizers/roberta-base/tokenizer.json",
                "tokenizers/t5-small/tokenizer.json",
                "tokenizers/whisper-tiny/tokenizer.json",
                "llm-gpt2-f32-stateful/tokenizer.json",
                "text-albert-small-v2/tokenizer.json",
                "text-macbert-zh/tokenizer.json"
            })
    void agreesOnPublishedTokenizers(String name) throws IOException {
        assumeTrue(
                Boolean.getBoolean("decanter.oracle.real"),
                "the published tokenizers are compared with -Ddecanter.oracle.real=true only");
        Optional<Path> file = TestFiles.shared("real/" + name);
        assumeTrue(file.isPresent(), "shared reference files are not here: real/" + name);
        compare(file.get());
    }

    private void compare(Path file) throws IOException {
        Files.copy(file, folder.resolve("tokenizer.json"));
        TokenizersLibrary library = TokenizersLibrary.LIB;
        long handle = library.createTokenizerFromString(Files.readString(file));
        library.disablePadding(handle);
        library.disableTruncation(handle);
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("out"))) {
            List<String> words = new ArrayList<>(tokenizer.vocabulary());
            words.removeIf(String::isEmpty);
            OddTexts texts = new OddTexts(new SplittableRandom(7), words);
            for (int i = 0; i < TEXTS; i++) {
                String text = texts.next();
                long[] ids = ids(library, handle, text, true);
                assertThat(tokenizer.encodeToIds(text)).as(text).isEqualTo(ids);
                assertThat(tokenizer.encodeToIds(text, false)).as(text).isEqualTo(ids(library, handle, text, false));
                decodes(library, handle, tokenizer, ids);
                decodes(library, handle, tokenizer, texts.ids(tokenizer.vocabularySize() + 3));
            }
        } finally {
            library.deleteTokenizer(handle);
        }
    }

    private static long[] ids(TokenizersLibrary library, long handle, String text, boolean special) {
        long encoding = library.encode(handle, text, special);
        try {
            return library.getTokenIds(encoding);
        } finally {
            library.deleteEncoding(encoding);
        }
    }

    private static void decodes(TokenizersLibrary library, long handle, Tokenizer tokenizer, long[] ids) {
        for (boolean skip : new boolean[] {true, false}) {
            assertThat(tokenizer.decode(ids, skip)).as("%s", ids).isEqualTo(library.decode(handle, ids, skip));
        }
    }
}
