package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NormsTest {
    private static final float EPS = 1e-5f;
    private static final float CLOSE = 5e-6f;

    @Test
    void rmsEqualsTheDefinition() {
        Random random = new Random(1);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : Data.SIZES) {
                int rows = 1 + n % 40;
                float[] x = Data.normal(random, rows * n);
                float[] w = Data.normal(random, n);
                MemorySegment y = Data.blank(rows * n);
                Norms.rms(team, RowKernels.portable(), rows, n, Data.odd(x), Data.ODD, Data.of(w), 0, EPS, y, 0);
                assertThat(Data.read(y)).containsExactly(rms(x, w, n), within(CLOSE));
                Norms.rms(team, RowKernels.portable(), rows, n, Data.of(x), 0, MemorySegment.NULL, 0, EPS, y, 0);
                assertThat(Data.read(y)).containsExactly(rms(x, ones(n), n), within(CLOSE));
            }
        }
    }

    @Test
    void addRmsGivesTheSumToo() {
        Random random = new Random(2);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : Data.SIZES) {
                float[] x = Data.normal(random, 7 * n);
                float[] r = Data.normal(random, 7 * n);
                float[] w = Data.normal(random, n);
                float[] sum = x.clone();
                BinaryOp.ADD.apply(sum, r, sum.length);
                MemorySegment residual = Data.of(r);
                MemorySegment y = Data.blank(7 * n);
                Norms.addRms(team, 7, n, Data.of(x), 0, residual, 0, residual, 0, Data.of(w), 0, EPS, y, 0);
                assertThat(Data.read(residual)).containsExactly(sum);
                assertThat(Data.read(y)).containsExactly(rms(sum, w, n), within(CLOSE));
            }
        }
    }

    @Test
    void layerEqualsTheDefinition() {
        Random random = new Random(3);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : Data.SIZES) {
                for (int kind = 0; kind < 8; kind++) {
                    boolean variance = (kind & 1) == 0;
                    boolean inside = (kind & 2) == 0;
                    boolean affine = (kind & 4) == 0;
                    float[] x = Data.normal(random, 5 * n);
                    float[] w = affine ? Data.normal(random, n) : ones(n);
                    float[] b = affine ? Data.normal(random, n) : new float[n];
                    MemorySegment y = Data.blank(5 * n);
                    MemorySegment weight = affine ? Data.of(w) : MemorySegment.NULL;
                    MemorySegment bias = affine ? Data.of(b) : MemorySegment.NULL;
                    Norms.layer(team, 5, n, Data.of(x), 0, variance, inside, 1e-2f, weight, 0, bias, 0, y, 0);
                    float[] expected = layer(x, n, variance, inside, w, b);
                    assertThat(Data.read(y)).containsExactly(expected, within(2e-5f));
                }
            }
        }
    }

    @Test
    void softmaxEqualsTheDefinition() {
        Random random = new Random(4);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : Data.SIZES) {
                float[] x = Data.normal(random, 9 * n);
                for (int i = 0; i < x.length; i++) {
                    x[i] *= 20;
                }
                MemorySegment y = Data.blank(9 * n);
                Norms.softmax(team, 9, n, Data.odd(x), Data.ODD, y, 0);
                MemorySegment z = Data.blank(9 * n);
                Norms.logSoftmax(team, 9, n, Data.of(x), 0, z, 0);
                float[] soft = new float[9 * n];
                float[] logs = new float[9 * n];
                for (int row = 0; row < 9; row++) {
                    double max = Double.NEGATIVE_INFINITY;
                    for (int i = 0; i < n; i++) {
                        max = Math.max(max, x[row * n + i]);
                    }
                    double sum = 0;
                    for (int i = 0; i < n; i++) {
                        sum += Math.exp(x[row * n + i] - max);
                    }
                    for (int i = 0; i < n; i++) {
                        double log = x[row * n + i] - max - Math.log(sum);
                        soft[row * n + i] = (float) Math.exp(log);
                        logs[row * n + i] = (float) log;
                    }
                }
                assertThat(Data.read(y)).containsExactly(soft, within(1e-6f));
                assertThat(Data.read(z)).containsExactly(logs, within(2e-5f));
            }
        }
    }

    @Test
    void softmaxHidesWhatIsMinusInfinityAndARowOfNothingIsNaN() {
        float inf = Float.NEGATIVE_INFINITY;
        MemorySegment y = Data.of(new float[] {0, inf, 0, inf, inf, inf});
        try (ThreadTeam team = new ThreadTeam(1)) {
            Norms.softmax(team, 2, 3, y, 0, y, 0);
        }
        assertThat(Data.read(y)).containsExactly(0.5f, 0, 0.5f, Float.NaN, Float.NaN, Float.NaN);
    }

    private static float[] ones(int n) {
        float[] w = new float[n];
        java.util.Arrays.fill(w, 1);
        return w;
    }

    private static float[] rms(float[] x, float[] w, int n) {
        float[] y = new float[x.length];
        for (int row = 0; row < x.length / n; row++) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += (double) x[row * n + i] * x[row * n + i];
            }
            for (int i = 0; i < n; i++) {
                y[row * n + i] = (float) (x[row * n + i] / Math.sqrt(sum / n + EPS) * w[i]);
            }
        }
        return y;
    }

    private static float[] layer(float[] x, int n, boolean variance, boolean inside, float[] w, float[] b) {
        float[] y = new float[x.length];
        for (int row = 0; row < x.length / n; row++) {
            double mean = 0;
            for (int i = 0; i < n; i++) {
                mean += x[row * n + i] / (double) n;
            }
            double var = 0;
            for (int i = 0; i < n; i++) {
                var += Math.pow(x[row * n + i] - mean, 2) / n;
            }
            double root = variance ? (inside ? Math.sqrt(var + 1e-2) : Math.sqrt(var) + 1e-2) : 1;
            for (int i = 0; i < n; i++) {
                y[row * n + i] = (float) ((x[row * n + i] - mean) / root * w[i] + b[i]);
            }
        }
        return y;
    }
}
