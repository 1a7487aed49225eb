package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** One answer of one model: prefill, then token by token until something ends it. */
final class Generation {
    private final LanguageModel model;
    private final GenerationConfig config;
    private final TextStream detokenizer;
    private final Streamer streamer;
    private final Stopwatch watch;
    private final StopText stop;
    private final StringBuilder text = new StringBuilder();
    /** Prompt and answer. */
    private long[] tokens;

    private int length;
    /** For each token of the answer, how much text there was before it. */
    private final List<Integer> starts = new ArrayList<>();

    /** All text, what is held back or cut off included. */
    private int textLength;

    private Optional<float[]> promptLogits = Optional.empty();

    Generation(
            LanguageModel model,
            GenerationConfig config,
            TextStream detokenizer,
            Streamer streamer,
            Stopwatch watch,
            long[] prompt) {
        this.model = model;
        this.config = config;
        this.detokenizer = detokenizer;
        this.streamer = streamer;
        this.watch = watch;
        this.stop = new StopText(config.stopStrings(), config.includeStopString());
        this.tokens = prompt.clone();
        this.length = prompt.length;
    }

    /** The tokens of the model's cache, after a call that ended in any way. */
    long[] cached() {
        return Arrays.copyOf(tokens, Math.min(length, model.length()));
    }

    /**
     * Runs to the end.
     *
     * @param reused how many tokens of the prompt the cache holds, fewer than the prompt has
     */
    GenerationResult run(int reused, int limit, double loadTimeMs) {
        int promptLength = length;
        Sampler sampler = new Sampler(config, tokens);
        FinishReason reason = interrupted() ? FinishReason.CANCEL : generate(sampler, reused, limit);
        String rest = stop.push(timedFlush()) + stop.flush();
        text.append(rest);
        if (!rest.isEmpty() && reason != FinishReason.CANCEL) {
            streamer.write(rest);
        }
        streamer.end();
        List<Long> ids = new ArrayList<>();
        for (int i = promptLength; i < length; i++) {
            if (!stop.found() || starts.get(i - promptLength) < text.length()) {
                ids.add(tokens[i]);
            }
        }
        List<Float> logprobs = sampler.logprobs().subList(0, ids.size());
        double score = 0;
        for (float logprob : logprobs) {
            score += logprob;
        }
        GeneratedSequence sequence = new GeneratedSequence(
                text.toString(),
                ids,
                stop.found() && reason == FinishReason.LENGTH ? FinishReason.STOP : reason,
                score,
                config.logprobs() > 0 ? logprobs : List.of());
        PerfMetrics metrics = watch.finish(loadTimeMs, promptLength, reused, length - promptLength);
        return new GenerationResult(List.of(sequence), promptLogits, metrics);
    }

    private FinishReason generate(Sampler sampler, int reused, int limit) {
        int promptLength = length;
        long begin = System.nanoTime();
        StepLogits first = model.step(Step.one(Arrays.copyOfRange(tokens, reused, length)));
        float[] logits = new float[first.vocabulary()];
        first.copyTo(0, 0, logits);
        watch.prefill(begin);
        if (config.keepPromptLogits()) {
            promptLogits = Optional.of(logits.clone());
        }
        while (true) {
            begin = System.nanoTime();
            append(sampler.next(logits));
            watch.sampling(begin);
            watch.token();
            StreamingStatus status = emit();
            Optional<FinishReason> reason = finished(status, length - promptLength, limit);
            if (reason.isPresent()) {
                return reason.get();
            }
            begin = System.nanoTime();
            model.step(Step.one(tokens[length - 1])).copyTo(0, 0, logits);
            watch.inference(begin);
        }
    }

    private void append(long token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length + Math.max(64, length));
        }
        tokens[length++] = token;
    }

    private StreamingStatus emit() {
        long begin = System.nanoTime();
        String decoded = detokenizer.push(tokens[length - 1]);
        watch.detokenization(begin);
        starts.add(textLength);
        textLength += decoded.length();
        String piece = stop.push(decoded);
        text.append(piece);
        return streamer.write(piece);
    }

    private Optional<FinishReason> finished(StreamingStatus status, int generated, int limit) {
        boolean stopToken = !config.ignoreEos() && config.stopTokenIds().contains(tokens[length - 1]);
        if (status == StreamingStatus.CANCEL || interrupted()) {
            return Optional.of(FinishReason.CANCEL);
        }
        if (stopToken || stop.found() || status == StreamingStatus.STOP) {
            return Optional.of(FinishReason.STOP);
        }
        return generated >= limit ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    private String timedFlush() {
        long begin = System.nanoTime();
        String rest = detokenizer.flush();
        watch.detokenization(begin);
        return rest;
    }

    /** The flag stays set, for the caller to see. */
    private static boolean interrupted() {
        return Thread.currentThread().isInterrupted();
    }

    /** Most new tokens; throws {@link GenerationException} if the prompt and they do not fit the model's context. */
    static int limit(int promptLength, GenerationConfig config, OptionalInt context) {
        if (promptLength == 0) {
            throw new GenerationException("the prompt has no tokens; give at least one");
        }
        OptionalInt asked = config.newTokenLimit(promptLength);
        if (asked.isPresent() && asked.getAsInt() < 1) {
            throw new GenerationException("the prompt has " + promptLength + " tokens, which leaves none of max_length "
                    + config.maxLength().orElse(0) + " for an answer; raise max_length or set max_new_tokens");
        }
        if (context.isEmpty()) {
            return asked.orElse(Integer.MAX_VALUE - promptLength);
        }
        int room = context.getAsInt() - promptLength;
        if (room < 1 || (asked.isPresent() && asked.getAsInt() > room)) {
            throw new GenerationException("the prompt has " + promptLength + " tokens"
                    + (asked.isPresent() ? " and " + asked.getAsInt() + " more are asked for (max_new_tokens)" : "")
                    + ", but the model's context is " + context.getAsInt()
                    + " tokens (max_position_embeddings in config.json); shorten the prompt"
                    + (room >= 1 ? " or ask for at most " + room : ""));
        }
        return asked.orElse(room);
    }
}
