package dev.decanter.export.models;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;

/**
 * Rotary position embedding: cosine and sine of position times frequency, computed once, and the turning of queries and keys
 * by them. Halves of a head are paired ({@code x[i]} with {@code x[i + dim / 2]}), as Hugging Face checkpoints are laid out.
 */
final class RotaryEmbedding {
    private static final int HEAD_AXIS = 3;

    private final RopeParameters rope;
    private final int headDim;
    private final Output cos;
    private final Output sin;

    private RotaryEmbedding(RopeParameters rope, int headDim, Output cos, Output sin) {
        this.rope = rope;
        this.headDim = headDim;
        this.cos = cos;
        this.sin = sin;
    }

    /**
     * Builds cosine and sine, both [batch, 1, tokens, dim].
     *
     * @param positions i64 [batch, tokens]
     * @param batch the batch size, a list of one
     */
    static RotaryEmbedding build(GraphBuilder root, RopeParameters rope, int headDim, Output positions, Output batch) {
        GraphBuilder g = root.in("model.rotary_emb");
        Output inverse = rope.dynamic()
                .map(dynamic -> dynamicFrequencies(g, rope.dim(), dynamic, positions))
                .orElseGet(() -> g.floats(Shape.of(1, rope.dim() / 2, 1), rope.inverseFrequencies()));
        Output expanded = g.expand(inverse, g.list(batch, g.longs(1), g.longs(1)));
        Output position = g.convert("aten::to/Convert", g.unsqueeze(positions, 1), ElementType.F32);
        Output angles = g.transpose(g.matMul("aten::matmul", expanded, position, false), 0, 2, 1);
        Output both = g.concat("aten::cat/Concat", -1, angles, angles);
        Output cos = g.unsqueeze(scaled(g, rope, g.cos(both)), 1).named("cos");
        Output sin = g.unsqueeze(scaled(g, rope, g.sin(both)), 1).named("sin");
        return new RotaryEmbedding(rope, headDim, cos, sin);
    }

    private static Output scaled(GraphBuilder g, RopeParameters rope, Output x) {
        return rope.attentionScaling() == 1 ? x : g.multiply(x, g.one(rope.attentionScaling(), x));
    }

    /** [1, dim / 2, 1], from the highest position of this inference. */
    private static Output dynamicFrequencies(
            GraphBuilder g, int dim, RopeParameters.Dynamic dynamic, Output positions) {
        Output last = g.node("aten::max/ReduceMax", new ReduceOp.ReduceMax(false), positions, g.longs(0, 1));
        Output length = g.maximum(g.add(last, g.scalar(1)), g.scalar(dynamic.trainedLength()));
        Output scaled = g.multiply(
                g.convert("aten::to/Convert", length, ElementType.F32), g.floatScalar((float) dynamic.factor()));
        Output growth =
                g.subtract(g.divide("aten::div", scaled, g.floatScalar(dynamic.trainedLength())), g.floatScalar((float)
                        (dynamic.factor() - 1)));
        Output base =
                g.multiply(g.power(growth, g.floatScalar((float) ((double) dim / (dim - 2)))), g.floatScalar((float)
                        dynamic.theta()));
        float[] exponents = new float[dim / 2];
        for (int i = 0; i < exponents.length; i++) {
            exponents[i] = 2f * i / dim;
        }
        Output powers = g.power(base, g.floats(Shape.of(1, dim / 2, 1), exponents));
        return g.divide("aten::reciprocal", g.one(1, powers), powers);
    }

    /** Turns x [batch, heads, tokens, headDim]. */
    Output apply(GraphBuilder g, Output x) {
        if (rope.dim() == headDim) {
            return rotate(g, x);
        }
        Output turned = rotate(g, g.slice(x, g.longs(0), g.longs(rope.dim()), HEAD_AXIS));
        Output kept = g.slice(x, g.longs(rope.dim()), g.longs(Long.MAX_VALUE), HEAD_AXIS);
        return g.concat("aten::cat/Concat", -1, turned, kept);
    }

    /** {@code x · cos + (−x₂, x₁) · sin}. */
    private Output rotate(GraphBuilder g, Output x) {
        long half = rope.dim() / 2;
        Output straight = g.multiply(x, cos);
        Output second = g.slice(x, g.longs(half), g.longs(Long.MAX_VALUE), HEAD_AXIS);
        Output minusOne = g.node("aten::neg/ConvertLike", new ShapeOp.Convert(ElementType.F32), g.intScalar(-1));
        Output negated = g.node("aten::neg/Multiply", new BinaryOp.Multiply(), second, minusOne);
        Output first = g.slice(x, g.longs(0), g.longs(half), HEAD_AXIS);
        Output turned = g.concat("aten::cat/Concat", -1, negated, first);
        return g.add(straight, g.multiply(turned, sin));
    }
}
