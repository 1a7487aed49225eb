package dev.decanter.cli;

import dev.decanter.genai.DraftModel;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationConfigBuilder;
import dev.decanter.genai.PenaltyFlavor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.stream.LongStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags that change the model's generation configuration. */
final class SamplingOptions {
    /** What a model that sets no limit gets, as far as its context has room. */
    static final int DEFAULT_NEW_TOKENS = 256;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Most tokens to generate; by default what generation_config.json says, else "
                    + DEFAULT_NEW_TOKENS + ".")
    private Optional<Integer> maxNewTokens = Optional.empty();

    @Option(names = "--min-new-tokens", paramLabel = "N", description = "No end before so many tokens.")
    private Optional<Integer> minNewTokens = Optional.empty();

    @Option(
            names = "--do-sample",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "BOOL",
            description = "Draw tokens by probability; --do-sample=false takes the likeliest one.")
    private Optional<Boolean> doSample = Optional.empty();

    @Option(names = "--temperature", paramLabel = "X", description = "Divides the logits, above 0.")
    private Optional<Float> temperature = Optional.empty();

    @Option(names = "--top-k", paramLabel = "N", description = "Draw from the N likeliest tokens.")
    private Optional<Integer> topK = Optional.empty();

    @Option(names = "--top-p", paramLabel = "P", description = "Draw from the likeliest tokens up to probability P.")
    private Optional<Float> topP = Optional.empty();

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Draw from tokens at least P times as likely as the first.")
    private Optional<Float> minP = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Of the random numbers.")
    private Optional<Long> seed = Optional.empty();

    @Option(names = "--repetition-penalty", paramLabel = "X", description = "Above 1 avoids tokens that were there.")
    private Optional<Float> repetitionPenalty = Optional.empty();

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            description = "-2 to 2, taken off tokens that were generated.")
    private Optional<Float> presencePenalty = Optional.empty();

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "-2 to 2, for each time that a token was.")
    private Optional<Float> frequencyPenalty = Optional.empty();

    @Option(
            names = "--penalty-flavor",
            paramLabel = "NAME",
            description = "How presence and frequency penalties treat negative logits: ${COMPLETION-CANDIDATES}.")
    private Optional<PenaltyFlavor> penaltyFlavor = Optional.empty();

    @Option(
            names = "--no-repeat-ngram-size",
            paramLabel = "N",
            description = "No run of N tokens occurs twice, the prompt included.")
    private Optional<Integer> noRepeatNgramSize = Optional.empty();

    @Mixin
    private BeamOptions beams = new BeamOptions();

    @Mixin
    private DraftOptions drafts = new DraftOptions();

    @Mixin
    private StructuredOptions structure = new StructuredOptions();

    @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the answer at this text; can be repeated.")
    private List<String> stop = new ArrayList<>();

    @Option(
            names = "--stop-token-ids",
            paramLabel = "IDS",
            description = "Ends the answer at these tokens, such as 2,32000.")
    private Optional<String> stopTokenIds = Optional.empty();

    @Option(names = "--include-stop-str", description = "Keep the stop text in the answer.")
    private boolean includeStopString;

    @Option(names = "--ignore-eos", description = "Do not end at stop tokens.")
    private boolean ignoreEos;

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            description = "Give the log-probabilities of the tokens (with --json).")
    private Optional<Integer> logprobs = Optional.empty();

    /** Whether the flags or the model's configuration set a limit of new tokens. */
    boolean limits(GenerationConfig model) {
        return maxNewTokens.isPresent()
                || model.maxNewTokens().isPresent()
                || model.maxLength().isPresent();
    }

    /** The draft model, if one is asked for. */
    Optional<DraftModel> draft(BaseCommand command) {
        return drafts.model(command);
    }

    /**
     * The model's configuration with the flags put over it.
     *
     * @param defaultNewTokens the limit where neither sets one
     */
    GenerationConfig over(GenerationConfig model, BaseCommand command, IntSupplier defaultNewTokens) {
        GenerationConfigBuilder builder = model.toBuilder();
        if (!limits(model)) {
            builder.maxNewTokens(defaultNewTokens.getAsInt());
        }
        maxNewTokens.ifPresent(builder::maxNewTokens);
        minNewTokens.ifPresent(builder::minNewTokens);
        doSample.ifPresent(builder::doSample);
        temperature.ifPresent(builder::temperature);
        topK.ifPresent(builder::topK);
        topP.ifPresent(builder::topP);
        minP.ifPresent(builder::minP);
        seed.ifPresent(builder::seed);
        repetitionPenalty.ifPresent(builder::repetitionPenalty);
        presencePenalty.ifPresent(builder::presencePenalty);
        frequencyPenalty.ifPresent(builder::frequencyPenalty);
        penaltyFlavor.ifPresent(builder::penaltyFlavor);
        noRepeatNgramSize.ifPresent(builder::noRepeatNgramSize);
        if (beams.search() && doSample.isEmpty() && model.doSample()) {
            builder.doSample(false);
            command.note("beam search does not sample: do_sample of generation_config.json is off");
        }
        beams.over(builder);
        drafts.over(builder);
        structure.over(builder, command);
        if (!stop.isEmpty()) {
            builder.stopStrings(stop);
        }
        stopTokenIds.ifPresent(
                text -> builder.stopTokenIds(LongStream.of(TokenIds.parse(text, command, "--stop-token-ids"))
                        .boxed()
                        .toList()));
        if (includeStopString) {
            builder.includeStopString(true);
        }
        if (ignoreEos) {
            builder.ignoreEos(true);
        }
        logprobs.ifPresent(builder::logprobs);
        GenerationConfig config = builder.build();
        if (!config.doSample()
                && (temperature.isPresent() || topK.isPresent() || topP.isPresent() || minP.isPresent())) {
            command.note("temperature, top-k, top-p and min-p have no effect without --do-sample");
        }
        return config;
    }
}
