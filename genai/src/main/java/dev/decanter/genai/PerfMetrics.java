package dev.decanter.genai;

/**
 * Times of one or more calls of {@code generate}. Durations are milliseconds; mean and standard deviation are −1 where there
 * was nothing to measure.
 *
 * @param loadTimeMs reading and compiling the model
 * @param numInputTokens tokens of the prompts
 * @param numReusedTokens those of them that were in the KV cache already
 * @param numGeneratedTokens tokens generated
 * @param numDraftTokens tokens that assisted decoding guessed
 * @param numAcceptedDraftTokens those of them that the model kept
 * @param raw the single measurements
 */
public record PerfMetrics(
        double loadTimeMs,
        long numInputTokens,
        long numReusedTokens,
        long numGeneratedTokens,
        long numDraftTokens,
        long numAcceptedDraftTokens,
        RawPerfMetrics raw) {

    /** Time to first token: from the start of the call, so encoding the prompt is part of it. */
    public MeanStd ttft() {
        return MeanStd.of(raw.timesToFirstToken());
    }

    /** Time per output token after the first. */
    public MeanStd tpot() {
        return MeanStd.of(raw.tokenIntervals());
    }

    /** Tokens per second after the first: 1000 / TPOT, with the deviation that follows from TPOT's to first order. */
    public MeanStd throughput() {
        MeanStd tpot = tpot();
        return tpot.mean() > 0
                ? new MeanStd(1000 / tpot.mean(), tpot.std() * 1000 / (tpot.mean() * tpot.mean()))
                : MeanStd.ABSENT;
    }

    /** Prompt tokens that were run per second of the inferences over them; −1 if there were none. */
    public double prefillTokensPerSecond() {
        double ms = raw.prefill().stream().mapToDouble(Double::doubleValue).sum();
        return ms > 0 ? (numInputTokens - numReusedTokens) * 1000 / ms : -1;
    }

    /** Whole calls. */
    public MeanStd generateDuration() {
        return MeanStd.of(raw.generate());
    }

    /** Single inferences. */
    public MeanStd inferenceDuration() {
        return MeanStd.of(raw.inference());
    }

    /** Rendering the chat template. */
    public MeanStd chatTemplateDuration() {
        return MeanStd.of(raw.chatTemplate());
    }

    /** Encoding a prompt. */
    public MeanStd tokenizationDuration() {
        return MeanStd.of(raw.tokenization());
    }

    /** Compiling a grammar for structured output, or finding it among those used last. */
    public MeanStd grammarCompileDuration() {
        return MeanStd.of(raw.grammarCompile());
    }

    /** Decoding in a call. */
    public MeanStd detokenizationDuration() {
        return MeanStd.of(raw.detokenization());
    }

    /** Choosing a token from logits. */
    public MeanStd samplingDuration() {
        return MeanStd.of(raw.sampling());
    }

    /** The measurements of both, with this one's load time. */
    public PerfMetrics plus(PerfMetrics other) {
        return new PerfMetrics(
                loadTimeMs,
                numInputTokens + other.numInputTokens,
                numReusedTokens + other.numReusedTokens,
                numGeneratedTokens + other.numGeneratedTokens,
                numDraftTokens + other.numDraftTokens,
                numAcceptedDraftTokens + other.numAcceptedDraftTokens,
                raw.plus(other.raw));
    }
}
