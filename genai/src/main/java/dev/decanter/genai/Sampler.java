package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** Chooses one token after the other for one sequence: the likeliest, or by lot. */
final class Sampler {
    private final GenerationConfig config;
    private final SequenceState state;
    private final MersenneTwister random;
    private final List<Float> logprobs = new ArrayList<>();
    /** The model's own logits, which log-probabilities are of. */
    private float[] raw = new float[0];

    /**
     * For a sequence of its own.
     *
     * @param number of the sequence among those of one prompt, which is added to the seed
     */
    Sampler(GenerationConfig config, SequenceState state, int number) {
        this.config = config;
        this.state = state;
        this.random = new MersenneTwister(config.seed() + number);
    }

    /**
     * Chooses the next token and adds it to the sequence.
     *
     * @param logits one for each token of the vocabulary, the same number each time; changed
     * @throws GenerationException if a logit is not a number, or every token is impossible
     */
    int next(float[] logits) {
        return next(logits, distribution -> distribution.draw(random.uniform()));
    }

    /** As {@link #next(float[])} where a draft guesses the token: it is kept as often as the distribution allows. */
    int next(float[] logits, Proposal guess) {
        return next(logits, distribution -> distribution.draw(guess, random));
    }

    private int next(float[] logits, ToIntFunction<Distribution> draw) {
        if (raw.length != logits.length) {
            raw = new float[logits.length];
        }
        double norm = LogitTransforms.logSumExp(logits, raw);
        System.arraycopy(logits, 0, raw, 0, raw.length);
        state.apply(logits);
        int token = config.doSample()
                ? draw.applyAsInt(LogitTransforms.distribution(logits, config))
                : LogitTransforms.argmax(logits);
        logprobs.add((float) (raw[token] - norm));
        state.accept(token);
        return token;
    }

    /** The log-probabilities of the tokens so far, by the model's own logits. */
    List<Float> logprobs() {
        return logprobs;
    }
}
