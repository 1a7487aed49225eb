package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;

/** Collects the measurements of one call. */
final class Stopwatch {
    private final long start = System.nanoTime();
    private final List<Double> chatTemplate = new ArrayList<>();
    private final List<Double> tokenization = new ArrayList<>();
    private final List<Double> grammarCompile = new ArrayList<>();
    private final List<Double> firstToken = new ArrayList<>();
    private final List<Double> intervals = new ArrayList<>();
    private final List<Double> prefill = new ArrayList<>();
    private final List<Double> inference = new ArrayList<>();
    private final List<Double> sampling = new ArrayList<>();
    private double detokenization;
    private boolean detokenized;
    private long lastToken;
    private long drafted;
    private long accepted;

    /** Milliseconds since {@code since}, a value of {@link System#nanoTime}. */
    static double since(long since) {
        return (System.nanoTime() - since) / 1e6;
    }

    void chatTemplate(long since) {
        chatTemplate.add(since(since));
    }

    void tokenization(long since) {
        tokenization.add(since(since));
    }

    void grammarCompile(long since) {
        grammarCompile.add(since(since));
    }

    void prefill(long since) {
        prefill.add(since(since));
        inference.add(prefill.getLast());
    }

    void inference(long since) {
        inference.add(since(since));
    }

    void sampling(long since) {
        sampling.add(since(since));
    }

    void detokenization(long since) {
        detokenization += since(since);
        detokenized = true;
    }

    /** A draft has been checked: of {@code size} tokens that were guessed, {@code kept} were kept. */
    void drafted(int size, int kept) {
        drafted += size;
        accepted += Math.min(size, kept);
    }

    /** A token has been chosen. */
    void token() {
        if (firstToken.isEmpty()) {
            firstToken.add(since(start));
        } else {
            intervals.add(since(lastToken));
        }
        lastToken = System.nanoTime();
    }

    PerfMetrics finish(double loadTimeMs, int input, int reused, int generated) {
        List<Double> decoding = detokenized ? List.of(detokenization) : List.of();
        RawPerfMetrics raw = new RawPerfMetrics(
                List.of(since(start)),
                chatTemplate,
                tokenization,
                grammarCompile,
                firstToken,
                intervals,
                prefill,
                inference,
                sampling,
                decoding);
        return new PerfMetrics(loadTimeMs, input, reused, generated, drafted, accepted, raw);
    }
}
