package dev.decanter.tokenizers.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelsTest {
    private static List<String> normalize(String type, Map<String, String> attributes, String text, Tensor... more) {
        return Nodes.texts(Nodes.run(type, attributes, Nodes.join(Nodes.strings(text), List.of(more)), 3), 0);
    }

    @Test
    void replacesMatchesWithGroups() {
        assertThat(normalize("RegexNormalization", Map.of(), "ab12", Nodes.text("([a-z])(\\d)"), Nodes.text("$2$1$$")))
                .containsExactly("a1b$2");
        assertThat(normalize("RegexNormalization", Map.of(), "ab", Nodes.text("(b)"), Nodes.text("<\\1>")))
                .containsExactly("a<b>");
        assertThat(normalize("RegexNormalization", Map.of(), "a a", Nodes.text("a"), Nodes.text("▁")))
                .containsExactly("▁ ▁");
        assertThat(normalize(
                        "RegexNormalization",
                        Map.of("global_replace", "false"),
                        "a a",
                        Nodes.text("a"),
                        Nodes.text("b")))
                .containsExactly("b a");
    }

    @Test
    void normalizesUnicode() {
        assertThat(normalize("NormalizeUnicode", Map.of("normalization_form", "NFC"), "e\u0301"))
                .containsExactly("é");
        assertThat(normalize("CharsMapNormalization", Map.of("normalization_form", "nfkc"), " ﬁ  x "))
                .containsExactly("fi x");
        assertThat(normalize(
                        "CharsMapNormalization",
                        Map.of("add_dummy_prefix", "true", "escape_whitespaces", "true"),
                        "a b"))
                .containsExactly("▁a▁b");
        assertThat(normalize("CaseFold", Map.of(), "ΣΑΣ İ")).containsExactly("σασ i\u0307");
    }

    @Test
    void byteFallbackTakesRunsAsAWhole() {
        assertThat(Nodes.texts(
                        Nodes.run(
                                "ByteFallback", Map.of(), Nodes.strings("<0xC3>", "<0xA9>", "x", "<0xC3>", "<zz>"), 3),
                        0))
                .hasSize(5)
                .last()
                .isEqualTo("<zz>");
        List<Tensor> bytes =
                Nodes.run("ByteFallback", Map.of(), Nodes.strings("<0xE4>", "<0xBD>", "<0xA0>", "<0xE5>", "a"), 3);
        assertThat(String.join("", Nodes.texts(bytes, 0))).isEqualTo("\uFFFD\uFFFD\uFFFD\uFFFDa");
    }

    @Test
    void aRunOfBytesEndsWithItsRow() {
        List<Tensor> vocabulary = Nodes.strings("<0xC3>", "<0xA9>", "x");
        Tensor ids = Tensors.of(new int[] {2, 0, 1, 2}, Shape.of(2, 2));
        List<Tensor> pieces = Nodes.run("VocabDecoder", Map.of(), Nodes.join(List.of(ids), vocabulary), 5);
        List<Tensor> out = Nodes.run("ByteFallback", Map.of(), pieces.subList(2, 5), 3);
        assertThat(Nodes.texts(out, 0)).containsExactly("x", "\uFFFD", "\uFFFD", "x");
    }

    @Test
    void decodesIdsWithoutThoseToSkip() {
        List<Tensor> vocabulary = Nodes.strings("a", "b", "c");
        Tensor ids = Tensors.of(new int[] {0, 1, 2, 7}, Shape.of(1, 4));
        List<Tensor> all = Nodes.join(List.of(ids), vocabulary);
        assertThat(Nodes.texts(Nodes.run("VocabDecoder", Map.of("skip_tokens", "1, 2"), all, 5), 2))
                .containsExactly("a");
        List<Tensor> withIds = Nodes.join(all, List.of(Nodes.ints(0)));
        assertThat(Nodes.texts(Nodes.run("VocabDecoder", Map.of("skip_tokens", ""), withIds, 5), 2))
                .containsExactly("b", "c");
    }

    @Test
    void replacesOrRemovesIllFormedBytes() {
        byte[] bytes = {'a', (byte) 0xE2, (byte) 0x80, 'b', (byte) 0xFF, (byte) 0xED, (byte) 0xA0, (byte) 0x80};
        List<Tensor> inputs = List.of(Nodes.ints(0), Nodes.ints(bytes.length), Tensors.of(bytes));
        assertThat(Nodes.texts(Nodes.run("UTF8Validate", Map.of("replace_mode", "true"), inputs, 3), 0))
                .containsExactly("a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD");
        assertThat(Nodes.texts(Nodes.run("UTF8Validate", Map.of("replace_mode", "false"), inputs, 3), 0))
                .containsExactly("ab");
    }

    @Test
    void mapsBytesToCharactersAndBack() {
        List<Tensor> pieces = Nodes.ragged(List.of(List.of(" é", "\n")));
        List<Tensor> chars = Nodes.run("BytesToChars", Map.of(), pieces, 5);
        assertThat(Nodes.texts(chars, 2)).containsExactly("ĠÃ©", "Ċ");
        assertThat(Nodes.texts(Nodes.run("CharsToBytes", Map.of(), chars, 5), 2))
                .containsExactly(" é", "\n");
        assertThat(Nodes.texts(Nodes.run("CharsToBytes", Map.of(), chars, 3), 0))
                .containsExactly(" é\n");
    }

    @Test
    void truncatesFromEitherSide() {
        List<Tensor> row = List.of(Nodes.ints(0, 3), Nodes.ints(3, 4), Nodes.ints(1, 2, 3, 4));
        List<Tensor> left = Nodes.join(row, List.of(Nodes.scalar(2), Nodes.text("left"), Nodes.text("longest_first")));
        List<Tensor> out = Nodes.run("Truncate", Map.of("m_num_inputs", "1"), left, 3);
        assertThat(Tensors.ints(out.get(0))).containsExactly(1, 3);
        List<Tensor> pair = Nodes.join(
                List.of(Nodes.ints(0), Nodes.ints(5), Nodes.ints(1, 2, 3, 4, 5)),
                List.of(Nodes.ints(0), Nodes.ints(2), Nodes.ints(8, 9)),
                List.of(Nodes.scalar(5), Nodes.text("right"), Nodes.text("longest_first")));
        List<Tensor> both = Nodes.run("Truncate", Map.of("m_num_inputs", "2"), pair, 6);
        assertThat(Tensors.ints(both.get(1))).containsExactly(3);
        assertThat(Tensors.ints(both.get(4))).containsExactly(2);
    }

    @Test
    void combinesSegmentsAndPads() {
        List<Tensor> inputs = Nodes.join(
                List.of(Nodes.ints(0), Nodes.ints(1), Nodes.ints(9)),
                List.of(Nodes.ints(0, 2), Nodes.ints(2, 2), Nodes.ints(5, 6)),
                List.of(Nodes.ints(0, 1)));
        List<Tensor> joined = Nodes.run("CombineSegments", Map.of(), inputs, 6);
        assertThat(Tensors.ints(joined.get(2))).containsExactly(9, 5, 6, 9);
        assertThat(Tensors.ints(joined.get(5))).containsExactly(0, 1, 1, 0);
        List<Tensor> dense = Nodes.join(joined.subList(0, 3), List.of(Nodes.scalar(3), Nodes.scalar(-7)));
        List<Tensor> right = Nodes.run("RaggedToDense", Map.of(), dense, 2);
        assertThat(Tensors.ints(right.get(0))).containsExactly(9, 5, 6, 9, -7, -7);
        List<Tensor> left = Nodes.run("RaggedToDense", Map.of("pad_right", "false"), dense, 2);
        assertThat(Tensors.ints(left.get(0))).containsExactly(9, 5, 6, -7, -7, 9);
        assertThat(Tensors.bytes(left.get(1))).containsExactly(1, 1, 1, 0, 0, 1);
    }

    @Test
    void readsPackedStrings() {
        byte[] chars = "abcé".getBytes(StandardCharsets.UTF_8);
        ByteBuffer packed = ByteBuffer.allocate(4 + 4 * 4 + chars.length).order(ByteOrder.LITTLE_ENDIAN);
        packed.putInt(3).putInt(0).putInt(2).putInt(3).putInt(5).put(chars);
        List<Tensor> out =
                Nodes.run("StringTensorUnpack", Map.of("mode", "begins_ends"), List.of(Tensors.of(packed.array())), 3);
        assertThat(Nodes.texts(out, 0)).containsExactly("ab", "c", "é");
        packed.putInt(0, 1 << 30);
        assertThatThrownBy(() -> Nodes.run("StringTensorUnpack", Map.of(), List.of(Tensors.of(packed.array())), 3))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("too few");
    }

    @Test
    void splitsOutSpecialTokens() {
        String pattern = SpecialTokens.pattern(List.of(
                new SpecialTokens.Token("<s>", false, false, false),
                new SpecialTokens.Token("<mask>", true, false, false),
                new SpecialTokens.Token("<s>x", false, true, false),
                new SpecialTokens.Token("word", false, false, true)));
        assertThat(SpecialTokens.parse(pattern)).isPresent();
        String text = "a<s> b \u00a0<mask> <s>x \n c word words";
        for (String form : List.of(pattern, "(?:" + pattern + ")(?:)")) {
            List<Tensor> inputs = Nodes.join(Nodes.ragged(List.of(List.of(text))), List.of(Nodes.text(form)));
            List<Tensor> out = Nodes.run("SpecialTokensSplit", Map.of(), inputs, 6);
            assertThat(Nodes.texts(out, 2))
                    .containsExactly("a", "<s>", " b", "<mask>", " ", "<s>x", "c ", "word", " words");
            assertThat(Tensors.bytes(out.get(5))).containsExactly(0, 1, 0, 1, 0, 1, 0, 1, 0);
        }
    }

    @Test
    void refusesStringsOutsideTheirBytes() {
        List<Tensor> broken = List.of(Nodes.ints(0), Nodes.ints(9), Nodes.text("abc"));
        assertThatThrownBy(() -> Nodes.run("CaseFold", Map.of(), broken, 3))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("bytes 0 to 9 of 3");
    }

    @Test
    void matchesWordPiecesLongestFirst() {
        List<Tensor> inputs = Nodes.join(
                Nodes.ragged(List.of(List.of("unaffable", "xyz"))),
                Nodes.strings("[UNK]", "un", "##aff", "##able", "##a"),
                List.of(Nodes.scalar(0)));
        List<Tensor> out = Nodes.run("WordpieceTokenizer", Map.of("suffix_indicator", "##"), inputs, 3);
        assertThat(Tensors.ints(out.get(2))).containsExactly(1, 2, 3, 0);
    }
}
