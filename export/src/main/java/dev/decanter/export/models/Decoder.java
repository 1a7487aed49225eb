package dev.decanter.export.models;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The blocks that decoders are made of, in one graph with its inputs, cache, masks and rotary embedding. A block is named by
 * its module's path in the checkpoint and takes its weights from there. The nodes are those that Optimum-Intel's export
 * leaves, in kind and order, so that what recognises one recognises the other.
 */
final class Decoder {
    private static final String LINEAR = "ov_ext::linear";
    private static final String EMBEDDING = "ov_ext::embedding";

    /**
     * How a layer attends.
     *
     * @param inputBias whether q_proj, k_proj and v_proj have a bias
     * @param outputBias whether o_proj has one
     * @param headNorm whether queries and keys are normalised head by head
     * @param window how many tokens a token sees, itself included
     */
    record Attention(boolean inputBias, boolean outputBias, boolean headNorm, OptionalInt window) {}

    private final GraphBuilder root = GraphBuilder.create();
    private final List<Node> parameters = new ArrayList<>();
    private final DecoderConfig config;
    private final Weights weights;
    private final Output inputIds;
    private final KvCache cache;
    private final AttentionMask mask;
    private final RotaryEmbedding rotary;

    /**
     * Makes the inputs and what all layers share.
     *
     * @param stateful whether the cache is the model's state, else it is passed in and out
     */
    Decoder(DecoderConfig config, Weights weights, boolean stateful) {
        this.config = config;
        this.weights = weights;
        inputIds = parameter("input_ids", ElementType.I64, 2);
        Output attentionMask = parameter("attention_mask", ElementType.I64, 2);
        Output positions = parameter("position_ids", ElementType.I64, 2);
        Optional<Output> beams = stateful ? Optional.of(parameter("beam_idx", ElementType.I32, 1)) : Optional.empty();
        Output inputShape = root.in("model").shapeOf(inputIds);
        cache = KvCache.build(root, config, beams, root.dimension(inputShape, 0));
        parameters.addAll(cache.parameters());
        mask = new AttentionMask(root, attentionMask, inputShape, cache.past(0, "key"));
        rotary = RotaryEmbedding.build(root, config.rope(), config.headDim(), positions, mask.batch());
    }

    private Output parameter(String name, ElementType type, int rank) {
        Node parameter = Node.of(new Op.Parameter(type, PartialShape.ofRank(rank)), name);
        parameters.add(parameter);
        return parameter.output().named(name);
    }

    /** A vector for each of {@code input_ids}: f32 [batch, tokens, hidden]. */
    Output embedding(String module) {
        GraphBuilder g = root.in(module);
        Output table = weights.matrix(g, EMBEDDING, module + ".weight", config.vocabulary(), config.hidden());
        Output ids = g.convert(EMBEDDING + "/Convert", inputIds, ElementType.I32);
        return g.gather(EMBEDDING, table, ids, g.intScalar(0)).named("inputs_embeds");
    }

    /** {@code x · Wᵀ (+ b)} with W [out, in]. */
    Output linear(String module, Output x, long in, long out, boolean bias) {
        GraphBuilder g = root.in(module);
        Output product = weights.product(g, LINEAR, x, module, out, in);
        if (!weights.hasBias(module, out, bias)) {
            return product;
        }
        return g.node(LINEAR + "/Add", new BinaryOp.Add(), product, weights.vector(g, module + ".bias", 3, out));
    }

    /** {@code x / sqrt(mean(x²) + eps) · w} over the last dimension. */
    Output rmsNorm(String module, Output x, long size) {
        GraphBuilder g = root.in(module);
        Output variance = g.meanOfLast(g.power(x, g.one(2, x)));
        Output root = g.sqrt(g.add(variance, g.one(config.eps(), x)));
        Output normed = g.multiply(x, g.divide("aten::rsqrt", g.one(1, x), root));
        return g.multiply(weights.vector(g, module + ".weight", x.shape().rank(), size), normed);
    }

    /** {@code x + y}, named for the module that has the residual connection. */
    Output residual(String module, Output x, Output y) {
        return root.in(module).add(x, y);
    }

    /** Self-attention over the cache and the new tokens: f32 [batch, tokens, hidden]. */
    Output attention(String module, Output x, int layer, Attention kind) {
        GraphBuilder g = root.in(module);
        Output query = heads(g, module + ".q_proj", x, config.heads(), kind);
        if (kind.headNorm()) {
            query = rmsNorm(module + ".q_norm", query, config.headDim());
        }
        query = rotary.apply(g, g.transpose(query, 0, 2, 1, 3));

        Output key = heads(g, module + ".k_proj", x, config.kvHeads(), kind);
        if (kind.headNorm()) {
            key = rmsNorm(module + ".k_norm", key, config.headDim());
        }
        key = rotary.apply(g, g.transpose(key, 0, 2, 1, 3));
        Output value = g.transpose(heads(g, module + ".v_proj", x, config.kvHeads(), kind), 0, 2, 1, 3);

        key = cache.append(g, layer, "key", key);
        value = cache.append(g, layer, "value", value);
        if (config.groupSize() > 1) {
            Output grouped = groupedShape(g, key);
            key = repeat(g, key, grouped);
            value = repeat(g, value, grouped);
        }
        Output scale = g.floatScalar((float) Math.pow(config.headDim(), -0.5));
        Output attended = g.node(
                "aten::scaled_dot_product_attention/ScaledDotProductAttention",
                new NeuralOp.ScaledDotProductAttention(false),
                query,
                key,
                value,
                mask.mask(kind.window()),
                scale);
        long width = (long) config.heads() * config.headDim();
        Output joined = g.reshape("aten::reshape", g.transpose(attended, 0, 2, 1, 3), 0, 0, width);
        return linear(module + ".o_proj", joined, width, config.hidden(), kind.outputBias());
    }

    /** [batch, tokens, heads, headDim]. */
    private Output heads(GraphBuilder g, String module, Output x, int heads, Attention kind) {
        long width = (long) heads * config.headDim();
        Output projected = linear(module, x, config.hidden(), width, kind.inputBias());
        return g.reshape("aten::view", projected, 0, 0, heads, config.headDim());
    }

    /** The shape [batch, kvHeads, groupSize, keys, headDim]. */
    private Output groupedShape(GraphBuilder g, Output key) {
        Output batchAndHeads = g.gather("aten::size", g.shapeOf(key), g.longs(0, 1), g.scalar(0));
        return g.list(batchAndHeads, g.longs(config.groupSize()), mask.keyLength(), g.longs(config.headDim()));
    }

    /** Each key head as often as query heads share it: [batch, heads, keys, headDim]. */
    private Output repeat(GraphBuilder g, Output x, Output grouped) {
        Output repeated = g.expand(g.unsqueeze(x, 2), grouped);
        return g.reshape("aten::reshape", repeated, 0, config.heads(), -1, config.headDim());
    }

    /** {@code down(activation(gate(x)) · up(x))}. */
    Output gatedMlp(String module, Output x, boolean bias) {
        Output gate = linear(module + ".gate_proj", x, config.hidden(), config.intermediate(), bias);
        Output activated = config.activation().apply(root.in(module + ".act_fn"), gate);
        Output up = linear(module + ".up_proj", x, config.hidden(), config.intermediate(), bias);
        Output both = root.in(module).multiply(activated, up);
        return linear(module + ".down_proj", both, config.intermediate(), config.hidden(), bias);
    }

    /**
     * Scores for every token of the vocabulary, f32 [batch, tokens, vocabulary], and with them the finished model.
     *
     * @param module the LM head's path
     * @param embedding the embedding's path, of which the weights are taken where both are tied
     */
    Model model(String module, String embedding, Output hidden) {
        if (config.tied()) {
            weights.tie(module, embedding);
        }
        Output logits = config.tied()
                ? weights.product(root.in(module), LINEAR, hidden, embedding, config.vocabulary(), config.hidden())
                : linear(module, hidden, config.hidden(), config.vocabulary(), false);
        logits.named("logits");
        List<Node> results = new ArrayList<>(List.of(Node.of(new Op.Result(List.of("logits")), "logits", logits)));
        results.addAll(cache.results());
        return new Model("Model0", parameters, results, cache.sinks());
    }
}
