package dev.decanter.cpu.machine;

import dev.decanter.assembler.CpuFeatures;
import dev.decanter.cpu.kernels.BlockKernels;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/** {@link MachineProductsTest} on shapes of any size. */
class MachineShapesTest {
    private static final Map<MachineCode.Kind, BlockKernels> KERNELS = new EnumMap<>(MachineCode.Kind.class);

    @AddLifecycleHook(Needs.Products.class)
    @Property(tries = 300)
    void productsTouchOnlyTheirOperands(
            @ForAll MachineCode.Kind kind,
            @ForAll boolean nibbles,
            @ForAll @IntRange(max = 8) int group,
            @ForAll @IntRange(max = 15) int form,
            @ForAll @IntRange(min = 1, max = 200) int outputs,
            @ForAll @IntRange(min = 1, max = 1500) int inputs,
            @ForAll @IntRange(min = 1, max = 90) int rows,
            @ForAll long seed) {
        Assume.that(kind.runsOn(CpuFeatures.detect()));
        BlockData data = new BlockData(
                nibbles ? 4 : 8,
                group == 0 ? 32 : 64 * group,
                (form & 1) != 0,
                (form & 2) != 0,
                (form & 4) != 0,
                (form & 8) != 0,
                outputs,
                inputs);
        MachineProductsTest.check(
                KERNELS.computeIfAbsent(kind, MachineCode.Kind::kernels), data, rows, new Random(seed));
    }
}
