package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FakeQuantizerTest {
    /** The formula as OpenVINO's specification and REFERENCE have it, in f32. */
    private static float code(QuantizerLevels q, float x) {
        if (x <= q.low()) {
            return 0;
        }
        if (x > q.high()) {
            return q.steps();
        }
        return (float) Math.rint((x - q.low()) / (q.high() - q.low()) * q.steps());
    }

    private static float value(QuantizerLevels q, float x) {
        if (x <= q.low()) {
            return q.outLow();
        }
        if (x > q.high()) {
            return q.outHigh();
        }
        return code(q, x) / q.steps() * (q.outHigh() - q.outLow()) + q.outLow();
    }

    private static QuantizerLevels levels(float low, float high, int steps) {
        return new QuantizerLevels(low, high, low, high, steps);
    }

    @Test
    void codesAndValuesAreTheFormulasToTheLastBit() {
        Random random = new Random(1);
        QuantizerLevels[] all = {
            levels(-1, 1 - 0x1p-7f, 255),
            levels(-2.5f, 2.5f, 254),
            levels(0, 3.7f, 255),
            levels(-0.31f, 4.9f, 255),
            new QuantizerLevels(-1, 2, 0, 10, 1),
            new QuantizerLevels(-8, 8, 7, -7, 15),
            levels(1e-20f, 3e-20f, 255),
            levels(-1e30f, 1e30f, 255),
        };
        try (ThreadTeam team = new ThreadTeam(2)) {
            for (QuantizerLevels q : all) {
                for (int n : Data.SIZES) {
                    check(team, q, values(random, q, n));
                }
                check(team, q, values(random, q, 70_001));
            }
        }
    }

    /** Ordinary values, ties between codes and their neighbours, the range's ends, and what has no code. */
    private static float[] values(Random random, QuantizerLevels q, int n) {
        float[] x = new float[n];
        float[] odd = {q.low(), q.high(), Math.nextUp(q.low()), Math.nextUp(q.high()), 0, -0.0f, Float.NaN};
        float step = (q.high() - q.low()) / q.steps();
        for (int i = 0; i < n; i++) {
            float tie = q.low() + (random.nextInt(q.steps()) + 0.5f) * step;
            x[i] = switch (random.nextInt(5)) {
                case 0 -> odd[random.nextInt(odd.length)];
                case 1 -> tie;
                case 2 -> random.nextBoolean() ? Math.nextUp(tie) : Math.nextDown(tie);
                case 3 -> (random.nextBoolean() ? 1 : -1) * Float.POSITIVE_INFINITY;
                default -> q.low() + (1.4f * random.nextFloat() - 0.2f) * (q.high() - q.low());
            };
        }
        return x;
    }

    private static void check(ThreadTeam team, QuantizerLevels q, float[] x) {
        int n = x.length;
        MemorySegment y = Data.blank(n);
        MemorySegment codes = Arena.ofAuto().allocate(n);
        FakeQuantizer.round(team, q, Data.odd(x), Data.ODD, n, y, 0);
        FakeQuantizer.codes(team, q, Data.odd(x), Data.ODD, n, codes, 0);
        float[] got = Data.read(y);
        float[] expected = new float[n];
        int[] gotCodes = new int[n];
        int[] expectedCodes = new int[n];
        for (int i = 0; i < n; i++) {
            expected[i] = value(q, x[i]);
            gotCodes[i] = codes.get(Mem.I8, i) & 0xff;
            expectedCodes[i] = (int) code(q, x[i]);
        }
        assertThat(got).as("%s", q).isEqualTo(expected);
        assertThat(gotCodes).as("%s", q).isEqualTo(expectedCodes);
    }

    @Test
    void sixteenBitLevelsRoundButHaveNoByteCodes() {
        QuantizerLevels q = levels(-3, 5, 65535);
        float[] x = values(new Random(2), q, 1000);
        MemorySegment y = Data.blank(x.length);
        try (ThreadTeam team = new ThreadTeam(1)) {
            FakeQuantizer.round(team, q, Data.of(x), 0, x.length, y, 0);
            float[] expected = new float[x.length];
            for (int i = 0; i < x.length; i++) {
                expected[i] = value(q, x[i]);
            }
            assertThat(Data.read(y)).isEqualTo(expected);
            assertThatThrownBy(() -> FakeQuantizer.codes(team, q, Data.of(x), 0, 1, y, 0))
                    .hasMessageContaining("65535 do not fit a byte");
        }
    }

    @Test
    void zeroIsTheCodeOfNothing() {
        assertThat(levels(-128, 127, 255).zero()).isEqualTo(128);
        assertThat(levels(-1, 1, 254).zero()).isEqualTo(127);
        assertThat(levels(0, 7, 255).zero()).isZero();
        assertThat(levels(-0.5f, 1, 255).zero()).isEqualTo(85);
        assertThat(levels(-0.5f, 1, 255).rest()).isZero();
        assertThat(levels(-0.31f, 4.9f, 255).rest()).isBetween(-0.0036, -0.0035);
        assertThat(levels(1, 2, 1).zero()).isEqualTo(-1);
    }

    @Test
    void emptyAndReversedRangesAreRefused() {
        assertThatThrownBy(() -> levels(1, 1, 255)).hasMessageContaining("255 steps of 1.0 to 1.0");
        assertThatThrownBy(() -> levels(2, 1, 255)).hasMessageContaining("2.0 to 1.0");
        assertThatThrownBy(() -> levels(0, Float.NaN, 255)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> levels(0, 1, 0)).hasMessageContaining("0 steps");
    }
}
