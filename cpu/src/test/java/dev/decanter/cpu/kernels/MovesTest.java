package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gather, conversions, strided copies and rotary embedding: what moves numbers more than it computes. */
class MovesTest {
    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void gatherDecodesRowsOfEveryFormat(WeightFormat format) {
        Random random = new Random(1);
        long[] wanted = {2, 0, -1, 4, 5, -5, -6, 1L << 40};
        MemorySegment wide = Arena.ofAuto().allocate(wanted.length * 8L);
        MemorySegment narrow = Arena.ofAuto().allocate(wanted.length * 4L);
        for (int i = 0; i < wanted.length; i++) {
            wide.setAtIndex(Mem.I64, i, wanted[i]);
            narrow.setAtIndex(Mem.I32, i, (int) Math.min(wanted[i], 99));
        }
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int k : Data.SIZES) {
                Weight w = Weight.random(random, format, 5, k, Math.max(1, k / 2), false);
                for (Gather.IndexType type : Gather.IndexType.values()) {
                    MemorySegment index = type == Gather.IndexType.I64 ? wide : narrow;
                    MemorySegment y = Data.blank(wanted.length * k);
                    Optional<Quantization> quantization =
                            format.quantized() ? Optional.of(w.quantization()) : Optional.empty();
                    Gather.rows(
                            team, RowKernels.portable(), w.source(), quantization, index, 0, type, wanted.length, y, 0);
                    float[] expected = new float[wanted.length * k];
                    for (int i = 0; i < expected.length; i++) {
                        long row = wanted[i / k] < 0 ? wanted[i / k] + 5 : wanted[i / k];
                        expected[i] = row < 0 || row > 4 ? 0 : w.values[(int) row * k + i % k];
                    }
                    assertThat(Data.read(y)).containsExactly(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"F16", "BF16"})
    void everySixteenBitPatternIsWidenedExactlyAndComesBack(WeightFormat format) {
        MemorySegment x = Arena.ofAuto().allocate(1 + 65536 * 2L);
        for (int i = 0; i < 65536; i++) {
            x.set(Mem.I16, 1 + 2L * i, (short) i);
        }
        MemorySegment wide = Data.blank(65536);
        MemorySegment back = Arena.ofAuto().allocate(65536 * 2L);
        try (ThreadTeam team = new ThreadTeam(2)) {
            Conversions.toFloat(team, format, x, 1, 65536, wide, 0);
            Conversions.fromFloat(team, wide, 0, 65536, format, back, 0);
        }
        for (int i = 0; i < 65536; i++) {
            short bits = (short) i;
            float expected = format == WeightFormat.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
            float got = wide.getAtIndex(Mem.F32, i);
            assertThat(Float.floatToIntBits(got)).isEqualTo(Float.floatToIntBits(expected));
            if (!Float.isNaN(expected)) {
                assertThat(back.getAtIndex(Mem.I16, i)).isEqualTo(bits);
            }
        }
    }

    @Test
    void narrowingRoundsToNearestEven() {
        float[] x = {
            1 + 0x1p-11f,
            1 + 0x3p-11f,
            65520,
            65519,
            1e-8f,
            0x1p-25f,
            0x1.8p-24f,
            -1e30f,
            0x1.01p0f,
            0x1.03p0f,
            Float.MAX_VALUE,
            Float.NaN
        };
        float[] half = {
            1,
            1 + 0x1p-9f,
            Float.POSITIVE_INFINITY,
            65504,
            0,
            0,
            0x1p-23f,
            Float.NEGATIVE_INFINITY,
            0x1.01p0f,
            0x1.03p0f,
            Float.POSITIVE_INFINITY,
            Float.NaN
        };
        try (ThreadTeam team = new ThreadTeam(1)) {
            MemorySegment bits = Arena.ofAuto().allocate(2L * x.length);
            Conversions.fromFloat(team, Data.of(x), 0, x.length, WeightFormat.F16, bits, 0);
            MemorySegment y = Data.blank(x.length);
            Conversions.toFloat(team, WeightFormat.F16, bits, 0, x.length, y, 0);
            assertThat(Data.read(y)).containsExactly(half);
            Conversions.fromFloat(team, Data.of(x), 0, x.length, WeightFormat.BF16, bits, 0);
            Conversions.toFloat(team, WeightFormat.BF16, bits, 0, x.length, y, 0);
            float[] got = Data.read(y);
            assertThat(got[8]).isEqualTo(1);
            assertThat(got[9]).isEqualTo(0x1.04p0f);
            assertThat(got[10]).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(got[11]).isNaN();
            assertThatThrownBy(() -> Conversions.fromFloat(team, y, 0, 1, WeightFormat.U8, bits, 0))
                    .hasMessageContaining("without a scale");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void copiesTransposeSliceRepeatAndReverse(int bytes) {
        long[] dims = {3, 5, 17, 33};
        int total = 3 * 5 * 17 * 33;
        MemorySegment src = Arena.ofAuto().allocate((long) total * bytes);
        new Random(2).ints(src.byteSize()).forEach(new java.util.function.IntConsumer() {
            private long at;

            @Override
            public void accept(int value) {
                src.set(Mem.I8, at++, (byte) value);
            }
        });
        long[] natural = {5 * 17 * 33, 17 * 33, 33, 1};
        int[][] orders = {{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 1, 3, 2}, {3, 2, 1, 0}, {1, 0, 2, 3}, {2, 3, 0, 1}};
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int[] order : orders) {
                long[] shape = new long[4];
                long[] from = new long[4];
                for (int d = 0; d < 4; d++) {
                    shape[d] = dims[order[d]];
                    from[d] = natural[order[d]];
                }
                checkCopy(team, bytes, shape, src, 0, from);
            }
            checkCopy(team, bytes, new long[] {2, 17, 4}, src, 10, new long[] {17 * 33, 33, 3});
            checkCopy(team, bytes, new long[] {2, 3, 7}, src, 0, new long[] {0, 7, 1});
            checkCopy(team, bytes, new long[] {4, 9}, src, 3 * 33 + 8, new long[] {-33, -1});
            checkCopy(team, bytes, new long[] {}, src, 5, new long[] {});
            checkCopy(team, bytes, new long[] {0, 4}, src, 5, new long[] {4, 1});
            MemorySegment all = Arena.ofAuto().allocate(src.byteSize());
            Copies.bytes(team, src, 0, all, 0, src.byteSize());
            assertThat(all.mismatch(src)).isEqualTo(-1);
            assertThatThrownBy(() -> Copies.strided(team, 3, dims, src, 0, natural, all, 0, natural))
                    .hasMessageContaining("3 bytes");
        }
    }

    @Test
    void rotaryTurnsPairsAndCopiesTheRest() {
        Random random = new Random(3);
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (int size : new int[] {2, 8, 17, 64, 80, 130}) {
                for (int rotated : new int[] {0, 2, size / 4 * 2, size / 2 * 2}) {
                    checkRotary(team, random, size, rotated);
                }
            }
            Strided none = Strided.none();
            assertThatThrownBy(() -> Rotary.apply(team, 1, 1, 1, 4, 3, none, none, none, none))
                    .hasMessageContaining("cannot rotate 3 of 4");
        }
    }

    private static void checkCopy(
            ThreadTeam team, int bytes, long[] shape, MemorySegment src, long first, long[] from) {
        int rank = shape.length;
        long[] to = new long[rank];
        long count = 1;
        for (int d = rank - 1; d >= 0; d--) {
            to[d] = count;
            count *= shape[d];
        }
        MemorySegment dst = Arena.ofAuto().allocate(count * bytes + 1);
        Copies.strided(team, bytes, shape, src, first * bytes, from, dst, 1, to);
        MemorySegment expected = Arena.ofAuto().allocate(dst.byteSize());
        for (long i = 0; i < count; i++) {
            long rest = i;
            long at = first;
            for (int d = rank - 1; d >= 0; d--) {
                at += rest % shape[d] * from[d];
                rest /= shape[d];
            }
            MemorySegment.copy(src, at * bytes, expected, 1 + i * bytes, bytes);
        }
        assertThat(dst.mismatch(expected)).isEqualTo(-1);
    }

    private static void checkRotary(ThreadTeam team, Random random, int size, int rotated) {
        int batch = 2;
        int heads = 3;
        int rows = 5;
        float[] x = Data.normal(random, batch * heads * rows * size);
        float[] cos = Data.normal(random, rows * rotated);
        float[] sin = Data.normal(random, rows * rotated);
        MemorySegment y = Data.of(x);
        Strided where = Strided.rowMajor(y, 0, rows, heads, size);
        Strided c = new Strided(Data.odd(cos), Data.ODD, 0, 0, rotated);
        Strided s = new Strided(Data.of(sin), 0, 0, 0, rotated);
        Rotary.apply(team, batch, heads, rows, size, rotated, where, c, s, where);
        float[] got = Data.read(y);
        int half = rotated / 2;
        for (int i = 0; i < x.length; i++) {
            int col = i % size;
            int row = i / size / heads % rows;
            float expected = x[i];
            if (col < half) {
                expected = x[i] * cos[row * rotated + col] - x[i + half] * sin[row * rotated + col];
            } else if (col < rotated) {
                expected = x[i] * cos[row * rotated + col] + x[i - half] * sin[row * rotated + col];
            }
            assertThat(got[i]).isEqualTo(expected);
        }
    }
}
