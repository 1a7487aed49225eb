package dev.decanter.runtime.reference;

import static dev.decanter.runtime.reference.Evaluated.assertClose;
import static dev.decanter.runtime.reference.Evaluated.assertIs;
import static dev.decanter.runtime.reference.Evaluated.f32;
import static dev.decanter.runtime.reference.Evaluated.i64;
import static dev.decanter.runtime.reference.Evaluated.iota;
import static dev.decanter.runtime.reference.Evaluated.one;
import static dev.decanter.runtime.reference.Evaluated.typed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.NeuralOp.AutoPad;
import dev.decanter.runtime.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Values from numpy in double; where data is not literal, the comment has the expression. */
class NeuralOpsTest {
    private static final double INF = Double.POSITIVE_INFINITY;

    @Test
    void multipliesMatrices() {
        Tensor a = iota(2, 3);
        Tensor b = iota(3, 2);
        NeuralOp.MatMul plain = new NeuralOp.MatMul(false, false);
        assertIs(one(plain, a, b), Shape.of(2, 2), 10, 13, 28, 40);
        assertIs(one(new NeuralOp.MatMul(false, true), a, a), Shape.of(2, 2), 5, 14, 14, 50);
        assertIs(one(new NeuralOp.MatMul(true, false), a, a), Shape.of(3, 3), 9, 12, 15, 12, 17, 22, 15, 22, 29);
        assertIs(one(new NeuralOp.MatMul(true, true), a, b), Shape.of(3, 3), 3, 9, 15, 4, 14, 24, 5, 19, 33);
        assertIs(one(plain, f32(1, 2, 3), b), Shape.of(2), 16, 22);
        assertIs(one(plain, a, f32(1, 2, 3)), Shape.of(2), 8, 26);
        assertIs(one(new NeuralOp.MatMul(true, true), f32(1, 2, 3), f32(1, 1, 1)), Shape.SCALAR, 6);
        assertThatThrownBy(() -> one(plain, a, a))
                .hasMessage(
                        "layer \"layer\" (MatMul, opset1): matrices of shapes [2, 3] and [2, 3] cannot be multiplied");
    }

    @Test
    void multipliesBatches() {
        NeuralOp.MatMul plain = new NeuralOp.MatMul(false, false);
        assertIs(one(plain, iota(2, 1, 1, 2), f32(Shape.of(2, 2, 1), 1, 0, 0, 1)), Shape.of(2, 2, 1, 1), 0, 1, 2, 3);
        assertThat(one(plain, f32(Shape.of(0, 2)), iota(2, 3)).shape()).isEqualTo(Shape.of(0, 3));
        assertIs(one(plain, f32(Shape.of(1, 0)), f32(Shape.of(0, 2))), Shape.of(1, 2), 0, 0);
        assertThat(one(plain, Tensor.ofLongs(Shape.of(1, 2), 1L << 40, 1), Tensor.ofLongs(Shape.of(2, 1), 2, 1))
                        .toLongs())
                .containsExactly((1L << 41) + 1);
    }

    /** 1e8 + 1 − 1e8 is 0 in float and 1 in double. */
    @Test
    void accumulatesProductsInDouble() {
        assertIs(
                one(new NeuralOp.MatMul(false, false), f32(Shape.of(1, 3), 1e8, 1, -1e8), f32(Shape.of(3, 1), 1, 1, 1)),
                Shape.of(1, 1),
                1);
    }

    @Test
    void normalizesExponentially() {
        Tensor x = f32(Shape.of(2, 3), 1, 2, 3, -1, 0, 1000);
        assertClose(one(new NeuralOp.Softmax(-1), x), Shape.of(2, 3), 0.090030573, 0.24472848, 0.66524094, 0, 0, 1);
        assertClose(
                one(new NeuralOp.SoftmaxV1(0), x), Shape.of(2, 3), 0.8807971, 0.8807971, 0, 0.11920293, 0.11920293, 1);
        assertClose(
                one(new NeuralOp.LogSoftmax(1), x),
                Shape.of(2, 3),
                -2.4076059,
                -1.407606,
                -0.40760598,
                -1001,
                -1000,
                0);
        assertIs(one(new NeuralOp.Softmax(-1), f32(-INF, 0)), Shape.of(2), 0, 1);
    }

    @Test
    void normalizesMeanAndVariance() {
        Tensor x = f32(Shape.of(2, 4), 1, 2, 3, 6, -1, 0, 4, 5);
        assertClose(
                one(new NeuralOp.Mvn(true, 1e-3, NeuralOp.EpsMode.INSIDE_SQRT), x, i64(-1)),
                Shape.of(2, 4),
                -1.0688922,
                -0.5344461,
                0,
                1.6033384,
                -1.1766063,
                -0.7844042,
                0.7844042,
                1.1766063);
        assertClose(
                one(new NeuralOp.Mvn(true, 1e-3, NeuralOp.EpsMode.OUTSIDE_SQRT), x, i64(1)),
                Shape.of(2, 4),
                -1.0684738,
                -0.5342369,
                0,
                1.6027107,
                -1.1762354,
                -0.784157,
                0.784157,
                1.1762354);
        assertClose(
                one(new NeuralOp.Mvn(true, 1e-3, NeuralOp.EpsMode.INSIDE_SQRT), x, i64(0, 1)),
                Shape.of(2, 4),
                -0.6545913,
                -0.2181971,
                0.2181971,
                1.5273798,
                -1.5273798,
                -1.0909855,
                0.6545913,
                1.0909855);
        assertIs(
                one(new NeuralOp.Mvn(false, 1e-3, NeuralOp.EpsMode.INSIDE_SQRT), x, i64(0)),
                Shape.of(2, 4),
                1,
                1,
                -0.5,
                0.5,
                -1,
                -1,
                0.5,
                -0.5);
    }

    /** {@code ((arange(prod(shape)) * factor % modulus - shift) / divisor).reshape(shape)}. */
    private static Tensor pattern(Shape shape, int factor, int modulus, int shift, double divisor) {
        double[] values = new double[(int) shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * factor % modulus - shift) / divisor;
        }
        return f32(shape, values);
    }

    private static final Tensor Q = pattern(Shape.of(1, 2, 2, 4), 7, 11, 5, 4);
    private static final Tensor K = pattern(Shape.of(1, 2, 3, 4), 5, 13, 6, 5);
    private static final Tensor V = pattern(Shape.of(1, 2, 3, 2), 3, 7, 3, 2);
    private static final Shape ATTENDED = Shape.of(1, 2, 2, 2);
    private static final NeuralOp.ScaledDotProductAttention ATTENTION = new NeuralOp.ScaledDotProductAttention(false);

    @Test
    void attends() {
        assertClose(
                one(ATTENTION, Q, K, V),
                ATTENDED,
                0.606126,
                -0.5,
                0.053889245,
                -0.5105149,
                0.01097594,
                1.0324026,
                -0.02497659,
                0.3946826);
        Tensor mask = f32(Shape.of(1, 1, 2, 3), 0, -1, 0.5, -INF, 0, 0.25);
        double[] masked = {
            0.35956046, -0.59672564, 1.1113501, -0.88864994, -0.043661844, 0.66048265, -0.29027116, 1.2097288
        };
        assertClose(one(ATTENTION, Q, K, V, mask), ATTENDED, masked);
        Tensor flat = f32(Shape.of(2, 3), 0, -1, 0.5, -INF, 0, 0.25);
        assertClose(one(ATTENTION, Q, K, V, flat), ATTENDED, masked);
        Tensor scale = f32(Shape.SCALAR, 0.3);
        assertClose(
                one(ATTENTION, Q, K, V, mask, scale),
                ATTENDED,
                0.3019191,
                -0.6016144,
                1.1497164,
                -0.85028356,
                -0.0691072,
                0.43220124,
                -0.28660989,
                1.2133901);
        Tensor sink = f32(Shape.of(1, 2, 1, 1), 0.5, -1);
        assertClose(
                one(ATTENTION, Q, K, V, mask, scale, sink),
                ATTENDED,
                0.19908877,
                -0.39671114,
                0.6691003,
                -0.4948394,
                -0.05729492,
                0.3583264,
                -0.25593519,
                1.0835259);
        Tensor none = f32(Shape.SCALAR, 0);
        assertClose(one(ATTENTION, Q, K, V, none), ATTENDED, Evaluated.numbers(one(ATTENTION, Q, K, V)));
    }

    @Test
    void attendsCausally() {
        NeuralOp.ScaledDotProductAttention causal = new NeuralOp.ScaledDotProductAttention(true);
        double[] expected = {-1.5, 0, -0.6633455, -0.13944241, 0.5, -1.5, 0.24062939, 0.056223646};
        assertClose(one(causal, Q, K, V), ATTENDED, expected);
        Tensor ignored = f32(Shape.of(2, 3), 9, 9, 9, -9, -9, -9);
        assertClose(one(causal, Q, K, V, ignored), ATTENDED, expected);
    }

    @Test
    void attendsByBooleanMask() {
        Tensor keep = Tensor.ofBooleans(Shape.of(1, 1, 2, 3), true, false, false, true, true, false);
        assertClose(
                one(ATTENTION, Q, K, V, keep),
                ATTENDED,
                Evaluated.numbers(one(new NeuralOp.ScaledDotProductAttention(true), Q, K, V)));
        Tensor blind = Tensor.ofBooleans(Shape.of(1, 1, 1, 3), false, false, false);
        assertIs(one(ATTENTION, Q, K, V, blind), ATTENDED, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    /** One head of keys and values serves both heads of queries. */
    @Test
    void repeatsHeads() {
        Tensor oneHead = pattern(Shape.of(1, 1, 3, 4), 5, 13, 6, 5);
        Tensor values = pattern(Shape.of(1, 1, 3, 2), 3, 7, 3, 2);
        Tensor out = one(ATTENTION, Q, oneHead, values);
        Tensor firstHead = f32(Shape.of(1, 1, 2, 4), java.util.Arrays.copyOf(Evaluated.numbers(Q), 8));
        assertThat(java.util.Arrays.copyOf(Evaluated.numbers(out), 4))
                .containsExactly(Evaluated.numbers(one(ATTENTION, firstHead, oneHead, values)));
        assertThat(out.shape()).isEqualTo(ATTENDED);
    }

    private static NeuralOp.Convolution convolution(
            long[] strides, long[] begin, long[] end, long[] dilations, AutoPad pad) {
        return new NeuralOp.Convolution(list(strides), list(begin), list(end), list(dilations), pad);
    }

    private static List<Long> list(long... values) {
        return java.util.Arrays.stream(values).boxed().toList();
    }

    private static final long[] ONES = {1, 1};
    private static final long[] TWOS = {2, 2};
    private static final long[] ZEROS = {0, 0};

    @Test
    void convolvesImages() {
        Tensor x = pattern(Shape.of(1, 2, 4, 4), 1, 9, 4, 1);
        Tensor w = pattern(Shape.of(2, 2, 3, 3), 1, 5, 2, 1);
        assertIs(
                one(convolution(ONES, ONES, ONES, ONES, AutoPad.EXPLICIT), x, w),
                Shape.of(1, 2, 4, 4),
                12,
                -3,
                -11,
                -10,
                -18,
                -4,
                20,
                11,
                32,
                20,
                -10,
                -19,
                -20,
                -17,
                10,
                29,
                -9,
                -16,
                -10,
                13,
                6,
                16,
                8,
                -16,
                -12,
                -25,
                -15,
                5,
                27,
                23,
                -3,
                -10);
        assertIs(
                one(convolution(TWOS, ZEROS, ZEROS, ONES, AutoPad.SAME_UPPER), x, w),
                Shape.of(1, 2, 2, 2),
                -4,
                11,
                -17,
                29,
                16,
                -16,
                23,
                -10);
        assertIs(
                one(convolution(TWOS, ZEROS, ZEROS, ONES, AutoPad.SAME_LOWER), x, w),
                Shape.of(1, 2, 2, 2),
                12,
                -11,
                32,
                -10,
                -9,
                -10,
                -12,
                -15);
        assertThat(one(convolution(ONES, ONES, ONES, ONES, AutoPad.VALID), x, w).shape())
                .isEqualTo(Shape.of(1, 2, 2, 2));
        assertThatThrownBy(() -> one(convolution(ONES, ZEROS, ZEROS, new long[] {2, 2}, AutoPad.EXPLICIT), x, w))
                .hasMessageContaining("does not fit into data f32[1, 2, 4, 4]");
    }

    @Test
    void convolvesSequencesGroupsAndVolumes() {
        assertIs(
                one(
                        convolution(new long[] {2}, new long[] {1}, new long[] {0}, new long[] {2}, AutoPad.EXPLICIT),
                        pattern(Shape.of(2, 3, 6), 1, 7, 3, 1),
                        pattern(Shape.of(2, 3, 2), 1, 5, 2, 1)),
                Shape.of(2, 2, 3),
                -7,
                13,
                -5,
                -9,
                -7,
                5,
                -1,
                -2,
                15,
                2,
                3,
                1);
        assertIs(
                one(
                        new NeuralOp.GroupConvolution(
                                list(ONES), list(ZEROS), list(ZEROS), list(ONES), AutoPad.EXPLICIT),
                        pattern(Shape.of(1, 4, 3, 3), 1, 7, 3, 1),
                        pattern(Shape.of(2, 2, 2, 2, 2), 1, 5, 2, 1)),
                Shape.of(1, 4, 2, 2),
                5,
                2,
                -4,
                7,
                -10,
                5,
                0,
                8,
                -11,
                3,
                10,
                3,
                0,
                -8,
                -10,
                -4);
        assertIs(
                one(
                        convolution(
                                new long[] {1, 1, 1}, new long[3], new long[3], new long[] {1, 1, 1}, AutoPad.EXPLICIT),
                        pattern(Shape.of(1, 1, 2, 3, 3), 1, 5, 2, 1),
                        pattern(Shape.of(1, 1, 2, 2, 2), 1, 3, 1, 1)),
                Shape.of(1, 1, 1, 2, 2),
                -1,
                3,
                1,
                0);
    }

    @Test
    void quantizesFakely() {
        NeuralOp.FakeQuantize five = new NeuralOp.FakeQuantize(5, AutoBroadcast.NUMPY);
        Tensor x = f32(-2, -1, -0.75, -0.74, 0.25, 0.26, 1, 3);
        Tensor low = f32(Shape.SCALAR, -1);
        Tensor high = f32(Shape.SCALAR, 1);
        // steps of a half from −1; halves of a step go to the even level
        assertIs(one(five, x, low, high, low, high), Shape.of(8), -1, -1, -1, -0.5, 0, 0.5, 1, 1);
        Tensor lows = f32(Shape.of(2, 1), 0, -1);
        assertIs(
                one(
                        new NeuralOp.FakeQuantize(3, AutoBroadcast.NUMPY),
                        f32(Shape.of(2, 2), 0.3, 0.9, 0.3, -0.9),
                        lows,
                        high,
                        lows,
                        f32(Shape.SCALAR, 3)),
                Shape.of(2, 2),
                1.5,
                3,
                1,
                -1);
    }

    @Test
    void keepsNaNInFakeQuantization() {
        NeuralOp.FakeQuantize five = new NeuralOp.FakeQuantize(5, AutoBroadcast.NUMPY);
        Tensor low = f32(Shape.SCALAR, -1);
        Tensor high = f32(Shape.SCALAR, 1);
        assertIs(one(five, f32(Double.NaN, -9e9, 9e9), low, high, low, high), Shape.of(3), Double.NaN, -1, 1);
    }

    @Test
    void convertsFakely() {
        NeuralOp.FakeConvert e4m3 = new NeuralOp.FakeConvert(ElementType.F8E4M3);
        NeuralOp.FakeConvert e5m2 = new NeuralOp.FakeConvert(ElementType.F8E5M2);
        Tensor x = f32(1.0625, 1.1875, 500, -1e9, 0x1p-10, 0x1.8p-10, Double.NaN);
        Tensor one = f32(Shape.SCALAR, 1);
        assertIs(one(e4m3, x, one), Shape.of(7), 1, 1.25, 448, -448, 0, 0x1p-9, Double.NaN);
        assertIs(
                one(e5m2, f32(1.125, 1.375, 60000, Double.NEGATIVE_INFINITY), one), Shape.of(4), 1, 1.5, 57344, -57344);
        // rows have their own scale and shift: 3.3 · 2 − 1 = 5.6 → 5.5, and 100 · 8 = 800 → 448
        assertIs(
                one(e4m3, f32(Shape.of(2, 2), 3.3, 0.5, 100, 1), f32(Shape.of(2, 1), 2, 8), f32(Shape.of(2, 1), 1, 0)),
                Shape.of(2, 2),
                3.25,
                0.5,
                56,
                1);
        assertThatThrownBy(() -> one(new NeuralOp.FakeConvert(ElementType.F16), x, one))
                .hasMessageContaining("destination_type must be f8e4m3 or f8e5m2, not f16");
    }

    @Test
    void roundsToNarrowTypes() {
        Tensor a = typed(ElementType.F16, Shape.of(1, 2), 2048, 1);
        Tensor b = typed(ElementType.F16, Shape.of(2, 1), 1, 1);
        assertIs(one(new NeuralOp.MatMul(false, false), a, b), Shape.of(1, 1), 2048);
        assertThatThrownBy(() -> one(new NeuralOp.MatMul(false, false), a, iota(2, 1)))
                .hasMessageContaining("inputs have different types: f16[1, 2] and f32[2, 1]");
    }
}
