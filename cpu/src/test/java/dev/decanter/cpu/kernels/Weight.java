package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;

/** A random weight as it would lie in a file, and the numbers it stands for. */
final class Weight {
    final WeightFormat format;
    final int n;
    final int k;
    /** W[n, k]. */
    final float[] values;

    final float[] bias;
    private final boolean inputMajor;
    private final MemorySegment data;
    private final int group;
    private final MemorySegment scales;
    private final MemorySegment zeros;
    private final Optional<CodeTable> table;

    private Weight(Random random, WeightFormat format, int n, int k, int group, boolean inputMajor) {
        this.format = format;
        this.n = n;
        this.k = k;
        this.group = group;
        this.inputMajor = inputMajor;
        values = new float[n * k];
        bias = Data.normal(random, n);
        table = format.coded()
                ? Optional.of(CodeTable.of(format, Data.normal(random, 1 << format.bits())))
                : Optional.empty();
        int groups = Math.ceilDiv(k, group);
        // one byte more before the data: constants may lie anywhere
        data = Arena.ofAuto().allocate(1 + ((long) n * k * format.bits() + 7) / 8);
        scales = Arena.ofAuto().allocate(2L * n * groups);
        boolean unsigned = format == WeightFormat.U8 || format == WeightFormat.U4;
        zeros = Arena.ofAuto().allocate(unsigned ? ((long) n * groups * format.bits() + 7) / 8 : 0);
        if (format.quantized()) {
            for (int i = 0; i < n * groups; i++) {
                scales.setAtIndex(Mem.I16, i, Float.floatToFloat16(0.1f + random.nextFloat()));
                if (unsigned) {
                    put(zeros, 0, i, random.nextInt(1 << format.bits()));
                }
            }
        }
        for (int row = 0; row < n; row++) {
            for (int col = 0; col < k; col++) {
                values[row * k + col] = element(random, row, col, groups);
            }
        }
    }

    static Weight random(Random random, WeightFormat format, int n, int k, int group, boolean inputMajor) {
        return new Weight(random, format, n, k, group, inputMajor);
    }

    PackedWeights pack(ThreadTeam team, Arena arena) {
        Packer.Source source = source();
        return format.quantized()
                ? Packer.packQuantized(team, WeightMemory.in(arena), source, quantization())
                : Packer.pack(team, WeightMemory.in(arena), source);
    }

    Packer.Source source() {
        return new Packer.Source(data, 1, format, n, k, inputMajor);
    }

    Quantization quantization() {
        int groups = Math.ceilDiv(k, group);
        Quantization.Entries zero = zeros.byteSize() == 0
                ? Quantization.Entries.none()
                : new Quantization.Entries(zeros, 0, format, groups, 1);
        return new Quantization(group, new Quantization.Entries(scales, 0, WeightFormat.F16, groups, 1), zero, table);
    }

    private float element(Random random, int row, int col, int groups) {
        long at = inputMajor ? (long) col * n + row : (long) row * k + col;
        float number = (float) random.nextGaussian();
        switch (format) {
            case F32 -> data.set(Mem.F32, 1 + 4 * at, number);
            case F16 -> data.set(Mem.I16, 1 + 2 * at, Float.floatToFloat16(number));
            case BF16 -> data.set(Mem.I16, 1 + 2 * at, Scalars.toBf16(number));
            case U8, I8, U4, I4, CODE4, CODE8 -> put(data, 1, at, random.nextInt(1 << format.bits()));
        }
        float stored = Scalars.read(data, 1, format, at);
        if (!format.quantized()) {
            return stored;
        }
        int entry = row * groups + col / group;
        float zero = zeros.byteSize() == 0 ? 0 : Scalars.read(zeros, 0, format, entry);
        float value = table.isPresent() ? table.get().at((int) stored) : stored;
        return (value - zero) * Float.float16ToFloat(scales.getAtIndex(Mem.I16, entry));
    }

    private void put(MemorySegment s, long offset, long at, int code) {
        if (format.bits() == 8) {
            s.set(Mem.I8, offset + at, (byte) code);
            return;
        }
        int shift = (int) (at & 1) * 4;
        int other = s.get(Mem.I8, offset + at / 2) & ~(15 << shift);
        s.set(Mem.I8, offset + at / 2, (byte) (other | code << shift));
    }
}
