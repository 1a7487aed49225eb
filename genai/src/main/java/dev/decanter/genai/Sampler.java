package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;

/** Chooses one token after the other for one answer, in the order of transforms of {@link LogitTransforms}. */
final class Sampler {
    private final GenerationConfig config;
    private final long[] prompt;
    private final MersenneTwister random;
    private final List<Float> logprobs = new ArrayList<>();
    private TokenCounts everything = new TokenCounts(0);
    private TokenCounts answer = new TokenCounts(0);
    /** The model's own logits, which log-probabilities are of. */
    private float[] raw = new float[0];

    private int generated;

    Sampler(GenerationConfig config, long[] prompt) {
        this.config = config;
        this.prompt = prompt;
        this.random = new MersenneTwister(config.seed());
    }

    /**
     * The next token.
     *
     * @param logits one for each token of the vocabulary, the same number each time; changed
     * @throws GenerationException if a logit is not a number, or every token is impossible
     */
    int next(float[] logits) {
        if (generated == 0) {
            everything = new TokenCounts(logits.length);
            answer = new TokenCounts(logits.length);
            raw = new float[logits.length];
            for (long token : prompt) {
                everything.add(token);
            }
        }
        double norm = LogitTransforms.logSumExp(logits);
        System.arraycopy(logits, 0, raw, 0, raw.length);
        if (generated < config.minNewTokens()) {
            LogitTransforms.forbid(logits, config.stopTokenIds());
        }
        LogitTransforms.repetition(logits, everything, config.repetitionPenalty());
        LogitTransforms.presence(logits, answer, config.presencePenalty());
        LogitTransforms.frequency(logits, answer, config.frequencyPenalty());
        int token = config.doSample()
                ? LogitTransforms.distribution(logits, config).draw(random.uniform())
                : LogitTransforms.argmax(logits);
        if (logits[token] == Float.NEGATIVE_INFINITY) {
            throw new GenerationException("every token is impossible: min_new_tokens forbids the only ones that the"
                    + " model gives a probability");
        }
        logprobs.add((float) (raw[token] - norm));
        everything.add(token);
        answer.add(token);
        generated++;
        return token;
    }

    /** The log-probabilities of the tokens so far, by the model's own logits. */
    List<Float> logprobs() {
        return logprobs;
    }
}
