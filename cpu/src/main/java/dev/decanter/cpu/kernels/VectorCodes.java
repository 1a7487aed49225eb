package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Numbers of codes. Those of half bytes are looked up: the sixteen of a table fill one vector, or two, or four. Those of E4M3
 * come from the bits.
 */
final class VectorCodes {
    private static final int N = Lanes.N;
    private static final int HALF = PANEL / 2;
    private static final int INPUTS = 4;

    /** Bits of a code of E4M3 that all are set in NaN, which has no number here. */
    static final int E4M3_NAN = 0x7f;

    /** Where the three bits of a mantissa and those of the exponent above belong in a float. */
    private static final int AT = 20;

    private static final int MAGNITUDE = E4M3_NAN << AT;
    private static final int SIGN = 0x80000000;

    /** What is added to an exponent that counts from 2⁻⁷ for one that counts from 2⁻¹²⁷. */
    private static final int REBIAS = 120 << 23;

    private static final float LEAST_NORMAL = 0x1p-6f;

    private VectorCodes() {}

    /** Decodes {@code n} inputs of paired half bytes, four inputs of 16 rows to an int; n is a multiple of 4. */
    static void decode(MemorySegment w, long at, int n, float[] table, float[] dst) {
        IntVector a = part(table, 0);
        IntVector b = part(table, 1);
        IntVector c = part(table, 2);
        IntVector d = part(table, 3);
        for (int k = 0; k < n; k += INPUTS) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v =
                        IntVector.fromMemorySegment(Lanes.I, w, at + (long) (k >> 1) * PANEL + 4L * j, LITTLE_ENDIAN);
                int to = k * PANEL + j;
                for (int i = 0; i < INPUTS; i++) {
                    number(v, a, b, c, d).intoArray(dst, to);
                    number(v.lanewise(VectorOperators.LSHR, 4), a, b, c, d).intoArray(dst, to + HALF);
                    v = v.lanewise(VectorOperators.LSHR, 8);
                    to += PANEL;
                }
            }
        }
    }

    /** The bits of the table's numbers from {@code index} vectors on; at wide vectors there are fewer. */
    private static IntVector part(float[] table, int index) {
        int from = index * N % table.length;
        return FloatVector.fromArray(Lanes.F, table, from).reinterpretAsInts();
    }

    private static FloatVector number(IntVector code, IntVector a, IntVector b, IntVector c, IntVector d) {
        IntVector lane = code.and(N - 1);
        IntVector found = lane.selectFrom(a);
        if (N <= 8) {
            IntVector high = lane.selectFrom(b);
            found = found.blend(high, code.and(N).compare(VectorOperators.NE, 0));
        }
        if (N <= 4) {
            IntVector third = lane.selectFrom(c);
            IntVector fourth = lane.selectFrom(d);
            third = third.blend(fourth, code.and(N).compare(VectorOperators.NE, 0));
            found = found.blend(third, code.and(2 * N).compare(VectorOperators.NE, 0));
        }
        return found.reinterpretAsFloats();
    }

    /**
     * {@code sum[r] = Σ_k x[xAt + k] · table[code[k, r]]} for {@code n} inputs of paired half bytes; n is a multiple of 4. For
     * vectors of 16 lanes, whose lookup needs no mask.
     */
    static void nibbles(MemorySegment w, long at, int n, float[] table, float[] x, int xAt, float[] sum) {
        IntVector t = part(table, 0);
        FloatVector a0 = FloatVector.zero(Lanes.F);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        for (int k = 0; k < n; k += INPUTS) {
            IntVector v = IntVector.fromMemorySegment(Lanes.I, w, at + (long) (k >> 1) * PANEL, LITTLE_ENDIAN);
            FloatVector x0 = FloatVector.broadcast(Lanes.F, x[xAt + k]);
            FloatVector x1 = FloatVector.broadcast(Lanes.F, x[xAt + k + 1]);
            a0 = found(v, t).fma(x0, a0);
            b0 = found(v.lanewise(VectorOperators.LSHR, 4), t).fma(x0, b0);
            a1 = found(v.lanewise(VectorOperators.LSHR, 8), t).fma(x1, a1);
            b1 = found(v.lanewise(VectorOperators.LSHR, 12), t).fma(x1, b1);
            FloatVector x2 = FloatVector.broadcast(Lanes.F, x[xAt + k + 2]);
            FloatVector x3 = FloatVector.broadcast(Lanes.F, x[xAt + k + 3]);
            a0 = found(v.lanewise(VectorOperators.LSHR, 16), t).fma(x2, a0);
            b0 = found(v.lanewise(VectorOperators.LSHR, 20), t).fma(x2, b0);
            a1 = found(v.lanewise(VectorOperators.LSHR, 24), t).fma(x3, a1);
            b1 = found(v.lanewise(VectorOperators.LSHR, 28), t).fma(x3, b1);
        }
        a0.add(a1).intoArray(sum, 0);
        b0.add(b1).intoArray(sum, HALF);
    }

    /** Looks up the lowest four bits of every lane: selection wraps around. */
    private static FloatVector found(IntVector code, IntVector table) {
        return code.selectFrom(table).reinterpretAsFloats();
    }

    /** {@code sum[r] = Σ_k x[xAt + k] · number[k, r]} for {@code n} inputs of paired E4M3 without NaN; n is even. */
    static void e4m3(MemorySegment w, long at, int n, float[] x, int xAt, float[] sum) {
        // one call, not one for each half: C2 puts what it calls in its place, and two are more than it takes
        for (int r = 0; r < PANEL; r += N) {
            half(w, at + 4L * (r % HALF), n, r / HALF * Byte.SIZE, x, xAt, sum, r);
        }
    }

    /** One half of the rows, whose codes are bytes 0 and 2 of an int after a shift; all four are more than C2 inlines. */
    private static void half(MemorySegment w, long at, int n, int shift, float[] x, int xAt, float[] sum, int to) {
        FloatVector a = FloatVector.zero(Lanes.F);
        FloatVector b = a;
        for (int k = 0; k < n; k += 2) {
            IntVector v = IntVector.fromMemorySegment(Lanes.I, w, at + (long) k * PANEL, LITTLE_ENDIAN)
                    .lanewise(VectorOperators.LSHR, shift);
            a = first(v).fma(FloatVector.broadcast(Lanes.F, x[xAt + k]), a);
            b = second(v).fma(FloatVector.broadcast(Lanes.F, x[xAt + k + 1]), b);
        }
        a.add(b).intoArray(sum, to);
    }

    /** Decodes {@code n} inputs of paired E4M3 without NaN; n is even. */
    static void decodeE4m3(MemorySegment w, long at, int n, float[] dst) {
        for (int r = 0; r < PANEL; r += N) {
            decodeHalf(w, at + 4L * (r % HALF), n, r / HALF * Byte.SIZE, dst, r);
        }
    }

    private static void decodeHalf(MemorySegment w, long at, int n, int shift, float[] dst, int to) {
        for (int k = 0; k < n; k += 2) {
            IntVector v = IntVector.fromMemorySegment(Lanes.I, w, at + (long) k * PANEL, LITTLE_ENDIAN)
                    .lanewise(VectorOperators.LSHR, shift);
            first(v).intoArray(dst, to + k * PANEL);
            second(v).intoArray(dst, to + (k + 1) * PANEL);
        }
    }

    private static FloatVector first(IntVector v) {
        return e4m3(v.lanewise(VectorOperators.LSHL, AT), v.lanewise(VectorOperators.LSHL, 24));
    }

    private static FloatVector second(IntVector v) {
        return e4m3(v.lanewise(VectorOperators.LSHL, 4), v.lanewise(VectorOperators.LSHL, 8));
    }

    /**
     * The numbers of codes of which exponent and mantissa are in one operand's bits 20 to 26 and the sign in the other's highest. A
     * subnormal {@code m · 2⁻⁹} first comes out as {@code f = (8 + m) · 2⁻¹⁰}, and is {@code 2 f − 2⁻⁶}, which for all other
     * numbers is not less than f. Floats above 0 compare like their bits.
     */
    private static FloatVector e4m3(IntVector magnitude, IntVector sign) {
        FloatVector f = magnitude.and(MAGNITUDE).add(REBIAS).reinterpretAsFloats();
        IntVector subnormal = f.fma(FloatVector.broadcast(Lanes.F, 2), FloatVector.broadcast(Lanes.F, -LEAST_NORMAL))
                .reinterpretAsInts();
        return f.reinterpretAsInts().min(subnormal).or(sign.and(SIGN)).reinterpretAsFloats();
    }
}
