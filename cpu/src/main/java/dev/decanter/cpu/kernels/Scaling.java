package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * Scales and zero points of a packed weight, in as many bits as the model stores them: per panel, group, row.
 *
 * @param format how scales lie: F32, F16, BF16 or CODE8
 * @param factor what every scale is multiplied by
 * @param table what the codes of CODE8 stand for
 * @param scales the scales; empty for weights without
 * @param zeroFormat how zero points lie: U4, U8 or F32; they are those of unsigned codes
 * @param zeros the zero points; empty if all are {@code zero}
 * @param zero zero point of all rows and groups, if there are no others
 */
record Scaling(
        WeightFormat format,
        float factor,
        Optional<CodeTable> table,
        MemorySegment scales,
        WeightFormat zeroFormat,
        MemorySegment zeros,
        float zero) {
    /** Of weights that are floats. */
    static final Scaling NONE = new Scaling(
            WeightFormat.F32, 1, Optional.empty(), MemorySegment.NULL, WeightFormat.U8, MemorySegment.NULL, 0);

    /** How scales and zero points lie, and how many bytes they take. */
    record Layout(WeightFormat format, WeightFormat zeroFormat, long scaleBytes, long zeroBytes) {
        /** For the entries of a weight of {@code count} rows times groups. */
        static Layout of(WeightFormat weights, Quantization q, long count) {
            WeightFormat format = keeps(q.scales().format()) ? q.scales().format() : WeightFormat.F32;
            WeightFormat zeroFormat = zeroPointFormat(weights, q.zeroPoints().format());
            long zeros = q.zeroPoints().absent() ? 0 : count * zeroFormat.bits() / Byte.SIZE;
            return new Layout(format, zeroFormat, count * format.bits() / Byte.SIZE, zeros);
        }

        private static boolean keeps(WeightFormat stored) {
            return switch (stored) {
                case F32, F16, BF16, CODE8 -> true;
                default -> false;
            };
        }

        private long zerosAt() {
            return (scaleBytes + WeightMemory.ALIGNMENT - 1) / WeightMemory.ALIGNMENT * WeightMemory.ALIGNMENT;
        }

        long byteSize() {
            return zerosAt() + zeroBytes;
        }

        /** Scales first in {@code memory}, then zero points. */
        Scaling in(MemorySegment memory, WeightFormat weights, Quantization q) {
            Quantization.Entries scale = q.scales();
            boolean kept = format == scale.format();
            return new Scaling(
                    format,
                    kept ? scale.factor() : 1,
                    kept ? scale.table() : Optional.empty(),
                    memory.asSlice(0, scaleBytes),
                    zeroFormat,
                    memory.asSlice(zerosAt(), zeroBytes),
                    weights.toUnsigned());
        }
    }

    /** The fewest bits that hold any zero point of a format, once it is made that of an unsigned code. */
    private static WeightFormat zeroPointFormat(WeightFormat weights, WeightFormat stored) {
        return switch (stored) {
            case U4 -> weights.toUnsigned() == 0 ? WeightFormat.U4 : WeightFormat.F32;
            case U8 -> weights.toUnsigned() == 0 ? WeightFormat.U8 : WeightFormat.F32;
            case I4 ->
                weights == WeightFormat.I4
                        ? WeightFormat.U4
                        : weights == WeightFormat.I8 ? WeightFormat.U8 : WeightFormat.F32;
            case I8 -> weights == WeightFormat.I8 ? WeightFormat.U8 : WeightFormat.F32;
            default -> WeightFormat.F32;
        };
    }

    /** Writes the entries of a group of a panel, of which {@code rows} from {@code row0} on exist. */
    void pack(Quantization q, int panel, int group, int groups, int row0, int rows) {
        long first = ((long) panel * groups + group) * PANEL;
        for (int r = 0; r < rows; r++) {
            packScale(q.scales(), row0 + r, group, first + r);
        }
        if (zeros.byteSize() == 0) {
            return;
        }
        for (int r = 0; r < rows; r++) {
            float shifted = q.zeroPoints().at(row0 + r, group) + zero;
            long at = first + r;
            switch (zeroFormat) {
                case U4 -> {
                    int other = zeros.get(Mem.I8, at >> 1) & (at % 2 == 0 ? 0xf0 : 0x0f);
                    zeros.set(Mem.I8, at >> 1, (byte) (other | (int) shifted << (at % 2 * 4)));
                }
                case U8 -> zeros.set(Mem.I8, at, (byte) (int) shifted);
                default -> zeros.set(Mem.F32, at * Float.BYTES, shifted);
            }
        }
    }

    private void packScale(Quantization.Entries entries, int row, int group, long at) {
        long index = row * entries.rowStride() + group * entries.groupStride();
        if (format != entries.format()) {
            scales.set(Mem.F32, at * Float.BYTES, entries.number(index));
            return;
        }
        int bytes = format.bits() / Byte.SIZE;
        MemorySegment.copy(entries.data(), entries.offset() + index * bytes, scales, at * bytes, bytes);
    }

    /** Reads the scales and zero points of a panel's rows from entry {@code at} on. */
    void read(long at, float[] scale, float[] zeroPoint) {
        if (table.isPresent()) {
            Strips.codes(scales, at, table.get().values(), scale, PANEL);
        } else {
            Conversions.load(format, scales, 0, at, scale, PANEL);
        }
        if (factor != 1) {
            Rows.scale(scale, 0, PANEL, factor);
        }
        if (zeros.byteSize() == 0) {
            Arrays.fill(zeroPoint, 0, PANEL, zero);
        } else {
            Conversions.load(zeroFormat, zeros, 0, at, zeroPoint, PANEL);
        }
    }

    /** Whether all zero points are 0. */
    boolean withoutZeros() {
        return zeros.byteSize() == 0 && zero == 0;
    }

    long byteSize() {
        return scales.byteSize() + zeros.byteSize();
    }
}
