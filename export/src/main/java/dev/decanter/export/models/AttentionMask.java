package dev.decanter.export.models;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Which keys each token sees: none of the future, none that {@code attention_mask} marks as padding, none before the
 * layer's window. Given as what is added to attention scores: 0, or the lowest finite number of f16, so that a row with
 * nothing to see (a padding token's) stays finite.
 *
 * <p>The graph is the one that Optimum-Intel's patched mask functions leave, node by node, so that fusions match both.
 */
final class AttentionMask {
    private static final float HIDDEN = -65504;

    private final GraphBuilder g;
    private final Output padding;
    private final Output tokens;
    private final Output batch;
    private final Output past;
    private final Output keyLength;
    private final Output keys;
    private final Output keyIndex;
    private final Output queryIndex;
    private final Map<OptionalInt, Output> masks = new HashMap<>();

    /**
     * Masks for one model.
     *
     * @param attentionMask i64 [batch, past + new tokens], 0 for padding
     * @param inputShape [batch, new tokens, …]
     * @param pastKey [batch, heads, past tokens, headDim]
     */
    AttentionMask(GraphBuilder root, Output attentionMask, Output inputShape, Output pastKey) {
        g = root.in("model");
        batch = g.dimension(inputShape, 0);
        past = g.dimensionScalar(g.shapeOf(pastKey), 2);
        Output newTokens = g.dimensionScalar(inputShape, 1);
        tokens = g.asList(newTokens);
        keyLength = g.add(g.asList(past), tokens);
        keys = g.add(past, g.asScalar(tokens)).named("kv_length");
        keyIndex = g.unsqueeze(g.unsqueeze(g.unsqueeze(g.arange(g.intScalar(0), keys), 0), 1), 2)
                .named("kv_idx");
        Output cachePosition = g.arange(past, g.add(past, newTokens)).named("cache_position");
        queryIndex =
                g.unsqueeze(g.unsqueeze(g.unsqueeze(cachePosition, 0), 1), 3).named("q_idx");
        padding = notPadding(attentionMask);
    }

    /** The batch size, a list of one. */
    Output batch() {
        return batch;
    }

    /** Past and new tokens together, a list of one. */
    Output keyLength() {
        return keyLength;
    }

    /** f32 [batch, 1, new tokens, past + new tokens] for a layer with this window. */
    Output mask(OptionalInt window) {
        Output known = masks.get(window);
        if (known == null) {
            known = build(window);
            masks.put(window, known);
        }
        return known;
    }

    private Output build(OptionalInt window) {
        Output visible = g.yes();
        if (window.isPresent()) {
            Output first = g.subtract(queryIndex, g.scalar(window.getAsInt()));
            visible = g.and(visible, g.greater(keyIndex, first));
        }
        visible = g.and(visible, g.lessEqual(keyIndex, queryIndex));
        visible = g.and(visible, padding);
        Output last = g.node("prim::ListConstruct/Unsqueeze", new ShapeOp.Unsqueeze(), keys, g.intScalar(0));
        Output full = g.expand(visible, g.list(batch, g.longs(1), tokens, last));
        Output added = g.select(full, g.floatScalar(0), g.floatScalar(HIDDEN));
        return g.slice(added, g.longs(0), keyLength, 3);
    }

    /** boolean [batch, 1, 1, keys]: {@code attention_mask[batch_idx, kv_idx]}, as a gather from the flat mask. */
    private Output notPadding(Output attentionMask) {
        Output mask = g.convert("aten::to/Convert", attentionMask, ElementType.BOOLEAN);
        Output shape = intShapeOf(mask);
        Output count = g.node("aten::index/ReduceProd", new ReduceOp.ReduceProd(true), shape, g.intScalar(0));
        Output flat = g.node(
                "aten::index/Reshape",
                new ShapeOp.Reshape(true),
                mask,
                g.concat("aten::index/Concat", 0, count, g.ints(-1)));
        Output rows = g.arange(g.intScalar(0), g.node("Squeeze", new ShapeOp.Squeeze(), batch));
        Output batchIndex = g.unsqueeze(g.unsqueeze(g.unsqueeze(rows, 1), 2), 3).named("batch_idx");
        Output axis = g.intScalar(0);
        Output rowLength = g.split("aten::index/Split", shape, axis, 2).get(1);
        Output key = g.convert("aten::index/Convert", keyIndex, ElementType.I32);
        Output row = g.convert("aten::index/Convert", batchIndex, ElementType.I32);
        Output index = g.node(
                "aten::index/Add",
                new BinaryOp.Add(),
                key,
                g.node("aten::index/Multiply", new BinaryOp.Multiply(), row, rowLength));
        Output found = g.node("aten::index/Gather", new GatherScatterOp.Gather(0), flat, index, axis);
        Output list = g.node("aten::index/Reshape", new ShapeOp.Reshape(false), found, g.longs(-1));
        return g.node("aten::index/Reshape", new ShapeOp.Reshape(false), list, intShapeOf(index));
    }

    private Output intShapeOf(Output x) {
        return g.node("aten::index/ShapeOf", new ShapeOp.ShapeOf(ElementType.I32), x);
    }
}
