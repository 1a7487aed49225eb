package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of codes against sums in 64 bits: factors of 1 show every bit of a sum below 2²⁴. */
class Int8ProductsTest {
    private static final int[] ROWS = {1, 2, 5, 8, 9, 17};

    private static MemorySegment codes(Random random, int n, int last) {
        MemorySegment s = Arena.ofAuto().allocate(Math.max(1, n));
        for (int i = 0; i < n; i++) {
            s.set(Mem.I8, i, (byte) random.nextInt(last + 1));
        }
        return s;
    }

    private static float[] all(int n, float value) {
        float[] out = new float[n];
        Arrays.fill(out, value);
        return out;
    }

    private static Int8Weights pack(
            ThreadTeam team, Arena arena, MemorySegment w, WeightFormat format, int n, int k, boolean kn, int zero) {
        var scale = new Quantization.Entries(Data.of(new float[] {1}), 0, WeightFormat.F32, 0, 0);
        var zeros = zero == 0
                ? Quantization.Entries.none()
                : new Quantization.Entries(Data.of(all(n, zero)), 0, WeightFormat.F32, 1, 0);
        return Int8Weights.pack(
                team,
                WeightMemory.in(arena),
                new Packer.Source(w, 0, format, n, k, kn),
                new Quantization(k, scale, zeros));
    }

    @ParameterizedTest
    @CsvSource({"I8, 0, 128, 255", "I8, 0, 127, 254", "U8, 128, 0, 255", "U8, 3, 77, 255", "I8, -5, 255, 255"})
    void linearSumsExactlyForEverySize(WeightFormat format, int weightZero, int zero, int last) {
        Random random = new Random(1);
        int turn = 0;
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            for (int k : Data.SIZES) {
                for (int n : Data.SIZES) {
                    linear(team, arena, random, format, weightZero, zero, last, ROWS[turn % 6], n, k, turn++ % 2 == 0);
                }
            }
            linear(team, arena, random, format, weightZero, zero, last, Linear.TOKENS + 9, 40, 130, false);
            linear(team, arena, random, format, weightZero, zero, last, 11, 33, 2500, false);
        }
    }

    private static void linear(
            ThreadTeam team,
            Arena arena,
            Random random,
            WeightFormat format,
            int weightZero,
            int zero,
            int last,
            int rows,
            int n,
            int k,
            boolean kn) {
        MemorySegment w = codes(random, n * k, 255);
        Int8Weights packed = pack(team, arena, w, format, n, k, kn, weightZero);
        int xStride = k + 3;
        MemorySegment x = codes(random, (rows - 1) * xStride + k, last);
        MemorySegment y = Data.blank(rows * n);
        var scaling = new Int8Linear.Scaling(last, zero, all(n, 1), all(n, 0.25f));
        Int8Linear.apply(team, packed, scaling, x, 0, xStride, rows, y, 0, n);
        float[] expected = new float[rows * n];
        for (int m = 0; m < rows; m++) {
            for (int c = 0; c < n; c++) {
                long sum = 0;
                for (int i = 0; i < k; i++) {
                    int stored = w.get(Mem.I8, kn ? i * n + c : c * k + i);
                    int value = (format == WeightFormat.U8 ? stored & 0xff : stored) - weightZero;
                    sum += (long) value * ((x.get(Mem.I8, m * xStride + i) & 0xff) - zero);
                }
                expected[m * n + c] = (float) sum + 0.25f;
            }
        }
        assertThat(Data.read(y)).as("M=%d N=%d K=%d", rows, n, k).isEqualTo(expected);
    }

    /** Every product is as great as it can be, over more inputs than f32 or even int32 holds. */
    @ParameterizedTest
    @CsvSource({"514", "516", "517", "1031", "66000", "70003"})
    void theGreatestSumsAreExact(int k) {
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            MemorySegment w = arena.allocate(3L * k);
            w.fill((byte) -127);
            w.asSlice(k, k).fill((byte) 127);
            w.set(Mem.I8, 2L * k, (byte) -126);
            MemorySegment x = arena.allocate(2L * k);
            x.fill((byte) 255);
            Int8Weights packed = pack(team, arena, w, WeightFormat.I8, 3, k, false, 0);
            MemorySegment y = Data.blank(6);
            // a factor that is a power of two keeps the nearest floats
            var scaling = new Int8Linear.Scaling(255, 0, all(3, 0.5f), all(3, 0));
            Int8Linear.apply(team, packed, scaling, x, 0, k, 2, y, 0, 3);
            long sum = 255L * 127 * k;
            float[] got = Data.read(y);
            if (sum <= Integer.MAX_VALUE) {
                assertThat(got).startsWith(-0.5f * sum, 0.5f * sum, 0.5f * (-sum + 255), -0.5f * sum);
            } else {
                assertThat(got[1] / (0.5 * sum)).isBetween(1 - 0x1p-22, 1 + 0x1p-22);
                assertThat(got[0]).isEqualTo(-got[1]);
            }
            MemorySegment z = Data.blank(6);
            var a = new Int8MatMul.Matrices(x, 0, 0, k, 1, 255, 0);
            var b = new Int8MatMul.Matrices(x, 0, 0, 1, k, 255, 1);
            Int8MatMul.apply(team, 1, 2, 2, k, a, b, 1, z, 0);
            assertThat(Data.read(z)[3] / (255.0 * 254 * k)).isBetween(1 - 0x1p-22, 1 + 0x1p-22);
        }
    }

    @Test
    void threadsDoNotChangeABit() {
        Random random = new Random(4);
        int n = 300;
        int k = 1500;
        MemorySegment w = codes(random, n * k, 255);
        MemorySegment x = codes(random, 20 * k, 255);
        float[] factor = Data.normal(random, n);
        float[] offset = Data.normal(random, n);
        int[] first = {};
        for (int threads = 1; threads <= 3; threads++) {
            try (ThreadTeam team = new ThreadTeam(threads);
                    Arena arena = Arena.ofShared()) {
                Int8Weights packed = pack(team, arena, w, WeightFormat.I8, n, k, false, 0);
                MemorySegment y = Data.blank(20 * n);
                var scaling = new Int8Linear.Scaling(255, 100, factor, offset);
                Int8Linear.apply(team, packed, scaling, x, 0, k, 20, y, 0, n);
                int[] bits = Data.bits(Data.read(y));
                assertThat(bits).isEqualTo(threads == 1 ? bits : first);
                first = bits;
            }
        }
    }

    @Test
    void matMulSumsExactlyForEverySizeAndOrientation() {
        Random random = new Random(2);
        int turn = 0;
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int n : Data.SIZES) {
                for (int k : Data.SIZES) {
                    matMul(
                            team,
                            random,
                            1 + turn % 3,
                            Data.SIZES[turn % 9],
                            n,
                            k,
                            turn % 2 == 0,
                            turn % 4 < 2,
                            turn % 5 == 0);
                    turn++;
                }
            }
            matMul(team, random, 1, 130, 70, 2100, false, true, false);
        }
    }

    private static void matMul(
            ThreadTeam team, Random random, int batches, int m, int n, int k, boolean ta, boolean tb, boolean share) {
        MemorySegment a = codes(random, batches * m * k, 255);
        MemorySegment b = codes(random, (share ? 1 : batches) * k * n, 254);
        int aRow = ta ? 1 : k;
        int aCol = ta ? m : 1;
        int bRow = tb ? 1 : n;
        int bCol = tb ? k : 1;
        int bBatch = share ? 0 : k * n;
        MemorySegment y = Data.blank(batches * m * n);
        Int8MatMul.apply(
                team,
                batches,
                m,
                n,
                k,
                new Int8MatMul.Matrices(a, 0, (long) m * k, aRow, aCol, 255, 50),
                new Int8MatMul.Matrices(b, 0, bBatch, bRow, bCol, 254, 127),
                1,
                y,
                0);
        float[] expected = new float[batches * m * n];
        for (int i = 0; i < expected.length; i++) {
            int batch = i / n / m;
            long sum = 0;
            for (int j = 0; j < k; j++) {
                int left = a.get(Mem.I8, batch * m * k + i / n % m * aRow + j * aCol) & 0xff;
                int right = b.get(Mem.I8, batch * bBatch + j * bRow + i % n * bCol) & 0xff;
                sum += (long) (left - 50) * (right - 127);
            }
            expected[i] = sum;
        }
        assertThat(Data.read(y))
                .as("M=%d N=%d K=%d ta=%s tb=%s", m, n, k, ta, tb)
                .isEqualTo(expected);
    }

    @Test
    void scalingGivesRealNumbers() {
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            MemorySegment w = arena.allocate(4);
            w.copyFrom(MemorySegment.ofArray(new byte[] {1, 2, -3, 4}));
            var scales = new Quantization.Entries(Data.of(new float[] {0.5f, 2}), 0, WeightFormat.F32, 1, 0);
            Int8Weights packed = Int8Weights.pack(
                    team,
                    WeightMemory.in(arena),
                    new Packer.Source(w, 0, WeightFormat.I8, 2, 2, false),
                    new Quantization(2, scales, Quantization.Entries.none()));
            // codes 0, 1, 2, 3 are worth 0.25, 1.25, 2.25, 3.25: no code is 0, so a rest is left
            var scaling =
                    Int8Linear.Scaling.of(packed, new QuantizerLevels(0, 3, 0.25f, 3.25f, 3), new float[] {10, 20});
            MemorySegment x = arena.allocate(2);
            x.copyFrom(MemorySegment.ofArray(new byte[] {1, 3}));
            MemorySegment y = Data.blank(2);
            Int8Linear.apply(team, packed, scaling, x, 0, 2, 1, y, 0, 2);
            assertThat(Data.read(y))
                    .containsExactly(10 + 0.5f * (1.25f + 2 * 3.25f), 20 + 2 * (-3 * 1.25f + 4 * 3.25f));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"U8", "I8"},
            mode = EnumSource.Mode.EXCLUDE)
    void onlyBytesByRowsAreTaken(WeightFormat format) {
        Quantization.Entries one = new Quantization.Entries(Data.of(new float[] {1}), 0, WeightFormat.F32, 0, 0);
        MemorySegment data = Data.of(new float[8]);
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            var source = new Packer.Source(data, 0, format, 2, 4, false);
            var rows = new Quantization(4, one, Quantization.Entries.none());
            assertThatThrownBy(() -> Int8Weights.pack(team, WeightMemory.in(arena), source, rows))
                    .hasMessageContaining("bytes by rows");
            var bytes = new Packer.Source(data, 0, WeightFormat.I8, 2, 4, false);
            var groups = new Quantization(2, one, Quantization.Entries.none());
            assertThatThrownBy(() -> Int8Weights.pack(team, WeightMemory.in(arena), bytes, groups))
                    .hasMessageContaining("groups of 2");
        }
    }
}
