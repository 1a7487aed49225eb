package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.genai.MeanStd;
import dev.decanter.genai.PerfMetrics;

/** Metrics of a generation as the command line shows them. */
final class MetricsText {
    private MetricsText() {}

    /** {@code 12 tokens in, 20 out, first token after 35.2 ms, then 43.1 tokens/s}. */
    static String line(PerfMetrics metrics) {
        StringBuilder line = new StringBuilder();
        line.append(metrics.numInputTokens()).append(" tokens in");
        if (metrics.numReusedTokens() > 0) {
            line.append(" (").append(metrics.numReusedTokens()).append(" of them cached)");
        }
        line.append(", ").append(metrics.numGeneratedTokens()).append(" out");
        if (metrics.ttft().isPresent()) {
            line.append(", first token after ")
                    .append(Quantity.duration(metrics.ttft().mean()));
        }
        MeanStd rate = metrics.throughput();
        if (rate.isPresent()) {
            line.append(", then ").append(Quantity.rate(rate.mean())).append(" tokens/s");
        }
        return line.toString();
    }

    /** The names of the contract; −1 is what could not be measured, such as the time per token of a single one. */
    static ObjectNode json(PerfMetrics metrics) {
        return BaseCommand.JSON
                .createObjectNode()
                .put("load_time_ms", metrics.loadTimeMs())
                .put("num_input_tokens", metrics.numInputTokens())
                .put("num_generated_tokens", metrics.numGeneratedTokens())
                .put("ttft_ms", metrics.ttft().mean())
                .put("tpot_ms", metrics.tpot().mean())
                .put("prefill_tokens_per_s", metrics.prefillTokensPerSecond())
                .put("decode_tokens_per_s", metrics.throughput().mean())
                .put("peak_rss_mb", Memory.megabytes(Memory.peak()));
    }
}
