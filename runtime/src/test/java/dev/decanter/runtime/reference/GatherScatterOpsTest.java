package dev.decanter.runtime.reference;

import static dev.decanter.runtime.reference.Evaluated.all;
import static dev.decanter.runtime.reference.Evaluated.assertIs;
import static dev.decanter.runtime.reference.Evaluated.f32;
import static dev.decanter.runtime.reference.Evaluated.i64;
import static dev.decanter.runtime.reference.Evaluated.iota;
import static dev.decanter.runtime.reference.Evaluated.one;
import static dev.decanter.runtime.reference.Evaluated.scalar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.GatherScatterOp.Reduction;
import dev.decanter.ir.op.GatherScatterOp.TopKMode;
import dev.decanter.ir.op.GatherScatterOp.TopKSort;
import dev.decanter.runtime.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatherScatterOpsTest {
    private static Tensor longs(Shape shape, long... values) {
        return Tensor.ofLongs(shape, values);
    }

    @Test
    void gathers() {
        Tensor x = iota(3, 2);
        assertIs(one(new GatherScatterOp.Gather(0), x, i64(2, 0, -1), scalar(0)), Shape.of(3, 2), 4, 5, 0, 1, 4, 5);
        assertIs(one(new GatherScatterOp.Gather(0), x, scalar(1), scalar(1)), Shape.of(3), 1, 3, 5);
        assertIs(
                one(new GatherScatterOp.Gather(0), x, longs(Shape.of(1, 2), 1, 0), scalar(-1)),
                Shape.of(3, 1, 2),
                1,
                0,
                3,
                2,
                5,
                4);
    }

    @Test
    void givesZeroForIndicesOutOfRange() {
        Tensor x = f32(1, 2, 3);
        assertIs(one(new GatherScatterOp.Gather(0), x, i64(3, -4, -3, 2), scalar(0)), Shape.of(4), 0, 0, 1, 3);
        assertIs(one(new GatherScatterOp.GatherV7(0), x, i64(3, -1, 2), scalar(0)), Shape.of(3), 0, 0, 3);
        assertIs(one(new GatherScatterOp.GatherV1(), x, i64(0, 9), scalar(0)), Shape.of(2), 1, 0);
        Tensor words = Tensor.ofStrings(Shape.of(2), List.of("x", "y"));
        assertThat(one(new GatherScatterOp.Gather(0), words, i64(1, 5), scalar(0))
                        .strings())
                .containsExactly("y", "");
    }

    /** The specification's examples of batch_dims. */
    @Test
    void gathersWithinBatches() {
        Tensor x = f32(Shape.of(2, 5), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        Tensor indices = longs(Shape.of(2, 3), 0, 0, 4, 4, 0, 0);
        assertIs(one(new GatherScatterOp.Gather(1), x, indices, scalar(1)), Shape.of(2, 3), 1, 1, 5, 10, 6, 6);
        assertIs(one(new GatherScatterOp.Gather(-1), x, indices, scalar(1)), Shape.of(2, 3), 1, 1, 5, 10, 6, 6);
        Tensor deep = iota(2, 1, 2, 2);
        assertIs(
                one(new GatherScatterOp.Gather(1), deep, longs(Shape.of(2, 1), 1, 0), scalar(2)),
                Shape.of(2, 1, 1, 2),
                2,
                3,
                4,
                5);
    }

    @Test
    void gathersElements() {
        Tensor x = f32(Shape.of(2, 2), 1, 2, 3, 4);
        assertIs(
                one(new GatherScatterOp.GatherElements(1), x, longs(Shape.of(2, 3), 0, 1, -1, 1, 0, 0)),
                Shape.of(2, 3),
                1,
                2,
                2,
                4,
                3,
                3);
        assertIs(one(new GatherScatterOp.GatherElements(0), x, longs(Shape.of(1, 2), 1, 0)), Shape.of(1, 2), 3, 2);
        assertThatThrownBy(() -> one(new GatherScatterOp.GatherElements(0), x, longs(Shape.of(1, 2), 2, 0)))
                .hasMessage("layer \"layer\" (GatherElements, opset6): index 2 is outside of a dimension of 2");
    }

    /** The specification's examples. */
    @Test
    void gathersByTuples() {
        Tensor x = f32(Shape.of(2, 2), 1, 2, 3, 4);
        GatherScatterOp.GatherND plain = new GatherScatterOp.GatherND(0);
        assertIs(one(plain, x, longs(Shape.of(2, 2), 0, 0, 1, 0)), Shape.of(2), 1, 3);
        assertIs(one(plain, x, longs(Shape.of(2, 1), 1, 0)), Shape.of(2, 2), 3, 4, 1, 2);
        assertIs(one(plain, x, longs(Shape.of(2, 1, 1), 1, -2)), Shape.of(2, 1, 2), 3, 4, 1, 2);
        assertIs(one(new GatherScatterOp.GatherND(1), x, longs(Shape.of(2, 1), 1, 0)), Shape.of(2), 2, 3);
        Tensor data = iota(2, 3, 4);
        Tensor indices = longs(Shape.of(2, 3, 1, 1), 1, 0, 2, 0, 2, 2);
        assertIs(one(new GatherScatterOp.GatherND(2), data, indices), Shape.of(2, 3, 1), 1, 4, 10, 12, 18, 22);
        assertIs(one(new GatherScatterOp.GatherNDV5(2), data, indices), Shape.of(6, 1), 1, 4, 10, 12, 18, 22);
    }

    @Test
    void scattersSlices() {
        Tensor zeros = f32(Shape.of(3, 2), 0, 0, 0, 0, 0, 0);
        Tensor updates = f32(Shape.of(2, 2), 1, 2, 3, 4);
        assertIs(
                one(new GatherScatterOp.ScatterUpdate(), zeros, i64(2, 0), updates, scalar(0)),
                Shape.of(3, 2),
                3,
                4,
                0,
                0,
                1,
                2);
        assertIs(
                one(new GatherScatterOp.ScatterUpdate(), zeros, i64(-1), f32(Shape.of(3, 1), 1, 2, 3), i64(1)),
                Shape.of(3, 2),
                0,
                1,
                0,
                2,
                0,
                3);
        assertThatThrownBy(() -> one(new GatherScatterOp.ScatterUpdate(), zeros, i64(3, 0), updates, scalar(0)))
                .hasMessageContaining("index 3 is outside of a dimension of 3");
        assertThat(one(new GatherScatterOp.ScatterUpdate(), i64(5, 6, 7), i64(1), i64(9), scalar(0))
                        .toLongs())
                .containsExactly(5, 9, 7);
    }

    @Test
    void scattersByTuples() {
        Tensor x = f32(1, 2, 3, 4);
        Tensor indices = longs(Shape.of(3, 1), 1, 3, 1);
        Tensor updates = f32(10, 20, 5);
        assertIs(one(new GatherScatterOp.ScatterNDUpdateV3(), x, indices, updates), Shape.of(4), 1, 5, 3, 20);
        assertIs(one(new GatherScatterOp.ScatterNDUpdateV4(), x, indices, updates), Shape.of(4), 1, 5, 3, 20);
        double[][] expected = {
            {1, 5, 3, 20}, {1, 17, 3, 24}, {1, -13, 3, -16}, {1, 100, 3, 80}, {1, 2, 3, 4}, {1, 10, 3, 20}
        };
        for (int i = 0; i < expected.length; i++) {
            Reduction reduction = List.of(
                            Reduction.NONE, Reduction.SUM, Reduction.SUB, Reduction.PROD, Reduction.MIN, Reduction.MAX)
                    .get(i);
            assertIs(
                    one(new GatherScatterOp.ScatterNDUpdate(reduction), x, indices, updates), Shape.of(4), expected[i]);
        }
        assertIs(
                one(
                        new GatherScatterOp.ScatterNDUpdate(Reduction.NONE),
                        f32(Shape.of(2, 2), 1, 2, 3, 4),
                        longs(Shape.of(1, 1), -1),
                        f32(Shape.of(1, 2), 8, 9)),
                Shape.of(2, 2),
                1,
                2,
                8,
                9);
    }

    @Test
    void scattersElements() {
        Tensor x = f32(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        Tensor indices = longs(Shape.of(2, 2), 1, 1, 0, -1);
        Tensor updates = f32(Shape.of(2, 2), 10, 20, 30, 40);
        assertIs(
                one(new GatherScatterOp.ScatterElementsUpdateV3(), x, indices, updates, scalar(1)),
                Shape.of(2, 3),
                1,
                20,
                3,
                30,
                5,
                40);
        assertIs(scatter(Reduction.SUM, true, x, indices, updates), Shape.of(2, 3), 1, 32, 3, 34, 5, 46);
        assertIs(scatter(Reduction.SUM, false, x, indices, updates), Shape.of(2, 3), 1, 30, 3, 30, 5, 40);
        assertIs(scatter(Reduction.PROD, false, x, indices, updates), Shape.of(2, 3), 1, 200, 3, 30, 5, 40);
        assertIs(scatter(Reduction.MIN, false, x, indices, updates), Shape.of(2, 3), 1, 10, 3, 30, 5, 40);
        assertIs(scatter(Reduction.MAX, true, x, indices, updates), Shape.of(2, 3), 1, 20, 3, 30, 5, 40);
        assertIs(scatter(Reduction.MEAN, false, x, indices, updates), Shape.of(2, 3), 1, 15, 3, 30, 5, 40);
        assertIs(scatter(Reduction.MEAN, true, x, indices, updates), Shape.of(2, 3), 1, 32 / 3f, 3, 17, 5, 23);
        assertIs(
                one(
                        new GatherScatterOp.ScatterElementsUpdateV3(),
                        x,
                        longs(Shape.of(1, 2), 1, 0),
                        f32(Shape.of(1, 2), 7, 8),
                        scalar(0)),
                Shape.of(2, 3),
                1,
                8,
                3,
                7,
                5,
                6);
    }

    private static Tensor scatter(Reduction reduction, boolean useInit, Tensor... inputs) {
        return one(
                new GatherScatterOp.ScatterElementsUpdate(reduction, useInit),
                inputs[0],
                inputs[1],
                inputs[2],
                scalar(1));
    }

    private static List<Tensor> top(TopKMode mode, TopKSort sort, Tensor x, long k, long axis) {
        return all(new GatherScatterOp.TopK(axis, mode, sort, ElementType.I64, false), x, scalar(k));
    }

    @Test
    void picksTheLargest() {
        Tensor x = f32(3, 1, 3, 2, 3);
        List<Tensor> largest = top(TopKMode.MAX, TopKSort.VALUE, x, 4, 0);
        assertIs(largest.get(0), Shape.of(4), 3, 3, 3, 2);
        assertThat(largest.get(1).toLongs()).containsExactly(0, 2, 4, 3);
        List<Tensor> byIndex = top(TopKMode.MAX, TopKSort.INDEX, x, 4, 0);
        assertIs(byIndex.get(0), Shape.of(4), 3, 3, 2, 3);
        assertThat(byIndex.get(1).toLongs()).containsExactly(0, 2, 3, 4);
        List<Tensor> smallest = top(TopKMode.MIN, TopKSort.NONE, x, 2, 0);
        assertIs(smallest.get(0), Shape.of(2), 1, 2);
        List<Tensor> columns = top(TopKMode.MAX, TopKSort.VALUE, f32(Shape.of(2, 2), 1, 9, 5, 2), 1, 0);
        assertIs(columns.get(0), Shape.of(1, 2), 5, 9);
        assertThat(columns.get(1).toLongs()).containsExactly(1, 0);
        List<Tensor> old =
                all(new GatherScatterOp.TopKV3(-1, TopKMode.MAX, TopKSort.VALUE, ElementType.I32), x, scalar(0));
        assertIs(old.get(1), Shape.of(0));
        assertThat(old.get(1).elementType()).isEqualTo(ElementType.I32);
        assertThatThrownBy(() -> top(TopKMode.MAX, TopKSort.VALUE, x, 6, 0))
                .hasMessageContaining("k is 6, and axis 0 of shape [5] has 5");
        assertThat(top(TopKMode.MAX, TopKSort.VALUE, f32(1, Double.NaN, 2), 1, 0)
                        .get(1)
                        .toLongs())
                .containsExactly(1);
    }
}
