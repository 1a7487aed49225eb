package dev.decanter.compress.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The numbers are what calculate_quantizer_parameters and SmoothQuant of NNCF give with NumPy. */
class QuantizerRangeTest {
    private static final Offset<Float> ROUNDING = offset(1e-6f);

    @Test
    void weightsAreSymmetricWithoutTheLeastCode() {
        QuantizerRange range = QuantizerRange.symmetric(values(-1, -2, -.001f), values(1.5f, 3, .001f), true, true);
        check(range, values(-1.5f, -3, -.03f), values(1.5f, 3, .03f), 255);
        check(QuantizerRange.halved(values(1.5f, 3, .001f)), values(-3, -6, -.06f), values(3, 6, .06f), 255);
    }

    @Test
    void activationsHaveOneCodeMoreBelowZero() {
        check(symmetric(-1.25f, 3.5f), values(-3.527559f), values(3.5f), 256);
        check(symmetric(0, 3.5f), values(0), values(3.5f), 256);
    }

    @Test
    void zeroIsAValueOfAnAsymmetricRange() {
        check(asymmetric(-1.25f, 3.5f), values(-1.25f), values(3.5074627f), 256);
        check(asymmetric(-7.1f, 0.3f), values(-7.3500004f), values(0.3f), 256);
        check(asymmetric(0.5f, 2), values(0), values(2), 256);
        check(asymmetric(-3, -1), values(-3), values(0), 256);
        check(asymmetric(0.1f, 0.1004f), values(0), values(0.1012f), 256);
        check(
                QuantizerRange.asymmetric(values(-1, 0, -5), values(1, 4, .2f)),
                values(-1.007874f, 0, -5),
                values(1, 4, 0.20408162f),
                256);
    }

    @Test
    void codesRoundAndSaturate() {
        QuantizerRange range = QuantizerRange.symmetric(values(0), values(127), true, true);
        assertThat(range.step(0)).isEqualTo(1);
        assertThat(codes(range, -200, -127, -0.4f, 0, 0.6f, 1.4f, 126.6f, 127, 300))
                .containsExactly(-127, -127, 0, 0, 1, 1, 127, 127, 127);
    }

    private static int[] codes(QuantizerRange range, float... values) {
        int[] codes = new int[values.length];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = range.code(values[i], 0);
        }
        return codes;
    }

    @Test
    void smoothingIsAsPublished() {
        float[] activations = values(50, 1, .5f, 2, 0, 3, 200, .01f);
        float[] weights = values(.1f, .5f, .2f, 0, 1, .05f, .3f, 2);
        close(
                Statistics.smoothing(activations, weights, 0.95),
                values(46.13403f, 1.0352648f, 0.56100917f, 3.4354086f, 0.008517627f, 3.298501f, 100, 0.012160417f));
        close(
                Statistics.smoothing(activations, weights, 0.5),
                values(22.360672f, 1.4142133f, 1.5811384f, 100, 0.050446156f, 7.745963f, 25.819881f, 0.070710674f));
        float[] flat = Statistics.smoothing(activations, weights, 0.05);
        close(flat, values(10.837973f, 1.9318721f, 4.456252f, 100, 0.5623413f, 18.190039f, 4.090592f, 0.5169899f));
        assertThat(Statistics.evenness(flat)).isCloseTo(0.005169899f, ROUNDING);
    }

    private static void close(float[] actual, float[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], offset(expected[i] * 1e-5f));
        }
    }

    @Test
    void quantilesLieBetweenNeighbours() {
        assertThat(Statistics.quantile(values(4, 1, 3, 2), 0.1)).isCloseTo(1.3f, ROUNDING);
        assertThat(Statistics.quantile(values(4, 1, 3, 2), 1)).isEqualTo(4);
        assertThat(Statistics.quantile(values(7), 0.3)).isEqualTo(7);
    }

    private static QuantizerRange symmetric(float min, float max) {
        return QuantizerRange.symmetric(values(min), values(max), false, false);
    }

    private static QuantizerRange asymmetric(float min, float max) {
        return QuantizerRange.asymmetric(values(min), values(max));
    }

    private static float[] values(float... values) {
        return values;
    }

    private static void check(QuantizerRange range, float[] low, float[] high, int levels) {
        assertThat(range.low()).containsExactly(low, ROUNDING);
        assertThat(range.high()).containsExactly(high, ROUNDING);
        assertThat(range.levels()).isEqualTo(levels);
    }
}
