package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Row operations against their plain-loop twins, and the accuracy that {@link UnaryOp} states. */
class RowsTest {
    @Test
    void reductionsEqualTheirTwins() {
        Random random = new Random(1);
        for (int n : Data.SIZES) {
            float[] a = Data.normal(random, n + 2);
            float[] b = Data.normal(random, n + 5);
            double dot = 0;
            double sum = 0;
            double size = 0;
            for (int i = 0; i < n; i++) {
                dot += (double) a[2 + i] * b[5 + i];
                sum += a[2 + i];
                size += Math.abs(a[2 + i]) * (1 + Math.abs(b[5 + i]));
            }
            assertThat((double) Rows.dot(a, 2, b, 5, n)).isCloseTo(dot, within(n * 0x1p-24 * size));
            assertThat((double) ScalarRows.dot(a, 2, b, 5, n)).isCloseTo(dot, within(n * 0x1p-24 * size));
            assertThat((double) Rows.sum(a, 2, n)).isCloseTo(sum, within(n * 0x1p-24 * size));
            assertThat((double) ScalarRows.sum(a, 2, n)).isCloseTo(sum, within(n * 0x1p-24 * size));
            assertThat(Rows.max(a, 2, n)).isEqualTo(ScalarRows.max(a, 2, n));
            a[2 + random.nextInt(n)] = Float.NaN;
            assertThat(Rows.max(a, 2, n)).isNaN();
            assertThat(Rows.dot(a, 2, b, 5, n)).isNaN();
        }
        assertThat(Rows.max(new float[0], 0, 0)).isEqualTo(Float.NEGATIVE_INFINITY);
    }

    @ParameterizedTest
    @EnumSource(UnaryOp.class)
    void unaryEqualsItsTwinAndLeavesNeighboursAlone(UnaryOp op) {
        Random random = new Random(2);
        for (int n : Data.SIZES) {
            float[] values = Data.normal(random, n + 4);
            float[] got = values.clone();
            float[] expected = values.clone();
            Rows.unary(op, got, 3, n, 0.75f, 0.5f);
            ScalarRows.unary(op, expected, 3, n, 0.75f, 0.5f);
            assertThat(got).containsExactly(expected, within(2e-6f));
        }
    }

    /** Bounds are those that the javadoc of {@link UnaryOp} states; ulps of the exact result. */
    @ParameterizedTest
    @CsvSource({
        "EXP, 2, 0",
        "TANH, 3, 0",
        "ERF, 2, 0",
        "SIGMOID, 3, 0",
        "SWISH, 4, 0",
        "GELU, 0, 1e-6",
        "GELU_TANH, 0, 1e-6"
    })
    void errorsStayWithinTheStatedBounds(UnaryOp op, double ulps, double relativeToInput) {
        int n = 400_000;
        Random random = new Random(3);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            float spread = i % 4 == 0 ? 0.1f : i % 4 == 1 ? 1 : i % 4 == 2 ? 8 : 87;
            x[i] = (random.nextFloat() * 2 - 1) * spread;
        }
        float[] got = x.clone();
        Rows.unary(op, got, 0, n, 1, 0);
        double worst = 0;
        for (int i = 0; i < n; i++) {
            double exact = exact(op, x[i]);
            double unit = ulps > 0
                    ? Math.max(Math.ulp((float) exact), Float.MIN_NORMAL * 0x1p-23)
                    : relativeToInput * Math.abs(x[i]);
            double bound = ulps > 0 ? ulps : 1;
            double error = Math.abs(got[i] - exact) / Math.max(unit, Float.MIN_VALUE);
            if (Math.abs(exact) < Float.MIN_NORMAL) {
                // results below the normal range may be 0, as documented
                error = Math.min(error, got[i] == 0 ? 0 : error);
            }
            worst = Math.max(worst, error / bound);
        }
        assertThat(worst).as("worst error as a share of the bound").isLessThanOrEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "EXP, NaN, NaN",
        "EXP, Infinity, Infinity",
        "EXP, -Infinity, 0",
        "EXP, 89, Infinity",
        "EXP, -110, 0",
        "EXP, -3.4E38, 0",
        "EXP, 0, 1",
        "TANH, NaN, NaN",
        "TANH, Infinity, 1",
        "TANH, -Infinity, -1",
        "TANH, -0.0, -0.0",
        "TANH, 50, 1",
        "ERF, NaN, NaN",
        "ERF, Infinity, 1",
        "ERF, -Infinity, -1",
        "ERF, 30, 1",
        "ERF, -15, -1",
        "SIGMOID, NaN, NaN",
        "SIGMOID, Infinity, 1",
        "SIGMOID, -Infinity, 0",
        "SIGMOID, 0, 0.5",
        "SWISH, NaN, NaN",
        "SWISH, Infinity, Infinity",
        "SWISH, 0, 0",
        "GELU, NaN, NaN",
        "GELU, Infinity, Infinity",
        "GELU_TANH, NaN, NaN",
        "RELU, NaN, NaN",
        "ROUND_EVEN, 2.5, 2",
        "ROUND_EVEN, -0.5, -0.0",
        "ROUND_AWAY, 2.5, 3",
        "ROUND_AWAY, -2.5, -3",
        "SIGN, -7, -1",
        "FLOOR, -1.5, -2",
        "CEILING, -1.5, -1"
    })
    void edges(UnaryOp op, float x, float expected) {
        for (int n : new int[] {1, 16, 19}) {
            float[] a = new float[n];
            java.util.Arrays.fill(a, x);
            Rows.unary(op, a, 0, n, 1, 0);
            assertThat(a).containsOnly(expected);
        }
    }

    @Test
    void aValueHasTheSameBitsInAnyLaneAndTail() {
        Random random = new Random(4);
        float[] x = Data.normal(random, 67);
        float[] all = x.clone();
        Rows.unary(UnaryOp.SWISH, all, 0, 67, 1, 0);
        for (int i = 0; i < 67; i++) {
            float[] one = {x[i]};
            Rows.unary(UnaryOp.SWISH, one, 0, 1, 1, 0);
            assertThat(one[0]).isEqualTo(all[i]);
        }
    }

    private static double exact(UnaryOp op, double x) {
        return switch (op) {
            case EXP -> Math.exp(x);
            case TANH -> Math.tanh(x);
            case ERF -> ScalarRows.erf(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case SWISH -> x / (1 + Math.exp(-x));
            case GELU -> 0.5 * x * (1 + ScalarRows.erf(x / Math.sqrt(2)));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            default -> throw new IllegalArgumentException(op.toString());
        };
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 0.5204998778130465",
        "1, 0.8427007929497149",
        "2.4, 0.9993114861033549",
        "2.6, 0.9997639655834707",
        "-3, -0.9999779095030014",
        "7, 1"
    })
    void erfTwinEqualsTables(double x, double expected) {
        assertThat(ScalarRows.erf(x)).isCloseTo(expected, within(1e-14));
    }
}
