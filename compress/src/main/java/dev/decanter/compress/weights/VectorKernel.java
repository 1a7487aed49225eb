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

    private static final int F8E4M3_MAX = Float.floatToRawIntBits(FloatCodes.F8E4M3_MAX);
    private static final int F8E4M3_LEAST_NORMAL = Float.floatToRawIntBits(0x1p-6f);

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
            store(above(FloatVector.fromArray(FLOATS, w, i).div(scale), borders), codes, i);
        }
        rest.steps(w, end, from + length - end, scale, borders, codes);
    }

    /** How many of the borders each value is above. */
    private static IntVector above(FloatVector value, float[] borders) {
        IntVector count = IntVector.zero(INTS);
        for (float border : borders) {
            count = count.add(1, value.compare(VectorOperators.GT, border).cast(INTS));
        }
        return count;
    }

    @Override
    public void f4e2m1(float[] w, int from, int length, float scale, byte[] codes) {
        int end = from + FLOATS.loopBound(length);
        for (int i = from; i < end; i += LANES) {
            FloatVector value = FloatVector.fromArray(FLOATS, w, i).div(scale);
            IntVector sign =
                    value.reinterpretAsInts().lanewise(VectorOperators.LSHR, 28).and(8);
            store(above(value.abs(), FloatCodes.F4E2M1_BORDERS).or(sign), codes, i);
        }
        rest.f4e2m1(w, end, from + length - end, scale, codes);
    }

    /**
     * Rounds the bits: to the 10 of f16's mantissa, then to the 3 that are left. Below 2⁻¹⁴, where f16 has fewer, all becomes
     * zero either way. Codes below 8, of numbers below 2⁻⁶, are a fixed-point grid.
     */
    @Override
    public void f8e4m3(float[] w, int from, int length, float scale, byte[] codes) {
        int end = from + FLOATS.loopBound(length);
        for (int i = from; i < end; i += LANES) {
            IntVector bits = FloatVector.fromArray(FLOATS, w, i).div(scale).reinterpretAsInts();
            IntVector sign = bits.lanewise(VectorOperators.LSHR, 24).and(0x80);
            IntVector half = rounded(bits.and(0x7fff_ffff), 13).min(F8E4M3_MAX);
            IntVector normal =
                    rounded(half, 20).lanewise(VectorOperators.LSHR, 20).sub(120 << 3);
            FloatVector size = half.reinterpretAsFloats();
            IntVector grid = size.mul(0x1p9f).add(ROUND).reinterpretAsInts();
            IntVector code = normal.blend(grid, half.compare(VectorOperators.LT, F8E4M3_LEAST_NORMAL));
            store(code.and(0x7f).or(sign), codes, i);
        }
        rest.f8e4m3(w, end, from + length - end, scale, codes);
    }

    /** Bits of positive floats without the last {@code dropped}, halves to even; a carry goes to the exponent. */
    private static IntVector rounded(IntVector bits, int dropped) {
        IntVector odd = bits.lanewise(VectorOperators.LSHR, dropped).and(1);
        return bits.add(odd).add((1 << (dropped - 1)) - 1).and(-1 << dropped);
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
