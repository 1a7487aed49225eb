package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.kernels.Gather;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.cpu.kernels.VectorSupport;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.Test;

/** Work on rows in machine code against the vector kernels, bit by bit, in memory beside pages that nobody may touch. */
class MachineRowsTest {
    private static final int[] GROUPS = {32, 64, 128, 192, 256, 512};
    private static final float[] SPECIAL = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        0,
        -0.0f,
        Float.MIN_VALUE,
        -Float.MIN_NORMAL,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        1e-39f,
        88.8f,
        -87.4f,
        103
    };

    private static RowKernels kernels() {
        assumeTrue(GuardedMemory.AVAILABLE && MachineRows.kernels().isPresent(), "no machine code for rows here");
        assumeTrue(VectorSupport.bits() > 0, "plain loops round in another way");
        return MachineRows.kernels().orElseThrow();
    }

    private static MemorySegment numbers(GuardedMemory memory, Random random, long count, int special, long offset) {
        MemorySegment s = memory.allocate(offset + count * Float.BYTES, 1);
        for (long i = 0; i < count; i++) {
            float x = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-3, 3)));
            boolean odd = special > 0 && random.nextInt(special) == 0;
            s.set(JAVA_FLOAT_UNALIGNED, offset + i * Float.BYTES, odd ? SPECIAL[random.nextInt(SPECIAL.length)] : x);
        }
        return s;
    }

    /** Bits, of which NaNs have the same. */
    private static int[] bits(MemorySegment s, long offset, int count) {
        int[] bits = new int[count];
        for (int i = 0; i < count; i++) {
            bits[i] = Float.floatToIntBits(s.get(JAVA_FLOAT_UNALIGNED, offset + (long) i * Float.BYTES));
        }
        return bits;
    }

    private static void same(QuantizedRows actual, QuantizedRows expected) {
        int rows = expected.rows();
        int tall = rows == 1 ? 1 : Math.ceilDiv(rows, QuantizedRows.TILE) * QuantizedRows.TILE;
        long codes = (long) tall * expected.paddedInputs();
        int entries = tall * expected.groups();
        assertThat(actual.codes().asSlice(0, codes).mismatch(expected.codes().asSlice(0, codes)))
                .isEqualTo(-1);
        assertThat(bits(actual.scales(), 0, entries)).isEqualTo(bits(expected.scales(), 0, entries));
        long sums = (long) entries * Integer.BYTES;
        assertThat(actual.sums().asSlice(0, sums).mismatch(expected.sums().asSlice(0, sums)))
                .isEqualTo(-1);
    }

    @AddLifecycleHook(Needs.RowsAndVectors.class)
    @Property(tries = 300)
    void quantizedRows(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 37) int rows,
            @ForAll @IntRange(min = 1, max = 1100) int inputs,
            @ForAll @IntRange(max = 5) int size,
            @ForAll @IntRange(max = 2) int kind,
            @ForAll @IntRange(max = 2) int where,
            @ForAll boolean weighted,
            @ForAll boolean whole,
            @ForAll boolean atEnd) {
        RowKernels kernels = kernels();
        Random random = new Random(seed);
        int group = GROUPS[size];
        int n = whole ? Math.ceilDiv(inputs, 64) * 64 : inputs;
        long offset = random.nextInt(9);
        int special = random.nextBoolean() ? 0 : n * rows / 2 + 1;
        try (GuardedMemory memory = new GuardedMemory(atEnd);
                ThreadTeam team = new ThreadTeam(1);
                QuantizedRows expected = new QuantizedRows();
                QuantizedRows actual = new QuantizedRows(kernels, () -> new GuardedMemory(atEnd))) {
            Frame.use(memory::allocate);
            if (kind == 0) {
                int stride = n + random.nextInt(5);
                MemorySegment x = numbers(memory, random, (rows - 1L) * stride + n, special, offset);
                expected.quantize(team, x, offset, stride, rows, n, group);
                actual.quantize(team, x, offset, stride, rows, n, group);
                same(actual, expected);
                return;
            }
            MemorySegment weight = weighted ? numbers(memory, random, n, 0, offset) : MemorySegment.NULL;
            float eps = random.nextBoolean() ? 1e-5f : 0;
            MemorySegment x = numbers(memory, random, (long) rows * n, special, offset);
            if (kind == 1) {
                expected.quantizeRms(team, x, offset, weight, offset, eps, rows, n, group);
                actual.quantizeRms(team, x, offset, weight, offset, eps, rows, n, group);
                same(actual, expected);
                return;
            }
            MemorySegment r = numbers(memory, random, (long) rows * n, special, 0);
            MemorySegment sum = memory.allocate(4L * rows * n);
            expected.quantizeAddRms(team, x, offset, r, 0, sum, 0, weight, offset, eps, rows, n, group);
            // the sum may replace what is added
            MemorySegment own = where == 0 ? memory.allocate(offset + 4L * rows * n) : where == 1 ? x : r;
            long at = where == 2 ? 0 : offset;
            actual.quantizeAddRms(team, x, offset, r, 0, own, at, weight, offset, eps, rows, n, group);
            same(actual, expected);
            assertThat(bits(own, at, rows * n)).isEqualTo(bits(sum, 0, rows * n));
        } finally {
            Frame.release();
        }
    }

    @AddLifecycleHook(Needs.RowsAndVectors.class)
    @Property(tries = 200)
    void normalizedRows(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 37) int rows,
            @ForAll @IntRange(min = 1, max = 300) int n,
            @ForAll boolean weighted,
            @ForAll boolean inPlace,
            @ForAll boolean atEnd) {
        RowKernels kernels = kernels();
        Random random = new Random(seed);
        try (GuardedMemory memory = new GuardedMemory(atEnd)) {
            MemorySegment x = numbers(memory, random, (long) rows * n, random.nextBoolean() ? 0 : rows * n / 2 + 1, 0);
            MemorySegment weight = weighted ? numbers(memory, random, n, 0, 3) : MemorySegment.NULL;
            MemorySegment expected = memory.allocate(4L * rows * n);
            RowKernels.portable().rms(x, 0, weight, 3, 1e-6f, n, 0, rows, expected, 0);
            MemorySegment y = inPlace ? x : memory.allocate(4L * rows * n);
            int half = rows / 2;
            kernels.rms(x, 0, weight, 3, 1e-6f, n, 0, half, y, 0);
            kernels.rms(x, 0, weight, 3, 1e-6f, n, half, rows, y, 0);
            assertThat(bits(y, 0, rows * n)).isEqualTo(bits(expected, 0, rows * n));
        }
    }

    @Test
    void manyRowsInSeveralCallsOnSeveralThreads() {
        RowKernels kernels = kernels();
        int rows = 301;
        int n = 1000;
        Random random = new Random(5);
        for (int group : GROUPS) {
            try (GuardedMemory memory = new GuardedMemory(true);
                    ThreadTeam one = new ThreadTeam(1);
                    ThreadTeam three = new ThreadTeam(3);
                    QuantizedRows expected = new QuantizedRows();
                    QuantizedRows alone = new QuantizedRows(kernels);
                    QuantizedRows together = new QuantizedRows(kernels)) {
                MemorySegment x = numbers(memory, random, (long) rows * n, 0, 0);
                MemorySegment weight = numbers(memory, random, n, 0, 0);
                expected.quantizeRms(one, x, 0, weight, 0, 1e-6f, rows, n, group);
                alone.quantizeRms(one, x, 0, weight, 0, 1e-6f, rows, n, group);
                together.quantizeRms(three, x, 0, weight, 0, 1e-6f, rows, n, group);
                same(alone, expected);
                same(together, expected);
            }
        }
    }

    @AddLifecycleHook(Needs.RowsAndVectors.class)
    @Property(tries = 200)
    void gates(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 20) int rows,
            @ForAll @IntRange(min = 1, max = 300) int n,
            @ForAll @IntRange(max = 20) int apart,
            @ForAll boolean plain,
            @ForAll boolean atEnd) {
        RowKernels kernels = kernels();
        Random random = new Random(seed);
        int stride = n + apart;
        float alpha = plain ? 1 : 1.702f;
        try (GuardedMemory memory = new GuardedMemory(atEnd)) {
            int half = (rows - 1) * stride + n;
            MemorySegment both = numbers(memory, random, 2L * half, 9, 0);
            for (int i = 0; i < half; i++) {
                // all that matters to exponentials
                both.set(
                        JAVA_FLOAT_UNALIGNED,
                        4L * i,
                        random.nextInt(4) == 0
                                ? both.get(JAVA_FLOAT_UNALIGNED, 4L * i)
                                : random.nextFloat(-110, 110) * (random.nextBoolean() ? 1 : 0.01f));
            }
            int yStride = n + apart / 2;
            int size = (rows - 1) * yStride + n;
            MemorySegment expected = memory.allocate(4L * size);
            MemorySegment actual = memory.allocate(4L * size);
            RowKernels.portable().gate(UnaryOp.SWISH, alpha, both, 0, 4L * half, stride, rows, n, expected, 0, yStride);
            kernels.gate(UnaryOp.SWISH, alpha, both, 0, 4L * half, stride, rows, n, actual, 0, yStride);
            assertThat(bits(actual, 0, size)).isEqualTo(bits(expected, 0, size));
        }
    }

    private static final WeightFormat[] TABLES = {
        WeightFormat.F32,
        WeightFormat.F16,
        WeightFormat.BF16,
        WeightFormat.U8,
        WeightFormat.I8,
        WeightFormat.U4,
        WeightFormat.I4
    };
    private static final WeightFormat[] SCALES = {WeightFormat.F16, WeightFormat.F32, WeightFormat.BF16};

    private static Quantization.Entries entries(
            GuardedMemory memory, Random random, WeightFormat format, int rows, int groups) {
        MemorySegment data = bytes(memory, random, Math.ceilDiv((long) rows * groups * format.bits(), 8));
        return new Quantization.Entries(data, 0, format, groups, 1);
    }

    private static MemorySegment bytes(GuardedMemory memory, Random random, long count) {
        byte[] bytes = new byte[(int) count];
        random.nextBytes(bytes);
        MemorySegment s = memory.allocate(count);
        MemorySegment.copy(bytes, 0, s, JAVA_BYTE, 0, bytes.length);
        return s;
    }

    @AddLifecycleHook(Needs.RowsAndVectors.class)
    @Property(tries = 300)
    void gathers(
            @ForAll long seed,
            @ForAll @IntRange(max = 6) int format,
            @ForAll @IntRange(max = 2) int scale,
            @ForAll @IntRange(max = 4) int zero,
            @ForAll @IntRange(min = 1, max = 5) int groups,
            @ForAll @IntRange(min = 1, max = 9) int sixteenths,
            @ForAll @IntRange(min = 1, max = 20) int rows,
            @ForAll boolean odd,
            @ForAll boolean longs,
            @ForAll boolean atEnd) {
        RowKernels kernels = kernels();
        Random random = new Random(seed);
        WeightFormat numbers = TABLES[format];
        int group = 16 * sixteenths + (odd ? 2 : 0);
        int n = groups * group;
        try (GuardedMemory memory = new GuardedMemory(atEnd)) {
            MemorySegment data = bytes(memory, random, Math.ceilDiv((long) rows * n * numbers.bits(), 8));
            Packer.Source table = new Packer.Source(data, 0, numbers, rows, n, false);
            Optional<Quantization> quantization = Optional.empty();
            if (numbers.quantized()) {
                Quantization.Entries zeros = zero == 4
                        ? Quantization.Entries.none()
                        : entries(memory, random, TABLES[3 + zero], rows, groups);
                quantization = Optional.of(
                        new Quantization(group, entries(memory, random, SCALES[scale], rows, groups), zeros));
            }
            int count = 7;
            MemorySegment indices = memory.allocate((longs ? 8L : 4L) * count);
            for (int i = 0; i < count; i++) {
                int index = random.nextInt(-rows - 1, rows + 2);
                if (longs) {
                    indices.set(JAVA_LONG_UNALIGNED, 8L * i, i == 3 ? Long.MIN_VALUE + index : index);
                } else {
                    indices.set(JAVA_INT_UNALIGNED, 4L * i, index);
                }
            }
            MemorySegment expected = memory.allocate(4L * count * n);
            MemorySegment actual = memory.allocate(4L * count * n);
            Gather.IndexType type = longs ? Gather.IndexType.I64 : Gather.IndexType.I32;
            RowKernels.portable().gather(table, quantization, indices, 0, type, 0, count, expected, 0);
            kernels.gather(table, quantization, indices, 0, type, 0, 3, actual, 0);
            kernels.gather(table, quantization, indices, 0, type, 3, count, actual, 0);
            assertThat(bits(actual, 0, count * n)).isEqualTo(bits(expected, 0, count * n));
        }
    }

    @Test
    void whatIsTooShortIsRefused() {
        RowKernels kernels = kernels();
        try (GuardedMemory memory = new GuardedMemory(true);
                ThreadTeam team = new ThreadTeam(1);
                QuantizedRows x = new QuantizedRows(kernels)) {
            MemorySegment values = memory.allocate(4 * 128);
            MemorySegment none = MemorySegment.NULL;
            assertThatThrownBy(() -> x.quantize(team, values, 4, 64, 2, 64, 64))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("work on rows has rows beyond x");
            assertThatThrownBy(() -> x.quantizeRms(team, values, 0, memory.allocate(4 * 60), 0, 0, 2, 64, 64))
                    .hasMessage("work on rows has inputs beyond the weight");
            assertThatThrownBy(() -> x.quantizeAddRms(team, values, 0, values, 0, none, 0, none, 0, 0, 2, 64, 64))
                    .hasMessage("work on rows has rows beyond the sum");
            assertThatThrownBy(() ->
                            kernels.gate(UnaryOp.SWISH, 1, values, 0, 256, 64, 2, 64, memory.allocate(512), 0, 64))
                    .hasMessage("work on rows has rows beyond the gate");
        }
    }
}
