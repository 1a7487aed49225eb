package dev.decanter.genai;

import dev.decanter.genai.parsers.OutputFormat;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;

/** Sets fields of a {@link GenerationConfig} by name; {@link #build} checks them together. */
public final class GenerationConfigBuilder {
    private OptionalInt maxNewTokens = OptionalInt.empty();
    private OptionalInt maxLength = OptionalInt.empty();
    private int minNewTokens;
    private boolean ignoreEos;
    private OptionalLong eosTokenId = OptionalLong.empty();
    private final Set<Long> stopTokenIds = new LinkedHashSet<>();
    private final Set<String> stopStrings = new LinkedHashSet<>();
    private boolean includeStopString;
    private boolean echo;
    private int logprobs;
    private int numReturnSequences = 1;
    private boolean applyChatTemplate = true;
    private boolean keepPromptLogits;
    private boolean doSample;
    private float temperature = 1;
    private float topP = 1;
    private OptionalInt topK = OptionalInt.empty();
    private float minP;
    private long seed;
    private float repetitionPenalty = 1;
    private float presencePenalty;
    private float frequencyPenalty;
    private PenaltyFlavor penaltyFlavor = PenaltyFlavor.OPENVINO;
    private OptionalInt noRepeatNgramSize = OptionalInt.empty();
    private int numBeams = 1;
    private int numBeamGroups = 1;
    private float diversityPenalty;
    private float lengthPenalty = 1;
    private StopCriteria stopCriteria = StopCriteria.HEURISTIC;
    private int numAssistantTokens;
    private float assistantConfidenceThreshold;
    private int maxNgramSize;
    private Optional<StructuredOutputConfig> structuredOutput = Optional.empty();
    private Optional<OutputFormat> outputFormat = Optional.empty();
    private final List<Supplier<LogitsProcessor>> logitsProcessors = new ArrayList<>();

    GenerationConfigBuilder() {}

    GenerationConfigBuilder(GenerationConfig from) {
        maxNewTokens = from.maxNewTokens();
        maxLength = from.maxLength();
        minNewTokens = from.minNewTokens();
        ignoreEos = from.ignoreEos();
        eosTokenId = from.eosTokenId();
        stopTokenIds.addAll(from.stopTokenIds());
        stopStrings.addAll(from.stopStrings());
        includeStopString = from.includeStopString();
        echo = from.echo();
        logprobs = from.logprobs();
        numReturnSequences = from.numReturnSequences();
        applyChatTemplate = from.applyChatTemplate();
        keepPromptLogits = from.keepPromptLogits();
        doSample = from.doSample();
        temperature = from.temperature();
        topP = from.topP();
        topK = from.topK();
        minP = from.minP();
        seed = from.seed();
        repetitionPenalty = from.repetitionPenalty();
        presencePenalty = from.presencePenalty();
        frequencyPenalty = from.frequencyPenalty();
        penaltyFlavor = from.penaltyFlavor();
        noRepeatNgramSize = from.noRepeatNgramSize();
        BeamSettings beams = from.beams();
        numBeams = beams.numBeams();
        numBeamGroups = beams.numBeamGroups();
        diversityPenalty = beams.diversityPenalty();
        lengthPenalty = beams.lengthPenalty();
        stopCriteria = beams.stopCriteria();
        AssistedSettings assisted = from.assisted();
        numAssistantTokens = assisted.numAssistantTokens();
        assistantConfidenceThreshold = assisted.assistantConfidenceThreshold();
        maxNgramSize = assisted.maxNgramSize();
        structuredOutput = from.structuredOutput();
        outputFormat = from.outputFormat();
        logitsProcessors.addAll(from.logitsProcessors());
    }

    /** At least 1, or 0 with {@link #echo}; wins over {@link #maxLength}. */
    public GenerationConfigBuilder maxNewTokens(int tokens) {
        maxNewTokens = OptionalInt.of(tokens);
        return this;
    }

    /** At least 1, prompt included. */
    public GenerationConfigBuilder maxLength(int tokens) {
        maxLength = OptionalInt.of(tokens);
        return this;
    }

    /** At least 0. */
    public GenerationConfigBuilder minNewTokens(int tokens) {
        minNewTokens = tokens;
        return this;
    }

    /** Whether stop tokens do not end the answer. */
    public GenerationConfigBuilder ignoreEos(boolean ignore) {
        ignoreEos = ignore;
        return this;
    }

    /** Sets the end-of-sequence token and adds it to the stop tokens. */
    public GenerationConfigBuilder eosTokenId(long id) {
        eosTokenId = OptionalLong.of(id);
        stopTokenIds.add(id);
        return this;
    }

    /** Adds a stop token. */
    public GenerationConfigBuilder stopTokenId(long id) {
        stopTokenIds.add(id);
        return this;
    }

    /** Adds stop tokens. */
    public GenerationConfigBuilder stopTokenIds(Collection<Long> ids) {
        stopTokenIds.addAll(ids);
        return this;
    }

    /** Takes all stop tokens out, the end-of-sequence token included. */
    public GenerationConfigBuilder noStopTokenIds() {
        stopTokenIds.clear();
        eosTokenId = OptionalLong.empty();
        return this;
    }

    /** Adds a stop string. */
    public GenerationConfigBuilder stopString(String text) {
        stopStrings.add(text);
        return this;
    }

    /** Adds stop strings. */
    public GenerationConfigBuilder stopStrings(Collection<String> texts) {
        stopStrings.addAll(texts);
        return this;
    }

    /** Whether the stop string stays in the text. */
    public GenerationConfigBuilder includeStopString(boolean include) {
        includeStopString = include;
        return this;
    }

    /** Whether the prompt comes before the answer. */
    public GenerationConfigBuilder echo(boolean value) {
        echo = value;
        return this;
    }

    /** Whether tokens are drawn by probability. */
    public GenerationConfigBuilder doSample(boolean sample) {
        doSample = sample;
        return this;
    }

    /** Above 0. */
    public GenerationConfigBuilder temperature(float value) {
        temperature = value;
        return this;
    }

    /** Above 0, at most 1. */
    public GenerationConfigBuilder topP(float value) {
        topP = value;
        return this;
    }

    /** At least 1. */
    public GenerationConfigBuilder topK(int value) {
        topK = OptionalInt.of(value);
        return this;
    }

    /** Takes all tokens again. */
    public GenerationConfigBuilder noTopK() {
        topK = OptionalInt.empty();
        return this;
    }

    /** At least 0, below 1. */
    public GenerationConfigBuilder minP(float value) {
        minP = value;
        return this;
    }

    /** Seed of the random numbers; its lower 32 bits count. */
    public GenerationConfigBuilder seed(long value) {
        seed = value;
        return this;
    }

    /** Above 0. */
    public GenerationConfigBuilder repetitionPenalty(float value) {
        repetitionPenalty = value;
        return this;
    }

    /** −2 to 2. */
    public GenerationConfigBuilder presencePenalty(float value) {
        presencePenalty = value;
        return this;
    }

    /** −2 to 2. */
    public GenerationConfigBuilder frequencyPenalty(float value) {
        frequencyPenalty = value;
        return this;
    }

    /** How presence and frequency penalty change a logit. */
    public GenerationConfigBuilder penaltyFlavor(PenaltyFlavor value) {
        penaltyFlavor = value;
        return this;
    }

    /** Above 0 for log-probabilities of the chosen tokens. */
    public GenerationConfigBuilder logprobs(int count) {
        logprobs = count;
        return this;
    }

    /** Whether a prompt is rendered with the model's chat template. */
    public GenerationConfigBuilder applyChatTemplate(boolean apply) {
        applyChatTemplate = apply;
        return this;
    }

    /** Whether the result holds the logits behind the prompt. */
    public GenerationConfigBuilder keepPromptLogits(boolean keep) {
        keepPromptLogits = keep;
        return this;
    }

    /** At least 1; 1 is no beam search. */
    public GenerationConfigBuilder numBeams(int value) {
        numBeams = value;
        return this;
    }

    /** A divisor of the number of beams. */
    public GenerationConfigBuilder numBeamGroups(int value) {
        numBeamGroups = value;
        return this;
    }

    /** Other than 0 with several beam groups. */
    public GenerationConfigBuilder diversityPenalty(float value) {
        diversityPenalty = value;
        return this;
    }

    /** Exponent of the length that divides an answer's score. */
    public GenerationConfigBuilder lengthPenalty(float value) {
        lengthPenalty = value;
        return this;
    }

    /** At least 1. */
    public GenerationConfigBuilder numReturnSequences(int value) {
        numReturnSequences = value;
        return this;
    }

    /** At least 1. */
    public GenerationConfigBuilder noRepeatNgramSize(int value) {
        noRepeatNgramSize = OptionalInt.of(value);
        return this;
    }

    /** When beam search stops. */
    public GenerationConfigBuilder stopCriteria(StopCriteria value) {
        stopCriteria = value;
        return this;
    }

    /** Tokens of a draft, at least 0; not together with {@link #assistantConfidenceThreshold}. */
    public GenerationConfigBuilder numAssistantTokens(int value) {
        numAssistantTokens = value;
        return this;
    }

    /** Where a draft ends, 0 to 1; not together with {@link #numAssistantTokens}. */
    public GenerationConfigBuilder assistantConfidenceThreshold(float value) {
        assistantConfidenceThreshold = value;
        return this;
    }

    /** Longest end of the text that prompt lookup looks for; needs {@link #numAssistantTokens}. */
    public GenerationConfigBuilder maxNgramSize(int value) {
        maxNgramSize = value;
        return this;
    }

    /** What the answer must look like. */
    public GenerationConfigBuilder structuredOutput(StructuredOutputConfig config) {
        structuredOutput = Optional.of(config);
        return this;
    }

    /** Lets the answer be anything again. */
    public GenerationConfigBuilder noStructuredOutput() {
        structuredOutput = Optional.empty();
        return this;
    }

    /** How the model writes reasoning and tool calls, so that answers come with them told apart. */
    public GenerationConfigBuilder outputFormat(OutputFormat format) {
        outputFormat = Optional.of(format);
        return this;
    }

    /** Adds a maker of processors, called once for each answer. */
    public GenerationConfigBuilder logitsProcessor(Supplier<LogitsProcessor> factory) {
        logitsProcessors.add(factory);
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
                echo,
                logprobs,
                numReturnSequences,
                applyChatTemplate,
                keepPromptLogits,
                doSample,
                temperature,
                topP,
                topK,
                minP,
                seed,
                repetitionPenalty,
                presencePenalty,
                frequencyPenalty,
                penaltyFlavor,
                noRepeatNgramSize,
                new BeamSettings(numBeams, numBeamGroups, diversityPenalty, lengthPenalty, stopCriteria),
                new AssistedSettings(numAssistantTokens, assistantConfidenceThreshold, maxNgramSize),
                structuredOutput,
                outputFormat,
                logitsProcessors);
    }
}
