package dev.decanter.ir.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.ShapeOp.BroadcastMode;
import dev.decanter.ir.op.ShapeOp.PadMode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ShapeOpInferenceTest {
    private static final Op RESHAPE = new ShapeOp.Reshape(true);
    private static final Op LITERAL = new ShapeOp.Reshape(false);
    private static final Op SQUEEZE = new ShapeOp.Squeeze();
    private static final Op UNSQUEEZE = new ShapeOp.Unsqueeze();
    private static final Op TRANSPOSE = new ShapeOp.Transpose();
    private static final Op SLICE = new ShapeOp.Slice();
    private static final Op RANGE = new ShapeOp.Range(ElementType.I64);
    private static final Op TILE = new ShapeOp.Tile();
    private static final Op NUMPY = new ShapeOp.Broadcast(BroadcastMode.NUMPY);
    private static final Op BIDIRECTIONAL = new ShapeOp.Broadcast(BroadcastMode.BIDIRECTIONAL);
    private static final Op EXPLICIT = new ShapeOp.Broadcast(BroadcastMode.EXPLICIT);
    private static final Op PAD = new ShapeOp.Pad(PadMode.CONSTANT);
    private static final Op REFLECT = new ShapeOp.Pad(PadMode.REFLECT);
    private static final Op SPLIT = new ShapeOp.Split(3);
    private static final Op LENGTHS = new ShapeOp.VariadicSplit();

    private static ShapeOp.StridedSlice strided(List<Long> begin, List<Long> end) {
        return new ShapeOp.StridedSlice(begin, end, List.of(), List.of(), List.of());
    }

    private static Arguments row(String expected, Op op, String... inputs) {
        return Arguments.of(expected, op, inputs);
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                // Reshape
                row("f32[2,7,4,16]", RESHAPE, "f32[2,7,64]", "i64[4]={0,0,4,16}"),
                row("f32[?,?,32,64]", RESHAPE, "f32[?,?,2048]", "i64[4]={0,0,32,64}"),
                row("f32[?,?,2048]", RESHAPE, "f32[?,?,32,64]", "i64[3]={0,0,-1}"),
                row("f32[?,32,?,128]", RESHAPE, "f32[?,8,4,?,128]", "i64[4]={0,32,-1,128}"),
                row("f32[?,32,?,128]", RESHAPE, "f32[?,8,4,?,128]", "i64[4]={0..,32,0..,128}"),
                row("f32[0,2]", LITERAL, "f32[3,0]", "i64[2]={0,2}"),
                row("f32[3,2]", RESHAPE, "f32[3,2]", "i64[2]={0,2}"),
                row("f32[1,0,512]", RESHAPE, "f32[1,0,8,64]", "i64[3]={0,0,-1}"),
                row("f32[0,0]", LITERAL, "f32[0,5]", "i64[2]={0,-1}"),
                row("f32[]", RESHAPE, "f32[1,1]", "i64[0]={}"),
                row("f32[1..5,2]", RESHAPE, "f32[2..10]", "i64[2]={-1,2}"),
                row("f32[?,?,?]", RESHAPE, "f32[...]", "i64[3]"),
                row("f32[?,4]", RESHAPE, "f32[...]", "i64[2]={0,4}"),
                row("f32[...]", RESHAPE, "f32[2,3]", "i64[?]"),
                row("f32[2,?]", RESHAPE, "f32[2,3]", "i64[2]={2,?}"),
                // Squeeze, Unsqueeze, Transpose
                row("f32[3,5]", SQUEEZE, "f32[1,3,1,5]"),
                row("f32[3,5]", SQUEEZE, "f32[1,3,1,5]", "i64[0]={}"),
                row("f32[...]", SQUEEZE, "f32[?,3]"),
                row("f32[3,1]", SQUEEZE, "f32[?,3,1]", "i64[1]={0}"),
                row("f32[1,3]", SQUEEZE, "f32[1,3,1]", "i64[]={-1}"),
                row("f32[2,3]", SQUEEZE, "f32[2,3]", "i64[1]={0}"),
                row("f32[?,?]", SQUEEZE, "f32[?,3,1]", "i64[1]"),
                row("f32[...]", new ShapeOp.SqueezeV15(true), "f32[?,3]", "i64[1]={0}"),
                row("f32[3]", new ShapeOp.SqueezeV15(false), "f32[?,3]", "i64[1]={0}"),
                row("f32[1,?,1]", UNSQUEEZE, "f32[?]", "i64[2]={0,-1}"),
                row("f32[1]", UNSQUEEZE, "f32[]", "i64[]={0}"),
                row("f32[?,?,?]", UNSQUEEZE, "f32[4]", "i64[2]"),
                row("f32[1,3,2]", TRANSPOSE, "f32[1,2,3]", "i64[3]={0,2,1}"),
                row("f32[3,2,1]", TRANSPOSE, "f32[1,2,3]", "i64[0]={}"),
                row("f32[?,?,?]", TRANSPOSE, "f32[1,2,3]", "i64[3]"),
                row("f32[?,?]", TRANSPOSE, "f32[...]", "i64[2]={1,0}"),
                // Concat, Split
                row("f32[?,8,3..,64]", new ShapeOp.Concat(-2), "f32[?,8,?,64]", "f32[?,8,3,64]"),
                row("f32[2,5]", new ShapeOp.Concat(1), "f32[2,2]", "f32[?,3]"),
                row("f32[2,2..]", new ShapeOp.Concat(1), "f32[2,2]", "f32[...]"),
                row("f32[2,1] f32[2,1] f32[2,1]", SPLIT, "f32[2,3]", "i64[]={1}"),
                row("f32[?,1..3] f32[?,1..3] f32[?,1..3]", SPLIT, "f32[?,1..9]", "i64[]={-1}"),
                row("f32[?,?] f32[?,?] f32[?,?]", SPLIT, "f32[2,3]", "i64[]"),
                row("f32[2,3] f32[2,4]", LENGTHS, "f32[2,7]", "i64[]={1}", "i64[2]={3,-1}"),
                row("f32[3,7] f32[?,7]", LENGTHS, "f32[?,7]", "i64[]={0}", "i64[2]={3,-1}"),
                row("f32[?,7] f32[?,7]", LENGTHS, "f32[?,7]", "i64[]={0}", "i64[2]"),
                // Slice
                row("f32[2,3]", SLICE, "f32[2,7]", "i64[1]={1}", "i64[1]={7}", "i64[1]={2}", "i64[1]={1}"),
                row("f32[1,7]", SLICE, "f32[2,7]", "i64[1]={-1}", "i64[1]={2147483647}", "i64[1]={1}"),
                row("f32[..1,7]", SLICE, "f32[?,7]", "i64[1]={-1}", "i64[1]={2147483647}", "i64[1]={1}"),
                row("f32[7]", SLICE, "f32[7]", "i64[1]={-1}", "i64[1]={-9223372036854775808}", "i64[1]={-1}"),
                row("f32[?]", SLICE, "f32[?]", "i64[1]={-1}", "i64[1]={-9223372036854775808}", "i64[1]={-1}"),
                row("f32[2,..7]", SLICE, "f32[2,7]", "i64[1]={0}", "i64[1]={0..}", "i64[1]={1}", "i64[1]={1}"),
                row("f32[3..5]", SLICE, "f32[8]", "i64[1]={1}", "i64[1]={4..6}", "i64[1]={1}"),
                row("f32[..2,..7]", SLICE, "f32[2,7]", "i64[1]", "i64[1]", "i64[1]", "i64[1]"),
                row("f32[0]", SLICE, "f32[4]", "i64[1]={3}", "i64[1]={1}", "i64[1]={1}"),
                row("f32[4]", SLICE, "f32[5]", "i64[1]={-100}", "i64[1]={-1}", "i64[1]={1}"),
                row("f32[2..]", SLICE, "f32[5..]", "i64[1]={2}", "i64[1]={-1}", "i64[1]={1}"),
                row("f32[..4]", SLICE, "f32[?]", "i64[1]={0}", "i64[1]={4}", "i64[1]={1}"),
                // StridedSlice
                row(
                        "f32[?,8,32]",
                        strided(List.of(1L, 1L, 0L), List.of(1L, 1L, 0L)),
                        "f32[?,8,64]",
                        "i64[3]={0,0,0}",
                        "i64[3]={0,0,32}",
                        "i64[3]={1,1,1}"),
                row(
                        "f32[?,8,32]",
                        strided(List.of(1L, 1L, 0L), List.of(1L, 1L, 1L)),
                        "f32[?,8,64]",
                        "i64[3]={0,0,32}",
                        "i64[3]={0,0,0}",
                        "i64[3]={1,1,1}"),
                row(
                        "f32[5,3]",
                        strided(List.of(1L), List.of(1L)),
                        "f32[5,3]",
                        "i64[1]={0}",
                        "i64[1]={0}",
                        "i64[1]={-1}"),
                row(
                        "f32[3]",
                        new ShapeOp.StridedSlice(List.of(0L), List.of(0L), List.of(), List.of(1L), List.of()),
                        "f32[5,3]",
                        "i64[1]={-1}",
                        "i64[1]={0}"),
                row(
                        "f32[1,5,3]",
                        new ShapeOp.StridedSlice(List.of(0L), List.of(0L), List.of(1L), List.of(), List.of()),
                        "f32[5,3]",
                        "i64[1]={0}",
                        "i64[1]={0}"),
                row(
                        "f32[5,6,2]",
                        new ShapeOp.StridedSlice(
                                List.of(0L, 0L), List.of(0L, 0L), List.of(), List.of(), List.of(1L, 0L)),
                        "f32[5,6,7]",
                        "i64[2]={0,1}",
                        "i64[2]={0,3}"),
                row("f32[..8,3]", strided(List.of(0L), List.of(0L)), "f32[8,3]", "i64[1]", "i64[1]={4}"),
                // Broadcast, Tile, Pad
                row("f32[2,8,0,64]", NUMPY, "f32[]", "i64[4]={2,8,0,64}"),
                row("f32[?,8,0,64]", NUMPY, "f32[]", "i64[4]={0..,8,0,64}"),
                row("f32[?,8]", NUMPY, "f32[8]", "i64[2]"),
                row("f32[1,8,4,?,64]", BIDIRECTIONAL, "f32[1,8,1,?,64]", "i64[5]={1,1,4,1,1}"),
                row("f32[3,2]", EXPLICIT, "f32[3]", "i64[2]={3,2}", "i64[1]={0}"),
                row("f32[6,2,4]", TILE, "f32[2,4]", "i64[3]={6,1,1}"),
                row("f32[4,?]", TILE, "f32[2,4]", "i64[2]={2,0..}"),
                row("f32[4,3]", PAD, "f32[2,4]", "i64[2]={1,0}", "i64[2]={1,-1}", "f32[]"),
                row("f32[1..,4]", PAD, "f32[?,4]", "i64[2]={1,0}", "i64[2]={0,0}"),
                row("f32[7]", REFLECT, "f32[3]", "i64[1]={2}", "i64[1]={2}"),
                // Range, Select, NonZero, OneHot, CumSum, ShapeOf, Convert
                row("i64[4]", RANGE, "i64[]={0}", "i64[]={7}", "i64[]={2}"),
                row("i64[0]", RANGE, "i64[]={5}", "i64[]={5}", "i64[]={-1}"),
                row("i64[3]", RANGE, "i32[]={5}", "i64[]={0}", "i64[]={-2}"),
                row("i64[2..8]", RANGE, "i64[]={0}", "i64[]={2..8}", "i64[]={1}"),
                row("f32[?]", new ShapeOp.Range(ElementType.F32), "f32[]", "f32[]", "f32[]"),
                row("f32[1,1,3,4]", new ShapeOp.Select(), "boolean[1,1,3,4]", "f32[]", "f32[4]"),
                row("f32[2,2]", new ShapeOp.Select(AutoBroadcast.NONE), "boolean[2,2]", "f32[2,2]", "f32[2,?]"),
                row("i64[2,..6]", new ShapeOp.NonZero(ElementType.I64), "boolean[2,3]"),
                row("f32[2,8,3]", new ShapeOp.OneHot(1), "i64[2,3]", "i64[]={8}", "f32[]", "f32[]"),
                row("f32[2,3,?]", new ShapeOp.OneHot(-1), "i64[2,3]", "i64[]", "f32[]", "f32[]"),
                row("i64[2,3]", new ShapeOp.CumSum(false, false), "i64[2,3]", "i64[]={-1}"),
                row("u8[2,?]", new ShapeOp.Reverse(ShapeOp.ReverseMode.INDEX), "u8[2,?]", "i64[1]"),
                row("i32[3]", new ShapeOp.ShapeOf(ElementType.I32), "f32[?,2,3]"),
                row("i64[?]", new ShapeOp.ShapeOfV1(), "f32[...]"),
                row("f16[?,2]", new ShapeOp.Convert(ElementType.F16), "u4[?,2]"),
                row("f32[3]", new ShapeOp.ConvertLike(), "i64[3]", "f32[7]"));
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void infers(String expected, Op op, String... inputs) {
        assertThat(Specs.infer(op, inputs)).isEqualTo(expected);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                row(
                        "layer \"x\" (Reshape, opset1): shape [2,3] does not have the number of elements of [4, 2]",
                        RESHAPE,
                        "f32[2,3]",
                        "i64[2]={4,2}"),
                row(
                        "layer \"x\" (Reshape, opset1): the target shape has more than one -1: [-1, -1]",
                        RESHAPE,
                        "f32[2,3]",
                        "i64[2]={-1,-1}"),
                row(
                        "layer \"x\" (Reshape, opset1): the target shape has a negative size: [-2, 3]",
                        RESHAPE,
                        "f32[2,3]",
                        "i64[2]={-2,3}"),
                row(
                        "layer \"x\" (Reshape, opset1): shape [2,3] cannot be laid out as [4, -1]: 6 elements are not a"
                                + " multiple of 4",
                        RESHAPE,
                        "f32[2,3]",
                        "i64[2]={4,-1}"),
                row(
                        "layer \"x\" (Reshape, opset1): target shape [3, 0] copies axis 1, which shape [3] does not have",
                        RESHAPE,
                        "f32[3]",
                        "i64[2]={3,0}"),
                row(
                        "layer \"x\" (Reshape, opset1): the target shape must be integers, not f32",
                        RESHAPE,
                        "f32[3]",
                        "f32[2]"),
                row("layer \"x\" (Reshape, opset1): needs 2 inputs, not 1", RESHAPE, "f32[3]"),
                row(
                        "layer \"x\" (Transpose, opset1): order [0, 0] is not a permutation of 2 axes",
                        TRANSPOSE,
                        "f32[2,3]",
                        "i64[2]={0,0}"),
                row(
                        "layer \"x\" (Transpose, opset1): order has 3 axes, data of shape [2,3] has 2",
                        TRANSPOSE,
                        "f32[2,3]",
                        "i64[3]"),
                row(
                        "layer \"x\" (Unsqueeze, opset1): axes [0, -3] name an axis twice",
                        UNSQUEEZE,
                        "f32[2]",
                        "i64[2]={0,-3}"),
                row(
                        "layer \"x\" (Squeeze, opset1): axis 2 is out of range for rank 2",
                        SQUEEZE,
                        "f32[2,1]",
                        "i64[1]={2}"),
                row(
                        "layer \"x\" (Concat, opset1): sizes of axis 0 differ, joined along axis 1 (shapes [2,3], [4,3])",
                        new ShapeOp.Concat(1),
                        "f32[2,3]",
                        "f32[4,3]"),
                row(
                        "layer \"x\" (Concat, opset1): inputs must have one element type, not f32 and i64",
                        new ShapeOp.Concat(0),
                        "f32[2]",
                        "i64[4]"),
                row(
                        "layer \"x\" (Split, opset1): axis 0 of shape [7] cannot be cut into 3 equal parts",
                        SPLIT,
                        "f32[7]",
                        "i64[]={0}"),
                row(
                        "layer \"x\" (VariadicSplit, opset1): lengths [3, 5] do not add up to 7",
                        LENGTHS,
                        "f32[7]",
                        "i64[]={0}",
                        "i64[2]={3,5}"),
                row(
                        "layer \"x\" (Slice, opset8): step is 0",
                        SLICE,
                        "f32[7]",
                        "i64[1]={0}",
                        "i64[1]={3}",
                        "i64[1]={0}"),
                row(
                        "layer \"x\" (Slice, opset8): axes [0, 0] name an axis twice",
                        SLICE,
                        "f32[7,2]",
                        "i64[2]={0,0}",
                        "i64[2]={3,3}",
                        "i64[2]={1,1}",
                        "i64[2]={0,0}"),
                row(
                        "layer \"x\" (Slice, opset8): stop has 2 values where others have 1",
                        SLICE,
                        "f32[7,2]",
                        "i64[1]={0}",
                        "i64[2]={3,3}",
                        "i64[1]={1}"),
                row(
                        "layer \"x\" (Broadcast, opset3): shape [3] cannot be broadcast to [2]",
                        NUMPY,
                        "f32[3]",
                        "i64[1]={2}"),
                row(
                        "layer \"x\" (Broadcast, opset3): the target shape has a negative size: [-1]",
                        NUMPY,
                        "f32[3]",
                        "i64[1]={-1}"),
                row(
                        "layer \"x\" (Pad, opset12): axis 0 of size 3 is too small for a REFLECT pad of 3",
                        REFLECT,
                        "f32[3]",
                        "i64[1]={3}",
                        "i64[1]={0}"),
                row(
                        "layer \"x\" (Pad, opset1): pads of axis 0 are negative",
                        new ShapeOp.PadV1(PadMode.CONSTANT),
                        "f32[3]",
                        "i64[1]={-1}",
                        "i64[1]={0}"),
                row("layer \"x\" (Range, opset4): step is 0", RANGE, "i64[]={0}", "i64[]={7}", "i64[]={0}"),
                row(
                        "layer \"x\" (Range, opset4): start must be a scalar, its shape is [2]",
                        RANGE,
                        "i64[2]={0,1}",
                        "i64[]={7}",
                        "i64[]={1}"),
                row(
                        "layer \"x\" (Select, opset1): needs booleans, not f32",
                        new ShapeOp.Select(),
                        "f32[1]",
                        "f32[1]",
                        "f32[1]"),
                row(
                        "layer \"x\" (Convert, opset1): strings cannot be converted to numbers or back",
                        new ShapeOp.Convert(ElementType.F32),
                        "string[1]"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refuses(String message, Op op, String... inputs) {
        assertThatThrownBy(() -> Specs.infer(op, inputs))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }
}
