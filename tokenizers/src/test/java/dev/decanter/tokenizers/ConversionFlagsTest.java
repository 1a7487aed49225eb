package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.tokenizers.ConversionOptions.IdType;
import dev.decanter.tokenizers.ConversionOptions.Utf8Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each option of a conversion changes in the graphs and in rt_info. */
class ConversionFlagsTest {
    @TempDir
    Path out;

    private Tokenizer load(String name, ConversionOptions options) {
        TokenizerConverter.convert(TestFiles.golden(name), out, options);
        return Tokenizer.load(out);
    }

    private Model model(String file) {
        return IrReader.read(out.resolve(file));
    }

    @Test
    void idsCanHave32Bits() {
        ConversionOptions options =
                ConversionOptions.DEFAULT.withTokenizerOutputType(IdType.I32).withDetokenizerInputType(IdType.I32);
        try (Tokenizer narrow = load("bert", options)) {
            assertThat(narrow.decode(narrow.encodeToIds("hello there"))).isEqualTo("hello there");
            assertThat(narrow.rtInfo().text("tokenizer_output_type")).contains("i32");
            assertThat(narrow.rtInfo().text("detokenizer_input_type")).contains("i32");
        }
        assertThat(model(TokenizerConverter.TOKENIZER).results())
                .hasSize(3)
                .allMatch(r -> r.input(0).elementType() == ElementType.I32);
        assertThat(model(TokenizerConverter.DETOKENIZER)
                        .parameters()
                        .getFirst()
                        .output()
                        .elementType())
                .isEqualTo(ElementType.I32);
    }

    /** 0xC3 alone is no character. */
    @Test
    void bytesThatAreNotUtf8AreReplacedOrLeftOut() {
        for (Utf8Mode mode : Utf8Mode.values()) {
            try (Tokenizer tokenizer = load("gpt2", ConversionOptions.DEFAULT.withUtf8Mode(mode))) {
                long[] ids = tokenizer.encodeToIds("a\u00e9");
                String text = tokenizer.decode(new long[] {ids[0], ids[1], ids[0]});
                assertThat(ids).hasSize(3);
                assertThat(text).isEqualTo(mode == Utf8Mode.IGNORE ? "aa" : "a\uFFFDa");
                assertThat(tokenizer.rtInfo().text("utf8_replace_mode"))
                        .contains(mode.name().toLowerCase(java.util.Locale.ROOT));
            }
            long checks = model(TokenizerConverter.DETOKENIZER).topologicalOrder().stream()
                    .filter(n -> n.op().type().equals("UTF8Validate"))
                    .count();
            assertThat(checks).isEqualTo(mode == Utf8Mode.DISABLE ? 0 : 1);
        }
    }

    @Test
    void rowsArePaddedToAFixedLength() {
        try (Tokenizer tokenizer = load("bert", ConversionOptions.DEFAULT.withMaxPadding(6))) {
            assertThat(tokenizer.encode("a").inputIds().shape()).isEqualTo(Shape.of(1, 6));
            assertThat(tokenizer.encode("a").attentionMask().toLongs()).containsExactly(0, 0, 0, 1, 1, 1);
            assertThat(tokenizer.encode("a b c d e f").inputIds().shape()).isEqualTo(Shape.of(1, 8));
            assertThat(tokenizer.rtInfo().text("use_max_padding")).contains("True");
        }
        ConversionOptions both = ConversionOptions.DEFAULT.withMaxPadding(6).withMaxLength(4);
        try (Tokenizer tokenizer = load("bert", both)) {
            assertThat(tokenizer.encode("a b c d e f").inputIds().shape()).isEqualTo(Shape.of(1, 6));
            assertThat(tokenizer.rtInfo().text("max_length")).contains("6");
        }
        try (Tokenizer tokenizer = load("clip", ConversionOptions.DEFAULT.withModelMaxPadding())) {
            assertThat(tokenizer.encode("a").inputIds().shape()).isEqualTo(Shape.of(1, 77));
        }
        Path folder = out.resolve("unlimited");
        Folders.copy(TestFiles.golden("bert"), folder, "tokenizer.json");
        Folders.config(folder, Map.of("model_max_length", 1e30));
        assertThatThrownBy(
                        () -> TokenizerConverter.convert(folder, out, ConversionOptions.DEFAULT.withModelMaxPadding()))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("has no model_max_length to pad to");
    }

    @Test
    void sidesAreTheTokenizersOwnIfAskedFor() {
        try (Tokenizer tokenizer =
                load("bert", ConversionOptions.DEFAULT.withOwnSides().withMaxLength(4))) {
            TokenizedInputs inputs = tokenizer.encode(List.of("a", "a b c d"));
            assertThat(inputs.attentionMask().toLongs()).containsExactly(1, 1, 1, 0, 1, 1, 1, 1);
            long[] b = tokenizer.encodeToIds("b", false);
            assertThat(inputs.inputIds().toLongs()[6]).isEqualTo(b[0]);
        }
        Path folder = out.resolve("left");
        Folders.copy(TestFiles.golden("bert"), folder, "tokenizer.json");
        Folders.config(folder, Map.of("padding_side", "left", "tokenizer_class", "BertTokenizer"));
        TokenizerConverter.convert(folder, out, ConversionOptions.DEFAULT.withOwnSides());
        try (Tokenizer tokenizer = Tokenizer.load(out)) {
            assertThat(tokenizer.encode(List.of("a", "a b")).attentionMask().toLongs())
                    .containsExactly(0, 1, 1, 1, 1, 1, 1, 1);
        }
    }

    @Test
    void spacesBeforePunctuationAreRemovedIfAskedFor() {
        String text = "a , b . c n't 's ' x";
        try (Tokenizer kept = load("gpt2", ConversionOptions.DEFAULT)) {
            assertThat(kept.decode(kept.encodeToIds(text))).isEqualTo(text);
            assertThat(kept.rtInfo().text("clean_up_tokenization_spaces")).isEmpty();
        }
        try (Tokenizer clean = load("gpt2", ConversionOptions.DEFAULT.withCleanUpSpaces(true))) {
            assertThat(clean.decode(clean.encodeToIds(text))).isEqualTo("a, b. cn't's'x");
            assertThat(clean.rtInfo().text("clean_up_tokenization_spaces")).contains("True");
        }
    }

    @Test
    void modelsThatTakeTypeIdsGetThem() {
        try (Tokenizer bert = load("bert", ConversionOptions.DEFAULT)) {
            assertThat(bert.encode("a").tokenTypeIds().orElseThrow().toLongs()).containsExactly(0, 0, 0);
        }
        try (Tokenizer gpt2 = load("gpt2", ConversionOptions.DEFAULT)) {
            assertThat(gpt2.encode("a").tokenTypeIds()).isEmpty();
        }
    }

    @Test
    void specialTokensCanBeLeftOutAndKept() {
        ConversionOptions options =
                ConversionOptions.DEFAULT.withAddSpecialTokens(false).withSkipSpecialTokens(false);
        try (Tokenizer tokenizer = load("bert", options)) {
            assertThat(tokenizer.encodeToIds("a")).hasSize(1);
            assertThat(tokenizer.decode(new long[] {2, 3})).isEqualTo("[CLS] [SEP]");
            assertThat(tokenizer
                            .encodePairs(List.of(new TextPair("a", "a")))
                            .inputIds()
                            .toLongs())
                    .hasSize(2);
        }
    }

    @Test
    void whatNeedsASentencePieceModelSaysSo() {
        assertThatThrownBy(() -> load("gpt2", ConversionOptions.DEFAULT.withStreamingDetokenizer(true)))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("a streaming detokenizer is made of SentencePiece models only");
        ConversionOptions stream =
                ConversionOptions.DEFAULT.withSentencePieceBackend(true).withStreamingDetokenizer(true);
        try (Tokenizer tokenizer = load("llama2", stream)) {
            assertThat(tokenizer.decode(tokenizer.encodeToIds("Hello there"))).isEqualTo(" Hello there");
            assertThat(tokenizer.rtInfo().text("use_sentencepiece_backend")).contains("True");
            assertThat(tokenizer.rtInfo().text("streaming_detokenizer")).contains("True");
        }
    }
}
