package dev.decanter.ir.op;

import dev.decanter.ir.ElementType;
import java.util.List;

/** Products, convolutions, norms, attention and quantization. */
public sealed interface NeuralOp extends Op {
    /** Batched product with NumPy broadcasting of the batch dimensions; a rank 1 operand is a row (left), column (right). */
    @OpType("MatMul")
    record MatMul(
            @Attribute(absent = "false") boolean transposeA,
            @Attribute(absent = "false") boolean transposeB) implements NeuralOp {}

    @OpType(value = "SoftMax", opset = "opset8")
    record Softmax(@Attribute(absent = "1") long axis) implements NeuralOp {}

    /** As {@link Softmax}, without negative axes. */
    @OpType("SoftMax")
    record SoftmaxV1(@Attribute(absent = "1") long axis) implements NeuralOp {}

    @OpType(value = "LogSoftmax", opset = "opset5")
    record LogSoftmax(@Attribute(absent = "1") long axis) implements NeuralOp {}

    /** Whether epsilon is added to the variance before the root or to the root. */
    enum EpsMode {
        INSIDE_SQRT,
        OUTSIDE_SQRT
    }

    /** Mean-variance normalization over the axes of the second input: {@code (x − mean) / sqrt(var + eps)}. */
    @OpType(value = "MVN", opset = "opset6")
    record Mvn(boolean normalizeVariance, double eps, EpsMode epsMode) implements NeuralOp {}

    /**
     * {@code softmax(q·kᵀ·scale + mask)·v}. Inputs q [..., L, E], k [..., S, E], v [..., S, Ev][, mask (f32 added, or
     * boolean, true keeps)[, scale[, sink]]]; scale is 1/√E when absent.
     *
     * @param causal whether position i sees only keys up to i (mask is then ignored)
     */
    @OpType(value = "ScaledDotProductAttention", opset = "opset13")
    record ScaledDotProductAttention(
            @Attribute(absent = "false") boolean causal) implements NeuralOp {}

    enum AutoPad {
        EXPLICIT,
        SAME_UPPER,
        SAME_LOWER,
        VALID,
        NOTSET
    }

    /** Inputs data [N, C, spatial…], weights [O, C, kernel…]. */
    @OpType("Convolution")
    record Convolution(
            List<Long> strides,
            List<Long> padsBegin,
            List<Long> padsEnd,
            List<Long> dilations,
            @Attribute(absent = "explicit") AutoPad autoPad)
            implements NeuralOp {
        public Convolution {
            strides = List.copyOf(strides);
            padsBegin = List.copyOf(padsBegin);
            padsEnd = List.copyOf(padsEnd);
            dilations = List.copyOf(dilations);
        }
    }

    /** Inputs data [N, G·C, spatial…], weights [G, O, C, kernel…]. */
    @OpType("GroupConvolution")
    record GroupConvolution(
            List<Long> strides,
            List<Long> padsBegin,
            List<Long> padsEnd,
            List<Long> dilations,
            @Attribute(absent = "explicit") AutoPad autoPad)
            implements NeuralOp {
        public GroupConvolution {
            strides = List.copyOf(strides);
            padsBegin = List.copyOf(padsBegin);
            padsEnd = List.copyOf(padsEnd);
            dilations = List.copyOf(dilations);
        }
    }

    /**
     * Rounds to one of {@code levels} values between the limits: x ≤ input low gives output low, x > input high gives
     * output high, else {@code round((x − il) / (ih − il) · (levels − 1)) / (levels − 1) · (oh − ol) + ol}, halves to
     * even; NaN stays NaN. Inputs x, input low, input high, output low, output high.
     */
    @OpType("FakeQuantize")
    record FakeQuantize(
            long levels, @Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements NeuralOp {}

    /**
     * Rounds to the values of an 8-bit float: {@code (convert(x · scale − shift) + shift) / scale}, where the conversion
     * rounds halves to even, and what is beyond the type's largest number becomes that number. Inputs x, scale[, shift],
     * of one type; scale and shift can be broadcast to x.
     *
     * @param destinationType f8e4m3 or f8e5m2
     */
    @OpType(value = "FakeConvert", opset = "opset13")
    record FakeConvert(ElementType destinationType) implements NeuralOp {}
}
