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
        isFalling(Cut.oneRow(panels, threads, panelBytes, panels), panels);
        Cut limited = Cut.oneRow(panels, threads, panelBytes, most);
        isFalling(limited, panels);
        for (int task = 0; task < limited.tasks(); task++) {
            assertThat(limited.to(task) - limited.from(task)).isLessThanOrEqualTo(most);
        }
    }

    @Property
    void tasksAreWholeUnits(
            @ForAll @IntRange(min = 1, max = 20_000) int panels,
            @ForAll @IntRange(min = 1, max = 64) int threads,
            @ForAll @IntRange(min = 2, max = 100) int least,
            @ForAll @IntRange(min = 1, max = 20_000) int most,
            @ForAll @IntRange(min = 1, max = 8) int unit) {
        Cut cut = Cut.falling(panels, threads, least, most, unit);
        isFalling(cut, panels);
        for (int task = 0; task < cut.tasks() - 1; task++) {
            assertThat((cut.to(task) - cut.from(task)) % Math.min(unit, most)).isZero();
            assertThat(cut.to(task) - cut.from(task)).isLessThanOrEqualTo(most);
            if (most >= least + unit) {
                assertThat(cut.to(task) - cut.from(task)).isGreaterThanOrEqualTo(least);
            }
        }
    }

    /** Every panel is in one task, and no task is longer than the one before it. */
    private static void isFalling(Cut cut, int panels) {
        isWhole(cut, panels);
        for (int task = 1; task < cut.tasks(); task++) {
            assertThat(cut.to(task) - cut.from(task)).isLessThanOrEqualTo(cut.to(task - 1) - cut.from(task - 1));
        }
    }

    /** 8 MB for two threads: a quarter first, 96 KB last. */
    @Test
    void tasksFallFromLongToShort() {
        Cut cut = Cut.oneRow(512, 2, 16 << 10, 512);
        assertThat(cut.to(0)).isEqualTo(128);
        assertThat(cut.to(1) - cut.from(1)).isEqualTo(96);
        int last = cut.tasks() - 1;
        assertThat(cut.to(last - 1) - cut.from(last - 1)).isEqualTo(8);
        assertThat(Cut.oneRow(513, 1, 16 << 10, 513).tasks()).isEqualTo(1);
        assertThat(Cut.oneRow(512, 1, 16 << 10, 128).tasks()).isEqualTo(4);
    }

    /** A pass of 24 panels while a thread's share has one, and at the end as few as are taken together. */
    @Test
    void tasksOfManyRowsEndTogether() {
        assertThat(Cut.falling(128, 2, 6, 24, 6).bounds())
                .containsExactly(0, 24, 48, 72, 90, 102, 108, 114, 120, 126, 128);
    }
}
