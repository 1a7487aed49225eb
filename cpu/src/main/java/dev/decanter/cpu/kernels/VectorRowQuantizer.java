package dev.decanter.cpu.kernels;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** See {@link RowQuantizer}; lengths are multiples of the lanes. */
final class VectorRowQuantizer {
    private static final int N = Lanes.N;
    private static final VectorSpecies<Byte> NARROWED = N == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
    private static final int MAGNITUDE = 0x7fffffff;

    private VectorRowQuantizer() {}

    static int greatest(float[] x, int at, int n) {
        // magnitudes of floats rise with their bits, NaN above all, and integers compare in one instruction
        IntVector most = IntVector.zero(Lanes.I);
        for (int i = at; i < at + n; i += N) {
            IntVector bits = FloatVector.fromArray(Lanes.F, x, i).reinterpretAsInts();
            most = most.max(bits.and(MAGNITUDE));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    static int codes(float[] x, int at, int n, float inverse, byte[] codes) {
        IntVector sum = IntVector.zero(Lanes.I);
        for (int i = at; i < at + n; i += N) {
            // adding 1.5 · 2²³ rounds to nearest even and leaves the integer in the low bits
            FloatVector rounded =
                    FloatVector.fromArray(Lanes.F, x, i).mul(inverse).add(RowQuantizer.ROUNDER);
            IntVector q = rounded.reinterpretAsInts().sub(RowQuantizer.ROUNDER_BITS);
            sum = sum.add(q);
            // four lanes fill half of the least vector of bytes; the next store repairs what this one wrote past them
            ((ByteVector) q.convertShape(VectorOperators.I2B, NARROWED, 0)).intoArray(codes, i);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }
}
