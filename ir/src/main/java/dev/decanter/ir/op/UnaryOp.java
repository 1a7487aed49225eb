package dev.decanter.ir.op;

/** One value in (Swish may have a second: beta), one of the same shape out, element by element. */
public sealed interface UnaryOp extends Op {
    @OpType("Abs")
    record Abs() implements UnaryOp {}

    @OpType("Acos")
    record Acos() implements UnaryOp {}

    @OpType("Asin")
    record Asin() implements UnaryOp {}

    @OpType("Atan")
    record Atan() implements UnaryOp {}

    @OpType(value = "BitwiseNot", opset = "opset13")
    record BitwiseNot() implements UnaryOp {}

    @OpType("Ceiling")
    record Ceiling() implements UnaryOp {}

    /** {@code max(min, min(x, max))}. */
    @OpType("Clamp")
    record Clamp(double min, double max) implements UnaryOp {}

    @OpType("Cos")
    record Cos() implements UnaryOp {}

    /** {@code x} where positive, {@code alpha · (e^x − 1)} elsewhere. */
    @OpType("Elu")
    record Elu(double alpha) implements UnaryOp {}

    @OpType("Erf")
    record Erf() implements UnaryOp {}

    @OpType("Exp")
    record Exp() implements UnaryOp {}

    @OpType("Floor")
    record Floor() implements UnaryOp {}

    /** Exact (ERF) or by the hyperbolic tangent (TANH). */
    enum GeluMode {
        ERF,
        TANH
    }

    @OpType(value = "Gelu", opset = "opset7")
    record Gelu(@Attribute(absent = "ERF") GeluMode approximationMode) implements UnaryOp {}

    /** Always exact. */
    @OpType(value = "Gelu", opset = "opset2")
    record GeluV2() implements UnaryOp {}

    @OpType(value = "HSigmoid", opset = "opset5")
    record HSigmoid() implements UnaryOp {}

    @OpType(value = "HSwish", opset = "opset4")
    record HSwish() implements UnaryOp {}

    @OpType("Log")
    record Log() implements UnaryOp {}

    @OpType("LogicalNot")
    record LogicalNot() implements UnaryOp {}

    @OpType(value = "Mish", opset = "opset4")
    record Mish() implements UnaryOp {}

    @OpType("Negative")
    record Negative() implements UnaryOp {}

    @OpType("ReLU")
    record Relu() implements UnaryOp {}

    enum RoundMode {
        HALF_TO_EVEN,
        HALF_AWAY_FROM_ZERO
    }

    @OpType(value = "Round", opset = "opset5")
    record Round(@Attribute(absent = "half_to_even") RoundMode mode) implements UnaryOp {}

    @OpType("Sigmoid")
    record Sigmoid() implements UnaryOp {}

    @OpType("Sign")
    record Sign() implements UnaryOp {}

    @OpType("Sin")
    record Sin() implements UnaryOp {}

    @OpType(value = "SoftPlus", opset = "opset4")
    record SoftPlus() implements UnaryOp {}

    @OpType("Sqrt")
    record Sqrt() implements UnaryOp {}

    /** {@code x · sigmoid(beta · x)}; beta is the optional second input, a scalar, 1 when absent. */
    @OpType(value = "Swish", opset = "opset4")
    record Swish() implements UnaryOp {}

    @OpType("Tan")
    record Tan() implements UnaryOp {}

    @OpType("Tanh")
    record Tanh() implements UnaryOp {}
}
