package dev.decanter.compress.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scores against those of a script in Python that counts n-grams with Counter. */
class ChrFTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "the cat sat on the mat; the cat sat on a mat; 0.6597965990995549",
                "ab; abab; 0.78125",
                "Guten Morgen; good morning; 0.09242424242424242",
                "a b c; abc; 1",
                "xyz; abc; 0",
                "naïve 日本; naive 日本語; 0.35025184476040766"
            })
    void scores(String reference, String answer, double score) {
        assertThat(ChrF.of(reference, answer)).isCloseTo(score, within(1e-12));
    }

    @Test
    void emptyTexts() {
        assertThat(ChrF.of("", " \n")).isOne();
        assertThat(ChrF.of("a", "")).isZero();
    }
}
