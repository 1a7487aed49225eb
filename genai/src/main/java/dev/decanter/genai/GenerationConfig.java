package dev.decanter.genai;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How tokens are chosen and when to stop. Names and defaults are those of OpenVINO GenAI. Immutable; make one with
 * {@link #builder()} or change one with {@link #toBuilder()}.
 *
 * <pre>{@code
 * var config = GenerationConfig.builder().maxNewTokens(100).doSample(true).temperature(0.7f).topP(0.9f).build();
 * }</pre>
 *
 * @param maxNewTokens most tokens to generate; wins over {@code maxLength}
 * @param maxLength most tokens of prompt and answer together
 * @param minNewTokens stop tokens are impossible before so many
 * @param ignoreEos whether stop tokens do not end the answer; a limit is then needed
 * @param eosTokenId the end-of-sequence token, one of {@code stopTokenIds}
 * @param stopTokenIds tokens that end the answer
 * @param stopStrings texts that end the answer
 * @param includeStopString whether the stop string stays in the text
 * @param doSample draw by probability (else the likeliest token)
 * @param temperature divides the logits, above 0
 * @param topP keeps the likeliest tokens up to this probability, above 0 to 1
 * @param topK keeps so many of the likeliest tokens, at least 1
 * @param minP keeps tokens at least so likely as this part of the likeliest, 0 to below 1
 * @param seed of the random numbers
 * @param repetitionPenalty above 0; 1 is none
 * @param presencePenalty −2 to 2; 0 is none
 * @param frequencyPenalty −2 to 2; 0 is none
 * @param logprobs whether log-probabilities of the chosen tokens are wanted (above 0)
 * @param applyChatTemplate whether a prompt is rendered with the model's chat template, if it has one
 */
public record GenerationConfig(
        OptionalInt maxNewTokens,
        OptionalInt maxLength,
        int minNewTokens,
        boolean ignoreEos,
        OptionalLong eosTokenId,
        Set<Long> stopTokenIds,
        Set<String> stopStrings,
        boolean includeStopString,
        boolean doSample,
        float temperature,
        float topP,
        OptionalInt topK,
        float minP,
        long seed,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        int logprobs,
        boolean applyChatTemplate) {

    /** Checks every field; throws {@link GenerationException} naming the one that is out of range. */
    public GenerationConfig {
        stopTokenIds = Set.copyOf(stopTokenIds);
        stopStrings = Set.copyOf(stopStrings);
        maxNewTokens.ifPresent(n -> check(n >= 1, "max_new_tokens", n, "at least 1"));
        maxLength.ifPresent(n -> check(n >= 1, "max_length", n, "at least 1"));
        check(minNewTokens >= 0, "min_new_tokens", minNewTokens, "at least 0");
        if (maxNewTokens.isPresent()) {
            check(
                    minNewTokens <= maxNewTokens.getAsInt(),
                    "min_new_tokens",
                    minNewTokens,
                    "at most max_new_tokens, " + maxNewTokens.getAsInt());
        }
        check(temperature > 0 && Float.isFinite(temperature), "temperature", temperature, "above 0");
        check(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1");
        topK.ifPresent(k -> check(k >= 1, "top_k", k, "at least 1"));
        check(minP >= 0 && minP < 1, "min_p", minP, "at least 0 and below 1");
        check(
                repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
                "repetition_penalty",
                repetitionPenalty,
                "above 0");
        check(presencePenalty >= -2 && presencePenalty <= 2, "presence_penalty", presencePenalty, "−2 to 2");
        check(frequencyPenalty >= -2 && frequencyPenalty <= 2, "frequency_penalty", frequencyPenalty, "−2 to 2");
        check(logprobs >= 0, "logprobs", logprobs, "at least 0");
        if (ignoreEos && maxNewTokens.isEmpty() && maxLength.isEmpty()) {
            throw new GenerationException("ignore_eos needs max_new_tokens or max_length, or the answer has no end");
        }
        for (String stop : stopStrings) {
            check(!stop.isEmpty(), "stop_strings", "\"\"", "without empty strings");
        }
    }

    private static void check(boolean condition, String field, Object value, String allowed) {
        if (!condition) {
            throw new GenerationException(field + " is " + value + ", it must be " + allowed);
        }
    }

    /** The defaults: greedy, no limit, no penalties. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        Builder b = new Builder();
        b.maxNewTokens = maxNewTokens;
        b.maxLength = maxLength;
        b.minNewTokens = minNewTokens;
        b.ignoreEos = ignoreEos;
        b.eosTokenId = eosTokenId;
        b.stopTokenIds.addAll(stopTokenIds);
        b.stopStrings.addAll(stopStrings);
        b.includeStopString = includeStopString;
        b.doSample = doSample;
        b.temperature = temperature;
        b.topP = topP;
        b.topK = topK;
        b.minP = minP;
        b.seed = seed;
        b.repetitionPenalty = repetitionPenalty;
        b.presencePenalty = presencePenalty;
        b.frequencyPenalty = frequencyPenalty;
        b.logprobs = logprobs;
        b.applyChatTemplate = applyChatTemplate;
        return b;
    }

    /** Sets fields by name; {@link #build} checks them together. */
    public static final class Builder {
        private OptionalInt maxNewTokens = OptionalInt.empty();
        private OptionalInt maxLength = OptionalInt.empty();
        private int minNewTokens;
        private boolean ignoreEos;
        private OptionalLong eosTokenId = OptionalLong.empty();
        private final Set<Long> stopTokenIds = new LinkedHashSet<>();
        private final Set<String> stopStrings = new LinkedHashSet<>();
        private boolean includeStopString;
        private boolean doSample;
        private float temperature = 1;
        private float topP = 1;
        private OptionalInt topK = OptionalInt.empty();
        private float minP;
        private long seed;
        private float repetitionPenalty = 1;
        private float presencePenalty;
        private float frequencyPenalty;
        private int logprobs;
        private boolean applyChatTemplate = true;

        private Builder() {}

        public Builder maxNewTokens(int tokens) {
            maxNewTokens = OptionalInt.of(tokens);
            return this;
        }

        public Builder maxLength(int tokens) {
            maxLength = OptionalInt.of(tokens);
            return this;
        }

        public Builder minNewTokens(int tokens) {
            minNewTokens = tokens;
            return this;
        }

        public Builder ignoreEos(boolean ignore) {
            ignoreEos = ignore;
            return this;
        }

        /** Sets the end-of-sequence token and adds it to the stop tokens. */
        public Builder eosTokenId(long id) {
            eosTokenId = OptionalLong.of(id);
            stopTokenIds.add(id);
            return this;
        }

        /** Adds a stop token. */
        public Builder stopTokenId(long id) {
            stopTokenIds.add(id);
            return this;
        }

        /** Adds stop tokens. */
        public Builder stopTokenIds(List<Long> ids) {
            stopTokenIds.addAll(ids);
            return this;
        }

        /** Adds a stop string. */
        public Builder stopString(String text) {
            stopStrings.add(text);
            return this;
        }

        public Builder includeStopString(boolean include) {
            includeStopString = include;
            return this;
        }

        public Builder doSample(boolean sample) {
            doSample = sample;
            return this;
        }

        public Builder temperature(float value) {
            temperature = value;
            return this;
        }

        public Builder topP(float value) {
            topP = value;
            return this;
        }

        public Builder topK(int value) {
            topK = OptionalInt.of(value);
            return this;
        }

        /** Takes all tokens again. */
        public Builder noTopK() {
            topK = OptionalInt.empty();
            return this;
        }

        public Builder minP(float value) {
            minP = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder repetitionPenalty(float value) {
            repetitionPenalty = value;
            return this;
        }

        public Builder presencePenalty(float value) {
            presencePenalty = value;
            return this;
        }

        public Builder frequencyPenalty(float value) {
            frequencyPenalty = value;
            return this;
        }

        public Builder logprobs(int count) {
            logprobs = count;
            return this;
        }

        public Builder applyChatTemplate(boolean apply) {
            applyChatTemplate = apply;
            return this;
        }

        /** Throws {@link GenerationException} naming the first field that is out of range. */
        public GenerationConfig build() {
            return new GenerationConfig(
                    maxNewTokens,
                    maxLength,
                    minNewTokens,
                    ignoreEos,
                    eosTokenId,
                    stopTokenIds,
                    stopStrings,
                    includeStopString,
                    doSample,
                    temperature,
                    topP,
                    topK,
                    minP,
                    seed,
                    repetitionPenalty,
                    presencePenalty,
                    frequencyPenalty,
                    logprobs,
                    applyChatTemplate);
        }
    }
}
