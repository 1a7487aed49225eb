package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QuantizedRowsTest {
    private static final int[] ROWS = {1, 2, 16, 17, 40};
    private static final int[] GROUPS = {32, 64, 128, 512};

    @Test
    void isTheFormula() {
        Random random = new Random(21);
        try (ThreadTeam team = new ThreadTeam(3);
                QuantizedRows x = new QuantizedRows()) {
            for (int group : GROUPS) {
                for (int rows : ROWS) {
                    int inputs = 1 + random.nextInt(1000);
                    float[] values = Data.normal(random, rows * inputs);
                    for (int i = 0; i < values.length; i++) {
                        // all magnitudes, and ties to be rounded to even
                        values[i] = i % 7 == 0
                                ? random.nextInt(-254, 255) * 0.5f
                                : values[i] * (float) Math.pow(2, random.nextInt(-160, 100) * (i / group % 2));
                    }
                    x.quantize(team, Data.odd(values), Data.ODD, inputs, rows, inputs, group);
                    check(x, values, rows, inputs, group);
                }
            }
        }
    }

    @Test
    void aFusedNormGivesTheBitsOfItsSteps() {
        Random random = new Random(22);
        try (ThreadTeam team = new ThreadTeam(2);
                QuantizedRows x = new QuantizedRows()) {
            for (int rows : ROWS) {
                int inputs = 100 + random.nextInt(300);
                float[] values = Data.normal(random, rows * inputs);
                MemorySegment a = Data.of(values);
                MemorySegment b = Data.of(Data.normal(random, rows * inputs));
                MemorySegment weight = Data.odd(Data.normal(random, inputs));
                MemorySegment normed = Data.blank(rows * inputs);
                Norms.rms(team, RowKernels.portable(), rows, inputs, a, 0, weight, Data.ODD, 1e-5f, normed, 0);
                x.quantizeRms(team, a, 0, weight, Data.ODD, 1e-5f, rows, inputs, 64);
                check(x, Data.read(normed), rows, inputs, 64);

                MemorySegment sum = Data.blank(rows * inputs);
                MemorySegment ownSum = Data.blank(rows * inputs);
                Norms.addRms(team, rows, inputs, a, 0, b, 0, sum, 0, weight, Data.ODD, 1e-5f, normed, 0);
                x.quantizeAddRms(team, a, 0, b, 0, ownSum, 0, weight, Data.ODD, 1e-5f, rows, inputs, 64);
                check(x, Data.read(normed), rows, inputs, 64);
                assertThat(Data.bits(Data.read(ownSum))).isEqualTo(Data.bits(Data.read(sum)));
            }
        }
    }

    @Test
    void whatIsNotFiniteReachesTheOutputs() {
        Random random = new Random(23);
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (int rows : new int[] {1, 3}) {
                for (int group : new int[] {64, 192}) {
                    try (ThreadTeam team = new ThreadTeam(1);
                            Arena arena = Arena.ofShared();
                            QuantizedRows x = new QuantizedRows()) {
                        Weight weight = Weight.random(random, WeightFormat.U4, 17, 192, group, false);
                        BlockWeights w = BlockPacker.pack(
                                team,
                                WeightMemory.in(arena),
                                weight.source(),
                                weight.quantization(),
                                64,
                                PanelLayout.TOGETHER);
                        float[] values = Data.normal(random, rows * 192);
                        values[(rows - 1) * 192 + 100] = bad;
                        x.quantize(team, Data.of(values), 0, 192, rows, 192, 64);
                        MemorySegment y = Data.of(new float[rows * 17]);
                        BlockLinear.apply(team, ScalarBlockKernels.INSTANCE, w, x, y, 0, 17);
                        float[] got = Data.read(y);
                        for (int i = 0; i < got.length; i++) {
                            assertThat(Float.isNaN(got[i])).isEqualTo(i / 17 == rows - 1);
                        }
                    }
                }
            }
        }
    }

    private static void check(QuantizedRows x, float[] values, int rows, int inputs, int group) {
        int tall = rows == 1 ? 1 : Math.ceilDiv(rows, QuantizedRows.TILE) * QuantizedRows.TILE;
        for (int m = 0; m < tall; m++) {
            for (int g = 0; g < x.groups(); g++) {
                float most = 0;
                for (int k = g * group; k < Math.min(inputs, (g + 1) * group) && m < rows; k++) {
                    most = Math.max(most, Math.abs(values[m * inputs + k]));
                }
                float scale = most / 127;
                float inverse = 1 / scale;
                if (Float.isInfinite(inverse)) {
                    scale = 0;
                    inverse = 0;
                }
                int sum = 0;
                for (int k = g * group; k < (g + 1) * group; k++) {
                    float value = k < inputs && m < rows ? values[m * inputs + k] : 0;
                    int q = (int) Math.rint(value * inverse);
                    sum += q;
                    if (x.codes().get(Mem.I8, x.codeAt(m, k)) != q) {
                        throw new AssertionError(value + " at " + m + ", " + k + " is not " + q);
                    }
                }
                assertThat(x.scales().get(Mem.F32, 4 * x.entryAt(m, g))).isEqualTo(scale);
                assertThat(x.sums().get(Mem.I32, 4 * x.entryAt(m, g))).isEqualTo(sum);
            }
        }
    }
}
