package dev.decanter.cpu.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shapes of this JVM. Only classes that are reached when {@link VectorSupport#ENABLED} touch it, so that a
 * JVM without the incubator module never loads it.
 */
final class Lanes {
    /** Float lanes of the chosen width. */
    static final VectorSpecies<Float> F = floats(VectorSupport.BITS);

    /** Int lanes of the same width. */
    static final VectorSpecies<Integer> I = ints(VectorSupport.BITS);

    /** Lanes in a vector: 16, 8 or 4. */
    static final int N = F.length();

    private Lanes() {}

    private static VectorSpecies<Float> floats(int bits) {
        return bits == 512 ? FloatVector.SPECIES_512 : bits == 256 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }

    private static VectorSpecies<Integer> ints(int bits) {
        return bits == 512 ? IntVector.SPECIES_512 : bits == 256 ? IntVector.SPECIES_256 : IntVector.SPECIES_128;
    }
}
