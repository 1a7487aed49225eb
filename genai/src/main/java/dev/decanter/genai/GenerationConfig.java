package dev.decanter.genai;

import dev.decanter.genai.parsers.OutputFormat;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;

/**
 * How tokens are chosen and when to stop. Names and defaults are those of OpenVINO GenAI. Immutable; make one with
 * {@link #builder()} or change one with {@link #toBuilder()}.
 *
 * {@snippet :
 * var config = GenerationConfig.builder().maxNewTokens(100).doSample(true).temperature(0.7f).topP(0.9f).build();
 * }
 *
 * @param maxNewTokens most tokens to generate, at least 1, or 0 with {@code echo}; wins over {@code maxLength}; no limit if empty
 * @param maxLength most tokens of prompt and answer together; no limit if empty
 * @param minNewTokens stop tokens are impossible before so many
 * @param ignoreEos whether stop tokens do not end the answer; a limit is then needed
 * @param eosTokenId the end-of-sequence token, one of {@code stopTokenIds}
 * @param stopTokenIds tokens that end the answer
 * @param stopStrings texts that end the answer
 * @param includeStopString whether the stop string stays in the text
 * @param echo whether the prompt's tokens, text and log-probabilities come before the answer's
 * @param logprobs whether log-probabilities of the chosen tokens are wanted (above 0), by the model's own logits
 * @param numReturnSequences answers to each prompt, at least 1; more than 1 needs sampling or beams. When sampling, answer k (from
 *     0) is drawn with the seed {@code seed + k}, so that more answers do not change the first ones
 * @param applyChatTemplate whether a prompt is rendered with the model's chat template, if it has one
 * @param keepPromptLogits whether the result holds the logits behind the prompt
 * @param doSample draw by probability (else the likeliest token)
 * @param temperature divides the logits, above 0
 * @param topP keeps the likeliest tokens up to this probability, above 0 to 1
 * @param topK keeps so many of the likeliest tokens, at least 1; all if empty
 * @param minP keeps tokens at least so likely as this part of the likeliest, 0 to below 1
 * @param seed of the random numbers; its lower 32 bits count
 * @param repetitionPenalty above 0, for tokens that occurred in prompt or answer; 1 is none
 * @param presencePenalty −2 to 2, for tokens that occurred in the answer; 0 is none
 * @param frequencyPenalty −2 to 2, for each time that a token occurred in the answer; 0 is none
 * @param penaltyFlavor how presence and frequency penalty change a logit
 * @param noRepeatNgramSize sequences of so many tokens occur once only in prompt and answer, at least 1; no limit if empty. As in
 *     Transformers this holds for every way of decoding, not for beams only as in OpenVINO GenAI
 * @param beams beam search
 * @param assisted drafts that the model checks several tokens at a time
 * @param structuredOutput what the answer must look like; anything if empty
 * @param outputFormat how the model writes reasoning and tool calls, which {@link GeneratedSequence#message} then tells apart; not
 *     with {@code echo}. Tags that are special tokens (as Mistral's) are seen only if the detokenizer keeps them
 * @param logitsProcessors makers of processors, called once for each answer; see {@link LogitsProcessor} for when they run
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
        boolean echo,
        int logprobs,
        int numReturnSequences,
        boolean applyChatTemplate,
        boolean keepPromptLogits,
        boolean doSample,
        float temperature,
        float topP,
        OptionalInt topK,
        float minP,
        long seed,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        PenaltyFlavor penaltyFlavor,
        OptionalInt noRepeatNgramSize,
        BeamSettings beams,
        AssistedSettings assisted,
        Optional<StructuredOutputConfig> structuredOutput,
        Optional<OutputFormat> outputFormat,
        List<Supplier<LogitsProcessor>> logitsProcessors) {

    /**
     * Checks every field; throws {@link GenerationException} naming the one that is out of range. Temperature, top-p, top-k
     * and min-p are checked when {@code doSample} is set, since files of greedy models carry meaningless values.
     */
    public GenerationConfig {
        stopTokenIds = Collections.unmodifiableSet(new LinkedHashSet<>(stopTokenIds));
        stopStrings = Collections.unmodifiableSet(new LinkedHashSet<>(stopStrings));
        logitsProcessors = List.copyOf(logitsProcessors);
        check(outputFormat.isEmpty() || !echo, "output_format", "set", "unset with echo");
        checkLimits(maxNewTokens, maxLength, minNewTokens, echo);
        for (long id : stopTokenIds) {
            check(id >= 0, "stop_token_ids", stopTokenIds, "without negative ids");
        }
        if (eosTokenId.isPresent() && !stopTokenIds.contains(eosTokenId.getAsLong())) {
            throw new GenerationException("eos_token_id is " + eosTokenId.getAsLong() + ", which must be one of"
                    + " stop_token_ids, " + stopTokenIds);
        }
        if (doSample) {
            checkSampling(temperature, topP, topK, minP);
        }
        check(
                repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
                "repetition_penalty",
                repetitionPenalty,
                "above 0");
        check(presencePenalty >= -2 && presencePenalty <= 2, "presence_penalty", presencePenalty, "from -2 to 2");
        check(frequencyPenalty >= -2 && frequencyPenalty <= 2, "frequency_penalty", frequencyPenalty, "from -2 to 2");
        check(logprobs >= 0, "logprobs", logprobs, "at least 0");
        if (ignoreEos && maxNewTokens.isEmpty() && maxLength.isEmpty()) {
            throw new GenerationException("ignore_eos needs max_new_tokens or max_length, or the answer has no end");
        }
        if (ignoreEos && structuredOutput.isPresent()) {
            throw new GenerationException(
                    "ignore_eos and structured output exclude each other: a complete answer must end");
        }
        check(!stopStrings.contains(""), "stop_strings", stopStrings, "without an empty string");
        noRepeatNgramSize.ifPresent(n -> check(n >= 1, "no_repeat_ngram_size", n, "at least 1"));
        check(numReturnSequences >= 1, "num_return_sequences", numReturnSequences, "at least 1");
        check(
                numReturnSequences == 1 || doSample || beams.numBeams() > 1,
                "num_return_sequences",
                numReturnSequences,
                "1 without beams and without sampling");
        beams.checkWith(doSample, numReturnSequences, presencePenalty, frequencyPenalty);
        assisted.checkWith(beams, numReturnSequences);
    }

    private static void checkLimits(OptionalInt maxNewTokens, OptionalInt maxLength, int minNewTokens, boolean echo) {
        maxNewTokens.ifPresent(n ->
                check(n >= (echo ? 0 : 1), "max_new_tokens", n, echo ? "at least 0" : "at least 1 (0 with echo only)"));
        maxLength.ifPresent(n -> check(n >= 1, "max_length", n, "at least 1"));
        check(minNewTokens >= 0, "min_new_tokens", minNewTokens, "at least 0");
        maxNewTokens.ifPresent(
                n -> check(minNewTokens <= n, "min_new_tokens", minNewTokens, "at most max_new_tokens, " + n));
    }

    private static void checkSampling(float temperature, float topP, OptionalInt topK, float minP) {
        check(temperature > 0 && Float.isFinite(temperature), "temperature", temperature, "above 0");
        check(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1");
        topK.ifPresent(k -> check(k >= 1, "top_k", k, "at least 1"));
        check(minP >= 0 && minP < 1, "min_p", minP, "at least 0 and below 1");
    }

    static void check(boolean condition, String field, Object value, String allowed) {
        if (!condition) {
            throw new GenerationException(field + " is " + value + ", it must be " + allowed);
        }
    }

    /** The defaults: greedy, no limit, no penalties. */
    public static GenerationConfigBuilder builder() {
        return new GenerationConfigBuilder();
    }

    /** A builder that starts from this configuration. */
    public GenerationConfigBuilder toBuilder() {
        return new GenerationConfigBuilder(this);
    }

    /**
     * Reads a {@code generation_config.json} with the names of Hugging Face and OpenVINO GenAI. Unknown keys are ignored; a
     * list of {@code eos_token_id} becomes the stop tokens, its first the end-of-sequence token; {@code top_k} 0 is none.
     *
     * @throws GenerationException naming the file and the key if a value has the wrong type or is out of range
     */
    public static GenerationConfig read(Path file) {
        return GenerationConfigReader.read(file);
    }

    /** Most new tokens behind a prompt of {@code promptLength} tokens; empty if nothing limits them. */
    OptionalInt newTokenLimit(int promptLength) {
        if (maxNewTokens.isPresent()) {
            return maxNewTokens;
        }
        return maxLength.isPresent() ? OptionalInt.of(maxLength.getAsInt() - promptLength) : OptionalInt.empty();
    }
}
