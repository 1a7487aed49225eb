package dev.decanter.runtime.reference;

import static dev.decanter.runtime.reference.Evaluated.assertClose;
import static dev.decanter.runtime.reference.Evaluated.assertIs;
import static dev.decanter.runtime.reference.Evaluated.f32;
import static dev.decanter.runtime.reference.Evaluated.i64;
import static dev.decanter.runtime.reference.Evaluated.one;
import static dev.decanter.runtime.reference.Evaluated.typed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import org.junit.jupiter.api.Test;

class ElementwiseOpsTest {
    private static final Tensor X = f32(-3, -1.5, -0.5, 0, 0.25, 1, 2.5, 4);
    private static final double INF = Double.POSITIVE_INFINITY;

    private static void check(UnaryOp op, double... expected) {
        assertClose(one(op, X), Shape.of(8), expected);
    }

    /** Values from numpy and scipy.special.erf in double. */
    @Test
    void computesActivations() {
        check(
                new UnaryOp.Gelu(UnaryOp.GeluMode.ERF),
                -0.0040496942,
                -0.1002108,
                -0.15426877,
                0,
                0.14967658,
                0.8413448,
                2.4844759,
                3.9998734);
        check(
                new UnaryOp.GeluV2(),
                -0.0040496942,
                -0.1002108,
                -0.15426877,
                0,
                0.14967658,
                0.8413448,
                2.4844759,
                3.9998734);
        check(
                new UnaryOp.Gelu(UnaryOp.GeluMode.TANH),
                -0.0036373921,
                -0.10042842,
                -0.154286,
                0,
                0.14967535,
                0.841192,
                2.4849157,
                3.9999297);
        check(new UnaryOp.Erf(), -0.9999779, -0.96610516, -0.5204999, 0, 0.2763264, 0.8427008, 0.999593, 1);
        check(
                new UnaryOp.Sigmoid(),
                0.047425874,
                0.18242553,
                0.37754068,
                0.5,
                0.5621765,
                0.7310586,
                0.9241418,
                0.98201376);
        check(
                new UnaryOp.Swish(),
                -0.14227761,
                -0.27363828,
                -0.18877034,
                0,
                0.14054413,
                0.7310586,
                2.3103545,
                3.928055);
        check(
                new UnaryOp.SoftPlus(),
                0.048587352,
                0.20141327,
                0.474077,
                0.6931472,
                0.8259394,
                1.3132616,
                2.5788898,
                4.01815);
        check(
                new UnaryOp.Mish(),
                -0.14564747,
                -0.29809976,
                -0.22074378,
                0,
                0.16957241,
                0.8650984,
                2.4713924,
                3.9974129);
        check(new UnaryOp.HSwish(), 0, -0.375, -0.20833333, 0, 0.13541667, 0.6666667, 2.2916667, 4);
        check(new UnaryOp.HSigmoid(), 0, 0.25, 0.41666666, 0.5, 0.5416667, 0.6666667, 0.9166667, 1);
        check(new UnaryOp.Elu(0.5), -0.47510648, -0.38843492, -0.19673467, 0, 0.25, 1, 2.5, 4);
        check(new UnaryOp.Relu(), 0, 0, 0, 0, 0.25, 1, 2.5, 4);
        check(new UnaryOp.Clamp(-1, 2), -1, -1, -0.5, 0, 0.25, 1, 2, 2);
        check(new UnaryOp.Tanh(), -0.9950548, -0.90514827, -0.46211717, 0, 0.24491866, 0.7615942, 0.9866143, 0.9993293);
        check(new UnaryOp.Exp(), 0.049787067, 0.22313017, 0.60653067, 1, 1.2840254, 2.7182817, 12.182494, 54.59815);
    }

    @Test
    void takesBetaOfSwishFromTheSecondInput() {
        Tensor beta = typed(ElementType.F32, Shape.SCALAR, 2);
        assertClose(
                one(new UnaryOp.Swish(), X, beta),
                Shape.of(8),
                -0.007417869,
                -0.07113881,
                -0.13447072,
                0,
                0.15561484,
                0.8807971,
                2.4832678,
                3.9986587);
    }

    /** scipy.special.erf. */
    @Test
    void knowsTheErrorFunctionToDoublePrecision() {
        double[] x = {1e-3, 0.1, 0.5, 1, 2, 3, 4, 5.5, 7};
        double[] erf = {
            0.0011283787909692363,
            0.1124629160182849,
            0.5204998778130465,
            0.8427007929497148,
            0.9953222650189527,
            0.9999779095030014,
            0.9999999845827421,
            0.9999999999999927,
            1
        };
        for (int i = 0; i < x.length; i++) {
            assertThat(SpecialFunctions.erf(x[i])).isCloseTo(erf[i], org.assertj.core.data.Offset.offset(4e-16));
            assertThat(SpecialFunctions.erf(-x[i])).isEqualTo(-SpecialFunctions.erf(x[i]));
        }
        assertThat(SpecialFunctions.geluErf(-INF)).isZero();
        assertThat(SpecialFunctions.geluTanh(-INF)).isZero();
    }

    @Test
    void roundsBothWays() {
        Tensor in = f32(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, -2.6);
        assertIs(one(new UnaryOp.Round(UnaryOp.RoundMode.HALF_TO_EVEN), in), Shape.of(8), -2, -2, -0.0, 0, 2, 2, 2, -3);
        assertIs(
                one(new UnaryOp.Round(UnaryOp.RoundMode.HALF_AWAY_FROM_ZERO), in),
                Shape.of(8),
                -3,
                -2,
                -1,
                1,
                2,
                3,
                2,
                -3);
        assertIs(one(new UnaryOp.Floor(), in), Shape.of(8), -3, -2, -1, 0, 1, 2, 2, -3);
        assertIs(one(new UnaryOp.Ceiling(), in), Shape.of(8), -2, -1, -0.0, 1, 2, 3, 3, -2);
    }

    @Test
    void leavesIntegersWhole() {
        long odd = (1L << 60) + 1;
        assertThat(one(new UnaryOp.Floor(), i64(odd, -3)).toLongs()).containsExactly(odd, -3);
        assertThat(one(new UnaryOp.Ceiling(), i64(odd, -3)).toLongs()).containsExactly(odd, -3);
        assertThat(one(new UnaryOp.Negative(), i64(odd, -3)).toLongs()).containsExactly(-odd, 3);
        assertThat(one(new UnaryOp.Abs(), i64(odd, -3)).toLongs()).containsExactly(odd, 3);
        assertThat(one(new UnaryOp.Clamp(-1.5, 2.5), i64(-9, -1, 2, 9)).toLongs())
                .containsExactly(-1, -1, 2, 2);
        assertThat(one(new UnaryOp.BitwiseNot(), i64(0, 5)).toLongs()).containsExactly(-1, -6);
        assertIs(one(new UnaryOp.LogicalNot(), Tensor.ofBooleans(Shape.of(2), true, false)), Shape.of(2), 0, 1);
        assertThatThrownBy(() -> one(new UnaryOp.Cos(), i64(1)))
                .isInstanceOf(InferenceException.class)
                .hasMessage("layer \"layer\" (Cos, opset1): type i64 is not supported");
    }

    @Test
    void broadcastsLikeNumPy() {
        Tensor column = f32(Shape.of(3, 1), 0, 10, 20);
        Tensor row = f32(1, 2);
        assertIs(one(new BinaryOp.Add(), column, row), Shape.of(3, 2), 1, 2, 11, 12, 21, 22);
        assertIs(one(new BinaryOp.Subtract(), row, column), Shape.of(3, 2), 1, 2, -9, -8, -19, -18);
        assertIs(one(new BinaryOp.Multiply(), typed(ElementType.F32, Shape.SCALAR, 3), row), Shape.of(2), 3, 6);
        assertIs(one(new BinaryOp.Add(), f32(Shape.of(0, 1)), row), Shape.of(0, 2));
        Tensor block = f32(Shape.of(2, 1, 2), 0, 1, 2, 3);
        Tensor other = f32(Shape.of(2, 1), 10, 20);
        assertIs(one(new BinaryOp.Add(), block, other), Shape.of(2, 2, 2), 10, 11, 20, 21, 12, 13, 22, 23);
        assertThatThrownBy(() -> one(new BinaryOp.Add(AutoBroadcast.NONE), row, column))
                .hasMessage("layer \"layer\" (Add, opset1): shapes [2] and [3, 1] differ and auto_broadcast is none");
        assertIs(one(new BinaryOp.Add(AutoBroadcast.PDPD), block, row), Shape.of(2, 1, 2), 1, 3, 3, 5);
        assertThatThrownBy(() -> one(new BinaryOp.Add(), row, i64(1, 2)))
                .hasMessage("layer \"layer\" (Add, opset1): inputs have different types: f32[2] and i64[2]");
    }

    @Test
    void dividesIntegersLikePythonOrLikeC() {
        Tensor x = i64(7, -7, 7, -7);
        Tensor y = i64(2, 2, -2, -2);
        assertThat(one(new BinaryOp.Divide(), x, y).toLongs()).containsExactly(3, -4, -4, 3);
        assertThat(one(new BinaryOp.Divide(AutoBroadcast.NUMPY, false), x, y).toLongs())
                .containsExactly(3, -3, -3, 3);
        assertThat(one(new BinaryOp.Mod(), x, y).toLongs()).containsExactly(1, -1, 1, -1);
        assertThat(one(new BinaryOp.FloorMod(), x, y).toLongs()).containsExactly(1, 1, -1, -1);
        assertThatThrownBy(() -> one(new BinaryOp.Divide(), x, i64(0, 1, 1, 1)))
                .hasMessage("layer \"layer\" (Divide, opset1): integer division by zero");
        Tensor a = f32(7, -7, 7, -7);
        Tensor b = f32(2, 2, -2, -2);
        assertIs(one(new BinaryOp.Divide(), a, b), Shape.of(4), 3.5, -3.5, -3.5, 3.5);
        assertIs(one(new BinaryOp.Mod(), a, b), Shape.of(4), 1, -1, 1, -1);
        assertIs(one(new BinaryOp.FloorMod(), a, b), Shape.of(4), 1, 1, -1, -1);
        assertIs(one(new BinaryOp.Divide(), f32(1, -1), f32(0, 0)), Shape.of(2), INF, -INF);
    }

    @Test
    void wrapsAndRoundsToTheType() {
        assertIs(
                one(
                        new BinaryOp.Add(),
                        typed(ElementType.I8, Shape.of(1), 100),
                        typed(ElementType.I8, Shape.of(1), 100)),
                Shape.of(1),
                -56);
        assertIs(
                one(
                        new BinaryOp.Subtract(),
                        typed(ElementType.U8, Shape.of(1), 1),
                        typed(ElementType.U8, Shape.of(1), 2)),
                Shape.of(1),
                255);
        assertIs(
                one(
                        new BinaryOp.Add(),
                        typed(ElementType.F16, Shape.of(1), 2048),
                        typed(ElementType.F16, Shape.of(1), 1)),
                Shape.of(1),
                2048);
        assertIs(
                one(
                        new BinaryOp.Power(),
                        typed(ElementType.I32, Shape.of(2), 3, -2),
                        typed(ElementType.I32, Shape.of(2), 4, 3)),
                Shape.of(2),
                81,
                -8);
        assertIs(one(new BinaryOp.Power(), f32(2, 9), f32(-1, 0.5)), Shape.of(2), 0.5, 3);
        assertIs(one(new BinaryOp.SquaredDifference(), f32(1, 5), f32(4, 3)), Shape.of(2), 9, 4);
        Tensor large = typed(ElementType.U64, Shape.of(1), 0x1.8p63);
        Tensor small = typed(ElementType.U64, Shape.of(1), 2);
        assertIs(one(new BinaryOp.Maximum(), large, small), Shape.of(1), 0x1.8p63);
        assertIs(one(new BinaryOp.Divide(), large, small), Shape.of(1), 0x1.8p62);
        assertIs(one(new BinaryOp.Less(), small, large), Shape.of(1), 1);
    }

    @Test
    void comparesAndCombinesBooleans() {
        Tensor x = f32(1, 2, Double.NaN);
        Tensor y = f32(2, 2, Double.NaN);
        assertIs(one(new BinaryOp.Equal(), x, y), Shape.of(3), 0, 1, 0);
        assertIs(one(new BinaryOp.NotEqual(), x, y), Shape.of(3), 1, 0, 1);
        assertIs(one(new BinaryOp.Less(), x, y), Shape.of(3), 1, 0, 0);
        assertIs(one(new BinaryOp.LessEqual(), x, y), Shape.of(3), 1, 1, 0);
        assertIs(one(new BinaryOp.Greater(), y, x), Shape.of(3), 1, 0, 0);
        assertIs(one(new BinaryOp.GreaterEqual(), i64(1, 2), i64(2, 2)), Shape.of(2), 0, 1);
        assertThat(one(new BinaryOp.Equal(), x, y).elementType()).isEqualTo(ElementType.BOOLEAN);
        Tensor p = Tensor.ofBooleans(Shape.of(4), true, true, false, false);
        Tensor q = Tensor.ofBooleans(Shape.of(4), true, false, true, false);
        assertIs(one(new BinaryOp.LogicalAnd(), p, q), Shape.of(4), 1, 0, 0, 0);
        assertIs(one(new BinaryOp.LogicalOr(), p, q), Shape.of(4), 1, 1, 1, 0);
        assertIs(one(new BinaryOp.LogicalXor(), p, q), Shape.of(4), 0, 1, 1, 0);
        assertIs(one(new BinaryOp.BitwiseAnd(), p, q), Shape.of(4), 1, 0, 0, 0);
        assertIs(one(new BinaryOp.BitwiseOr(), i64(5, 8), i64(3, 1)), Shape.of(2), 7, 9);
        assertIs(one(new BinaryOp.BitwiseXor(), i64(5, 8), i64(3, 1)), Shape.of(2), 6, 9);
    }

    @Test
    void reduces() {
        Tensor x = f32(Shape.of(2, 3), 1, 2, 3, -4, 5, 6);
        assertIs(one(new ReduceOp.ReduceSum(true), x, i64(-1)), Shape.of(2, 1), 6, 7);
        assertIs(one(new ReduceOp.ReduceSum(false), x, i64(0)), Shape.of(3), -3, 7, 9);
        assertIs(one(new ReduceOp.ReduceMean(false), x, i64(0, 1)), Shape.SCALAR, 13 / 6f);
        assertIs(one(new ReduceOp.ReduceMax(false), x, Tensor.ofLongs(Shape.SCALAR, 1)), Shape.of(2), 3, 6);
        assertIs(one(new ReduceOp.ReduceMin(true), x, i64(1)), Shape.of(2, 1), 1, -4);
        assertIs(one(new ReduceOp.ReduceProd(false), x, i64(1)), Shape.of(2), 6, -120);
        assertIs(one(new ReduceOp.ReduceL1(false), x, i64(1)), Shape.of(2), 6, 15);
        assertIs(one(new ReduceOp.ReduceL2(false), f32(3, 4), i64(0)), Shape.SCALAR, 5);
        assertIs(one(new ReduceOp.ReduceSum(false), x, i64()), Shape.of(2, 3), 1, 2, 3, -4, 5, 6);
        assertIs(one(new ReduceOp.ReduceSum(false), f32(Shape.of(2, 0)), i64(1)), Shape.of(2), 0, 0);
        assertThat(one(new ReduceOp.ReduceProd(false), i64(2, 3, 7), i64(0)).toLongs())
                .containsExactly(42);
        assertThat(one(new ReduceOp.ReduceMax(true), i64(2, -3, 7), i64(0)).toLongs())
                .containsExactly(7);
        Tensor b = Tensor.ofBooleans(Shape.of(2, 2), true, false, true, true);
        assertIs(one(new ReduceOp.ReduceLogicalAnd(false), b, i64(1)), Shape.of(2), 0, 1);
        assertIs(one(new ReduceOp.ReduceLogicalOr(false), b, i64(0)), Shape.of(2), 1, 1);
        assertThatThrownBy(() -> one(new ReduceOp.ReduceSum(false), x, i64(2)))
                .hasMessage("layer \"layer\" (ReduceSum, opset1): axis 2 is outside of rank 2");
    }

    /** Float sums are kept in double, so that a thousand tenths are a hundred to the last bit. */
    @Test
    void accumulatesInDouble() {
        double[] tenths = new double[1000];
        java.util.Arrays.fill(tenths, 0.1f);
        assertIs(one(new ReduceOp.ReduceSum(false), f32(tenths), i64(0)), Shape.SCALAR, (float) (1000 * (double) 0.1f));
    }
}
