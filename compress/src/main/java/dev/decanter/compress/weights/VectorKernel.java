package dev.decanter.compress.weights;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link Kernel} with vectors of the machine's width; what is left of a group goes to {@link ScalarKernel}. */
final class VectorKernel implements Kernel {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final int LANES = FLOATS.length();
    /** Species of as many bytes as there are lanes, where there is one: from 64 bits. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    private final ScalarKernel rest = new ScalarKernel();

    @Override
    public void extremes(float[] w, int from, int length, float[] out) {
        int end = from + FLOATS.loopBound(length);
        if (end == from) {
            rest.extremes(w, from, length, out);
            return;
        }
        FloatVector min = FloatVector.fromArray(FLOATS, w, from);
        FloatVector max = min;
        for (int i = from + LANES; i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, w, i);
            min = min.min(v);
            max = max.max(v);
        }
        float least = min.reduceLanes(VectorOperators.MIN);
        float largest = max.reduceLanes(VectorOperators.MAX);
        if (end < from + length) {
            rest.extremes(w, end, from + length - end, out);
            least = Math.min(least, out[0]);
            largest = Math.max(largest, out[1]);
        }
        out[0] = least;
        out[1] = largest;
    }

    @Override
    public void integers(float[] w, int from, int length, float scale, float zero, int low, int high, byte[] codes) {
        int end = from + FLOATS.loopBound(length);
        for (int i = from; i < end; i += LANES) {
            FloatVector level = FloatVector.fromArray(FLOATS, w, i)
                    .div(scale)
                    .add(zero)
                    .min(high)
                    .max(low)
                    .add(ROUND);
            store(level.reinterpretAsInts(), codes, i);
        }
        rest.integers(w, end, from + length - end, scale, zero, low, high, codes);
    }

    @Override
    public void steps(float[] w, int from, int length, float scale, float[] borders, byte[] codes) {
        int end = from + FLOATS.loopBound(length);
        for (int i = from; i < end; i += LANES) {
            FloatVector value = FloatVector.fromArray(FLOATS, w, i).div(scale);
            IntVector code = IntVector.zero(INTS);
            for (float border : borders) {
                code = code.add(1, value.compare(VectorOperators.GT, border).cast(INTS));
            }
            store(code, codes, i);
        }
        rest.steps(w, end, from + length - end, scale, borders, codes);
    }

    /** The low bytes. */
    private static void store(IntVector values, byte[] codes, int at) {
        if (LANES * Byte.SIZE < 64) {
            for (int i = 0; i < LANES; i++) {
                codes[at + i] = (byte) values.lane(i);
            }
            return;
        }
        ((ByteVector) values.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(codes, at);
    }
}
