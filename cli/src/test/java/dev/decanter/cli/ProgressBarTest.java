package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** What an export shows while it runs. */
class ProgressBarTest {
    private final StringWriter text = new StringWriter();

    @Test
    void tellsTheTimeLeft() {
        assertThat(ProgressBar.line(1_000_000, 4_000_000, 2000, false))
                .isEqualTo("  [#######---------------------]  25 %  1.0 MB of 4.0 MB  6.0 s left");
        assertThat(ProgressBar.line(0, 4_000_000, 0, false)).endsWith("0 B of 4.0 MB");
        assertThat(ProgressBar.line(4_000_000, 4_000_000, 2500, false)).endsWith("100 %  4.0 MB of 4.0 MB  in 2.5 s");
        assertThat(ProgressBar.line(0, 0, 1, false)).contains("100 %");
        assertThat(ProgressBar.line(50, 200, 1000, true)).endsWith("25 %  50 of 200  3.0 s left");
    }

    @Test
    void redrawsOneLineOnATerminal() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), true);
        bar.stage("writing x");
        bar.progress(5, 10);
        bar.progress(10, 10);
        bar.note("a note");
        assertThat(text.toString().split("\n", -1)).hasSize(4);
        assertThat(text.toString()).contains("writing x", "\r\033[K  [############################]", "\na note");
    }

    @Test
    void printsQuartersElsewhere() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), false);
        bar.stage("writing x");
        for (int i = 0; i <= 100; i++) {
            bar.progress(i, 100);
        }
        assertThat(text.toString().lines())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("writing x"),
                        line -> assertThat(line).matches("  25 %  25 B of 100 B  .* left"),
                        line -> assertThat(line).startsWith("  50 %  50 B of 100 B"),
                        line -> assertThat(line).startsWith("  75 %  75 B of 100 B"),
                        line -> assertThat(line).matches("  100 %  100 B of 100 B  in .*"));
    }

    @Test
    void countsTheStepsOfACompression() {
        ProgressBar bar = new ProgressBar(new PrintWriter(text), false);
        bar.steps().stage("mixed precision");
        bar.steps().progress(3, 4);
        bar.steps().note("a note");
        bar.stage("writing x");
        bar.progress(4, 4);
        assertThat(text.toString().lines())
                .satisfiesExactly(
                        line -> assertThat(line).isEqualTo("mixed precision"),
                        line -> assertThat(line).startsWith("  75 %  3 of 4"),
                        line -> assertThat(line).isEqualTo("a note"),
                        line -> assertThat(line).isEqualTo("writing x"),
                        line -> assertThat(line).startsWith("  100 %  4 B of 4 B"));
    }
}
