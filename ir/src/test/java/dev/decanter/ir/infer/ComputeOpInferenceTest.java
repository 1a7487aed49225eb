package dev.decanter.ir.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.NeuralOp.AutoPad;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Element by element, reductions, products, convolutions, states and strings. */
class ComputeOpInferenceTest {
    private static final Op ADD = new BinaryOp.Add();
    private static final Op MATMUL = new NeuralOp.MatMul(false, false);
    private static final Op TRANSPOSED = new NeuralOp.MatMul(false, true);
    private static final Op ATTENTION = new NeuralOp.ScaledDotProductAttention(false);
    private static final Op MEAN = new ReduceOp.ReduceMean(false);
    private static final Op MEAN_KEPT = new ReduceOp.ReduceMean(true);
    private static final Op QUANTIZE = new NeuralOp.FakeQuantize(256, AutoBroadcast.NUMPY);

    private static final Op FAKE_CONVERT = new NeuralOp.FakeConvert(ElementType.F8E5M2);

    private static NeuralOp.Convolution convolution(long stride, long pad, long dilation, AutoPad mode) {
        return new NeuralOp.Convolution(
                List.of(stride, stride), List.of(pad, pad), List.of(pad, pad), List.of(dilation, dilation), mode);
    }

    private static Arguments row(String expected, Op op, String... inputs) {
        return Arguments.of(expected, op, inputs);
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                // element by element
                row("f16[?,3]", new UnaryOp.Exp(), "f16[?,3]"),
                row("i64[3]", new UnaryOp.Floor(), "i64[3]"),
                row("boolean[2]", new UnaryOp.LogicalNot(), "boolean[2]"),
                row("dynamic[...]", new UnaryOp.Gelu(UnaryOp.GeluMode.ERF), "dynamic[...]"),
                row("f32[2]", new UnaryOp.Swish(), "f32[2]", "f32[]"),
                row("f32[2,3]", ADD, "f32[2,3]", "f32[3]"),
                row("f32[2,3]", ADD, "f32[2,1]", "f32[1,3]"),
                row("f32[?,?,64]", ADD, "f32[?,?,64]", "f32[1,1,64]"),
                row("f32[4,3]", ADD, "f32[?,3]", "f32[4,1]"),
                row("f32[?,3]", ADD, "f32[?,3]", "f32[?,1]"),
                row("f32[3..4]", ADD, "f32[3..4]", "f32[..10]"),
                row("f32[0,3]", ADD, "f32[0,3]", "f32[1,3]"),
                row("f32[...]", ADD, "f32[2]", "f32[...]"),
                row("f32[2]", ADD, "dynamic[2]", "f32[2]"),
                row("f32[2,3]", new BinaryOp.Add(AutoBroadcast.NONE), "f32[2,?]", "f32[?,3]"),
                row("f32[2,3]", new BinaryOp.Add(AutoBroadcast.PDPD), "f32[2,3]", "f32[3]"),
                row("boolean[2]", new BinaryOp.Less(), "i64[2]", "i64[]"),
                row("boolean[2]", new BinaryOp.LogicalAnd(), "boolean[2]", "boolean[1]"),
                row("i32[2]", new BinaryOp.BitwiseOr(), "i32[2]", "i32[2]"),
                // reductions
                row("f32[2,1]", MEAN_KEPT, "f32[2,3]", "i64[1]={-1}"),
                row("f32[2]", MEAN, "f32[2,3]", "i64[]={1}"),
                row("f32[]", MEAN, "f32[2,3]", "i64[2]={0,1}"),
                row("f32[2,3]", MEAN, "f32[2,3]", "i64[0]={}"),
                row("f32[?,?]", MEAN_KEPT, "f32[2,3]", "i64[1]"),
                row("f32[?]", MEAN, "f32[2,3]", "i64[1]"),
                row("f32[...]", MEAN, "f32[2,3]", "i64[2]"),
                row("boolean[]", new ReduceOp.ReduceLogicalAnd(false), "boolean[4]", "i32[1]={0}"),
                // products
                row("f32[?,?,32]", TRANSPOSED, "f32[?,?,64]", "f32[32,64]"),
                row("f32[2,8,5,7]", MATMUL, "f32[2,8,5,64]", "f32[2,1,64,7]"),
                row("f32[5]", MATMUL, "f32[5,64]", "f32[64]"),
                row("f32[7]", MATMUL, "f32[64]", "f32[64,7]"),
                row("f32[]", MATMUL, "f32[64]", "f32[64]"),
                row("f32[3,64,7]", new NeuralOp.MatMul(true, false), "f32[3,5,64]", "f32[5,7]"),
                row("f32[7]", new NeuralOp.MatMul(true, true), "f32[64]", "f32[7,64]"),
                row("f32[?,1,64,7]", MATMUL, "f32[?,1,64,1]", "f32[?,1,1,7]"),
                row("f32[...]", MATMUL, "f32[...]", "f32[64,7]"),
                // norms, attention, quantization
                row("f32[2,?]", new NeuralOp.Softmax(-1), "f32[2,?]"),
                row("f32[2,3]", new NeuralOp.Mvn(true, 1e-5, NeuralOp.EpsMode.INSIDE_SQRT), "f32[2,3]", "i64[1]={-1}"),
                row("f32[?,32,?,64]", ATTENTION, "f32[?,32,?,64]", "f32[?,32,?,64]", "f32[?,32,?,64]"),
                row(
                        "f32[2,32,5,80]",
                        ATTENTION,
                        "f32[2,32,5,64]",
                        "f32[2,32,9,64]",
                        "f32[2,32,9,80]",
                        "boolean[2,1,5,9]",
                        "f32[]"),
                row("f32[2,32,5,80]", ATTENTION, "f32[2,32,5,64]", "f32[2,1,9,64]", "f32[2,1,9,80]", "f32[5,9]"),
                row("f32[2,3]", QUANTIZE, "f32[2,3]", "f32[]", "f32[]", "f32[1,3]", "f32[1,3]"),
                row("f16[?,3]", FAKE_CONVERT, "f16[?,3]", "f16[]"),
                row("f32[2,3]", FAKE_CONVERT, "f32[2,3]", "f32[1,3]", "f32[1,3]"),
                // convolutions
                row("f32[1,16,5,5]", convolution(2, 1, 1, AutoPad.EXPLICIT), "f32[1,3,9,9]", "f32[16,3,3,3]"),
                row("f32[?,16,5,?]", convolution(2, 1, 1, AutoPad.EXPLICIT), "f32[?,3,9,?]", "f32[16,3,3,3]"),
                row("f32[1,16,5,5]", convolution(2, 0, 1, AutoPad.SAME_UPPER), "f32[1,3,9,9]", "f32[16,3,3,3]"),
                row("f32[1,16,5,5]", convolution(1, 7, 2, AutoPad.VALID), "f32[1,3,9,9]", "f32[16,3,3,3]"),
                row(
                        "f32[1,8,4]",
                        new NeuralOp.GroupConvolution(
                                List.of(1L), List.of(0L), List.of(0L), List.of(1L), AutoPad.EXPLICIT),
                        "f32[1,4,6]",
                        "f32[4,2,1,3]"),
                // states, strings, ends of the graph
                row("f32[?,8]", new Op.Parameter(ElementType.F32, PartialShape.of(-1, 8))),
                row("", new Op.Result(), "f32[2]"),
                row(
                        "f32[?,8,?,64]",
                        new Op.ReadValue("v", ElementType.F32, PartialShape.of(-1, 8, -1, 64)),
                        "f32[?,8,0,64]"),
                row("f32[?,8]", new Op.ReadValue("v", ElementType.DYNAMIC, PartialShape.DYNAMIC), "f32[?,8]"),
                row("f32[2]", new Op.ReadValueV3("v"), "f32[2]"),
                row("f32[2]", new Op.Assign("v"), "f32[2]"),
                row("i32[?] i32[?] u8[?]", new Op.StringTensorUnpack(), "string[?]"),
                row("string[4]", new Op.StringTensorPack(), "i32[?]", "i32[4]", "u8[?]"));
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void infers(String expected, Op op, String... inputs) {
        assertThat(Specs.infer(op, inputs)).isEqualTo(expected);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                row(
                        "layer \"x\" (Add, opset1): inputs must have one element type, not f32 and i64",
                        ADD,
                        "f32[2]",
                        "i64[2]"),
                row(
                        "layer \"x\" (Add, opset1): shapes [2,3] and [2,4] cannot be broadcast to a common shape",
                        ADD,
                        "f32[2,3]",
                        "f32[2,4]"),
                row(
                        "layer \"x\" (Add, opset1): shapes [2,3] and [3] differ",
                        new BinaryOp.Add(AutoBroadcast.NONE),
                        "f32[2,3]",
                        "f32[3]"),
                row(
                        "layer \"x\" (Add, opset1): shapes [3] and [2,3] cannot be broadcast to a common shape",
                        new BinaryOp.Add(AutoBroadcast.PDPD),
                        "f32[3]",
                        "f32[2,3]"),
                row(
                        "layer \"x\" (Add, opset1): shapes [4] and [2..3] cannot be broadcast to a common shape",
                        ADD,
                        "f32[4]",
                        "f32[2..3]"),
                row("layer \"x\" (Add, opset1): needs numbers, not boolean", ADD, "boolean[2]", "boolean[2]"),
                row("layer \"x\" (Add, opset1): needs 2 inputs, not 3", ADD, "f32[2]", "f32[2]", "f32[2]"),
                row("layer \"x\" (Exp, opset1): needs numbers, not string", new UnaryOp.Exp(), "string[2]"),
                row(
                        "layer \"x\" (Swish, opset4): beta must be a scalar, its shape is [2]",
                        new UnaryOp.Swish(),
                        "f32[2]",
                        "f32[2]"),
                row("layer \"x\" (Swish, opset4): needs floating-point values, not i64", new UnaryOp.Swish(), "i64[2]"),
                row("layer \"x\" (Clamp, opset1): min 2.0 is not below max 1.0", new UnaryOp.Clamp(2, 1), "f32[2]"),
                row(
                        "layer \"x\" (LogicalAnd, opset1): needs booleans, not i64",
                        new BinaryOp.LogicalAnd(),
                        "i64[2]",
                        "i64[2]"),
                row(
                        "layer \"x\" (ReduceMean, opset1): axis -3 is out of range for rank 2",
                        MEAN,
                        "f32[2,3]",
                        "i64[1]={-3}"),
                row(
                        "layer \"x\" (ReduceLogicalOr, opset1): needs booleans, not f32",
                        new ReduceOp.ReduceLogicalOr(true),
                        "f32[2]",
                        "i64[1]={0}"),
                row(
                        "layer \"x\" (MatMul, opset1): inner dimensions 64 and 32 differ (shapes [5,64], [7,32])",
                        TRANSPOSED,
                        "f32[5,64]",
                        "f32[7,32]"),
                row(
                        "layer \"x\" (MatMul, opset1): batch dimensions 2 and 3 do not fit (shapes [2,5,64], [3,64,7])",
                        MATMUL,
                        "f32[2,5,64]",
                        "f32[3,64,7]"),
                row(
                        "layer \"x\" (MatMul, opset1): a scalar has no inner dimension (shapes [], [64,7])",
                        MATMUL,
                        "f32[]",
                        "f32[64,7]"),
                row(
                        "layer \"x\" (SoftMax, opset8): axis 2 is out of range for rank 2",
                        new NeuralOp.Softmax(2),
                        "f32[2,3]"),
                row("layer \"x\" (SoftMax, opset1): axis -1 is negative", new NeuralOp.SoftmaxV1(-1), "f32[2,3]"),
                row(
                        "layer \"x\" (ScaledDotProductAttention, opset13): head sizes of query and key differ: 64 and 32"
                                + " (shapes [1,5,64], [1,9,32], [1,9,64])",
                        ATTENTION,
                        "f32[1,5,64]",
                        "f32[1,9,32]",
                        "f32[1,9,64]"),
                row(
                        "layer \"x\" (ScaledDotProductAttention, opset13): the mask does not fit 5 queries and 9 keys"
                                + " (shapes [1,5,64], [1,9,64], [1,9,64], [5,8])",
                        ATTENTION,
                        "f32[1,5,64]",
                        "f32[1,9,64]",
                        "f32[1,9,64]",
                        "f32[5,8]"),
                row(
                        "layer \"x\" (ScaledDotProductAttention, opset13): the mask must be boolean or f32, not i64",
                        ATTENTION,
                        "f32[1,5,64]",
                        "f32[1,9,64]",
                        "f32[1,9,64]",
                        "i64[5,9]"),
                row(
                        "layer \"x\" (FakeConvert, opset13): scale and shift must be broadcastable to the data"
                                + " (shapes [2,3], [4,3])",
                        FAKE_CONVERT,
                        "f32[2,3]",
                        "f32[4,3]"),
                row(
                        "layer \"x\" (FakeConvert, opset13): destination_type must be f8e4m3 or f8e5m2, not i8",
                        new NeuralOp.FakeConvert(ElementType.I8),
                        "f32[2,3]",
                        "f32[]"),
                row(
                        "layer \"x\" (FakeQuantize, opset1): shapes [2,3] and [2] cannot be broadcast to a common shape",
                        QUANTIZE,
                        "f32[2,3]",
                        "f32[2]",
                        "f32[]",
                        "f32[]",
                        "f32[]"),
                row(
                        "layer \"x\" (Convolution, opset1): channels of data and weights differ (shapes [1,4,9,9],"
                                + " [16,3,3,3])",
                        convolution(1, 0, 1, AutoPad.EXPLICIT),
                        "f32[1,4,9,9]",
                        "f32[16,3,3,3]"),
                row(
                        "layer \"x\" (Convolution, opset1): the kernel is larger than the padded data (shapes [1,3,2,9],"
                                + " [16,3,3,3])",
                        convolution(1, 0, 1, AutoPad.EXPLICIT),
                        "f32[1,3,2,9]",
                        "f32[16,3,3,3]"),
                row(
                        "layer \"x\" (Convolution, opset1): strides [0, 0] and dilations [1, 1] must be positive",
                        convolution(0, 0, 1, AutoPad.EXPLICIT),
                        "f32[1,3,9,9]",
                        "f32[16,3,3,3]"),
                row(
                        "layer \"x\" (ReadValue, opset6): the initial value has shape [2,4], the variable [?,8]",
                        new Op.ReadValue("v", ElementType.F32, PartialShape.of(-1, 8)),
                        "f32[2,4]"),
                row(
                        "layer \"x\" (ReadValue, opset6): the initial value is f16, the variable f32",
                        new Op.ReadValue("v", ElementType.F32, PartialShape.of(-1, 8)),
                        "f16[2,8]"),
                row(
                        "layer \"x\" (Fancy, custom): outputs of this op cannot be inferred from its inputs' types and"
                                + " shapes",
                        new Op.Opaque("Fancy", "custom", Map.of()),
                        "f32[2]"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refuses(String message, Op op, String... inputs) {
        assertThatThrownBy(() -> Specs.infer(op, inputs))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }
}
