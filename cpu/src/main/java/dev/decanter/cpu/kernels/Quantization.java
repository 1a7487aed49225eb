package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Scales and zero points of a quantized weight: {@code value = (number - zeroPoint) * scale}, where the number is the
 * stored integer or what a table has for the stored code. Element {@code (n, k)} of W[N, K] uses entry {@code n *
 * rowStride + (k / groupSize) * groupStride} of each. Strides of 0 share an entry.
 *
 * @param groupSize inputs that share an entry; K for one scale a row
 * @param scales where the scales lie
 * @param zeroPoints where the zero points lie; {@link Entries#none()} means 0
 * @param table what codes stand for; needed by the formats that are {@link WeightFormat#coded}, and by those only
 */
public record Quantization(int groupSize, Entries scales, Entries zeroPoints, Optional<CodeTable> table) {
    private static final MemorySegment ONE = MemorySegment.ofArray(new float[] {1});

    /**
     * A small constant tensor of numbers.
     *
     * @param data memory
     * @param offset byte offset of entry 0
     * @param format element format; CODE4 or CODE8 with a table
     * @param rowStride entries from one output row to the next
     * @param groupStride entries from one group to the next
     * @param factor what every stored number is multiplied by, in f32
     * @param table what codes stand for
     */
    public record Entries(
            MemorySegment data,
            long offset,
            WeightFormat format,
            long rowStride,
            long groupStride,
            float factor,
            Optional<CodeTable> table) {
        private static final Entries NONE = new Entries(MemorySegment.NULL, 0, WeightFormat.F32, 0, 0);

        /** Checks that there is a table if one is needed. */
        public Entries {
            if (format.coded() != table.isPresent()) {
                throw new IllegalArgumentException(format + (format.coded() ? " needs a table" : " takes no table"));
            }
        }

        /** Numbers as they are stored. */
        public Entries(MemorySegment data, long offset, WeightFormat format, long rowStride, long groupStride) {
            this(data, offset, format, rowStride, groupStride, 1, Optional.empty());
        }

        /** Returns the entries that are all 0. */
        public static Entries none() {
            return NONE;
        }

        /** Returns the entries that are all 1. */
        public static Entries ones() {
            return new Entries(ONE, 0, WeightFormat.F32, 0, 0);
        }

        /** Returns the entries from an index on, which begins at a byte. */
        public Entries from(long index) {
            long skipped = index * format.bits() / Byte.SIZE;
            return new Entries(data, offset + skipped, format, rowStride, groupStride, factor, table);
        }

        /** Returns whether there are no entries, so that each counts as 0. */
        public boolean absent() {
            return data.byteSize() == 0;
        }

        /** Reads the entry of a row and a group. */
        float at(long row, long group) {
            return absent() ? 0 : number(row * rowStride + group * groupStride);
        }

        /** Reads the entry at an index. */
        float number(long index) {
            float stored = Scalars.read(data, offset, format, index);
            return (table.isPresent() ? table.get().at((int) stored) : stored) * factor;
        }
    }

    /** Checks the group size. */
    public Quantization {
        if (groupSize < 1) {
            throw new IllegalArgumentException("group size " + groupSize + " is not positive");
        }
    }

    /** Scales and zero points of stored integers. */
    public Quantization(int groupSize, Entries scales, Entries zeroPoints) {
        this(groupSize, scales, zeroPoints, Optional.empty());
    }
}
