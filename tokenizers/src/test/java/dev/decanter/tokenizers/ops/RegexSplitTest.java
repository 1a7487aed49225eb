package dev.decanter.tokenizers.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegexSplitTest {
    private static List<String> split(String text, String pattern, Map<String, String> attributes) {
        List<Tensor> inputs = Nodes.join(Nodes.ragged(List.of(List.of(text))), List.of(Nodes.text(pattern)));
        return Nodes.texts(Nodes.run("RegexSplit", attributes, inputs, 5), 2);
    }

    /** The examples in the documentation of the tokenizers library's SplitDelimiterBehavior. */
    @ParameterizedTest
    @CsvSource({
        "remove, the|final|countdown",
        "isolate, the|-|final|-|-|countdown",
        "mergedwithprevious, the-|final-|-|countdown",
        "mergedwithnext, the|-final|-|-countdown",
        "contiguous, the|-|final|--|countdown"
    })
    void doesWithMatchesWhatTheBehaviourSays(String behaviour, String expected) {
        assertThat(split("the-final--countdown", "-", Map.of("behaviour", behaviour)))
                .containsExactly(expected.split("\\|"));
    }

    @Test
    void invertKeepsMatchesAndRemovesTheRest() {
        assertThat(split("a1 b22, c", "\\p{L}+|\\p{N}+", Map.of("behaviour", "remove", "invert", "true")))
                .containsExactly("a", "1", "b", "22", "c");
    }

    @Test
    void stopsAfterTheGreatestNumberOfSplits() {
        assertThat(split("a b c d", " ", Map.of("behaviour", "isolate", "max_splits", "1")))
                .containsExactly("a", " ", "b c d");
    }

    @Test
    void classesHaveTheirUnicodeMeaning() {
        assertThat(split("x\u00a0y\u3000z", "\\s", Map.of("behaviour", "remove")))
                .containsExactly("x", "y", "z");
        assertThat(split("é१_x-y", "\\w+", Map.of("behaviour", "isolate"))).containsExactly("é१_x", "-", "y");
        assertThat(split("HE'S it's", "(?i:'s)", Map.of("behaviour", "isolate")))
                .containsExactly("HE", "'S", " it", "'s");
    }

    @Test
    void piecesToSkipPassUncut() {
        List<Tensor> inputs = Nodes.join(
                Nodes.ragged(List.of(List.of("a b"), List.of("c d", "e f"))),
                List.of(Tensors.ofFlags(new byte[] {0, 1, 0}, Shape.of(3)), Nodes.text(" ")));
        List<Tensor> out = Nodes.run("RegexSplit", Map.of("behaviour", "remove"), inputs, 6);
        assertThat(Nodes.texts(out, 2)).containsExactly("a", "b", "c d", "e", "f");
        assertThat(Tensors.ints(out.get(0))).containsExactly(0, 2);
        assertThat(Tensors.ints(out.get(1))).containsExactly(2, 5);
        assertThat(Tensors.bytes(out.get(5))).containsExactly(0, 0, 1, 0, 0);
    }

    @Test
    void anExplodingPatternEndsWithAnError() {
        String text = "a".repeat(4000) + "b";
        assertThatThrownBy(() -> split(text, "(a+)+c", Map.of("behaviour", "isolate")))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("regular expression");
    }

    @Test
    void anUnknownPatternIsRefusedByName() {
        assertThatThrownBy(() -> split("x", "(?|a|b", Map.of()))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("(?|a|b");
    }
}
