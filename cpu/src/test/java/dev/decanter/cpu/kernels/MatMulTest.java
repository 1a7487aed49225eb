package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.cpu.kernels.MatMul.Matrices;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MatMulTest {
    @Test
    void multipliesLikeALoopForEverySizeAndOrientation() {
        Random random = new Random(1);
        try (ThreadTeam team = new ThreadTeam(2)) {
            int turn = 0;
            for (int n : Data.SIZES) {
                for (int k : Data.SIZES) {
                    int m = Data.SIZES[turn % 9];
                    check(team, random, 1 + turn % 3, m, n, k, turn % 2 == 0, turn % 4 < 2, turn % 5 == 0);
                    turn++;
                }
            }
            check(team, random, 1, 130, 257, 300, false, true, false);
        }
    }

    @Test
    void threadsDoNotChangeABit() {
        Random random = new Random(2);
        int m = 33;
        int n = 500;
        int k = 200;
        MemorySegment a = Data.of(Data.normal(random, m * k));
        MemorySegment b = Data.of(Data.normal(random, k * n));
        int[] first = {};
        for (int threads = 1; threads <= 3; threads++) {
            try (ThreadTeam team = new ThreadTeam(threads)) {
                MemorySegment y = Data.blank(m * n);
                MatMul.apply(
                        team,
                        1,
                        m,
                        n,
                        k,
                        new Matrices(a, 0, 0, k, 1),
                        new Matrices(b, 0, 0, n, 1),
                        new Matrices(y, 0, 0, n, 1));
                int[] bits = Data.bits(Data.read(y));
                assertThat(bits).isEqualTo(threads == 1 ? bits : first);
                first = bits;
            }
        }
    }

    @Test
    void aScatteredResultIsRefused() {
        Matrices any = new Matrices(Data.blank(1), 0, 0, 1, 2);
        try (ThreadTeam team = new ThreadTeam(1)) {
            assertThatThrownBy(() -> MatMul.apply(team, 1, 1, 1, 1, any, any, any))
                    .hasMessageContaining("column stride 2");
        }
    }

    private static void check(
            ThreadTeam team, Random random, int batches, int m, int n, int k, boolean ta, boolean tb, boolean shareB) {
        float[] a = Data.normal(random, batches * m * k);
        float[] b = Data.normal(random, (shareB ? 1 : batches) * k * n);
        MemorySegment y = Data.blank(batches * m * n);
        int aRow = ta ? 1 : k;
        int aCol = ta ? m : 1;
        int bRow = tb ? 1 : n;
        int bCol = tb ? k : 1;
        int bBatch = shareB ? 0 : k * n;
        MatMul.apply(
                team,
                batches,
                m,
                n,
                k,
                new Matrices(Data.odd(a), Data.ODD, (long) m * k, aRow, aCol),
                new Matrices(Data.odd(b), Data.ODD, bBatch, bRow, bCol),
                new Matrices(y, 0, (long) m * n, n, 1));
        float[] got = Data.read(y);
        double worst = 0;
        for (int i = 0; i < got.length; i++) {
            int batch = i / n / m;
            int row = i / n % m;
            int col = i % n;
            double sum = 0;
            double size = 0;
            for (int j = 0; j < k; j++) {
                double term =
                        (double) a[batch * m * k + row * aRow + j * aCol] * b[batch * bBatch + j * bRow + col * bCol];
                sum += term;
                size += Math.abs(term);
            }
            double error = Math.abs(got[i] - sum) / ((k + 2) * 0x1p-24 * size + Float.MIN_VALUE);
            // a NaN, too, must count as wrong
            worst = error <= worst ? worst : error;
        }
        assertThat(worst).as("M=%d N=%d K=%d ta=%s tb=%s", m, n, k, ta, tb).isLessThanOrEqualTo(1);
    }
}
