package dev.decanter.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(
        value = OS.LINUX,
        architectures = {"amd64", "x86_64"})
class ProbeCodeTest {
    @Test
    void readsNothingBesides() {
        assumeTrue(ProbeCode.reader().isPresent(), MachineCode::describe);
        ProbeCode reader = ProbeCode.reader().orElseThrow();
        for (boolean atEnd : new boolean[] {false, true}) {
            try (GuardedMemory memory = new GuardedMemory(atEnd)) {
                for (int lines : new int[] {1, 2, 3, 63, 64, 100}) {
                    MemorySegment one = memory.allocate((long) lines * ProbeCode.LINE);
                    MemorySegment other = memory.allocate((long) lines * ProbeCode.LINE);
                    reader.read(one, other);
                    assertThatThrownBy(() -> reader.read(one, other.asSlice(1))).hasMessageContaining("pieces of ");
                }
            }
        }
    }

    @Test
    void multiplies() {
        assumeTrue(ProbeCode.dots().isPresent(), MachineCode::describe);
        assertThat(ProbeCode.dots().orElseThrow().runDots()).isPositive();
    }
}
