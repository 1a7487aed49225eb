package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CutTest {
    /** Every panel in one task, in order. */
    private static void isWhole(Cut cut, int panels) {
        assertThat(cut.from(0)).isZero();
        for (int task = 0; task < cut.tasks(); task++) {
            assertThat(cut.to(task)).isGreaterThan(cut.from(task));
        }
        assertThat(cut.to(cut.tasks() - 1)).isEqualTo(panels);
    }

    @Property
    void everyPanelIsInOneTask(
            @ForAll @IntRange(min = 1, max = 20_000) int panels,
            @ForAll @IntRange(min = 1, max = 1 << 20) int panelBytes,
            @ForAll @IntRange(min = 1, max = 64) int threads,
            @ForAll @IntRange(min = 1, max = 20_000) int most) {
        isWhole(Cut.even(panels, most), panels);
        Cut falling = Cut.falling(panels, panelBytes, threads);
        isWhole(falling, panels);
        for (int task = 1; task < falling.tasks(); task++) {
            assertThat(falling.to(task) - falling.from(task))
                    .isLessThanOrEqualTo(falling.to(task - 1) - falling.from(task - 1));
        }
        Cut limited = falling.atMost(most);
        isWhole(limited, panels);
        for (int task = 0; task < limited.tasks(); task++) {
            assertThat(limited.to(task) - limited.from(task)).isLessThanOrEqualTo(most);
        }
    }

    /** 8 MB for two threads: a quarter first, 96 KB last. */
    @Test
    void tasksFallFromLongToShort() {
        Cut cut = Cut.falling(512, 16 << 10, 2);
        assertThat(cut.to(0)).isEqualTo(128);
        assertThat(cut.to(1) - cut.from(1)).isEqualTo(96);
        int last = cut.tasks() - 1;
        assertThat(cut.to(last - 1) - cut.from(last - 1)).isEqualTo(8);
        assertThat(Cut.falling(512, 16 << 10, 1).tasks()).isEqualTo(1);
    }

    @Test
    void isKeptWhereItFits() {
        Cut cut = Cut.falling(512, 16 << 10, 2);
        assertThat(cut.atMost(128)).isSameAs(cut);
        assertThat(cut.atMost(127).tasks()).isEqualTo(5);
    }
}
