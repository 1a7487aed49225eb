package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.infer.InputSpec;
import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.NeuralOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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

    /** The shape of what an op makes of two f32 values. */
    private static PartialShape inferF32(NeuralOp op, String layer, PartialShape a, PartialShape b) {
        List<InputSpec> specs = List.of(
                new InputSpec(ElementType.F32, a, Optional.empty()),
                new InputSpec(ElementType.F32, b, Optional.empty()));
        return ShapeInference.inferSpecs(op, layer, specs).getFirst().shape();
    }

    private static PartialShape withDim(PartialShape shape, int axis, Dimension dim) {
        if (!shape.hasRank()) {
            return PartialShape.DYNAMIC;
        }
        List<Dimension> dims = new ArrayList<>(shape.dims());
        dims.set(axis < 0 ? axis + dims.size() : axis, dim);
        return PartialShape.of(dims);
    }

    /** An op that can add a constant vector to its result. */
    sealed interface Biased extends FusedOp {
        /** What is added; empty for nothing. */
        List<Float> bias();

        /** How many values a bias has. */
        int outputs();

        /** Which axis of the result the bias is along, counted from the last, which is 1. */
        default int biasAxis() {
            return 1;
        }

        /** The same op with a bias. */
        FusedOp withBias(List<Float> values);
    }

    /** x [..., K] times a constant weight [N, K], plus bias [N] if there is one. */
    record Linear(WeightSource weight, List<Float> bias) implements Biased {
        public Linear {
            bias = List.copyOf(bias);
        }

        @Override
        public int outputs() {
            return weight.outputs();
        }

        @Override
        public FusedOp withBias(List<Float> values) {
            return new Linear(weight, values);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(inputs.getFirst().shape(), -1, Dimension.of(weight.outputs())));
        }
    }

    /** Codes of a byte of x, of x's shape. */
    record Quantize(QuantizerLevels levels) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return List.of(new OutputSpec(ElementType.U8, inputs.getFirst().shape()));
        }
    }

    /** Codes [..., K] times a constant weight of bytes [N, K], plus bias [N] if there is one. */
    record Int8Linear(ChannelWeight weight, QuantizerLevels levels, List<Float> bias) implements Biased {
        public Int8Linear {
            bias = List.copyOf(bias);
        }

        @Override
        public int outputs() {
            return weight.outputs();
        }

        @Override
        public FusedOp withBias(List<Float> values) {
            return new Int8Linear(weight, levels, values);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(inputs.getFirst().shape(), -1, Dimension.of(weight.outputs())));
        }
    }

    /**
     * {@code op}, Convolution or GroupConvolution, by a constant weight, plus bias [channels] if there is one. Input f32, or
     * codes if there are levels.
     *
     * @param kernel the weight's shape
     */
    record Convolution(
            NeuralOp op, Shape kernel, ChannelWeight weight, Optional<QuantizerLevels> levels, List<Float> bias)
            implements Biased {
        public Convolution {
            bias = List.copyOf(bias);
        }

        @Override
        public String type() {
            return levels.isPresent() ? "Int8Convolution" : "ConvolutionByConstant";
        }

        private boolean grouped() {
            return op instanceof NeuralOp.GroupConvolution;
        }

        int groups() {
            return grouped() ? Math.toIntExact(kernel.dim(0)) : 1;
        }

        /** Input channels of a group. */
        int channels() {
            return Math.toIntExact(kernel.dim(grouped() ? 2 : 1));
        }

        @Override
        public int outputs() {
            return weight.outputs();
        }

        @Override
        public int biasAxis() {
            return kernel.rank() - (grouped() ? 2 : 1);
        }

        @Override
        public FusedOp withBias(List<Float> values) {
            return new Convolution(op, kernel, weight, levels, values);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(shape(type(), inputs.getFirst().shape()));
        }

        private PartialShape shape(String layer, PartialShape x) {
            return inferF32(op, layer, x, PartialShape.of(kernel));
        }

        /** The result's shape; throws if the weight does not fit the data. */
        Shape shape(String layer, Shape x) {
            return shape(layer, PartialShape.of(x)).toShape();
        }
    }

    /** {@code op} on what two tensors of codes stand for. */
    record Int8MatMul(NeuralOp.MatMul op, QuantizerLevels left, QuantizerLevels right) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(shape(type(), inputs.get(0).shape(), inputs.get(1).shape()));
        }

        private PartialShape shape(String layer, PartialShape a, PartialShape b) {
            return inferF32(op, layer, a, b);
        }

        /** The result's shape; throws if the operands do not fit. */
        Shape shape(String layer, Shape a, Shape b) {
            return shape(layer, PartialShape.of(a), PartialShape.of(b)).toShape();
        }
    }

    /** x [..., M, K] times constant weights [B..., N, K], their leading dimensions broadcast. */
    record BatchedLinear(WeightSource weight) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape x = inputs.getFirst().shape();
            if (!x.hasRank()) {
                return f32(PartialShape.DYNAMIC);
            }
            int rank = Math.max(x.rank(), weight.batch().rank() + 2);
            List<Dimension> dims = new ArrayList<>(rank);
            for (int i = rank; i > 2; i--) {
                long own = i - 2 <= weight.batch().rank() ? weight.batch().dim(2 - i) : 1;
                dims.add(own != 1 || i > x.rank() ? Dimension.of(own) : x.dim(-i));
            }
            dims.add(x.dim(-2));
            dims.add(Dimension.of(weight.outputs()));
            return f32(PartialShape.of(dims));
        }
    }

    /**
     * x [..., K] quantized to 8 bits as it comes, times constant weights of integers, plus biases. Inputs x[, weight [K] of a
     * normalization[, what is added to x before]].
     *
     * @param parts what multiplies x; each has an output
     * @param group inputs that are quantized together
     * @param norm ε of an RMS normalization of x before
     * @param adds whether x is a sum; the sum is the last output
     * @param gate f of f(part 0) · part 1, which then is the only output of the parts
     */
    record BlockLinear(
            List<Linear> parts,
            int group,
            Optional<Float> norm,
            boolean adds,
            Optional<dev.decanter.cpu.kernels.UnaryOp> gate)
            implements FusedOp {
        public BlockLinear {
            parts = List.copyOf(parts);
        }

        @Override
        public String type() {
            return (adds ? "Add" : "")
                    + (norm.isPresent() ? "Norm" : "")
                    + (gate.isPresent() ? "BlockGate" : "BlockLinear");
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape x = inputs.getFirst().shape();
            List<OutputSpec> outputs = new ArrayList<>();
            for (Linear part : parts.subList(0, products())) {
                outputs.add(new OutputSpec(ElementType.F32, withDim(x, -1, Dimension.of(part.outputs()))));
            }
            if (adds) {
                outputs.add(new OutputSpec(ElementType.F32, x));
            }
            return outputs;
        }

        /** Outputs that are products. */
        int products() {
            return gate.isPresent() ? 1 : parts.size();
        }
    }

    /** As {@link BatchedLinear}, by integers, with x quantized to 8 bits as it comes, {@code group} inputs together. */
    record BlockBatchedLinear(WeightSource weight, int group) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return new BatchedLinear(weight).infer(inputs);
        }
    }

    /** The f32 numbers of a compressed constant, made anew in each inference. No inputs. */
    record Decompress(Compressed source) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(PartialShape.of(source.shape()));
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

    /** The shape with the two middle ones of four axes exchanged. */
    private static PartialShape exchanged(PartialShape shape) {
        List<Dimension> d = shape.dims();
        return PartialShape.of(List.of(d.get(0), d.get(2), d.get(1), d.get(3)));
    }

    /**
     * Rotary embedding, halves rotated: x·cos + rotate(x)·sin. Inputs x [B, H, S, D], cos and sin [B|1, 1, S, D].
     *
     * @param turned whether x is [B, S, H, D]; the result is [B, H, S, D] all the same
     */
    record Rotary(boolean turned) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape x = inputs.getFirst().shape();
            return f32(turned ? exchanged(x) : x);
        }
    }

    /**
     * Cosines and sines of positions [B, S] i64 times frequencies, times a scale; both [B, 1, S, 2n], of n frequencies and again
     * of the same.
     */
    record Angles(List<Float> frequencies, float scale) implements FusedOp {
        public Angles {
            frequencies = List.copyOf(frequencies);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            List<Dimension> given = inputs.getFirst().shape().dims();
            PartialShape shape = PartialShape.of(
                    List.of(given.get(0), Dimension.of(1), given.get(1), Dimension.of(2L * frequencies.size())));
            OutputSpec spec = new OutputSpec(ElementType.F32, shape);
            return List.of(spec, spec);
        }
    }

    /** swish(gate) · up. Inputs gate, up. */
    record SwishMultiply() implements FusedOp {}

    /**
     * Appends to a KV cache along axis 2 and gives the whole cache. Inputs new [B, H, S, D], beam index [B].
     *
     * @param variable the state variable's id
     * @param turned whether the new ones are [B, S, H, D]
     */
    record CacheAppend(String variable, boolean turned) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape given = inputs.getFirst().shape();
            return f32(withDim(turned ? exchanged(given) : given, 2, Dimension.DYNAMIC));
        }
    }

    /**
     * The cache before this inference's append, of which only the shape [B, H, T, D] may be asked. Input beam index [B].
     *
     * @param variable the state variable's id
     * @param initial what it is before the first inference, of which only the shape matters
     */
    record CachePast(String variable, PartialShape initial) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(withDim(initial, 2, Dimension.DYNAMIC));
        }
    }

    /**
     * What is added to scores, [rows, 1, queries, keys]: 0 where {@code from <= k - i < until} for key k and query i and k is no
     * padding, {@code hidden} elsewhere. Keys end where they are cut, if not before. Only attention may read it.
     */
    record DecoderMask(
            Extent rows,
            Extent queries,
            Extent keys,
            Optional<Extent> from,
            Optional<Extent> until,
            Optional<Extent> cut,
            float hidden,
            Optional<Padding> padding)
            implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            return f32(PartialShape.of(-1, 1, -1, -1));
        }
    }

    /** A list of numbers, or a single one, of sizes of the inputs. */
    record Sizes(List<Extent> numbers, ElementType elementType, boolean alone) implements FusedOp {
        public Sizes {
            numbers = List.copyOf(numbers);
        }

        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            Shape shape = alone ? Shape.SCALAR : Shape.of(numbers.size());
            return List.of(new OutputSpec(elementType, PartialShape.of(shape)));
        }
    }

    /**
     * Key k of row b is padding where element {@code b * rowLength + first + k} of input 0 is 0, or does not exist.
     *
     * @param rows how many rows there are, where one may stand for all
     */
    record Padding(Extent first, Extent rowLength, Optional<Extent> rows) {}

    /**
     * Scaled dot product attention with fewer key heads than query heads. Inputs q [B, H, S, D], k and v [B, Hkv, T, D][,
     * mask f32, added].
     *
     * @param scale factor of q·k; NaN for 1/√D
     * @param exact whether nothing may be computed with fewer bits than f32
     * @param turned whether the result is [B, S, H, Dv] and not [B, H, S, Dv]
     */
    record Attention(float scale, boolean causal, boolean exact, boolean turned) implements FusedOp {
        @Override
        public List<OutputSpec> infer(List<Output> inputs) {
            PartialShape v = inputs.get(2).shape();
            PartialShape heads = withDim(inputs.getFirst().shape(), -1, v.hasRank() ? v.dim(-1) : Dimension.DYNAMIC);
            return f32(turned ? exchanged(heads) : heads);
        }
    }
}
