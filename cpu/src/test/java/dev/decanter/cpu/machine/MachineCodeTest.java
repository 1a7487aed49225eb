package dev.decanter.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.ScalarBlockKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class MachineCodeTest {
    @Test
    void saysWhatItUsesOrWhyNot() {
        assertThat(MachineCode.describe())
                .satisfiesAnyOf(
                        text -> assertThat(text).startsWith("none: "),
                        text -> assertThat(text)
                                .isEqualTo(MachineCode.kernels().orElseThrow().describe()));
    }

    @Test
    void bestThatTheProcessorHasIsChosen() {
        String setting = System.getProperty(MachineCode.PROPERTY, "auto");
        assumeTrue(setting.equals("auto"), "machine code is chosen by " + MachineCode.PROPERTY);
        assertThat(MachineCode.problem()).isEmpty();
    }

    @Test
    void settings() {
        assertThat(MachineCode.describe("off")).isEqualTo("none: switched off by decanter.cpu.machine");
        assertThat(MachineCode.describe("fast"))
                .startsWith("none: unknown; use auto, off, ")
                .endsWith(" or avxvnni");
    }

    @Test
    void wrongNumbersAreNoticed() {
        BlockKernels right = ScalarBlockKernels.INSTANCE;
        assertThat(SelfCheck.passes(right)).isTrue();
        BlockKernels wrong = new BlockKernels() {
            @Override
            public String describe() {
                return "wrong";
            }

            @Override
            public PanelLayout layout() {
                return right.layout();
            }

            @Override
            public void multiply(
                    BlockWeights w,
                    int panel,
                    int panels,
                    QuantizedRows x,
                    int row,
                    int rows,
                    MemorySegment y,
                    long yOffset,
                    long yStride) {
                right.multiply(w, panel, panels, x, row, rows, y, yOffset, yStride);
                long last = yOffset + 4 * ((row + rows - 1) * yStride + w.outputs() - 1);
                y.set(ValueLayout.JAVA_FLOAT, last, Math.nextUp(y.get(ValueLayout.JAVA_FLOAT, last)));
            }
        };
        assertThat(SelfCheck.passes(wrong)).isFalse();
    }
}
