package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The tokens of one sequence with all that changes its logits before a token is chosen from them, in the order that {@link
 * LogitsProcessor} tells. The choice itself is the caller's, who says with {@link #accept} what it was.
 */
final class SequenceState {
    private final GenerationConfig config;
    private final Tokens tokens;
    private final TokenCounts everything;
    private final TokenCounts answer;
    private final List<LogitsProcessor> masks;
    private final List<LogitsProcessor> processors;
    private final LogitsFactories factories;

    /** Begins with a prompt. */
    SequenceState(GenerationConfig config, LogitsFactories factories, long[] prompt, int limit) {
        this(
                config,
                factories,
                new Tokens(prompt, limit),
                new TokenCounts(),
                new TokenCounts(),
                made(factories.masks()),
                made(factories.processors()));
        if (config.repetitionPenalty() != 1) {
            for (long token : prompt) {
                everything.add(token);
            }
        }
    }

    private SequenceState(
            GenerationConfig config,
            LogitsFactories factories,
            Tokens tokens,
            TokenCounts everything,
            TokenCounts answer,
            List<LogitsProcessor> masks,
            List<LogitsProcessor> processors) {
        this.config = config;
        this.factories = factories;
        this.tokens = tokens;
        this.everything = everything;
        this.answer = answer;
        this.masks = masks;
        this.processors = processors;
    }

    private static List<LogitsProcessor> made(List<Supplier<LogitsProcessor>> factories) {
        return factories.stream().map(Supplier::get).toList();
    }

    /** A branch: the same sequence so far, which can go on otherwise. */
    SequenceState fork() {
        return new SequenceState(
                config,
                factories,
                tokens.copy(),
                everything.copy(),
                answer.copy(),
                copies(masks, factories.masks()),
                copies(processors, factories.processors()));
    }

    private List<LogitsProcessor> copies(List<LogitsProcessor> from, List<Supplier<LogitsProcessor>> makers) {
        List<LogitsProcessor> copies = new ArrayList<>(from.size());
        for (int i = 0; i < from.size(); i++) {
            Supplier<LogitsProcessor> maker = makers.get(i);
            copies.add(from.get(i).copy().orElseGet(() -> replayed(maker.get())));
        }
        return copies;
    }

    private LogitsProcessor replayed(LogitsProcessor fresh) {
        for (int i = tokens.promptLength(); i < tokens.length(); i++) {
            fresh.accepted(tokens.token(i));
        }
        return fresh;
    }

    /** Prompt and answer so far. */
    Tokens tokens() {
        return tokens;
    }

    /**
     * Masks, penalties and the user's processors, in place.
     *
     * @throws GenerationException if a processor leaves a logit that is not a number, or every token is impossible
     */
    void apply(float[] logits) {
        if (!tryApply(logits)) {
            throw new GenerationException("every token is impossible after " + tokens.generated()
                    + " of the answer: min_new_tokens, no_repeat_ngram_size, structured output or a logits processor"
                    + " forbids all that the model gives a probability; loosen one of them");
        }
    }

    /** As {@link #apply}; returns whether any token is possible. */
    boolean tryApply(float[] logits) {
        boolean early = tokens.generated() < config.minNewTokens();
        boolean masked = early
                || !masks.isEmpty()
                || !processors.isEmpty()
                || config.noRepeatNgramSize().isPresent();
        if (early) {
            LogitTransforms.forbid(logits, config.stopTokenIds());
        }
        masks.forEach(mask -> mask.process(logits, tokens));
        config.noRepeatNgramSize().ifPresent(size -> LogitTransforms.noRepeat(logits, tokens, size));
        LogitTransforms.repetition(logits, everything, config.repetitionPenalty());
        LogitTransforms.presence(logits, answer, config.presencePenalty(), config.penaltyFlavor());
        LogitTransforms.frequency(logits, answer, config.frequencyPenalty(), config.penaltyFlavor());
        for (LogitsProcessor processor : processors) {
            processor.process(logits, tokens);
            requireNumbers(logits, processor);
        }
        return !masked || logits[LogitTransforms.argmax(logits)] > Float.NEGATIVE_INFINITY;
    }

    private static void requireNumbers(float[] logits, LogitsProcessor processor) {
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i]) || logits[i] == Float.POSITIVE_INFINITY) {
                throw new GenerationException(
                        "the logits processor " + processor.getClass().getName() + " made the logit" + " of token " + i
                                + " " + logits[i] + "; it must be a finite number or −∞");
            }
        }
    }

    /** Takes the next token of the answer. */
    void accept(long token) {
        tokens.append(token);
        if (config.repetitionPenalty() != 1) {
            everything.add(token);
        }
        if (config.presencePenalty() != 0 || config.frequencyPenalty() != 0) {
            answer.add(token);
        }
        masks.forEach(mask -> mask.accepted(token));
        processors.forEach(processor -> processor.accepted(token));
    }
}
