package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Packing, quantizing and multiplying against plain arithmetic, and all implementations against plain loops. */
class BlockLinearTest {
    private static final int[] ROWS = {1, 2, 5, 16, 17, 33};
    private static final int[] OUTPUTS = {1, 15, 16, 17, 33, 50};
    private static final int[] GROUPS = {32, 64, 128, 192, 256, 512};

    static Stream<BlockKernels> implementations() {
        return Stream.of(BlockKernels.portable());
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"U8", "I8", "U4", "I4"})
    void multipliesWhatTheCodesStandFor(WeightFormat format) {
        Random random = new Random(11);
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            int turn = 0;
            for (int group : GROUPS) {
                for (int n : OUTPUTS) {
                    boolean perRow = turn % 3 == 2;
                    int k = perRow ? 1 + random.nextInt(600) : group * (1 + random.nextInt(3));
                    Weight weight = Weight.random(random, format, n, k, perRow ? k : group, turn % 2 == 1);
                    BlockWeights w = pack(team, arena, weight, group, layout(turn / 4));
                    assertThat(w.perRow()).isEqualTo(perRow || k == group);
                    if (turn % 4 == 1) {
                        w = w.withBias(WeightMemory.in(arena), weight.bias);
                    }
                    check(team, weight, w, x, ROWS[turn++ % ROWS.length], random);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("implementations")
    void implementationsAndThreadsAgreeToTheBit(BlockKernels kernels) {
        Random random = new Random(12);
        WeightFormat[] formats = {WeightFormat.U4, WeightFormat.I8, WeightFormat.I4, WeightFormat.U8};
        try (ThreadTeam one = new ThreadTeam(1);
                ThreadTeam two = new ThreadTeam(2);
                ThreadTeam three = new ThreadTeam(3);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            int turn = 0;
            for (int group : GROUPS) {
                for (int rows : ROWS) {
                    boolean perRow = turn % 3 == 2;
                    int n = OUTPUTS[turn % OUTPUTS.length];
                    int k = perRow ? 1 + random.nextInt(600) : group * (1 + random.nextInt(3));
                    Weight weight = Weight.random(
                            random, formats[turn % formats.length], n, k, perRow ? k : group, turn % 2 == 1);
                    BlockWeights w = pack(two, arena, weight, group, layout(turn / 4));
                    if (turn++ % 4 == 1) {
                        w = w.withBias(WeightMemory.in(arena), weight.bias);
                    }
                    float[] values = Data.normal(random, rows * k);
                    Arrays.fill(values, 0, Math.min(group, k), 0);
                    x.quantize(two, Data.of(values), 0, k, rows, k, group);
                    int[] expected = product(one, ScalarBlockKernels.INSTANCE, w, x);
                    for (ThreadTeam team : new ThreadTeam[] {one, two, three}) {
                        assertThat(product(team, kernels, w, x))
                                .as(
                                        "%s N=%d K=%d M=%d group %d on %d threads",
                                        weight.format, n, k, rows, group, team.size())
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("implementations")
    void extremeCodesDoNotOverflow(BlockKernels kernels) {
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            for (WeightFormat format : new WeightFormat[] {WeightFormat.U4, WeightFormat.U8}) {
                for (int group : GROUPS) {
                    for (int rows : new int[] {1, 16, 32}) {
                        int k = 2 * group;
                        MemorySegment data = arena.allocate(16L * k * format.bits() / 8);
                        MemorySegment scales = Data.of(new float[] {0.5f});
                        Quantization q = new Quantization(
                                group,
                                new Quantization.Entries(scales, 0, WeightFormat.F32, 0, 0),
                                Quantization.Entries.none());
                        Packer.Source s = new Packer.Source(data, 0, format, 16, k, false);
                        for (byte codes : new byte[] {-1, 0}) {
                            data.fill(codes);
                            BlockWeights w =
                                    BlockPacker.pack(team, WeightMemory.in(arena), s, q, group, kernels.layout());
                            for (float sign : new float[] {1, -1}) {
                                float[] values = new float[rows * k];
                                Arrays.fill(values, sign * 127);
                                x.quantize(team, Data.of(values), 0, k, rows, k, group);
                                MemorySegment y = Data.blank(rows * 16);
                                BlockLinear.apply(team, kernels, w, x, y, 0, 16);
                                float[] expected = new float[rows * 16];
                                float most = format.bits() == 4 ? 15 : 255;
                                Arrays.fill(expected, codes == 0 ? 0 : sign * 127 * 0.5f * most * k);
                                assertThat(Data.read(y)).isEqualTo(expected);
                            }
                        }
                    }
                }
            }
        }
    }

    /** Sums that are as large as they can be, of either sign in each panel: those that share a number must not touch each other. */
    @ParameterizedTest
    @MethodSource("implementations")
    void greatestSumsOfNeighboursStayApart(BlockKernels kernels) {
        int outputs = 7 * BlockWeights.PANEL;
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            for (int group : GROUPS) {
                int k = 2 * group;
                MemorySegment data = arena.allocate(outputs * k / 2L);
                boolean[] full = new boolean[outputs];
                Random random = new Random(group);
                for (int n = 0; n < outputs; n++) {
                    full[n] = random.nextBoolean();
                    byte codes = (byte) (full[n] ? -1 : 0);
                    data.asSlice(n * k / 2L, k / 2).fill(codes);
                }
                Quantization q = new Quantization(
                        group,
                        new Quantization.Entries(Data.of(new float[] {0.5f}), 0, WeightFormat.F32, 0, 0),
                        Quantization.Entries.none());
                Packer.Source s = new Packer.Source(data, 0, WeightFormat.U4, outputs, k, false);
                BlockWeights w = BlockPacker.pack(team, WeightMemory.in(arena), s, q, group, kernels.layout());
                int rows = 40;
                float[] values = new float[rows * k];
                for (int m = 0; m < rows; m++) {
                    Arrays.fill(values, m * k, (m + 1) * k, m % 2 == 0 ? 127 : -127);
                }
                x.quantize(team, Data.of(values), 0, k, rows, k, group);
                MemorySegment y = Data.blank(rows * outputs);
                BlockLinear.apply(team, kernels, w, x, y, 0, outputs);
                float[] got = Data.read(y);
                for (int m = 0; m < rows; m++) {
                    for (int n = 0; n < outputs; n++) {
                        float sum = full[n] ? 127 * 0.5f * 15 * k : 0;
                        assertThat(got[m * outputs + n])
                                .as("row %d, output %d, groups of %d", m, n, group)
                                .isEqualTo(m % 2 == 0 || sum == 0 ? sum : -sum);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("implementations")
    void severalWeightsInOneCallGiveWhatEachGives(BlockKernels kernels) {
        Random random = new Random(13);
        try (ThreadTeam team = new ThreadTeam(3);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            int k = 256;
            int[] outputs = {97, 33, 1500};
            BlockWeights[] w = new BlockWeights[3];
            for (int i = 0; i < 3; i++) {
                w[i] = pack(
                        team, arena, Weight.random(random, WeightFormat.U4, outputs[i], k, 64, false), 64, layout(i));
            }
            for (int rows : new int[] {1, 17}) {
                x.quantize(team, Data.of(Data.normal(random, rows * k)), 0, k, rows, k, 64);
                BlockLinear.Product[] products = new BlockLinear.Product[3];
                for (int i = 0; i < 3; i++) {
                    products[i] = new BlockLinear.Product(w[i], Data.blank(rows * outputs[i]), 0, outputs[i]);
                }
                BlockLinear.apply(team, kernels, x, products);
                for (int i = 0; i < 3; i++) {
                    assertThat(Data.bits(Data.read(products[i].y()))).isEqualTo(product(team, kernels, w[i], x));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("implementations")
    void gatedGivesWhatItsStepsGive(BlockKernels kernels) {
        Random random = new Random(14);
        try (ThreadTeam team = new ThreadTeam(2);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            for (int n : new int[] {1, 16, 97, 700}) {
                int k = 384;
                BlockWeights gate = pack(
                        team, arena, Weight.random(random, WeightFormat.U4, n, k, 128, false), 128, kernels.layout());
                BlockWeights up = pack(
                                team,
                                arena,
                                Weight.random(random, WeightFormat.U4, n, k, 128, false),
                                128,
                                kernels.layout())
                        .withBias(WeightMemory.in(arena), Data.normal(random, n));
                for (int rows : new int[] {1, 3, 40}) {
                    float[] values = Data.normal(random, rows * k);
                    x.quantize(team, Data.of(values), 0, k, rows, k, 128);
                    MemorySegment left = Data.blank(rows * n);
                    MemorySegment right = Data.blank(rows * n);
                    BlockLinear.apply(team, kernels, gate, x, left, 0, n);
                    BlockLinear.apply(team, kernels, up, x, right, 0, n);
                    for (UnaryOp op : new UnaryOp[] {UnaryOp.SWISH, UnaryOp.GELU_TANH}) {
                        MemorySegment expected = Data.blank(rows * n);
                        Elementwise.gated(team, op, 1, rows, n, left, 0, n, right, 0, n, expected, 0, n);
                        MemorySegment got = Data.blank(4 + rows * (n + 3));
                        BlockLinear.gated(team, kernels, gate, up, op, 1, x, got, 16, n + 3);
                        float[] all = Data.read(got);
                        for (int m = 0; m < rows; m++) {
                            int at = 4 + m * (n + 3);
                            float[] row = Arrays.copyOfRange(all, at, at + n);
                            float[] wanted = Arrays.copyOfRange(Data.read(expected), m * n, (m + 1) * n);
                            assertThat(Data.bits(row))
                                    .as("%s of %d rows", op, rows)
                                    .isEqualTo(Data.bits(wanted));
                            assertThat(all[at + n]).as("between rows").isNaN();
                        }
                    }
                }
            }
        }
    }

    @Test
    void onlyWeightsThatFitArePacked() {
        MemorySegment data = Data.of(new float[64 * 192]);
        Quantization.Entries scales = new Quantization.Entries(data, 0, WeightFormat.F16, 1, 0);
        Packer.Source u4 = new Packer.Source(data, 0, WeightFormat.U4, 4, 192, false);
        Packer.Source i4 = new Packer.Source(data, 0, WeightFormat.I4, 4, 192, false);
        Packer.Source f16 = new Packer.Source(data, 0, WeightFormat.F16, 4, 192, false);
        Quantization grouped = new Quantization(64, scales, Quantization.Entries.none());
        assertThat(BlockPacker.group(u4, grouped, 32)).contains(64);
        assertThat(BlockPacker.group(f16, grouped, 32)).isEqualTo(Optional.empty());
        assertThat(BlockPacker.group(u4, new Quantization(192, scales, Quantization.Entries.none()), 65))
                .contains(128);
        assertThat(BlockPacker.group(u4, new Quantization(192, scales, Quantization.Entries.none()), 5000))
                .contains(512);
        assertThat(BlockPacker.group(u4, new Quantization(96, scales, Quantization.Entries.none()), 32))
                .isEqualTo(Optional.empty());
        for (WeightFormat zero : WeightFormat.values()) {
            if (zero.coded()) {
                continue;
            }
            Quantization q = new Quantization(64, scales, new Quantization.Entries(data, 0, zero, 1, 0));
            assertThat(BlockPacker.group(u4, q, 32).isPresent())
                    .as("zero points in %s", zero)
                    .isEqualTo(zero == WeightFormat.U4 || zero == WeightFormat.U8);
            assertThat(BlockPacker.group(i4, q, 32).isPresent()).isEqualTo(zero == WeightFormat.I4);
        }
        try (ThreadTeam team = new ThreadTeam(1);
                Arena arena = Arena.ofShared();
                QuantizedRows x = new QuantizedRows()) {
            assertThatThrownBy(() -> BlockPacker.pack(team, WeightMemory.in(arena), u4, grouped, 32, layout(0)))
                    .hasMessageContaining("cannot be packed for groups of 32");
            BlockWeights w = BlockPacker.pack(team, WeightMemory.in(arena), u4, grouped, 64, layout(0));
            assertThatThrownBy(() -> w.withBias(WeightMemory.in(arena), new float[3]))
                    .hasMessageContaining("3 values for 4 outputs");
            x.quantize(team, data, 0, 192, 1, 192, 32);
            assertThatThrownBy(() -> BlockLinear.apply(team, ScalarBlockKernels.INSTANCE, w, x, data, 0, 4))
                    .hasMessageContaining("groups of 64 cannot take rows of 192 in groups of 32");
        }
    }

    private static PanelLayout layout(int turn) {
        return turn % 2 == 0 ? PanelLayout.TOGETHER : PanelLayout.APART;
    }

    private static BlockWeights pack(ThreadTeam team, Arena arena, Weight weight, int wanted, PanelLayout layout) {
        int group = BlockPacker.group(weight.source(), weight.quantization(), wanted)
                .orElseThrow();
        return BlockPacker.pack(team, WeightMemory.in(arena), weight.source(), weight.quantization(), group, layout);
    }

    /** The bits of a product into memory that is exactly as long as it must be. */
    private static int[] product(ThreadTeam team, BlockKernels kernels, BlockWeights w, QuantizedRows x) {
        MemorySegment y = Data.blank(x.rows() * w.outputs());
        BlockLinear.apply(team, kernels, w, x, y, 0, w.outputs());
        return Data.bits(Data.read(y));
    }

    private static void check(
            ThreadTeam team, Weight weight, BlockWeights w, QuantizedRows x, int rows, Random random) {
        int k = weight.k;
        int xStride = k + 2;
        int yStride = weight.n + 1;
        float[] values = Data.normal(random, (rows - 1) * xStride + k);
        x.quantize(team, Data.odd(values), Data.ODD, xStride, rows, k, w.group());
        MemorySegment y = Data.blank((rows - 1) * yStride + weight.n);
        BlockLinear.apply(team, ScalarBlockKernels.INSTANCE, w, x, y, 0, yStride);
        float[] got = Data.read(y);
        double worst = 0;
        double worstExact = 0;
        for (int m = 0; m < rows; m++) {
            for (int n = 0; n < weight.n; n++) {
                double sum = w.bias().byteSize() == 0 ? 0 : weight.bias[n];
                double exact = sum;
                double size = Math.abs(sum);
                double steps = 0;
                for (int i = 0; i < k; i++) {
                    double scale = x.scales().get(Mem.F32, 4 * x.entryAt(m, i / w.group()));
                    double number = weight.values[n * k + i];
                    sum += x.codes().get(Mem.I8, x.codeAt(m, i)) * scale * number;
                    exact += values[m * xStride + i] * number;
                    size += Math.abs(values[m * xStride + i] * number) + scale * Math.abs(number);
                    steps += 0.5001 * scale * Math.abs(number);
                }
                double rounding = (w.groups() + 6) * 0x1p-22 * size;
                double error = Math.abs(got[m * yStride + n] - sum) / rounding;
                double exactError = Math.abs(got[m * yStride + n] - exact) / (steps + rounding);
                // a NaN, too, must count as wrong
                worst = error <= worst ? worst : error;
                worstExact = exactError <= worstExact ? worstExact : exactError;
            }
            if (m + 1 < rows) {
                assertThat(got[m * yStride + weight.n]).as("between rows").isNaN();
            }
        }
        String what = weight.format + " N=" + weight.n + " K=" + k + " M=" + rows + " group " + w.group();
        assertThat(worst).as("%s: error as a share of the bound", what).isLessThanOrEqualTo(1);
        assertThat(worstExact).as("%s: error as a share of half a step", what).isLessThanOrEqualTo(1);
    }
}
