package dev.decanter.cpu.compile;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ExtensionOp;
import java.util.ArrayList;
import java.util.List;

/** Ops that exist only between this device's passes and its plan, each standing for several of the model's nodes. */
sealed interface FusedOp extends ExtensionOp {
    @Override
    default String type() {
        return getClass().getSimpleName();
    }

    /** f32 of the shape of input 0; most fused ops are like this. */
    @Override
    default List<OutputSpec> infer(List<Output> inputs) {
        return f32(inputs.getFirst().shape());
    }

    private static List<OutputSpec> f32(PartialShape shape) {
        return List.of(new OutputSpec(ElementType.F32, shape));
    }

    private static PartialShape withDim(PartialShape shape, int axis, Dimension dim) {
        if (!shape.hasRank()) {
            return PartialShape.DYNAMIC;
        }
        List<Dimension> dims = new ArrayList<>(shape.dims());
        dims.set(axis < 0 ? axis + dims.size() : axis, dim);
        return PartialShape.of(dims);
    }

    /** x [..., K] times a constant weight [N, K], plus bias [N] if there is one. */
    record Linear(WeightSource weight, List<Float> bias) implements FusedOp {
        public Linear {
            bias = List.copyOf(bias);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(inputs.getFirst().shape(), -1, Dimension.of(weight.outputs())));
        }
    }

    /** Rows of a constant table [N, K] for indices [...]; an index out of range gives a row of zeros. */
    record Embedding(WeightSource table) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape indices = inputs.getFirst().shape();
            if (!indices.hasRank()) {
                return f32(PartialShape.DYNAMIC);
            }
            List<Dimension> dims = new ArrayList<>(indices.dims());
            dims.add(Dimension.of(table.inputs()));
            return f32(PartialShape.of(dims));
        }
    }

    /** x / sqrt(mean(x²) + eps) · weight over the last axis. Inputs x, weight. */
    record RmsNorm(float eps) implements FusedOp {}

    /** (x − mean) / sqrt(var + eps) · weight + bias over the last axis. Inputs x, weight, bias. */
    record LayerNorm(float eps) implements FusedOp {}

    /** Rotary embedding, halves rotated: x·cos + rotate(x)·sin. Inputs x [B, H, S, D], cos and sin [B|1, 1, S, D]. */
    record Rotary() implements FusedOp {}

    /** swish(gate) · up. Inputs gate, up. */
    record SwishMultiply() implements FusedOp {}

    /**
     * Appends to a KV cache along axis 2 and gives the whole cache. Inputs new [B, H, S, D], beam index [B].
     *
     * @param variable the state variable's id
     */
    record CacheAppend(String variable) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(inputs.getFirst().shape(), 2, Dimension.DYNAMIC));
        }
    }

    /**
     * The cache before this inference's append, of which only the shape [B, H, T, D] may be asked. Inputs beam index [B],
     * initial value.
     *
     * @param variable the state variable's id
     */
    record CachePast(String variable) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(inputs.get(1).shape(), 2, Dimension.DYNAMIC));
        }
    }

    /**
     * Scaled dot product attention with fewer key heads than query heads. Inputs q [B, H, S, D], k and v [B, Hkv, T, D][,
     * mask f32, added].
     *
     * @param scale factor of q·k; NaN for 1/√D
     */
    record Attention(float scale, boolean causal) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape v = inputs.get(2).shape();
            return f32(withDim(inputs.getFirst().shape(), -1, v.hasRank() ? v.dim(-1) : Dimension.DYNAMIC));
        }
    }
}
