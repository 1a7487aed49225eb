package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinearTest {
    private static final int[] ROWS = {1, 2, 5, 8, 9, 17};

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void multipliesLikeALoopForEverySize(WeightFormat format) {
        Random random = new Random(7);
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            int turn = 0;
            for (int k : Data.SIZES) {
                for (int n : Data.SIZES) {
                    boolean inputMajor = turn % 2 == 1;
                    Weight w = Weight.random(random, format, n, k, Math.max(1, k / 3), inputMajor);
                    PackedWeights packed = w.pack(team, arena);
                    if (turn % 3 == 1) {
                        packed = packed.withBias(w.bias);
                    }
                    check(team, w, packed, ROWS[turn++ % ROWS.length], random);
                }
            }
        }
    }

    @Test
    void manyRowsGoThroughSeveralTokenBlocks() {
        Random random = new Random(8);
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            Weight w = Weight.random(random, WeightFormat.F16, 35, 19, 19, false);
            check(team, w, w.pack(team, arena), 2 * Linear.TOKENS + 3, random);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void threadsDoNotChangeABit(WeightFormat format) {
        Random random = new Random(9);
        try (Arena arena = Arena.ofShared()) {
            Weight w = Weight.random(random, format, 4 * 257, 300, 64, false);
            MemorySegment x = Data.of(Data.normal(random, 9 * w.k));
            for (int rows : new int[] {1, 9}) {
                int[] first = {};
                for (int threads = 1; threads <= 3; threads++) {
                    try (ThreadTeam team = new ThreadTeam(threads)) {
                        MemorySegment y = Data.blank(rows * w.n);
                        Linear.apply(team, w.pack(team, arena), x, 0, w.k, rows, y, 0, w.n);
                        int[] bits = Data.bits(Data.read(y));
                        assertThat(bits).isEqualTo(threads == 1 ? bits : first);
                        first = bits;
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"F16", "BF16"})
    void everySixteenBitPatternIsDecodedExactly(WeightFormat format) {
        int n = 32;
        int k = 65536 / n;
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(65536 * 2L);
            for (int i = 0; i < 65536; i++) {
                data.setAtIndex(Mem.I16, i, (short) i);
            }
            PackedWeights w = Packer.pack(team, WeightMemory.in(arena), new Packer.Source(data, 0, format, n, k, true));
            float[] strip = new float[Linear.STRIP * n];
            for (int k0 = 0; k0 < k; k0 += Linear.STRIP) {
                Strips.decode(w, 0, k0, Linear.STRIP, strip);
                float[] expected = new float[strip.length];
                for (int i = 0; i < strip.length; i++) {
                    short bits = (short) (k0 * n + i);
                    expected[i] =
                            format == WeightFormat.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
                }
                assertThat(strip).isEqualTo(expected);
            }
        }
    }

    /** E4M3 comes from bits where there is no NaN, from a table otherwise; tables of other numbers keep theirs. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyCodeOfE4M3IsDecodedAndMultipliedExactly(boolean withNaN) {
        float[] numbers = new float[256];
        for (int code = 0; code < 128; code++) {
            float number =
                    code == 127 ? Float.NaN : code < 8 ? code * 0x1p-9f : Math.scalb(8 + code % 8, code / 8 - 10);
            numbers[code] = number;
            numbers[code + 128] = -number;
        }
        int n = 96;
        int k = 256;
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate((long) n * k);
            for (int i = 0; i < n * k; i++) {
                int code = (i * 37 + i / 256) & 255;
                data.set(Mem.I8, i, (byte) (code % 128 == 127 && !(withNaN && i < n) ? 0 : code));
            }
            MemorySegment scale = Data.of(new float[] {0.75f});
            Quantization q = new Quantization(
                    32,
                    new Quantization.Entries(scale, 0, WeightFormat.F32, 0, 0),
                    Quantization.Entries.none(),
                    Optional.of(CodeTable.of(WeightFormat.CODE8, numbers)));
            Packer.Source source = new Packer.Source(data, 0, WeightFormat.CODE8, n, k, false);
            PackedWeights w = Packer.packQuantized(team, WeightMemory.in(arena), source, q);
            assertThat(w.paired()).isEqualTo(VectorSupport.ENABLED && !withNaN);
            float[] strip = new float[Linear.STRIP * PackedWeights.PANEL];
            for (int input = 0; input < k; input++) {
                float[] x = new float[k];
                x[input] = 1;
                MemorySegment y = Data.blank(n);
                Linear.apply(team, w, Data.of(x), 0, k, 1, y, 0, n);
                float[] result = Data.read(y);
                for (int row = 0; row < n; row++) {
                    int code = data.get(Mem.I8, (long) row * k + input) & 255;
                    if (row < PackedWeights.PANEL && input % 4 == 0) {
                        Strips.decode(w, 0, input, 4, strip);
                        assertThat(Float.floatToRawIntBits(strip[row]))
                                .isEqualTo(Float.floatToRawIntBits(numbers[code] * 0.75f));
                    }
                    if (!withNaN) {
                        assertThat(result[row]).isEqualTo(numbers[code] * 0.75f + 0.0f);
                    }
                }
            }
        }
    }

    /** One input is 1 and the others 0, so that the result is the weight itself, by way of both one row and many. */
    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"F16", "BF16"})
    void everyPatternBelow128IsMultipliedExactly(WeightFormat format) {
        int n = 16384;
        int k = 4;
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(65536 * 2L);
            float[] values = new float[65536];
            for (int i = 0; i < 65536; i++) {
                float value = format == WeightFormat.F16
                        ? Float.float16ToFloat((short) i)
                        : Float.intBitsToFloat((short) i << 16);
                values[i] = Math.abs(value) < 128 ? value : 0;
                data.setAtIndex(Mem.I16, i, values[i] == 0 ? 0 : (short) i);
            }
            PackedWeights w =
                    Packer.pack(team, WeightMemory.in(arena), new Packer.Source(data, 0, format, n, k, false));
            assertThat(w.paired()).isEqualTo(VectorSupport.ENABLED);
            float[] x = new float[k * k];
            for (int i = 0; i < k; i++) {
                x[i * k + i] = 1;
            }
            MemorySegment many = Data.blank(k * n);
            Linear.apply(team, w, Data.of(x), 0, k, k, many, 0, n);
            for (int i = 0; i < k; i++) {
                MemorySegment one = Data.blank(n);
                Linear.apply(team, w, Data.of(x), 4L * i * k, k, 1, one, 0, n);
                float[] expected = new float[n];
                for (int row = 0; row < n; row++) {
                    // sums begin at +0, so a weight of -0 gives +0
                    expected[row] = values[row * k + i] + 0.0f;
                }
                assertThat(Data.read(one)).isEqualTo(expected);
                assertThat(Arrays.copyOfRange(Data.read(many), i * n, (i + 1) * n))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {1e-38f, 1e-30f, 1e30f, 3e38f})
    void activationsOfAnySizeKeepTheirPrecision(float size) {
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            MemorySegment data = arena.allocate(8);
            float[] w = {0.5f, -0.25f, 0x1p-24f, 0.125f};
            for (int i = 0; i < 4; i++) {
                data.setAtIndex(Mem.I16, i, Float.floatToFloat16(w[i]));
            }
            PackedWeights packed = Packer.pack(
                    team, WeightMemory.in(arena), new Packer.Source(data, 0, WeightFormat.F16, 1, 4, false));
            MemorySegment y = Data.blank(1);
            Linear.apply(team, packed, Data.of(new float[] {size, size, 0, size}), 0, 4, 1, y, 0, 1);
            assertThat(Data.read(y)[0]).isCloseTo(0.375f * size, within(1e-6f * size));
        }
    }

    @Test
    void infinitiesAndNaNPassThroughF16() {
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            float[] w = {1, Float.POSITIVE_INFINITY, Float.NaN, -0.0f, 6e-8f, 0};
            MemorySegment data = arena.allocate(12);
            for (int i = 0; i < 6; i++) {
                data.set(Mem.I16, 2L * i, Float.floatToFloat16(w[i]));
            }
            PackedWeights packed = Packer.pack(
                    team, WeightMemory.in(arena), new Packer.Source(data, 0, WeightFormat.F16, 6, 1, false));
            MemorySegment y = Data.blank(6);
            Linear.apply(team, packed, Data.of(new float[] {2}), 0, 1, 1, y, 0, 6);
            assertThat(Data.read(y)).containsExactly(2, Float.POSITIVE_INFINITY, Float.NaN, 0, 2 * 0x1p-24f, 0);
        }
    }

    @Test
    void wrongSourcesAreRefused() {
        MemorySegment data = Data.of(new float[6]);
        assertThatThrownBy(() -> new Packer.Source(data, 4, WeightFormat.F32, 2, 3, false))
                .hasMessageContaining("reaches past 24 bytes");
        assertThatThrownBy(() -> new Packer.Source(data, 0, WeightFormat.F32, 0, 3, false))
                .hasMessageContaining("is empty");
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared()) {
            Packer.Source u8 = new Packer.Source(data, 0, WeightFormat.U8, 2, 3, false);
            assertThatThrownBy(() -> Packer.pack(team, WeightMemory.in(arena), u8))
                    .hasMessageContaining("needs a scale");
            PackedWeights packed = Packer.pack(
                    team, WeightMemory.in(arena), new Packer.Source(data, 0, WeightFormat.F32, 2, 3, false));
            assertThatThrownBy(() -> packed.withBias(new float[3])).hasMessageContaining("3 values for 2 outputs");
        }
    }

    private static void check(ThreadTeam team, Weight w, PackedWeights packed, int rows, Random random) {
        int xStride = w.k + 2;
        int yStride = w.n + 1;
        float[] x = Data.normal(random, (rows - 1) * xStride + w.k);
        MemorySegment y = Data.blank((rows - 1) * yStride + w.n);
        Linear.apply(team, packed, Data.odd(x), Data.ODD, xStride, rows, y, 0, yStride);
        float[] got = Data.read(y);
        double worst = 0;
        for (int m = 0; m < rows; m++) {
            for (int n = 0; n < w.n; n++) {
                double sum = packed.hasBias() ? w.bias[n] : 0;
                double size = Math.abs(sum);
                for (int k = 0; k < w.k; k++) {
                    double term = (double) x[m * xStride + k] * w.values[n * w.k + k];
                    sum += term;
                    size += Math.abs(term);
                }
                double error = Math.abs(got[m * yStride + n] - sum) / ((w.k + 2) * 0x1p-24 * size + Float.MIN_VALUE);
                // a NaN, too, must count as wrong
                worst = error <= worst ? worst : error;
            }
            if (m + 1 < rows) {
                assertThat(got[m * yStride + w.n]).as("between rows").isNaN();
            }
        }
        assertThat(worst)
                .as("%s N=%d K=%d M=%d: error as a share of the bound", packed.format(), w.n, w.k, rows)
                .isLessThanOrEqualTo(1);
    }
}
