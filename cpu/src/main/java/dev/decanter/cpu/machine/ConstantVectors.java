package dev.decanter.cpu.machine;

/** Vectors of 16 lanes that routines keep in registers, as they lie in memory. */
final class ConstantVectors {
    private static final int LANES = 16;

    private ConstantVectors() {}

    /** Vectors of one number each, then those that name, for each lane, the lane so many further on. */
    static int[] of(float[] numbers, int[] rotations) {
        int[] all = new int[(numbers.length + rotations.length) * LANES];
        for (int i = 0; i < all.length; i++) {
            int vector = i / LANES;
            all[i] = vector < numbers.length
                    ? Float.floatToRawIntBits(numbers[vector])
                    : (i % LANES + rotations[vector - numbers.length]) % LANES;
        }
        return all;
    }
}
