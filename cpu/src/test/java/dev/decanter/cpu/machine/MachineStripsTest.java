package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.StripKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.cpu.kernels.WeightMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.Test;

/** Tiles of f32 in machine code: the bits of plain fused multiply-adds, and nothing touched outside of the operands. */
class MachineStripsTest {
    private static final int ROWS = StripKernels.ROWS;
    private static final int PANEL = StripKernels.PANEL;

    private static MemorySegment normal(SegmentAllocator memory, Random random, long n) {
        MemorySegment s = memory.allocate(4 * n, 4);
        for (long i = 0; i < n; i++) {
            s.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return s;
    }

    @AddLifecycleHook(Needs.Strips.class)
    @Property(tries = 200)
    void addsInOrder(
            @ForAll @IntRange(min = 1, max = 70) int pairs,
            @ForAll @IntRange(min = 1, max = 9) int tiles,
            @ForAll @IntRange(max = 5) int apart,
            @ForAll boolean atEnd,
            @ForAll long seed) {
        Random random = new Random(seed);
        int n = 2 * pairs;
        int step = (n + apart) * ROWS;
        try (GuardedMemory memory = new GuardedMemory(atEnd)) {
            Frame.use(memory::allocate);
            MemorySegment x = normal(memory, random, (tiles - 1L) * step + (long) n * ROWS);
            MemorySegment strip = normal(memory, random, (long) n * PANEL);
            MemorySegment sums = normal(memory, random, (long) tiles * ROWS * PANEL);
            float[] expected = sums.toArray(JAVA_FLOAT);
            for (int i = 0; i < expected.length; i++) {
                int tile = i / PANEL / ROWS;
                for (int k = 0; k < n; k++) {
                    float factor = x.getAtIndex(JAVA_FLOAT, (long) tile * step + k * ROWS + i / PANEL % ROWS);
                    expected[i] = Math.fma(factor, strip.getAtIndex(JAVA_FLOAT, k * PANEL + i % PANEL), expected[i]);
                }
            }
            var operands = new StripKernels.Strip(x, 0, 4L * step, strip, 0, n, tiles, sums, 0);
            MachineStrips.kernels().orElseThrow().multiply(operands, strip, strip.byteSize(), 1 << 20);
            assertThat(sums.toArray(JAVA_FLOAT)).isEqualTo(expected);
        } finally {
            Frame.release();
        }
    }

    @AddLifecycleHook(Needs.StripsAndVectors.class)
    @Property(tries = 100)
    void linearLayersGiveTheSameBits(
            @ForAll Weights weights,
            @ForAll @IntRange(min = 1, max = 300) int outputs,
            @ForAll @IntRange(min = 1, max = 500) int inputs,
            @ForAll @IntRange(min = 1, max = 80) int rows,
            @ForAll boolean many,
            @ForAll boolean bias,
            @ForAll boolean atEnd,
            @ForAll long seed) {
        Random random = new Random(seed);
        int m = rows % 3 == 0 ? 1 : many ? 500 + rows : rows;
        try (GuardedMemory memory = new GuardedMemory(atEnd);
                ThreadTeam alone = new ThreadTeam(1);
                ThreadTeam team = new ThreadTeam(3)) {
            Frame.use(memory::allocate);
            MemorySegment source = weights.random(memory, random, outputs * inputs);
            PackedWeights plain = Packer.pack(
                    alone,
                    WeightMemory.in(memory),
                    new Packer.Source(source, 0, weights.format, outputs, inputs, false));
            PackedWeights w =
                    bias ? plain.withBias(normal(memory, random, outputs).toArray(JAVA_FLOAT)) : plain;
            MemorySegment x = normal(memory, random, (long) m * inputs);
            MemorySegment expected = memory.allocate(4L * m * outputs);
            MemorySegment y = memory.allocate(4L * m * outputs);
            Linear.apply(alone, w, x, 0, inputs, m, expected, 0, outputs);
            for (ThreadTeam each : new ThreadTeam[] {alone, team}) {
                Linear.apply(each, MachineStrips.kernels(), w, x, 0, inputs, m, y.fill((byte) 1), 0, outputs);
                assertThat(expected.mismatch(y)).isEqualTo(-1);
            }
        } finally {
            Frame.release();
        }
    }

    private enum Weights {
        F32(WeightFormat.F32, 1),
        F16(WeightFormat.F16, 1),
        /** Greater than what is paired. */
        GREAT_F16(WeightFormat.F16, 1000),
        BF16(WeightFormat.BF16, 1);

        final WeightFormat format;
        final float size;

        Weights(WeightFormat format, float size) {
            this.format = format;
            this.size = size;
        }

        MemorySegment random(SegmentAllocator memory, Random random, int n) {
            MemorySegment s = memory.allocate((long) n * format.bits() / Byte.SIZE, 4);
            for (int i = 0; i < n; i++) {
                // subnormals of f16, too
                float number = (float) random.nextGaussian() * size * (i % 5 == 0 ? 0x1p-16f : 1);
                switch (format) {
                    case F32 -> s.setAtIndex(JAVA_FLOAT, i, number);
                    case BF16 -> s.setAtIndex(JAVA_SHORT, i, (short) (Float.floatToRawIntBits(number) >>> 16));
                    default -> s.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16(number));
                }
            }
            return s;
        }
    }

    @Test
    void refusesWhatLiesElsewhere() {
        assumeTrue(MachineStrips.kernels().isPresent(), "no machine code for f32 here");
        StripKernels kernels = MachineStrips.kernels().orElseThrow();
        try (GuardedMemory memory = new GuardedMemory(true)) {
            MemorySegment x = memory.allocate(4 * 4 * ROWS);
            MemorySegment strip = memory.allocate(4 * 4 * PANEL);
            MemorySegment sums = memory.allocate(4 * ROWS * PANEL);
            assertThatThrownBy(() ->
                            kernels.multiply(new StripKernels.Strip(x, 0, 0, strip, 0, 3, 1, sums, 0), strip, 0, 0))
                    .hasMessage("a strip of f32 weights has odd or no inputs, or no rows");
            assertThatThrownBy(() ->
                            kernels.multiply(new StripKernels.Strip(x, 4, 0, strip, 0, 4, 1, sums, 0), strip, 0, 0))
                    .hasMessage("a strip of f32 weights has rows beyond their memory");
            assertThatThrownBy(() ->
                            kernels.multiply(new StripKernels.Strip(x, 0, 0, strip, 4, 4, 1, sums, 0), strip, 0, 0))
                    .hasMessage("a strip of f32 weights has weights beyond their memory");
            assertThatThrownBy(() ->
                            kernels.multiply(new StripKernels.Strip(x, 0, 0, strip, 0, 4, 2, sums, 0), strip, 0, 0))
                    .hasMessage("a strip of f32 weights has sums beyond their memory");
            MemorySegment heap = MemorySegment.ofArray(new float[4 * ROWS]);
            assertThatThrownBy(() ->
                            kernels.multiply(new StripKernels.Strip(heap, 0, 0, strip, 0, 4, 1, sums, 0), strip, 0, 0))
                    .hasMessage("a strip of f32 weights has rows beyond their memory");
        }
    }
}
