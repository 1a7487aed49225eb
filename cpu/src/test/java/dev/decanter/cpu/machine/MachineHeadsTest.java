package dev.decanter.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Rotary;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.Test;

/** Rotation and append in machine code against plain loops, to the bit, beside memory that nobody may touch. */
class MachineHeadsTest {
    private static final float[] ODD = {Float.NaN, Float.POSITIVE_INFINITY, -1e30f, 65520, 1e-41f, 3e-6f};

    private static MachineHeads kernels() {
        assumeTrue(MachineHeads.kernels().isPresent(), "no machine code for heads here");
        return MachineHeads.kernels().orElseThrow();
    }

    private static MemorySegment random(GuardedMemory memory, Random random, long n, boolean odd) {
        MemorySegment s = memory.allocate(n * Float.BYTES, 4);
        for (long i = 0; i < n; i++) {
            float x = odd && random.nextInt(40) == 0 ? ODD[random.nextInt(ODD.length)] : (float) random.nextGaussian();
            s.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
        }
        return s;
    }

    private static Strided rows(MemorySegment data, int rows, int heads, int size, boolean turned) {
        return turned ? Strided.rowMajor(data, 0, rows, heads, size) : Strided.headMajor(data, 0, heads, rows, size);
    }

    @AddLifecycleHook(Needs.Heads.class)
    @Property(tries = 100)
    void rotatesAsPlainLoopsDo(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 2) int batch,
            @ForAll @IntRange(min = 1, max = 9) int heads,
            @ForAll @IntRange(min = 1, max = 70) int count,
            @ForAll @IntRange(min = 1, max = 70) int half,
            @ForAll boolean turned,
            @ForAll boolean inPlace,
            @ForAll boolean perBatch) {
        MachineHeads kernels = kernels();
        int size = 2 * half;
        Random random = new Random(seed);
        try (GuardedMemory memory = new GuardedMemory(random.nextBoolean());
                ThreadTeam one = new ThreadTeam(1);
                ThreadTeam three = new ThreadTeam(3)) {
            long n = (long) batch * heads * count * size;
            MemorySegment x = random(memory, random, n, true);
            long angles = (perBatch ? batch : 1) * (long) count * size;
            long batchStride = perBatch ? (long) count * size : 0;
            Strided cos = new Strided(random(memory, random, angles, false), 0, batchStride, 0, size);
            Strided sin = new Strided(random(memory, random, angles, false), 0, batchStride, 0, size);
            MemorySegment expected = memory.allocate(n * Float.BYTES, 4);
            Strided from = rows(x, count, heads, size, turned);
            Rotary.apply(
                    one,
                    batch,
                    heads,
                    count,
                    size,
                    size,
                    from,
                    cos,
                    sin,
                    rows(expected, count, heads, size, inPlace && turned));
            MemorySegment y = inPlace ? x : memory.allocate(n * Float.BYTES, 4);
            kernels.rotate(
                    three, batch, heads, count, size, from, cos, sin, rows(y, count, heads, size, inPlace && turned));
            assertThat(y.toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(expected.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    private static Paged pages(GuardedMemory memory, PageLayout layout, int batch, int each) {
        MemorySegment[] pages = new MemorySegment[batch * each];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = memory.allocate(layout.bytes(), 4);
        }
        return new Paged(layout, pages, each);
    }

    @AddLifecycleHook(Needs.Heads.class)
    @Property(tries = 100)
    void appendsAsPlainLoopsDo(
            @ForAll long seed,
            @ForAll CachePrecision precision,
            @ForAll boolean columns,
            @ForAll @IntRange(min = 1, max = 2) int batch,
            @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 1, max = 9) int vectors,
            @ForAll @IntRange(max = 130) int at,
            @ForAll @IntRange(min = 1, max = 150) int steps,
            @ForAll boolean turned) {
        MachineHeads kernels = kernels();
        int size = 16 * vectors;
        Random random = new Random(seed);
        PageLayout layout = new PageLayout(precision, columns, heads, size);
        try (GuardedMemory memory = new GuardedMemory(random.nextBoolean());
                ThreadTeam three = new ThreadTeam(3)) {
            int each = Math.ceilDiv(at + steps, Paged.ROWS);
            MemorySegment x = random(memory, random, (long) batch * heads * steps * size, random.nextBoolean());
            // groups of one number, and of a range too narrow for a scale
            for (int i = 0; i < Math.min(64, size); i++) {
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 2 == 0 ? 1e-39f : 2e-39f);
            }
            Strided rows = rows(x, steps, heads, size, turned);
            Paged expected = pages(memory, layout, batch, each);
            Paged actual = pages(memory, layout, batch, each);
            kernels.write(three, actual, batch, at, steps, rows);
            for (int b = 0; b < batch; b++) {
                for (int h = 0; h < heads; h++) {
                    for (int i = 0; i < steps; i++) {
                        long from = b * rows.batchStride() + h * rows.headStride() + i * rows.rowStride();
                        int p = at + i;
                        layout.write(expected.page(b, p / Paged.ROWS), h, p % Paged.ROWS, 1, x, from * Float.BYTES);
                    }
                    for (int page = 0; page < each; page++) {
                        MemorySegment a = memory.allocate((long) Paged.ROWS * size * Float.BYTES, 4);
                        MemorySegment e = memory.allocate((long) Paged.ROWS * size * Float.BYTES, 4);
                        actual.copy(b, h, page * Paged.ROWS, Paged.ROWS, a, 0);
                        expected.copy(b, h, page * Paged.ROWS, Paged.ROWS, e, 0);
                        assertThat(a.toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(e.toArray(ValueLayout.JAVA_FLOAT));
                    }
                }
            }
        }
    }

    @Test
    void refusesWhatGoesBeyondAnOperand() {
        MachineHeads kernels = kernels();
        PageLayout layout = new PageLayout(CachePrecision.F16, true, 2, 32);
        try (Arena arena = Arena.ofConfined();
                ThreadTeam one = new ThreadTeam(1)) {
            MemorySegment x = arena.allocate(2 * 32 * Float.BYTES);
            Strided rows = Strided.rowMajor(x, 0, 1, 2, 32);
            Strided few = new Strided(x.asSlice(0, 31 * Float.BYTES), 0, 0, 0, 32);
            Paged pages = new Paged(layout, new MemorySegment[] {arena.allocate(layout.bytes())}, 1);
            assertThatThrownBy(() -> kernels.rotate(one, 1, 2, 1, 32, rows, few, rows, rows))
                    .hasMessage("heads go beyond a memory of 124 bytes");
            assertThatThrownBy(() -> kernels.rotate(one, 1, 2, 1, 31, rows, rows, rows, rows))
                    .hasMessage("cannot rotate 31 elements");
            assertThatThrownBy(() -> kernels.write(one, pages, 1, 64, 1, rows)).hasMessage("position 65 of 1 pages");
            assertThat(kernels.writes(new PageLayout(CachePrecision.F16, true, 2, 24), x))
                    .isFalse();
            assertThat(kernels.writes(layout, MemorySegment.ofArray(new float[64])))
                    .isFalse();
        }
    }
}
