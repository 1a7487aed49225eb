package dev.decanter.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.cpu.machine.MachineCode;
import dev.decanter.cpu.machine.ProbeCode;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.DeviceLimits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

class HardwareProbeTest {
    @Test
    void measuresWhatAnyMachineHas() {
        DeviceLimits limits = Core.create().measureLimits("CPU", 2).orElseThrow();

        assertThat(limits.threads()).isEqualTo(2);
        // between a machine of long ago under load and what no machine has
        assertThat(limits.readBytesPerSecond()).isBetween(50e6, 10e12);
        assertThat(limits.floatOperationsPerSecond()).isBetween(10e6, 1e15);
        assertThat(limits.byteOperationsPerSecond().isPresent())
                .isEqualTo(MachineCode.kernels().isPresent());
        assertThat(Core.create().measureLimits("REFERENCE", 1)).isEmpty();
    }

    @Test
    @EnabledIf("machineCode")
    void countsOfMachineCode() {
        long operations = ProbeCode.dots().orElseThrow().runDots();

        // two for each of the products of at least 32 bytes
        assertThat(operations).isPositive().isEqualTo(operations / 64 * 64);
    }

    @Test
    @EnabledIf("machineCode")
    void readsToTheLastLineAndRefusesHalves() {
        ProbeCode reader = ProbeCode.reader().orElseThrow();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4096, 64);

            reader.read(memory.asSlice(0, 2048), memory.asSlice(2048, 2048));

            assertThatThrownBy(() -> reader.read(memory.asSlice(0, 32), memory.asSlice(64, 32)))
                    .hasMessageContaining("32");
            assertThatThrownBy(() -> reader.read(memory.asSlice(0, 64), memory.asSlice(64, 128)))
                    .hasMessageContaining("128");
        }
    }

    static boolean machineCode() {
        return MachineCode.kernels().isPresent();
    }
}
