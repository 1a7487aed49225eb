package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class PerfMetricsTest {
    private static PerfMetrics metrics(List<Double> first, List<Double> intervals) {
        RawPerfMetrics raw = new RawPerfMetrics(
                List.of(100.0),
                List.of(),
                List.of(1.0),
                List.of(2.0),
                first,
                intervals,
                List.of(20.0),
                List.of(20.0),
                List.of(),
                List.of());
        return new PerfMetrics(5, 10, 4, intervals.size() + 1, 0, 0, raw);
    }

    @Test
    void computesFromTheSamples() {
        PerfMetrics metrics = metrics(List.of(30.0), List.of(4.0, 6.0));
        assertThat(metrics.ttft()).isEqualTo(new MeanStd(30, 0));
        assertThat(metrics.tpot()).isEqualTo(new MeanStd(5, 1));
        assertThat(metrics.throughput().mean()).isEqualTo(200);
        assertThat(metrics.throughput().std()).isCloseTo(40, within(1e-9));
        assertThat(metrics.prefillTokensPerSecond()).isEqualTo(300);
        assertThat(metrics.samplingDuration()).isEqualTo(MeanStd.ABSENT);
    }

    @Test
    void addsSampleBySample() {
        PerfMetrics sum = metrics(List.of(30.0), List.of(4.0)).plus(metrics(List.of(10.0), List.of(6.0, 8.0)));
        assertThat(sum.loadTimeMs()).isEqualTo(5);
        assertThat(sum.numInputTokens()).isEqualTo(20);
        assertThat(sum.numGeneratedTokens()).isEqualTo(5);
        assertThat(sum.ttft().mean()).isEqualTo(20);
        assertThat(sum.tpot().mean()).isEqualTo(6);
    }

    @Test
    void isAbsentWithoutTokens() {
        PerfMetrics none = metrics(List.of(), List.of());
        assertThat(none.ttft().isPresent()).isFalse();
        assertThat(none.throughput()).isEqualTo(MeanStd.ABSENT);
    }
}
