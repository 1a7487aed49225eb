package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.QuantizerLevels.ROUNDER;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link QuantizerLevels} on whole vectors: arrays must have room for the last one, whose surplus means nothing. */
final class VectorLevels {
    private static final int N = Lanes.N;
    private static final VectorSpecies<Byte> NARROWED = N == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    private VectorLevels() {}

    /** See {@link ScalarLevels#round}. */
    static void round(QuantizerLevels q, float[] x, int n) {
        float range = q.outHigh() - q.outLow();
        for (int i = 0; i < n; i += N) {
            FloatVector v = FloatVector.fromArray(Lanes.F, x, i);
            FloatVector value = code(q, v).div(q.steps()).mul(range).add(q.outLow());
            value.blend(q.outHigh(), v.compare(VectorOperators.GT, q.high())).intoArray(x, i);
        }
    }

    /** See {@link ScalarLevels#codes}. */
    static void codes(QuantizerLevels q, float[] x, byte[] codes, int n) {
        if (N < NARROWED.length()) {
            // there are no vectors of four bytes
            ScalarLevels.codes(q, x, codes, n);
            return;
        }
        for (int i = 0; i < n; i += N) {
            FloatVector code = code(q, FloatVector.fromArray(Lanes.F, x, i));
            ((ByteVector) code.convert(VectorOperators.F2I, 0).convertShape(VectorOperators.I2B, NARROWED, 0))
                    .intoArray(codes, i);
        }
    }

    private static FloatVector code(QuantizerLevels q, FloatVector x) {
        return x.sub(q.low())
                .div(q.high() - q.low())
                .mul(q.steps())
                .max(0)
                .min(q.steps())
                .add(ROUNDER)
                .sub(ROUNDER);
    }
}
