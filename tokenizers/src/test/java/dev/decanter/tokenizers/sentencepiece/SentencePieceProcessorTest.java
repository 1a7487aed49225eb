package dev.decanter.tokenizers.sentencepiece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small trained models with what the C++ library gives for random text: texts, ids, ids to decode, decoded texts. */
class SentencePieceProcessorTest {
    private static byte[] resource(String name) {
        try (InputStream in = Objects.requireNonNull(
                SentencePieceProcessorTest.class.getResourceAsStream("/sentencepiece/" + name))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SentencePieceModel model(String name) {
        return SentencePieceModel.parse(resource(name + ".model"), name);
    }

    private static int[] ids(String text) {
        return text.isEmpty()
                ? new int[0]
                : Arrays.stream(text.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
    }

    private static void holds(SentencePieceProcessor processor, String name) {
        List<String> lines = new String(resource(name + ".tsv"), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(lines).hasSizeGreaterThan(60);
        for (String line : lines) {
            String[] parts = line.split("\t", -1);
            String text = new String(HexFormat.of().parseHex(parts[0]), StandardCharsets.UTF_8);
            assertThat(processor.encode(text)).as(text).isEqualTo(ids(parts[1]));
            assertThat(HexFormat.of().formatHex(processor.decode(ids(parts[2]), false)))
                    .as(parts[2])
                    .isEqualTo(parts[3]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe-bytes", "bpe-suffix", "unigram-rules", "unigram-bytes", "word", "char"})
    void givesTheLibrarysIdsAndTexts(String name) {
        SentencePieceModel model = model(name);
        holds(new SentencePieceProcessor(model), name);
        SentencePieceModel rewritten = SentencePieceModel.parse(model.toBytes(), "rewritten");
        assertThat(rewritten.pieces()).isEqualTo(model.pieces());
        holds(new SentencePieceProcessor(rewritten), name);
    }

    @Test
    void bytesThatAreNoTextBecomeReplacementCharacters() {
        SentencePieceProcessor processor = new SentencePieceProcessor(model("bpe-bytes"));
        byte[] broken = {'a', (byte) 0xE2, (byte) 0x82, 'b', (byte) 0xC0};
        dev.decanter.tokenizers.ops.Ints ids = new dev.decanter.tokenizers.ops.Ints(8);
        processor.encode(broken, 0, broken.length, ids);
        assertThat(ids.toArray()).isEqualTo(processor.encode("a\uFFFD\uFFFDb\uFFFD"));
    }

    @Test
    void namesWhatIsWrong() {
        SentencePieceModel model = model("bpe-bytes");
        assertThatThrownBy(() -> new SentencePieceProcessor(model)
                        .decode(new int[] {model.pieces().size()}, false))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("is not in the vocabulary of");
        assertThatThrownBy(() -> SentencePieceModel.parse(new byte[0], "x.model"))
                .hasMessageContaining("x.model: not a SentencePiece model: it has no pieces");
        byte[] huge = {0x0A, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x07, 1};
        assertThatThrownBy(() -> SentencePieceModel.parse(huge, "x.model"))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("2147483647 bytes begins where 1 are left");
        byte[] pointer = "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> SentencePieceModel.parse(pointer, "x.model")).hasMessageContaining("Git LFS");
        SentencePieceModel twice =
                model.mapPieces(p -> p.text().equals("a") ? new SentencePieceModel.Piece("b", p.score(), p.type()) : p);
        assertThatThrownBy(() -> SentencePieceModel.parse(twice.toBytes(), "x.model"))
                .hasMessageContaining("piece \"b\" is defined twice");
    }

    /** Whatever stands in the file, reading it ends with a model or with one kind of error. */
    @Test
    void survivesDamage() {
        byte[] file = resource("unigram-rules.model");
        for (int length = 0; length < file.length; length += 7) {
            attempt(Arrays.copyOf(file, length));
        }
        Random random = new Random(5);
        for (int round = 0; round < 400; round++) {
            byte[] damaged = file.clone();
            for (int i = 0; i < 8; i++) {
                damaged[random.nextInt(file.length)] = (byte) random.nextInt(256);
            }
            attempt(damaged);
        }
    }

    private static void attempt(byte[] file) {
        assertThatCode(() -> {
                    try {
                        SentencePieceProcessor processor =
                                new SentencePieceProcessor(SentencePieceModel.parse(file, "x"));
                        processor.decode(processor.encode("The quick é ﬁ 日本 <sep> 12"), true);
                    } catch (TokenizerException e) {
                        assertThat(e.getMessage()).isNotBlank();
                    }
                })
                .doesNotThrowAnyException();
    }

    /** Long runs are what quadratic segmentation would take minutes for. */
    @Test
    void isFastOnLongRuns() {
        String text = "a".repeat(200_000) + " ".repeat(100_000) + "\uFDFA".repeat(20_000);
        for (String name : List.of("bpe-bytes", "unigram-bytes", "unigram-rules", "char")) {
            assertThat(new SentencePieceProcessor(model(name)).encode(text)).isNotEmpty();
        }
    }
}
