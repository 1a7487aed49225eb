package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.VectorSupport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/** Quantizing rows touches nothing outside its operands, and gives the same bytes wherever they lie. */
class GuardedRowsTest {
    private static final float EPS = 1e-5f;

    private enum Source {
        PLAIN,
        STRIDED,
        NORM,
        SUM_NORM,
        SUM_IN_PLACE
    }

    private record Shape(Source source, int rows, int inputs, int group, boolean weighed, long seed) {
        /** Quantizes rows that lie in memory of the allocator's. */
        void quantize(QuantizedRows x, ThreadTeam team, SegmentAllocator memory) {
            Random random = new Random(seed);
            int stride = source == Source.STRIDED ? inputs + 3 : inputs;
            MemorySegment values = normal(memory, random, (rows - 1) * stride + inputs);
            MemorySegment weight = weighed ? normal(memory, random, inputs) : MemorySegment.NULL;
            switch (source) {
                case PLAIN, STRIDED -> x.quantize(team, values, 0, stride, rows, inputs, group);
                case NORM -> x.quantizeRms(team, values, 0, weight, 0, EPS, rows, inputs, group);
                case SUM_NORM, SUM_IN_PLACE -> {
                    MemorySegment residual = normal(memory, random, rows * inputs);
                    MemorySegment sum =
                            source == Source.SUM_IN_PLACE ? residual : normal(memory, random, rows * inputs);
                    x.quantizeAddRms(team, values, 0, residual, 0, sum, 0, weight, 0, EPS, rows, inputs, group);
                }
            }
        }

        private static MemorySegment normal(SegmentAllocator memory, Random random, int n) {
            MemorySegment s = memory.allocate(4L * n, 4);
            for (int i = 0; i < n; i++) {
                s.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
            }
            return s;
        }
    }

    @AddLifecycleHook(Needs.Guards.class)
    @Property(tries = 300)
    void touchesOnlyItsOperands(
            @ForAll Source source,
            @ForAll @IntRange(min = 1, max = 40) int rows,
            @ForAll @IntRange(min = 1, max = 1200) int inputs,
            @ForAll @IntRange(max = 8) int group,
            @ForAll boolean weighed,
            @ForAll boolean atEnd,
            @ForAll long seed) {
        Shape shape = new Shape(source, rows, inputs, group == 0 ? 32 : 64 * group, weighed, seed);
        try (GuardedMemory memory = new GuardedMemory(atEnd);
                Arena arena = Arena.ofConfined();
                ThreadTeam team = new ThreadTeam(1);
                QuantizedRows guarded = new QuantizedRows(kernels(), () -> new GuardedMemory(atEnd));
                QuantizedRows free = new QuantizedRows()) {
            Frame.use(memory::allocate);
            shape.quantize(guarded, team, memory);
            shape.quantize(free, team, arena);
            same(guarded.codes(), free.codes());
            same(guarded.scales(), free.scales());
            same(guarded.sums(), free.sums());
        } finally {
            Frame.release();
        }
    }

    /** Plain loops add squares in another order than vectors and machine code do. */
    private static RowKernels kernels() {
        return VectorSupport.bits() > 0 ? MachineRows.orPortable() : RowKernels.portable();
    }

    private static void same(MemorySegment one, MemorySegment other) {
        assertThat(one.byteSize()).isEqualTo(other.byteSize());
        assertThat(one.mismatch(other)).isEqualTo(-1);
    }
}
