package dev.decanter.genai;

import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Guesses with a smaller model of the same vocabulary. Its tokens are chosen as the large one's are, by the same masks,
 * penalties and cuts, so that the two distributions are as alike as the models.
 */
final class ModelDrafter implements Drafter {
    /** Tokens of a draft that only its confidence ends. */
    private static final int UNTIL_CONFIDENCE_ENDS = 20;

    /** Apart from the generator that decides and draws for the large model. */
    private static final int OWN_SEED = 0x5EED;

    private final CachedModel draft;
    private final GenerationConfig config;
    private final int size;
    private final MersenneTwister random;
    private float[] logits = new float[0];
    private float[] narrow = new float[0];

    /**
     * Drafts for one answer.
     *
     * @param vocabulary of the large model; tokens that only the small one has are not proposed
     */
    ModelDrafter(CachedModel draft, GenerationConfig config, int vocabulary) {
        this.draft = draft;
        this.config = config;
        this.logits = new float[vocabulary];
        AssistedSettings settings = config.assisted();
        this.size = settings.assistantConfidenceThreshold() > 0
                ? UNTIL_CONFIDENCE_ENDS
                : settings.numAssistantTokens() > 0 ? settings.numAssistantTokens() : AssistedSettings.DEFAULT_TOKENS;
        this.random = new MersenneTwister(config.seed() ^ OWN_SEED);
    }

    @Override
    public List<Proposal> propose(SequenceState state, int most) {
        SequenceState ahead = state.fork();
        List<Proposal> proposals = new ArrayList<>();
        boolean ended = false;
        while (!ended && proposals.size() < Math.min(size, most)) {
            read(draft.run(ahead.tokens()));
            if (!ahead.tryApply(logits) || !confident()) {
                break;
            }
            Proposal next = choose();
            proposals.add(next);
            ahead.accept(next.token());
            ended = config.stopTokenIds().contains((long) next.token()) && !config.ignoreEos();
        }
        return proposals;
    }

    /** Takes logits of a vocabulary that may have another size: padding rows of embeddings differ within a family. */
    private void read(StepLogits step) {
        int given = step.vocabulary();
        if (given <= logits.length) {
            Arrays.fill(logits, given, logits.length, Float.NEGATIVE_INFINITY);
            step.copyTo(0, 0, logits);
        } else {
            if (narrow.length != given) {
                narrow = new float[given];
            }
            step.copyTo(0, 0, narrow);
            System.arraycopy(narrow, 0, logits, 0, logits.length);
        }
    }

    /** By the likeliest token, not the one that will be drawn: which draws are kept must not depend on them. */
    private boolean confident() {
        float threshold = config.assisted().assistantConfidenceThreshold();
        if (threshold == 0) {
            return true;
        }
        double norm = LogitTransforms.logSumExp(logits, new float[logits.length]);
        return Math.exp(logits[LogitTransforms.argmax(logits)] - norm) >= threshold;
    }

    private Proposal choose() {
        if (!config.doSample()) {
            return Proposal.certain(LogitTransforms.argmax(logits));
        }
        Distribution distribution = LogitTransforms.distribution(logits, config);
        return new Proposal(distribution.draw(random.uniform()), distribution);
    }
}
