package dev.decanter.cpu.kernels;

import java.util.Optional;

/** Re-lays weights of 4 and 8 bits into {@link BlockWeights}. */
public final class BlockPacker {
    private static final int UNIT = 32;
    private static final int MAX_GROUP = 512;

    private BlockPacker() {}

    /**
     * Returns the group that products of a weight by quantized activations have, if it can be a {@link BlockWeights}: its own, or
     * {@code wanted} where a row has one scale.
     *
     * @param wanted inputs of a group of activations, at least 1; rounded up to a multiple of 32
     */
    public static Optional<Integer> group(Packer.Source s, Quantization q, int wanted) {
        boolean integers = s.format() == WeightFormat.U8
                || s.format() == WeightFormat.I8
                || s.format() == WeightFormat.U4
                || s.format() == WeightFormat.I4;
        boolean zeros = q.zeroPoints().absent() || q.zeroPoints().format().toUnsigned() >= 0;
        if (!integers || !zeros) {
            return Optional.empty();
        }
        if (q.groupSize() >= s.inputs()) {
            return Optional.of(Math.ceilDiv(Math.min(wanted, MAX_GROUP), UNIT) * UNIT);
        }
        boolean fits = q.groupSize() % UNIT == 0 && q.groupSize() <= MAX_GROUP && s.inputs() % q.groupSize() == 0;
        return fits ? Optional.of(q.groupSize()) : Optional.empty();
    }
}
