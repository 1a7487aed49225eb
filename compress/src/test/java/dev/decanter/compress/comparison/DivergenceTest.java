package dev.decanter.compress.comparison;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts as WhoWhatBench does with Python's SequenceMatcher, which gave the numbers here. */
class DivergenceTest {
    private static long[] tokens(String text) {
        return Arrays.stream(text.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "1 2 3 4; 1 2 3 4; 4; 0",
                "1 2 3 4; 1 2 9 4; 2; 1",
                "1 2 3; 4 5 6; 0; 3",
                "5 1 2 3 4 6; 1 2 3 4; 0; 0",
                "1 2 1 2 1; 2 1 2 1 1 2; 0; 2",
                "7 1 2 3; 7 2 3 1 2 3; 1; 2",
                "2 0 3 1 0 1 0 2; 1 3 0 1 0 1 3 2 1 3 1; 0; 6",
                "1 3 1 1 0; 1 1 1 1; 0; 2",
                "2 1 1 1 1 3 2 0; 3 1 1 2 0 2 2 0 2; 0; 5",
                "2 2 2 3 2; 3 3 1 0 2 0; 0; 5",
                "3 0 3 2 3 0 3 0 1; 0 1 3 2 2 2 3; 0; 3",
                "2 2 0 3 0; 2 2 1 2 2 0 2; 0; 4"
            })
    void blocksAreThoseOfSequenceMatcher(String reference, String answer, int first, int toCorrect) {
        Divergence divergence = Divergence.of(tokens(reference), tokens(answer));
        assertThat(divergence.toCorrect()).isEqualTo(toCorrect);
        assertThat(divergence.first()).isEqualTo(first);
        assertThat(divergence.share()).isEqualTo((double) toCorrect / tokens(answer).length);
    }

    @Test
    void emptyAnswers() {
        assertThat(Divergence.of(new long[0], new long[0])).isEqualTo(new Divergence(0, 0, 0));
        assertThat(Divergence.of(new long[] {1, 2}, new long[0])).isEqualTo(new Divergence(0, 2, 1));
        assertThat(Divergence.of(new long[0], new long[] {1})).isEqualTo(new Divergence(0, 1, 1));
    }
}
