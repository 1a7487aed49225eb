package dev.decanter.runtime.reference;

import static dev.decanter.runtime.reference.Evaluated.all;
import static dev.decanter.runtime.reference.Evaluated.assertIs;
import static dev.decanter.runtime.reference.Evaluated.f32;
import static dev.decanter.runtime.reference.Evaluated.i64;
import static dev.decanter.runtime.reference.Evaluated.iota;
import static dev.decanter.runtime.reference.Evaluated.one;
import static dev.decanter.runtime.reference.Evaluated.scalar;
import static dev.decanter.runtime.reference.Evaluated.typed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShapeOpsTest {
    private static final Tensor SIX = iota(2, 3);

    private static Shape shapeAfter(ShapeOp op, Tensor... inputs) {
        return one(op, inputs).shape();
    }

    @Test
    void reshapes() {
        assertIs(one(new ShapeOp.Reshape(false), SIX, i64(3, -1)), Shape.of(3, 2), 0, 1, 2, 3, 4, 5);
        assertThat(shapeAfter(new ShapeOp.Reshape(true), SIX, i64(0, 1, -1))).isEqualTo(Shape.of(2, 1, 3));
        assertThat(shapeAfter(new ShapeOp.Reshape(false), f32(Shape.of(0, 3)), i64(0, 7)))
                .isEqualTo(Shape.of(0, 7));
        assertThat(shapeAfter(new ShapeOp.Reshape(false), f32(5), i64())).isEqualTo(Shape.SCALAR);
        assertThatThrownBy(() -> one(new ShapeOp.Reshape(true), SIX, i64(4, -1)))
                .hasMessage("layer \"layer\" (Reshape, opset1): shape [2, 3] cannot become [4, -1]");
        assertThatThrownBy(() -> one(new ShapeOp.Reshape(true), SIX, i64(7)))
                .hasMessage("layer \"layer\" (Reshape, opset1): shape [2, 3] cannot become [7]");
    }

    @Test
    void addsAndRemovesDimensions() {
        Tensor x = iota(1, 2, 1, 3);
        assertThat(shapeAfter(new ShapeOp.Squeeze(), x)).isEqualTo(Shape.of(2, 3));
        assertThat(shapeAfter(new ShapeOp.Squeeze(), x, i64(-2))).isEqualTo(Shape.of(1, 2, 3));
        assertThat(shapeAfter(new ShapeOp.Squeeze(), x, scalar(0))).isEqualTo(Shape.of(2, 1, 3));
        assertThat(shapeAfter(new ShapeOp.SqueezeV15(true), x, i64(0, 1))).isEqualTo(Shape.of(2, 1, 3));
        assertThat(shapeAfter(new ShapeOp.Unsqueeze(), SIX, i64(0, -1))).isEqualTo(Shape.of(1, 2, 3, 1));
        assertThat(shapeAfter(new ShapeOp.Unsqueeze(), SIX, scalar(1))).isEqualTo(Shape.of(2, 1, 3));
    }

    @Test
    void tellsShapes() {
        assertThat(one(new ShapeOp.ShapeOf(ElementType.I32), SIX).elementType()).isEqualTo(ElementType.I32);
        assertThat(one(new ShapeOp.ShapeOfV1(), SIX).toLongs()).containsExactly(2, 3);
        assertThat(one(new ShapeOp.ShapeOf(ElementType.I64), Tensor.ofStrings(Shape.of(1), List.of("a")))
                        .toLongs())
                .containsExactly(1);
    }

    @Test
    void transposes() {
        assertIs(one(new ShapeOp.Transpose(), SIX, i64(1, 0)), Shape.of(3, 2), 0, 3, 1, 4, 2, 5);
        assertIs(one(new ShapeOp.Transpose(), SIX, i64()), Shape.of(3, 2), 0, 3, 1, 4, 2, 5);
        assertIs(one(new ShapeOp.Transpose(), iota(2, 2, 2), i64(0, 2, 1)), Shape.of(2, 2, 2), 0, 2, 1, 3, 4, 6, 5, 7);
        Tensor nibbles = typed(ElementType.U4, Shape.of(3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertIs(one(new ShapeOp.Transpose(), nibbles, i64(1, 0)), Shape.of(3, 3), 1, 4, 7, 2, 5, 8, 3, 6, 9);
        assertThatThrownBy(() -> one(new ShapeOp.Transpose(), SIX, i64(1, 1)))
                .hasMessage("layer \"layer\" (Transpose, opset1): axis 1 is named twice");
    }

    @Test
    void joinsAndSplits() {
        assertIs(one(new ShapeOp.Concat(-1), SIX, f32(Shape.of(2, 1), 8, 9)), Shape.of(2, 4), 0, 1, 2, 8, 3, 4, 5, 9);
        assertIs(one(new ShapeOp.Concat(0), f32(Shape.of(0, 3)), SIX), Shape.of(2, 3), 0, 1, 2, 3, 4, 5);
        assertThatThrownBy(() -> one(new ShapeOp.Concat(0), SIX, f32(1, 2, 3)))
                .hasMessage("layer \"layer\" (Concat, opset1): shapes [2, 3] and [3] cannot be joined along axis 0");
        List<Tensor> thirds = all(new ShapeOp.Split(3), SIX, scalar(1));
        assertThat(thirds).hasSize(3);
        assertIs(thirds.get(1), Shape.of(2, 1), 1, 4);
        List<Tensor> parts = all(new ShapeOp.VariadicSplit(), SIX, scalar(-1), i64(1, -1));
        assertIs(parts.get(0), Shape.of(2, 1), 0, 3);
        assertIs(parts.get(1), Shape.of(2, 2), 1, 2, 4, 5);
        assertThatThrownBy(() -> all(new ShapeOp.VariadicSplit(), SIX, scalar(1), i64(1, 1)))
                .hasMessageContaining("lengths [1, 1] do not add up to axis 1 of shape [2, 3]");
    }

    private static Tensor slice(Tensor x, long start, long stop, long step, long axis) {
        return one(new ShapeOp.Slice(), x, i64(start), i64(stop), i64(step), i64(axis));
    }

    @Test
    void slicesLikePython() {
        Tensor x = iota(5);
        assertIs(slice(x, 1, 3, 1, 0), Shape.of(2), 1, 2);
        assertIs(slice(x, -2, Long.MAX_VALUE, 1, 0), Shape.of(2), 3, 4);
        assertIs(slice(x, -100, 100, 2, 0), Shape.of(3), 0, 2, 4);
        assertIs(slice(x, Long.MAX_VALUE, Long.MIN_VALUE, -2, 0), Shape.of(3), 4, 2, 0);
        assertIs(slice(x, 3, -100, -1, 0), Shape.of(4), 3, 2, 1, 0);
        assertIs(slice(x, 3, 1, 1, 0), Shape.of(0));
        assertIs(slice(x, 0, 5, Long.MAX_VALUE, 0), Shape.of(1), 0);
        assertIs(slice(x, 4, -6, Long.MIN_VALUE, 0), Shape.of(1), 4);
        assertIs(slice(SIX, 1, 3, 1, -1), Shape.of(2, 2), 1, 2, 4, 5);
        assertIs(one(new ShapeOp.Slice(), SIX, i64(1, 2), i64(2, 0), i64(1, -1)), Shape.of(1, 2), 5, 4);
        assertThatThrownBy(() -> slice(x, 0, 1, 0, 0)).hasMessageContaining("the step of a slice is 0");
    }

    private static ShapeOp.StridedSlice strided(
            List<Long> begin, List<Long> end, List<Long> newAxis, List<Long> shrink, List<Long> ellipsis) {
        return new ShapeOp.StridedSlice(begin, end, newAxis, shrink, ellipsis);
    }

    private static final List<Long> NO = List.of();

    /** The comments are the NumPy expressions. */
    @Test
    void slicesByMasks() {
        Tensor x = iota(2, 3, 4);
        // x[:, 1:3, ::2]
        assertIs(
                one(
                        strided(List.of(1L, 0L, 1L), List.of(1L, 0L, 1L), NO, NO, NO),
                        x,
                        i64(9, 1, 9),
                        i64(9, 3, 9),
                        i64(1, 1, 2)),
                Shape.of(2, 2, 2),
                4,
                6,
                8,
                10,
                16,
                18,
                20,
                22);
        // x[1, ..., -1]
        assertIs(
                one(strided(NO, NO, NO, List.of(1L, 0L, 1L), List.of(0L, 1L, 0L)), x, i64(1, 0, -1), i64(2, 0, 0)),
                Shape.of(3),
                15,
                19,
                23);
        // x[None, 0:1, None]
        assertThat(one(strided(NO, NO, List.of(1L, 0L, 1L), NO, NO), x, i64(0, 0, 0), i64(0, 1, 0))
                        .shape())
                .isEqualTo(Shape.of(1, 1, 1, 3, 4));
        // x[..., None, ::-1]
        Tensor reversed = one(
                strided(List.of(0L, 0L, 1L), List.of(0L, 0L, 1L), List.of(0L, 1L, 0L), NO, List.of(1L, 0L, 0L)),
                iota(2, 3),
                i64(0, 0, 0),
                i64(0, 0, 0),
                i64(1, 1, -1));
        assertIs(reversed, Shape.of(2, 1, 3), 2, 1, 0, 5, 4, 3);
        // an ellipsis that stands for nothing: x[0, ..., 1, 2] of rank 3
        assertIs(
                one(strided(NO, NO, NO, List.of(1L, 0L, 1L, 1L), List.of(0L, 1L)), x, i64(0, 0, 1, 2), i64(0, 0, 0, 0)),
                Shape.SCALAR,
                6);
        // x[5:1:-2] with bounds beyond the end
        assertIs(one(strided(NO, NO, NO, NO, NO), iota(5), i64(9), i64(1), i64(-2)), Shape.of(2), 4, 2);
        assertThatThrownBy(() -> one(strided(NO, NO, NO, List.of(1L), NO), iota(5), i64(5), i64(6)))
                .hasMessageContaining("index 5 is outside of dimension 0, which is 5");
        assertThatThrownBy(() -> one(strided(NO, NO, NO, NO, NO), iota(5), i64(0, 0), i64(1, 1)))
                .hasMessageContaining("slices 2 dimensions of shape [5]");
    }

    @Test
    void pads() {
        Tensor row = iota(1, 3);
        ShapeOp.Pad constant = new ShapeOp.Pad(ShapeOp.PadMode.CONSTANT);
        assertIs(
                one(constant, row, i64(1, 0), i64(0, 2), typed(ElementType.F32, Shape.SCALAR, 9)),
                Shape.of(2, 5),
                9,
                9,
                9,
                9,
                9,
                0,
                1,
                2,
                9,
                9);
        assertIs(one(constant, row, i64(0, -1), i64(0, 1)), Shape.of(1, 3), 1, 2, 0);
        assertIs(
                one(new ShapeOp.Pad(ShapeOp.PadMode.EDGE), row, i64(0, 2), i64(0, 1)),
                Shape.of(1, 6),
                0,
                0,
                0,
                1,
                2,
                2);
        assertIs(
                one(new ShapeOp.Pad(ShapeOp.PadMode.REFLECT), row, i64(0, 2), i64(0, 1)),
                Shape.of(1, 6),
                2,
                1,
                0,
                1,
                2,
                1);
        assertIs(
                one(new ShapeOp.PadV1(ShapeOp.PadMode.SYMMETRIC), row, i64(0, 2), i64(0, 1)),
                Shape.of(1, 6),
                1,
                0,
                0,
                1,
                2,
                2);
        assertThatThrownBy(() -> one(new ShapeOp.PadV1(ShapeOp.PadMode.CONSTANT), row, i64(0, -1), i64(0, 0)))
                .hasMessageContaining("negative pads need opset12");
        assertThatThrownBy(() -> one(new ShapeOp.Pad(ShapeOp.PadMode.REFLECT), row, i64(0, 3), i64(0, 0)))
                .hasMessageContaining("too small for its pads");
    }

    @Test
    void broadcasts() {
        Tensor x = f32(Shape.of(2, 1), 1, 2);
        assertIs(
                one(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), x, i64(2, 2, 3)),
                Shape.of(2, 2, 3),
                1,
                1,
                1,
                2,
                2,
                2,
                1,
                1,
                1,
                2,
                2,
                2);
        assertIs(
                one(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), x, i64(1, 3)),
                Shape.of(2, 3),
                1,
                1,
                1,
                2,
                2,
                2);
        assertIs(
                one(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.EXPLICIT), f32(1, 2), i64(2, 3), i64(0)),
                Shape.of(2, 3),
                1,
                1,
                1,
                2,
                2,
                2);
        assertThat(one(new ShapeOp.BroadcastV1(ShapeOp.BroadcastMode.NUMPY), f32(Shape.SCALAR, 0), i64(2, 8, 0, 4))
                        .shape())
                .isEqualTo(Shape.of(2, 8, 0, 4));
        assertThatThrownBy(() -> one(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), x, i64(3, 2)))
                .hasMessageContaining("shape [2, 1] cannot be broadcast to [3, 2]");
    }

    @Test
    void tilesAndSelects() {
        assertIs(
                one(new ShapeOp.Tile(), f32(Shape.of(2, 2), 1, 2, 3, 4), i64(2, 2)),
                Shape.of(4, 4),
                1,
                2,
                1,
                2,
                3,
                4,
                3,
                4,
                1,
                2,
                1,
                2,
                3,
                4,
                3,
                4);
        assertIs(one(new ShapeOp.Tile(), f32(1, 2), i64(2, 1, 2)), Shape.of(2, 1, 4), 1, 2, 1, 2, 1, 2, 1, 2);
        assertIs(one(new ShapeOp.Tile(), f32(Shape.of(2, 1), 1, 2), i64(3)), Shape.of(2, 3), 1, 1, 1, 2, 2, 2);
        assertIs(one(new ShapeOp.Tile(), f32(1, 2), i64(0)), Shape.of(0));
        Tensor condition = Tensor.ofBooleans(Shape.of(2, 1), true, false);
        assertIs(one(new ShapeOp.Select(), condition, f32(1, 2), f32(Shape.SCALAR, 9)), Shape.of(2, 2), 1, 2, 9, 9);
        assertIs(
                one(
                        new ShapeOp.Select(AutoBroadcast.NONE),
                        condition,
                        f32(Shape.of(2, 1), 1, 2),
                        f32(Shape.of(2, 1), 3, 4)),
                Shape.of(2, 1),
                1,
                4);
    }

    @Test
    void counts() {
        ShapeOp.Range whole = new ShapeOp.Range(ElementType.I64);
        assertThat(one(whole, scalar(2), scalar(23), scalar(3)).toLongs()).containsExactly(2, 5, 8, 11, 14, 17, 20);
        assertThat(one(whole, scalar(3), scalar(0), scalar(-2)).toLongs()).containsExactly(3, 1);
        assertThat(one(whole, scalar(3), scalar(3), scalar(1)).toLongs()).isEmpty();
        assertThat(one(whole, f32(1.9), f32(4.5), f32(1.5)).toLongs()).containsExactly(1, 2, 3);
        assertIs(one(new ShapeOp.Range(ElementType.F32), f32(1), f32(2.5), f32(0.5)), Shape.of(3), 1, 1.5, 2);
        assertIs(one(new ShapeOp.Range(ElementType.F32), scalar(0), scalar(3), scalar(1)), Shape.of(3), 0, 1, 2);
        assertThatThrownBy(() -> one(whole, scalar(0), scalar(1), scalar(0)))
                .hasMessageContaining("cannot count from 0 to 1 by 0");
    }

    @Test
    void findsNonZeros() {
        Tensor x = f32(Shape.of(2, 3), 0, 5, 0, -1, 0, Double.NaN);
        assertIs(one(new ShapeOp.NonZero(ElementType.I32), x), Shape.of(2, 3), 0, 1, 1, 1, 0, 2);
        assertIs(one(new ShapeOp.NonZero(ElementType.I64), f32(0, 0)), Shape.of(1, 0));
    }

    @Test
    void turnsAxesAround() {
        ShapeOp.Reverse index = new ShapeOp.Reverse(ShapeOp.ReverseMode.INDEX);
        assertIs(one(index, SIX, i64(-1)), Shape.of(2, 3), 2, 1, 0, 5, 4, 3);
        assertIs(one(index, SIX, i64(0, 1)), Shape.of(2, 3), 5, 4, 3, 2, 1, 0);
        assertIs(one(index, SIX), Shape.of(2, 3), 0, 1, 2, 3, 4, 5);
        assertIs(one(index, iota(2, 0), i64(1)), Shape.of(2, 0));
        ShapeOp.Reverse mask = new ShapeOp.Reverse(ShapeOp.ReverseMode.MASK);
        assertIs(one(mask, SIX, Tensor.ofBooleans(Shape.of(2), true, false)), Shape.of(2, 3), 3, 4, 5, 0, 1, 2);
        assertThatThrownBy(() -> one(mask, SIX, Tensor.ofBooleans(Shape.of(1), true)))
                .hasMessageContaining("for 2 axes");
        assertThatThrownBy(() -> one(index, SIX, i64(2))).isInstanceOf(dev.decanter.ir.DecanterException.class);
    }

    @Test
    void sumsUp() {
        Tensor x = f32(1, 2, 3);
        assertIs(one(new ShapeOp.CumSum(false, false), x, scalar(0)), Shape.of(3), 1, 3, 6);
        assertIs(one(new ShapeOp.CumSum(true, false), x, scalar(0)), Shape.of(3), 0, 1, 3);
        assertIs(one(new ShapeOp.CumSum(false, true), x, scalar(0)), Shape.of(3), 6, 5, 3);
        assertIs(one(new ShapeOp.CumSum(true, true), x, scalar(0)), Shape.of(3), 5, 3, 0);
        assertIs(one(new ShapeOp.CumSum(false, false), SIX, scalar(0)), Shape.of(2, 3), 0, 1, 2, 3, 5, 7);
        assertThat(one(new ShapeOp.CumSum(false, false), i64(1, 1, 1)).toLongs())
                .containsExactly(1, 2, 3);
    }

    @Test
    void switchesOneOn() {
        Tensor on = f32(Shape.SCALAR, 1);
        Tensor off = f32(Shape.SCALAR, -1);
        assertIs(
                one(new ShapeOp.OneHot(-1), i64(2, 0, 7, -1), scalar(3), on, off),
                Shape.of(4, 3),
                -1,
                -1,
                1,
                1,
                -1,
                -1,
                -1,
                -1,
                -1,
                -1,
                -1,
                -1);
        assertIs(one(new ShapeOp.OneHot(0), i64(1, 0), scalar(2), on, off), Shape.of(2, 2), -1, 1, 1, -1);
    }

    @Test
    void movesStrings() {
        Tensor words = Tensor.ofStrings(Shape.of(2, 2), List.of("a", "b", "c", "d"));
        assertThat(one(new ShapeOp.Transpose(), words, i64(1, 0)).strings()).containsExactly("a", "c", "b", "d");
        assertThat(one(new ShapeOp.Concat(0), words, Tensor.ofStrings(Shape.of(1, 2), List.of("e", "f")))
                        .strings())
                .containsExactly("a", "b", "c", "d", "e", "f");
        assertThat(one(new ShapeOp.Pad(ShapeOp.PadMode.CONSTANT), words, i64(0, 0), i64(0, 1))
                        .strings())
                .containsExactly("a", "b", "", "c", "d", "");
        assertThat(one(new ShapeOp.Reshape(false), words, i64(4)).shape()).isEqualTo(Shape.of(4));
    }
}
