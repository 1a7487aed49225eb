package dev.decanter.ir.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.GatherScatterOp.Reduction;
import dev.decanter.ir.op.GatherScatterOp.TopKMode;
import dev.decanter.ir.op.GatherScatterOp.TopKSort;
import dev.decanter.ir.op.Op;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GatherScatterInferenceTest {
    private static final Op GATHER = new GatherScatterOp.Gather(0);
    private static final Op ELEMENTS = new GatherScatterOp.GatherElements(1);
    private static final Op SCATTER = new GatherScatterOp.ScatterUpdate();
    private static final Op SCATTER_ND = new GatherScatterOp.ScatterNDUpdate(Reduction.NONE);
    private static final Op SCATTER_ELEMENTS = new GatherScatterOp.ScatterElementsUpdate(Reduction.SUM, true);
    private static final Op TOP_K = new GatherScatterOp.TopK(-1, TopKMode.MAX, TopKSort.VALUE, ElementType.I64, false);

    private static Arguments row(String expected, Op op, String... inputs) {
        return Arguments.of(expected, op, inputs);
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                row("f16[?,?,64]", GATHER, "f16[1000,64]", "i64[?,?]", "i64[]={0}"),
                row("i64[]", GATHER, "i64[3]", "i64[]", "i64[1]={0}"),
                row("f32[2,5,4]", GATHER, "f32[2,3,4]", "i32[5]", "i64[]={-2}"),
                row("f32[?,?,?]", GATHER, "f32[2,3,4]", "i32[5]", "i64[]"),
                row("f32[...]", GATHER, "f32[...]", "i32[5]", "i64[]={0}"),
                row("f32[2,5,4]", new GatherScatterOp.Gather(1), "f32[2,3,4]", "i32[2,5]", "i64[]={1}"),
                row("f32[2,5,4]", new GatherScatterOp.GatherV7(-1), "f32[?,3,4]", "i32[2,5]", "i64[]={1}"),
                row("f32[5]", new GatherScatterOp.GatherV1(), "f32[3]", "i32[5]", "i64[]={0}"),
                row("f32[2,9]", ELEMENTS, "f32[2,5]", "i64[?,9]"),
                row("f32[2,?]", ELEMENTS, "f32[2,5]", "i64[...]"),
                row("f32[7,4]", new GatherScatterOp.GatherND(0), "f32[2,3,4]", "i64[7,2]"),
                row("f32[2,7,4]", new GatherScatterOp.GatherND(1), "f32[2,3,4]", "i64[2,7,1]"),
                row("f32[6,7]", new GatherScatterOp.GatherNDV5(2), "f32[2,3,4]", "i64[2,3,7,1]"),
                row("f32[...]", new GatherScatterOp.GatherND(0), "f32[2,3,4]", "i64[7,?]"),
                row("f32[2,?,4]", SCATTER, "f32[2,?,4]", "i64[5]", "f32[2,5,4]", "i64[]={1}"),
                row("i64[4]", SCATTER, "i64[4]", "i64[]", "i64[1]", "i64[]={0}"),
                row("i64[4]", SCATTER, "i64[4]", "i64[]", "i64[]", "i64[]={0}"),
                row("f32[2,3,4]", SCATTER_ND, "f32[2,3,4]", "i64[7,2]", "f32[7,4]"),
                row("f32[2,3,4]", new GatherScatterOp.ScatterNDUpdateV4(), "f32[2,3,4]", "i64[7,2]", "f32[]"),
                row("f32[2,3]", SCATTER_ELEMENTS, "f32[2,3]", "i64[1,2]", "f32[1,2]", "i64[]={1}"),
                row("f32[2,5] i64[2,5]", TOP_K, "f32[2,9]", "i64[]={5}"),
                row("f32[2,..9] i64[2,..9]", TOP_K, "f32[2,9]", "i64[]"),
                row("f32[2,5] i64[2,5]", TOP_K, "f32[2,?]", "i64[]={5}"));
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void infers(String expected, Op op, String... inputs) {
        assertThat(Specs.infer(op, inputs)).isEqualTo(expected);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                row(
                        "layer \"x\" (Gather, opset8): indices must be integers, not f32",
                        GATHER,
                        "f32[3]",
                        "f32[2]",
                        "i64[]={0}"),
                row(
                        "layer \"x\" (Gather, opset8): axis 1 is out of range for rank 1",
                        GATHER,
                        "f32[3]",
                        "i64[2]",
                        "i64[]={1}"),
                row(
                        "layer \"x\" (Gather, opset8): batch_dims 1 is beyond axis 0",
                        new GatherScatterOp.Gather(1),
                        "f32[3,2]",
                        "i64[3]",
                        "i64[]={0}"),
                row(
                        "layer \"x\" (Gather, opset8): sizes of axis 0 differ (shapes [2,3], [4,1])",
                        new GatherScatterOp.Gather(1),
                        "f32[2,3]",
                        "i64[4,1]",
                        "i64[]={1}"),
                row(
                        "layer \"x\" (GatherElements, opset6): sizes of axis 0 differ (shapes [2,5], [3,9])",
                        ELEMENTS,
                        "f32[2,5]",
                        "i64[3,9]"),
                row(
                        "layer \"x\" (GatherND, opset8): indices of 4 coordinates do not fit the data (shapes [2,3,4],"
                                + " [7,4])",
                        new GatherScatterOp.GatherND(0),
                        "f32[2,3,4]",
                        "i64[7,4]"),
                row(
                        "layer \"x\" (ScatterUpdate, opset3): axis 1 of the updates must have size 5 (shapes [2,3,4], [5],"
                                + " [2,3,4])",
                        SCATTER,
                        "f32[2,3,4]",
                        "i64[5]",
                        "f32[2,3,4]",
                        "i64[]={1}"),
                row(
                        "layer \"x\" (ScatterUpdate, opset3): data and updates must have one element type, not f32 and f16",
                        SCATTER,
                        "f32[2]",
                        "i64[1]",
                        "f16[1]",
                        "i64[]={0}"),
                row(
                        "layer \"x\" (ScatterNDUpdate, opset15): axis 0 of the updates must have size 7 (shapes [2,3,4],"
                                + " [7,2], [6,4])",
                        SCATTER_ND,
                        "f32[2,3,4]",
                        "i64[7,2]",
                        "f32[6,4]"),
                row(
                        "layer \"x\" (ScatterElementsUpdate, opset12): indices and updates must have the same shape (shapes"
                                + " [2,3], [1,2], [2,2])",
                        SCATTER_ELEMENTS,
                        "f32[2,3]",
                        "i64[1,2]",
                        "f32[2,2]",
                        "i64[]={1}"),
                row("layer \"x\" (TopK, opset11): k is negative: -1", TOP_K, "f32[2,9]", "i64[]={-1}"),
                row(
                        "layer \"x\" (TopK, opset11): k is 10, but axis 1 of shape [2,9] has fewer elements",
                        TOP_K,
                        "f32[2,9]",
                        "i64[]={10}"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refuses(String message, Op op, String... inputs) {
        assertThatThrownBy(() -> Specs.infer(op, inputs))
                .isInstanceOf(IrException.class)
                .hasMessage(message);
    }
}
