package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementwiseTest {
    @Test
    void unaryWorksOnAnyLengthAndInPlace() {
        Random random = new Random(1);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : new int[] {1, 3, 1023, 1024, 1025, 70_001}) {
                float[] x = Data.normal(random, n);
                float[] expected = x.clone();
                ScalarRows.unary(UnaryOp.SWISH, expected, 0, n, 2, 0);
                MemorySegment y = Data.blank(n);
                Elementwise.unary(team, UnaryOp.SWISH, 2, 0, Data.odd(x), Data.ODD, n, y, 0);
                assertThat(Data.read(y)).containsExactly(expected, within(1e-6f));
                MemorySegment same = Data.of(x);
                Elementwise.unary(team, UnaryOp.SWISH, 2, 0, same, 0, n, same, 0);
                assertThat(Data.read(same)).containsExactly(Data.read(y));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(BinaryOp.class)
    void binaryBroadcastsInEveryPattern(BinaryOp op) {
        Random random = new Random(2);
        int[][] shapes = {{}, {1}, {17}, {3, 5}, {2, 3, 7}, {2, 1, 3, 33}};
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int[] dims : shapes) {
                for (int pattern = 0; pattern < 1 << (2 * dims.length); pattern++) {
                    checkBinary(team, random, op, dims, pattern);
                }
            }
        }
    }

    @Test
    void binaryOnLongRunsIsSplitInsideARun() {
        Random random = new Random(3);
        int n = 100_003;
        float[] a = Data.normal(random, n);
        float[] b = Data.normal(random, n);
        try (ThreadTeam team = new ThreadTeam(3)) {
            MemorySegment y = Data.blank(n);
            long[] one = {1};
            long[] shape = {n};
            Elementwise.binary(team, BinaryOp.ADD, shape, Data.of(a), 0, one, Data.odd(b), Data.ODD, one, y, 0);
            float[] got = Data.read(y);
            float[] wanted = new float[n];
            for (int i = 0; i < n; i++) {
                wanted[i] = a[i] + b[i];
            }
            assertThat(got).isEqualTo(wanted);
            MemorySegment same = Data.of(a);
            Elementwise.binary(team, BinaryOp.ADD, shape, same, 0, one, Data.of(b), 0, one, same, 0);
            assertThat(Data.read(same)).containsExactly(got);
        }
    }

    @Test
    void gatedMultipliesTheActivatedGate() {
        Random random = new Random(4);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : new int[] {1, 17, 1025, 3000}) {
                for (int rows : new int[] {1, 5}) {
                    float[] both = Data.normal(random, rows * 2 * n);
                    MemorySegment x = Data.of(both);
                    MemorySegment y = Data.blank(rows * n);
                    Elementwise.gated(team, UnaryOp.SWISH, 1, rows, n, x, 0, 2L * n, x, 4L * n, 2L * n, y, 0, n);
                    float[] got = Data.read(y);
                    for (int i = 0; i < got.length; i++) {
                        int at = i / n * 2 * n + i % n;
                        double gate = both[at];
                        double expected = gate / (1 + Math.exp(-gate)) * both[at + n];
                        assertThat((double) got[i]).isCloseTo(expected, within(2e-6));
                    }
                }
            }
        }
    }

    private static void checkBinary(ThreadTeam team, Random random, BinaryOp op, int[] dims, int pattern) {
        int rank = dims.length;
        long[] shape = new long[rank];
        long[] aStrides = new long[rank];
        long[] bStrides = new long[rank];
        int a = 1;
        int b = 1;
        int total = 1;
        for (int d = rank - 1; d >= 0; d--) {
            shape[d] = dims[d];
            total *= dims[d];
            if (((pattern >> (2 * d)) & 1) == 0) {
                aStrides[d] = a;
                a *= dims[d];
            }
            if (((pattern >> (2 * d)) & 2) == 0) {
                bStrides[d] = b;
                b *= dims[d];
            }
        }
        float[] left = Data.normal(random, a);
        float[] right = Data.normal(random, b);
        MemorySegment y = Data.blank(total);
        Elementwise.binary(team, op, shape, Data.odd(left), Data.ODD, aStrides, Data.of(right), 0, bStrides, y, 0);
        float[] wanted = new float[total];
        for (int i = 0; i < total; i++) {
            int rest = i;
            int p = 0;
            int q = 0;
            for (int d = rank - 1; d >= 0; d--) {
                p += rest % dims[d] * (int) aStrides[d];
                q += rest % dims[d] * (int) bStrides[d];
                rest /= dims[d];
            }
            wanted[i] = expected(op, left[p], right[q]);
        }
        assertThat(Data.read(y)).as("%s pattern %d", op, pattern).isEqualTo(wanted);
    }

    private static float expected(BinaryOp op, float a, float b) {
        return switch (op) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case POWER -> (float) Math.pow(a, b);
            case SQUARED_DIFFERENCE -> (a - b) * (a - b);
            case MOD -> a % b;
            case FLOOR_MOD -> {
                float rest = a % b;
                yield rest != 0 && rest * b < 0 ? rest + b : rest;
            }
        };
    }
}
