package dev.decanter.bench.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.bench.peer.Sample.Figure;
import java.util.List;
import org.junit.jupiter.api.Test;

class RatioTest {
    private static final Figure PREFILL = Figure.prefill(128);
    private static final Figure DECODE = Figure.decode(128);

    private static Sample sample(String engine, Figure figure, int pair, double value, double others) {
        return new Sample(engine, figure, pair, value, others);
    }

    @Test
    void medianOfOddAndEvenNumbers() {
        assertThat(Ratio.median(3, 1, 2)).isEqualTo(2);
        assertThat(Ratio.median(4, 1, 2, 3)).isEqualTo(2.5);
        assertThat(Ratio.median(7)).isEqualTo(7);
    }

    @Test
    void ratiosAreThoseOfPairsAndNotOfMedians() {
        List<Sample> samples = List.of(
                sample("a", PREFILL, 0, 10, 0),
                sample("b", PREFILL, 0, 10, 0),
                sample("a", PREFILL, 1, 30, 0),
                sample("b", PREFILL, 1, 10, 0),
                sample("b", PREFILL, 2, 40, 0),
                sample("a", PREFILL, 2, 20, 0),
                sample("a", DECODE, 0, 1000, 0),
                sample("b", DECODE, 0, 1, 0));

        Ratio ratio = Ratio.of(samples, PREFILL, "a", "b").orElseThrow();

        assertThat(ratio.pairs()).isEqualTo(3);
        assertThat(ratio.counted()).isEqualTo(3);
        assertThat(ratio.disturbed()).isFalse();
        assertThat(ratio.median()).isEqualTo(1);
        assertThat(ratio.least()).isEqualTo(0.5);
        assertThat(ratio.greatest()).isEqualTo(3);
        assertThat(ratio.one()).isEqualTo(20);
        assertThat(ratio.other()).isEqualTo(10);
        assertThat(ratio.text("tok/s")).isEqualTo("1.00 (0.50 - 3.00); medians 20.00 : 10.00 tok/s; 3 of 3 pairs");
    }

    @Test
    void aPairThatOthersDisturbedDoesNotCount() {
        List<Sample> samples = List.of(
                sample("a", DECODE, 0, 2, 0.02),
                sample("b", DECODE, 0, 1, 0.02),
                sample("a", DECODE, 1, 9, 0.02),
                sample("b", DECODE, 1, 1, 0.5));

        Ratio ratio = Ratio.of(samples, DECODE, "a", "b").orElseThrow();

        assertThat(ratio.counted()).isEqualTo(1);
        assertThat(ratio.pairs()).isEqualTo(2);
        assertThat(ratio.greatest()).isEqualTo(2);
    }

    @Test
    void withoutAQuietPairAllAreShownAndMarked() {
        List<Sample> samples = List.of(sample("a", DECODE, 0, 3, 1), sample("b", DECODE, 0, 2, 0));

        Ratio ratio = Ratio.of(samples, DECODE, "a", "b").orElseThrow();

        assertThat(ratio.disturbed()).isTrue();
        assertThat(ratio.median()).isCloseTo(1.5, within(1e-12));
        assertThat(ratio.text("tok/s")).endsWith("DISTURBED, no quiet pair of 1");
    }

    @Test
    void twoFiguresOfOneEngine() {
        List<Sample> samples = List.of(
                sample("a", Figure.decode(4096), 0, 8, 0), sample("a", DECODE, 0, 10, 0), sample("b", DECODE, 0, 1, 0));

        assertThat(Ratio.of(samples, "a", Figure.decode(4096), "a", DECODE)
                        .orElseThrow()
                        .median())
                .isEqualTo(0.8);
        assertThat(Ratio.of(samples, "b", Figure.decode(4096), "b", DECODE)).isEmpty();
    }
}
