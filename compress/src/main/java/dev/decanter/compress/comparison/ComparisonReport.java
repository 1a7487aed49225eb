package dev.decanter.compress.comparison;

import dev.decanter.compress.BitwidthTable;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link Comparison} measured.
 *
 * @param base the model compared to
 * @param other the model compared
 * @param distributions of the next token
 * @param layers the errors of layers, in the order of the graph; empty if they were not asked for, or if no names agree
 * @param answers to prompts; empty if they were not asked for
 */
public record ComparisonReport(
        ModelFacts base,
        ModelFacts other,
        Distributions distributions,
        List<LayerError> layers,
        Optional<Answers> answers) {
    public ComparisonReport {
        layers = List.copyOf(layers);
    }

    /**
     * A model.
     *
     * @param bytes of its XML and BIN
     * @param bitwidths what its weights are stored as
     */
    public record ModelFacts(long bytes, BitwidthTable bitwidths) {}

    /**
     * Next-token distributions P of the base and Q of the other model, on the same texts.
     *
     * @param texts how many
     * @param tokens how many were predicted
     * @param basePerplexity exp of the mean of −ln P(token)
     * @param otherPerplexity exp of the mean of −ln Q(token)
     * @param klMean mean of KL(P ‖ Q) over the predicted tokens, in nats
     * @param kl90 what 90 % of the divergences do not exceed
     * @param kl99 what 99 % of the divergences do not exceed
     * @param klMax the largest divergence
     * @param sameTop share of predicted tokens for which the most probable token is the same, 0 to 1
     */
    public record Distributions(
            int texts,
            long tokens,
            double basePerplexity,
            double otherPerplexity,
            double klMean,
            double kl90,
            double kl99,
            double klMax,
            double sameTop) {}

    /**
     * Greedy answers to prompts, the base's as reference. The divergence is WhoWhatBench's, on generated tokens.
     *
     * @param prompts how many
     * @param identical how many answers are the same, token by token
     * @param firstDivergent FDT: mean number of tokens before the first that differs; more is better
     * @param firstDivergentShare FDT norm: FDT by the mean length of the reference, 0 to 1
     * @param toCorrect SDT: mean number of tokens of an answer that are in no matching block
     * @param toCorrectShare SDT norm: mean share of such tokens in an answer, 0 to 1
     * @param chrF mean character n-gram F-score of the texts (n to 6, β 2; Popović 2015), 0 to 1; a measure of spelling, not of meaning
     */
    public record Answers(
            int prompts,
            int identical,
            double firstDivergent,
            double firstDivergentShare,
            double toCorrect,
            double toCorrectShare,
            double chrF) {}

    /**
     * How far a product of a weight is from the base's, each model computing it from its own activations: errors of earlier
     * layers are included.
     *
     * @param name of the layer in both models
     * @param baseType what most elements of the weight are stored as, for example {@code f16}
     * @param otherType the same in the other model
     * @param relativeError ‖other − base‖ / ‖base‖
     * @param cosine of the two outputs, taken as vectors
     */
    public record LayerError(String name, String baseType, String otherType, double relativeError, double cosine) {}
}
