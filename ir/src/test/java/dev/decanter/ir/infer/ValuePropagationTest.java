package dev.decanter.ir.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.ShapeOp.BroadcastMode;
import dev.decanter.ir.op.UnaryOp;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Shapes that graphs compute with integers, as exporters write them. */
class ValuePropagationTest {
    private final Output hidden = parameter(ElementType.F32, "?,..9,256");

    private static Output parameter(ElementType type, String shape) {
        return node(new Op.Parameter(type, PartialShape.parse(shape)));
    }

    private static Output node(Op op, Output... inputs) {
        return Node.of(op, op.type(), inputs).output();
    }

    private static Output vector(long... values) {
        return Constants.vector("c", values).output();
    }

    private static Output scalar(long value) {
        return Constants.scalar("c", value).output();
    }

    private static String values(Output output) {
        return ShapeInference.values(output).map(ValueBounds::toString).orElse("none");
    }

    private Output shapeOf() {
        return node(new ShapeOp.ShapeOf(ElementType.I64), hidden);
    }

    private Output dim(long index) {
        return node(new GatherScatterOp.Gather(0), shapeOf(), vector(index), scalar(0));
    }

    @Test
    void readsConstantsThroughConversions() {
        assertThat(values(vector(3, -1))).isEqualTo("[3, -1]");
        assertThat(values(node(new ShapeOp.Convert(ElementType.I32), vector(3, -1))))
                .isEqualTo("[3, -1]");
        assertThat(values(node(new ShapeOp.Convert(ElementType.BOOLEAN), vector(3, 0))))
                .isEqualTo("[1, 0]");
        assertThat(values(node(new ShapeOp.Convert(ElementType.F32), vector(3))))
                .isEqualTo("none");
        assertThat(values(Constants.integers(ElementType.U8, "c", Shape.of(2), 200, 0)
                        .output()))
                .isEqualTo("[200, 0]");
    }

    @Test
    void knowsBoundsOfShapes() {
        assertThat(values(shapeOf())).isEqualTo("[0, 0, 256]..[9223372036854775807, 9, 256]");
        assertThat(values(dim(-1))).isEqualTo("[256]");
        assertThat(values(dim(1))).isEqualTo("[0]..[9]");
    }

    @Test
    void followsShapeArithmetic() {
        Output half = node(new BinaryOp.Divide(), dim(-1), vector(2));
        assertThat(values(node(new UnaryOp.Floor(), half))).isEqualTo("[128]");
        assertThat(values(node(new BinaryOp.Add(), dim(1), vector(5)))).isEqualTo("[5]..[14]");
        assertThat(values(node(new BinaryOp.Subtract(), scalar(0), dim(1)))).isEqualTo("[-9]..[0]");
        assertThat(values(node(new BinaryOp.Multiply(), dim(1), dim(-1)))).isEqualTo("[0]..[2304]");
        assertThat(values(node(new BinaryOp.Maximum(), dim(1), scalar(4)))).isEqualTo("[4]..[9]");
        assertThat(values(node(new BinaryOp.Minimum(), dim(0), scalar(4)))).isEqualTo("[0]..[4]");
        assertThat(values(node(new BinaryOp.Divide(), vector(-7), vector(2)))).isEqualTo("[-4]");
        assertThat(values(node(new BinaryOp.Divide(AutoBroadcast.NUMPY, false), vector(-7), vector(2))))
                .isEqualTo("[-3]");
        assertThat(values(node(new ReduceOp.ReduceProd(false), vector(2, 3, 4), vector(0))))
                .isEqualTo("[24]");
    }

    @Test
    void decidesComparisonsAndSelections() {
        Output smaller = node(new BinaryOp.Less(), dim(1), scalar(10));
        assertThat(values(smaller)).isEqualTo("[1]");
        assertThat(values(node(new BinaryOp.Less(), dim(1), scalar(9)))).isEqualTo("[0]..[1]");
        assertThat(values(node(new ShapeOp.Select(), smaller, vector(7), dim(0))))
                .isEqualTo("[7]");
        Output open = node(new BinaryOp.Equal(), dim(1), scalar(3));
        assertThat(values(node(new ShapeOp.Select(), open, vector(7), vector(2))))
                .isEqualTo("[2]..[7]");
        Output unknown = parameter(ElementType.BOOLEAN, "1");
        assertThat(values(node(new UnaryOp.LogicalNot(), unknown))).isEqualTo("[0]..[1]");
    }

    @Test
    void cutsAndJoinsVectors() {
        Output joined = node(new ShapeOp.Concat(0), dim(1), vector(8, 32), vector(-1));
        assertThat(values(joined)).isEqualTo("[0, 8, 32, -1]..[9, 8, 32, -1]");
        Output step = vector(1);
        assertThat(values(node(new ShapeOp.Slice(), joined, vector(-2), vector(Long.MAX_VALUE), step)))
                .isEqualTo("[32, -1]");
        assertThat(values(node(new ShapeOp.Slice(), joined, vector(-1), vector(Long.MIN_VALUE), vector(-2))))
                .isEqualTo("[-1, 8]");
        ShapeOp.StridedSlice second =
                new ShapeOp.StridedSlice(List.of(0L), List.of(0L), List.of(), List.of(1L), List.of());
        assertThat(values(node(second, joined, vector(1), vector(2)))).isEqualTo("[8]");
        ShapeOp.StridedSlice toEnd =
                new ShapeOp.StridedSlice(List.of(0L), List.of(1L), List.of(), List.of(), List.of());
        assertThat(values(node(toEnd, joined, vector(2), vector(0)))).isEqualTo("[32, -1]");
        Node halves = Node.of(new ShapeOp.Split(2), "split", joined, scalar(0));
        assertThat(values(halves.output(1))).isEqualTo("[32, -1]");
        Node parts = Node.of(new ShapeOp.VariadicSplit(), "split", joined, scalar(0), vector(1, 2, 1));
        assertThat(values(parts.output(1))).isEqualTo("[8, 32]");
        assertThat(values(node(new GatherScatterOp.ScatterUpdate(), joined, vector(3), dim(-1), scalar(0))))
                .isEqualTo("[0, 8, 32, 256]..[9, 8, 32, 256]");
        assertThat(values(node(new ShapeOp.Broadcast(BroadcastMode.NUMPY), scalar(4), vector(3))))
                .isEqualTo("[4, 4, 4]");
        assertThat(values(node(new ShapeOp.Range(ElementType.I64), scalar(1), scalar(7), scalar(2))))
                .isEqualTo("[1, 3, 5]");
    }

    @Test
    void inferenceUsesWhatIsFound() {
        Output target = node(new ShapeOp.Concat(0), dim(0), dim(1), vector(4), vector(-1));
        assertThat(node(new ShapeOp.Reshape(false), hidden, target).shape()).hasToString("[?,..9,4,?]");
        Output literal = node(new ShapeOp.Concat(0), vector(0), vector(0), vector(4), vector(-1));
        assertThat(node(new ShapeOp.Reshape(true), hidden, literal).shape()).hasToString("[?,..9,4,64]");
        Output half = node(new BinaryOp.Divide(), dim(-1), vector(2));
        assertThat(node(new ShapeOp.Slice(), hidden, vector(0), half, vector(1), vector(2))
                        .shape())
                .hasToString("[?,..9,128]");
        assertThat(node(new ShapeOp.Range(ElementType.I64), scalar(0), squeezed(dim(1)), scalar(1))
                        .shape())
                .hasToString("[..9]");
    }

    private static Output squeezed(Output one) {
        return node(new ShapeOp.Squeeze(), one, vector(0));
    }

    /** Each step reads the one before twice: a walk without memory would take 2^200 steps. */
    @Test
    void sharedSubgraphsAreWalkedOnce() {
        Output value = dim(-1);
        for (int i = 0; i < 200; i++) {
            value = node(new BinaryOp.Minimum(), value, value);
        }
        Output deep = value;
        assertTimeout(Duration.ofSeconds(5), () -> assertThat(values(deep)).startsWith("["));
        Output shallow = dim(-1);
        for (int i = 0; i < 40; i++) {
            shallow = node(new BinaryOp.Minimum(), shallow, shallow);
        }
        assertThat(values(shallow)).isEqualTo("[256]");
    }
}
