package dev.decanter.tokenizers.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Ops that conversions of Hugging Face tokenizers do not use, or only around SentencePiece. */
class HelperKernelsTest {
    private static List<Tensor> run(String type, int outputs, List<Tensor> inputs) {
        return Nodes.run(type, Map.of(), inputs, outputs);
    }

    @Test
    void rowsOfElementsBecomeRanges() {
        List<Tensor> out = run("RaggedToRagged", 2, List.of(Nodes.ints(1, 1, 3), Nodes.scalar(5)));
        assertThat(Tensors.ints(out.getFirst())).containsExactly(0, 0, 2, 2, 3);
        assertThat(Tensors.ints(out.get(1))).containsExactly(0, 2, 2, 3, 3);
        List<Tensor> cut = run("RaggedToRagged", 2, List.of(Nodes.ints(0, 7), Nodes.ints(1)));
        assertThat(Tensors.ints(cut.get(1))).containsExactly(1);
        assertThat(Tensors.ints(run("RaggedToRagged", 2, List.of(Nodes.ints(), Nodes.scalar(2)))
                        .get(1)))
                .containsExactly(0, 0);
        assertThatThrownBy(() -> run("RaggedToRagged", 2, List.of(Nodes.ints(2, 1), Nodes.scalar(3))))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("the row of element 1");
    }

    @Test
    void rangesBecomePositions() {
        List<Tensor> out = run("RaggedToSparse", 1, List.of(Nodes.ints(0, 2, 2), Nodes.ints(2, 2, 3)));
        assertThat(out.getFirst().shape()).isEqualTo(Shape.of(3, 2));
        assertThat(Tensors.ints(out.getFirst())).containsExactly(0, 0, 0, 1, 2, 0);
        List<Tensor> packed = run("RaggedTensorPack", 1, List.of(Nodes.ints(0), Nodes.ints(2), Nodes.ints(4, 5)));
        assertThat(packed.getFirst().toLongs()).containsExactly(4, 5);
    }

    @Test
    void looksWordsUp() {
        List<Tensor> out = run(
                "VocabEncoder",
                1,
                Nodes.join(
                        Nodes.strings("b", "", "c", "a"),
                        Nodes.strings("a", "b", ""),
                        List.of(Nodes.ints(10, 20, 30), Nodes.scalar(-1))));
        assertThat(Tensors.ints(out.getFirst())).containsExactly(20, 30, -1, 10);
        List<Tensor> wide = run(
                "VocabEncoder",
                1,
                Nodes.join(
                        Nodes.strings("a", "x"),
                        Nodes.strings("a"),
                        List.of(Tensor.ofLongs(Shape.of(1), 1L << 40), Tensor.ofLongs(Shape.SCALAR, 7))));
        assertThat(wide.getFirst().toLongs()).containsExactly(1L << 40, 7);
    }

    @Test
    void takesTheLongestTokenEachTime() {
        List<Tensor> vocabulary =
                Nodes.join(Nodes.strings("a", "ab", "abcd", "b", "é"), List.of(Nodes.ints(1, 2, 3, 4, 5)));
        List<Tensor> out = run(
                "TrieTokenizer",
                3,
                Nodes.join(Nodes.ragged(List.of(List.of("abab", "é"), List.of(), List.of("aabcdb"))), vocabulary));
        assertThat(Tensors.ints(out.get(2))).containsExactly(2, 2, 5, 1, 3, 4);
        assertThat(Tensors.ints(out.getFirst())).containsExactly(0, 3, 3);
        assertThat(Tensors.ints(out.get(1))).containsExactly(3, 3, 6);
        assertThatThrownBy(() -> run("TrieTokenizer", 3, Nodes.join(Nodes.ragged(List.of(List.of("abx"))), vocabulary)))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("no token begins with byte 120 at byte 2");
    }

    /** Values of FarmHash's reference implementation for byte (7 i + 13 n) at place i of n. */
    @Test
    void hashesAsFarmHash() {
        Map<Integer, String> expected = Map.of(
                0, "11160318154034397263",
                3, "6192772629295113259",
                12, "4969174052904583886",
                24, "1033914465144201600",
                50, "8396431454567842197",
                100, "3492077508928741691",
                299, "14743706888244258841");
        expected.forEach((length, hash) -> {
            byte[] text = new byte[length];
            for (int i = 0; i < length; i++) {
                text[i] = (byte) (7 * i + 13 * length);
            }
            assertThat(Long.toUnsignedString(FarmHash.hash(text, 0, length))).isEqualTo(hash);
        });
        List<Tensor> out = Nodes.run(
                "StringToHashBucket", Map.of("num_buckets", "3"), Nodes.strings("Hello", "TensorFlow", "2.x"), 1);
        assertThat(out.getFirst().toLongs()).containsExactly(0, 2, 2);
        assertThatThrownBy(() -> run("StringToHashBucket", 1, Nodes.strings("a")))
                .hasMessageContaining("num_buckets");
    }

    @Test
    void comparesAndPrints() {
        assertThat(Tensors.ints(run("EqualStr", 1, Nodes.join(Nodes.strings("a", "bc"), Nodes.strings("bc")))
                        .getFirst()))
                .containsExactly(0, 1);
        assertThat(run("EqualStr", 1, Nodes.join(Nodes.strings(), Nodes.strings("a")))
                        .getFirst()
                        .shape())
                .isEqualTo(Shape.of(0));
        assertThatThrownBy(() -> run("EqualStr", 1, Nodes.join(Nodes.strings("a", "b", "c"), Nodes.strings("a", "b"))))
                .hasMessageContaining("3 strings cannot be compared with 2");
        float[] numbers = {
            0, -0f, 1, 0.1f, 1e6f, 123456789, 1.5e-5f, 999999.5f, -2.5f, Float.NaN, Float.NEGATIVE_INFINITY
        };
        assertThat(run("NumericToString", 1, List.of(Tensor.ofFloats(Shape.of(numbers.length), numbers)))
                        .getFirst()
                        .strings())
                .containsExactly(
                        "0", "-0", "1", "0.1", "1e+06", "1.23457e+08", "1.5e-05", "1e+06", "-2.5", "nan", "-inf");
        assertThat(run("NumericToString", 1, List.of(Tensor.ofLongs(Shape.of(1), -5)))
                        .getFirst()
                        .strings())
                .containsExactly("-5");
        assertThat(run("NumericToString", 1, List.of(Tensor.ofBooleans(Shape.of(2), true, false)))
                        .getFirst()
                        .strings())
                .containsExactly("true", "false");
    }

    private static List<Tensor> shaped(Shape shape, String... values) {
        List<Tensor> flat = Nodes.strings(values);
        return List.of(
                Tensors.of(Tensors.ints(flat.getFirst()), shape),
                Tensors.of(Tensors.ints(flat.get(1)), shape),
                flat.get(2));
    }

    @Test
    void joinsAlongAnAxis() {
        List<Tensor> grid = shaped(Shape.of(2, 2), "a", "b", "", "d");
        List<Tensor> rows = run("ContribStringJoin", 3, Nodes.join(grid, List.of(Nodes.text("--"), Nodes.scalar(-1))));
        assertThat(Nodes.texts(rows, 0)).containsExactly("a--b", "--d");
        List<Tensor> columns = run("ContribStringJoin", 3, Nodes.join(grid, List.of(Nodes.text(","), Nodes.scalar(0))));
        assertThat(Nodes.texts(columns, 0)).containsExactly("a,", "b,d");
        assertThat(columns.getFirst().shape()).isEqualTo(Shape.of(2));
        List<Tensor> one = run(
                "ContribStringJoin", 3, Nodes.join(Nodes.strings("x", "y"), List.of(Nodes.text(""), Nodes.ints(0))));
        assertThat(one.getFirst().shape()).isEqualTo(Shape.SCALAR);
        assertThat(Nodes.texts(one, 0)).containsExactly("xy");
        assertThatThrownBy(() ->
                        run("ContribStringJoin", 3, Nodes.join(grid, List.of(Nodes.text(","), Nodes.scalar(2)))))
                .hasMessageContaining("axis 2");
    }

    @Test
    void splitsAtADelimiter() {
        List<Tensor> out = run(
                "ContribStringSplit",
                5,
                Nodes.join(
                        Nodes.strings("a,,b", ""), List.of(Nodes.text(","), Tensor.ofBooleans(Shape.SCALAR, false))));
        assertThat(out.getFirst().toLongs()).containsExactly(0, 0, 0, 1, 0, 2, 1, 0);
        assertThat(Nodes.texts(out, 1)).containsExactly("a", "", "b", "");
        assertThat(out.get(4).toLongs()).containsExactly(2, 3);
        List<Tensor> skipped = run(
                "ContribStringSplit",
                5,
                Nodes.join(
                        Nodes.strings("a,,b,", ""), List.of(Nodes.text(","), Tensor.ofBooleans(Shape.SCALAR, true))));
        assertThat(skipped.getFirst().toLongs()).containsExactly(0, 0, 0, 2);
        assertThat(skipped.get(4).toLongs()).containsExactly(2, 4);
        List<Tensor> bytes = run(
                "ContribStringSplit",
                5,
                Nodes.join(
                        shaped(Shape.of(1, 2), "xy", "z"),
                        List.of(Nodes.text(""), Tensor.ofBooleans(Shape.SCALAR, false))));
        assertThat(bytes.getFirst().toLongs()).containsExactly(0, 0, 0, 0, 0, 1, 0, 1, 0);
        assertThat(Nodes.texts(bytes, 1)).containsExactly("x", "y", "z");
        assertThat(bytes.get(4).toLongs()).containsExactly(1, 2, 2);
    }

    @Test
    void foldsAsciiOnlyWhereNoEncodingIsNamed() {
        assertThat(Nodes.texts(Nodes.run("CaseFold", Map.of("encoding", ""), Nodes.strings("AÉz"), 3), 0))
                .containsExactly("aÉz");
        assertThat(Nodes.texts(
                        Nodes.run("CaseFold", Map.of("encoding", "", "lower", "false"), Nodes.strings("Aéz"), 3), 0))
                .containsExactly("AéZ");
        assertThatThrownBy(() -> Nodes.run("CaseFold", Map.of("encoding", "latin1"), Nodes.strings("a"), 3))
                .hasMessageContaining("encoding=\"latin1\"");
    }

    @Test
    void samplingIsRefused() {
        assertThatThrownBy(() -> Nodes.run(
                        "SentencepieceTokenizer",
                        Map.of("nbest_size", "64"),
                        Nodes.join(List.of(Nodes.text("x")), Nodes.strings("a")),
                        3))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("nbest_size=\"64\" draws segmentations at random");
        assertThatThrownBy(() -> Nodes.run(
                        "SentencepieceTokenizer",
                        Map.of(),
                        Nodes.join(List.of(Nodes.text("xyz")), Nodes.strings("a")),
                        3))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("not a SentencePiece model");
    }
}
