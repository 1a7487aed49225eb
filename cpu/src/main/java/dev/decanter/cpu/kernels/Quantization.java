package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Scales and zero points of a quantized weight: {@code value = (stored - zeroPoint) * scale}. Element {@code (n, k)} of
 * W[N, K] uses entry {@code n * rowStride + (k / groupSize) * groupStride} of each. Strides of 0 share an entry.
 *
 * @param groupSize inputs that share an entry; K for one scale a row
 * @param scales where the scales lie
 * @param zeroPoints where the zero points lie; {@link Entries#none()} means 0
 */
public record Quantization(int groupSize, Entries scales, Entries zeroPoints) {

    /**
     * A small constant tensor.
     *
     * @param data memory
     * @param offset byte offset of entry 0
     * @param format element format: F32, F16 or BF16 for scales; any for zero points
     * @param rowStride entries from one output row to the next
     * @param groupStride entries from one group to the next
     */
    public record Entries(MemorySegment data, long offset, WeightFormat format, long rowStride, long groupStride) {
        private static final Entries NONE = new Entries(MemorySegment.NULL, 0, WeightFormat.F32, 0, 0);

        /** Returns the entries that are all 0. */
        public static Entries none() {
            return NONE;
        }

        /** Returns whether there are no entries, so that each counts as 0. */
        public boolean absent() {
            return data.byteSize() == 0;
        }

        /** Reads the entry of a row and a group. */
        float at(long row, long group) {
            if (absent()) {
                return 0;
            }
            return Scalars.read(data, offset, format, row * rowStride + group * groupStride);
        }
    }

    /** Checks the group size. */
    public Quantization {
        if (groupSize < 1) {
            throw new IllegalArgumentException("group size " + groupSize + " is not positive");
        }
    }
}
