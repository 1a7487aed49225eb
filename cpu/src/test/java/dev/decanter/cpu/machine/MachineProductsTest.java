package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.ScalarBlockKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Machine code gives the bits of the plain loops, and touches nothing outside its operands. */
@EnabledOnOs(
        value = OS.LINUX,
        architectures = {"amd64", "x86_64"})
class MachineProductsTest {
    private static final Set<CpuFeature> FEATURES = CpuFeatures.detect();
    private static final int[] GROUPS = {32, 64, 128, 192, 256, 512};
    private static final int[] OUTPUTS = {1, 15, 16, 17, 32, 33, 48, 63, 96, 130, 210};
    private static final int[] INPUTS = {1, 31, 64, 100, 256, 511, 777, 1300};

    private static BlockKernels kernels(MachineCode.Kind kind) {
        assumeTrue(kind.runsOn(FEATURES), () -> "this processor has no " + kind);
        return kind.kernels();
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfWeight(MachineCode.Kind kind) {
        BlockKernels kernels = kernels(kind);
        Random random = new Random(1);
        for (int choice = 0; choice < 32 * GROUPS.length; choice++) {
            BlockData data = new BlockData(
                    (choice & 1) == 0 ? 4 : 8,
                    GROUPS[choice / 32],
                    (choice & 2) != 0,
                    (choice & 4) != 0,
                    (choice & 8) != 0,
                    (choice & 16) != 0,
                    any(OUTPUTS, random),
                    any(INPUTS, random));
            check(kernels, data, 1, random);
            check(kernels, data, 2 + random.nextInt(7), random);
            check(kernels, data, 9 + random.nextInt(62), random);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyNumberOfRows(MachineCode.Kind kind) {
        BlockKernels kernels = kernels(kind);
        Random random = new Random(2);
        for (int rows = 1; rows <= 70; rows++) {
            check(kernels, new BlockData(4, 128, false, true, true, false, 50, 256), rows, random);
            check(kernels, new BlockData(8, 32, true, false, false, true, 80, 96), rows, random);
        }
    }

    @ParameterizedTest
    @EnumSource
    void weightsOfMoreThanOneCall(MachineCode.Kind kind) {
        BlockKernels kernels = kernels(kind);
        Random random = new Random(3);
        BlockData data = new BlockData(8, 128, true, true, true, false, 2200, 4096);
        for (int i = 0; i < 4; i++) {
            check(kernels, data, 1, random);
            check(kernels, data, 3, random);
        }
        check(kernels, data, 9, random);
    }

    @ParameterizedTest
    @EnumSource
    void resultsThatNoCacheHolds(MachineCode.Kind kind) {
        BlockKernels kernels = kernels(kind);
        Random random = new Random(5);
        for (int i = 0; i < 8; i++) {
            check(kernels, new BlockData(4, 64, i % 2 == 0, true, true, true, 40 + i, 64), 40 + i, 8192, random);
        }
    }

    private static int any(int[] values, Random random) {
        return values[random.nextInt(values.length)];
    }

    static void check(BlockKernels kernels, BlockData data, int rows, Random random) {
        check(kernels, data, rows, data.outputs(), random);
    }

    /** All operands, and the memory that the kernels work in, lie beside pages that nobody may touch. */
    private static void check(BlockKernels kernels, BlockData data, int rows, int stride, Random random) {
        boolean atEnd = random.nextBoolean();
        try (GuardedMemory memory = new GuardedMemory(atEnd);
                ThreadTeam alone = new ThreadTeam(1);
                QuantizedRows x = new QuantizedRows(RowKernels.portable(), () -> new GuardedMemory(atEnd))) {
            Frame.use(memory::allocate);
            BlockWeights w = data.weights(memory, random);
            MemorySegment values = memory.allocate(4L * rows * data.inputs());
            for (int i = 0; i < rows * data.inputs(); i++) {
                values.setAtIndex(JAVA_FLOAT_UNALIGNED, i, (float) random.nextGaussian());
            }
            x.quantize(alone, values, 0, data.inputs(), rows, data.inputs(), data.group());
            int panel = random.nextInt(w.panels());
            int panels = 1 + random.nextInt(w.panels() - panel);
            int row = random.nextInt((rows + 15) / 16) * 16;
            int count = random.nextBoolean() ? rows - row : Math.min(rows - row, 16);
            // rows of y end where the next ones begin, so that writing past N shows in them, too
            int n = stride;
            MemorySegment expected = memory.allocate(4L * rows * n);
            MemorySegment y = memory.allocate(4L * rows * n);
            ScalarBlockKernels.INSTANCE.multiply(w, panel, panels, x, row, count, expected, 0, n);
            kernels.multiply(w, panel, panels, x, row, count, y, 0, n);
            long at = expected.mismatch(y);
            assertThat(at)
                    .as(() -> "%s, %d rows, panels %d+%d, rows %d+%d: first difference at output %d of row %d"
                            .formatted(data, rows, panel, panels, row, count, at / 4 % n, at / 4 / n))
                    .isEqualTo(-1);
        } finally {
            Frame.release();
        }
    }

    /** Attention on the same thread between two products: products count on what they left in their scratch memory. */
    @Test
    void attentionLeavesTheScratchOfProductsAlone() {
        BlockKernels kernels = kernels(MachineCode.Kind.AMX);
        BlockData data = new BlockData(4, 128, false, true, true, false, 64, 512);
        try (Arena arena = Arena.ofConfined();
                ThreadTeam alone = new ThreadTeam(1);
                QuantizedRows x = new QuantizedRows()) {
            BlockWeights w = data.weights(arena, new Random(1));
            MemorySegment values = arena.allocate(4L * 40 * data.inputs(), 4);
            for (int i = 0; i < 40 * data.inputs(); i++) {
                values.setAtIndex(JAVA_FLOAT_UNALIGNED, i, i % 83 - 40);
            }
            x.quantize(alone, values, 0, data.inputs(), 40, data.inputs(), data.group());
            MemorySegment expected = arena.allocate(4L * 40 * data.outputs(), 64);
            MemorySegment y = arena.allocate(4L * 40 * data.outputs(), 64);
            ScalarBlockKernels.INSTANCE.multiply(w, 0, w.panels(), x, 0, 40, expected, 0, data.outputs());
            for (int turn = 0; turn < 2; turn++) {
                kernels.multiply(w, 0, w.panels(), x, 0, 40, y.fill((byte) 0), 0, data.outputs());
                assertThat(expected.mismatch(y)).isEqualTo(-1);
                Frame.current().scores(1 << 20).fill((byte) 0x7f);
            }
        }
    }

    @Test
    void operandsThatAreTooSmall() {
        assumeTrue(MachineCode.kernels().isPresent(), MachineCode::describe);
        BlockKernels kernels = MachineCode.kernels().orElseThrow();
        try (GuardedMemory memory = new GuardedMemory(true);
                ThreadTeam alone = new ThreadTeam(1);
                QuantizedRows x = new QuantizedRows()) {
            BlockWeights w = new BlockData(4, 64, false, true, true, true, 40, 128).weights(memory, new Random(4));
            x.quantize(alone, memory.allocate(4 * 128), 0, 128, 1, 128, 64);
            MemorySegment y = memory.allocate(4 * 39);
            assertThatThrownBy(() -> kernels.multiply(w, 0, 3, x, 0, 1, y, 0, 40))
                    .hasMessage("a block product has products beyond y");
            assertThatThrownBy(() -> kernels.multiply(w, 0, 4, x, 0, 1, y, 0, 40))
                    .hasMessage("a block product has panels beyond the weight");
            MemorySegment heap = MemorySegment.ofArray(new float[40]);
            assertThatThrownBy(() -> kernels.multiply(w, 0, 3, x, 0, 1, heap, 0, 40))
                    .hasMessage("a block product has operands that are not native memory");
            BlockWeights apart = new BlockWeights(
                    4, 40, 128, 64, false, true, true, 0, PanelLayout.APART, w.data(), MemorySegment.NULL);
            assertThatThrownBy(() -> kernels.multiply(apart, 0, 3, x, 0, 1, memory.allocate(160), 0, 40))
                    .hasMessage("a block product has panels in parts");
        }
    }
}
