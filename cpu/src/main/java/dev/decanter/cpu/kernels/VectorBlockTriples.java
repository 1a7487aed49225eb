package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.QuantizedRows.CHUNK;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Codes of 4 bits, three rows of weights in one double: {@code (a - 8) + (b - 8) · 2¹⁸ + (c - 8) · 2³⁶}. A multiply-add of such a
 * lane does three products where an f32 lane of half the bits does one. The three sums of 128 products are at most 128 · 8 · 127 <
 * 2¹⁷ in magnitude, so that all of them together stay below 2⁵³ and every step is exact; rounding to multiples of 2³⁶ takes the
 * third of them away, and the other two are the last bits of what is left.
 *
 * <p>The doubles of an input are those of the even rows of three panels and then those of the odd rows, as shifts of 64-bit lanes
 * part them.
 *
 * <p>Loops call no helpers of this class: C2 stops inlining what the vector classes do not force when a method has grown with all of
 * their bodies, and then vectors become objects.
 */
final class VectorBlockTriples {
    /** Greatest number of inputs whose products may be summed. */
    static final int MOST = 128;

    /** Doubles from a row of activations to the next: not a power of two, so that rows of a tile do not meet in few sets of the cache. */
    static final int STRIDE = MOST + 8;

    /** Columns of a tile: the rows of three panels. */
    static final int WIDTH = 3 * PANEL;

    /** What is taken from codes, and so from zero points. */
    static final int MIDDLE = 8;

    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Lanes.F.vectorShape());
    private static final VectorSpecies<Long> J = VectorSpecies.of(long.class, Lanes.F.vectorShape());
    private static final VectorSpecies<Byte> EIGHT = ByteVector.SPECIES_64;

    /** Doubles of a vector. */
    private static final int L = D.length();

    /** Rows of a tile: as many as sums fit into registers. */
    static final int HEIGHT = L == 8 ? 12 : 6;

    private static final int NIBBLE = 15;
    private static final int FIELD = 18;
    private static final int HALF = PANEL / 2;
    private static final double SECOND = 0x1p18;
    private static final double THIRD = 0x1p36;
    private static final double MIDDLES = 0x1p52 + MIDDLE * (1 + SECOND + THIRD);
    private static final long EXPONENT = Double.doubleToRawLongBits(0x1p52);

    /** Added to the sum of a field makes it positive. */
    private static final int BIAS = 1 << (FIELD - 1);

    /** Added to a number below 2⁵¹ leaves its whole part, and the bias, as the last bits of the sum. */
    private static final double ROUNDER = 0x1.8p52 + BIAS;

    /** As {@link #ROUNDER} for the first two sums. */
    private static final double ROUNDERS = ROUNDER + BIAS * SECOND;

    private static final DoubleVector LESS_THIRD = DoubleVector.broadcast(D, -THIRD);
    private static final long LOW = (1 << FIELD) - 1;
    private static final long HIGH = LOW << Integer.SIZE;

    /** Bits of 2²³ in both halves of a lane: behind them 18 bits are a float without conversion. */
    private static final long EXPONENTS = 0x4b00_0000_4b00_0000L;

    private static final float LESS_BIAS = -(0x1p23f + BIAS);

    private VectorBlockTriples() {}

    /** Bytes with a sign to doubles: rows of {@value QuantizedRows#CHUNK} that lie together to every {@link #STRIDE} of {@code dst}. */
    static void widen(MemorySegment codes, long at, int rows, double[] dst, int to) {
        for (int i = 0; i < rows * CHUNK; i += EIGHT.length()) {
            ByteVector v = ByteVector.fromMemorySegment(EIGHT, codes, at + i, LITTLE_ENDIAN);
            int row = to + i / CHUNK * STRIDE + i % CHUNK;
            for (int part = 0; part < EIGHT.length() / L; part++) {
                ((DoubleVector) v.convertShape(VectorOperators.B2D, D, part)).intoArray(dst, row + part * L);
            }
        }
    }

    /**
     * Three panels of which 64-bit words lie one after the other: input k of their rows r to {@code dst[16 k + r / 2]}, 8 further if r
     * is odd.
     *
     * @param n inputs
     */
    static void decode(long[] codes, int n, double[] dst) {
        for (int i = 0; i < 8; i++) {
            // nibble i of a word is input i / 2, plus 4 if i is odd
            int to = (i / 2 + (i % 2) * 4) * PANEL;
            nibbles(codes, n, 4 * i, dst, to);
            nibbles(codes, n, Integer.SIZE + 4 * i, dst, to + HALF);
        }
    }

    /** The nibbles at bit {@code shift} of 64-bit lanes. Their bits, behind those of 2⁵², are a number without conversion. */
    private static void nibbles(long[] codes, int n, int shift, double[] dst, int to) {
        for (int j = 0; j < n; j += HALF) {
            for (int r = 0; r < HALF; r += L) {
                LongVector a = LongVector.fromArray(J, codes, j + r).lanewise(VectorOperators.ROR, shift);
                LongVector b = LongVector.fromArray(J, codes, n + j + r).lanewise(VectorOperators.ROR, shift - FIELD);
                LongVector c =
                        LongVector.fromArray(J, codes, 2 * n + j + r).lanewise(VectorOperators.ROR, shift - 2 * FIELD);
                c.and((long) NIBBLE << (2 * FIELD))
                        .or(b.and((long) NIBBLE << FIELD))
                        .or(a.and(NIBBLE))
                        .or(EXPONENT)
                        .reinterpretAsDoubles()
                        .sub(MIDDLES)
                        .intoArray(dst, to + j * PANEL + r);
            }
        }
    }

    /**
     * The sums of a tile, three together: {@code sum[16 m + r] = Σ_k a[m, k] · b[k, r]} of {@link #HEIGHT} rows.
     *
     * @param a input k of row m at {@code aAt + STRIDE m + k}
     * @param n inputs, at most {@link #MOST}
     */
    static void multiply(double[] a, int aAt, double[] b, int n, double[] sum) {
        for (int r = 0; r < PANEL; r += 2 * L) {
            if (L == 8) {
                twelve(a, aAt, b, n, sum);
            } else {
                six(a, aAt, b, r, n, sum, r);
            }
        }
    }

    private static void twelve(double[] a, int aAt, double[] b, int n, double[] sum) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector t0 = s0;
        DoubleVector s1 = s0;
        DoubleVector t1 = s0;
        DoubleVector s2 = s0;
        DoubleVector t2 = s0;
        DoubleVector s3 = s0;
        DoubleVector t3 = s0;
        DoubleVector s4 = s0;
        DoubleVector t4 = s0;
        DoubleVector s5 = s0;
        DoubleVector t5 = s0;
        DoubleVector s6 = s0;
        DoubleVector t6 = s0;
        DoubleVector s7 = s0;
        DoubleVector t7 = s0;
        DoubleVector s8 = s0;
        DoubleVector t8 = s0;
        DoubleVector s9 = s0;
        DoubleVector t9 = s0;
        DoubleVector s10 = s0;
        DoubleVector t10 = s0;
        DoubleVector s11 = s0;
        DoubleVector t11 = s0;
        int d = 0;
        for (int k = aAt; k < aAt + n; k++) {
            DoubleVector p = DoubleVector.fromArray(D, b, d);
            DoubleVector q = DoubleVector.fromArray(D, b, d + L);
            DoubleVector a0 = DoubleVector.broadcast(D, a[k]);
            s0 = a0.fma(p, s0);
            t0 = a0.fma(q, t0);
            DoubleVector a1 = DoubleVector.broadcast(D, a[k + STRIDE]);
            s1 = a1.fma(p, s1);
            t1 = a1.fma(q, t1);
            DoubleVector a2 = DoubleVector.broadcast(D, a[k + 2 * STRIDE]);
            s2 = a2.fma(p, s2);
            t2 = a2.fma(q, t2);
            DoubleVector a3 = DoubleVector.broadcast(D, a[k + 3 * STRIDE]);
            s3 = a3.fma(p, s3);
            t3 = a3.fma(q, t3);
            DoubleVector a4 = DoubleVector.broadcast(D, a[k + 4 * STRIDE]);
            s4 = a4.fma(p, s4);
            t4 = a4.fma(q, t4);
            DoubleVector a5 = DoubleVector.broadcast(D, a[k + 5 * STRIDE]);
            s5 = a5.fma(p, s5);
            t5 = a5.fma(q, t5);
            DoubleVector a6 = DoubleVector.broadcast(D, a[k + 6 * STRIDE]);
            s6 = a6.fma(p, s6);
            t6 = a6.fma(q, t6);
            DoubleVector a7 = DoubleVector.broadcast(D, a[k + 7 * STRIDE]);
            s7 = a7.fma(p, s7);
            t7 = a7.fma(q, t7);
            DoubleVector a8 = DoubleVector.broadcast(D, a[k + 8 * STRIDE]);
            s8 = a8.fma(p, s8);
            t8 = a8.fma(q, t8);
            DoubleVector a9 = DoubleVector.broadcast(D, a[k + 9 * STRIDE]);
            s9 = a9.fma(p, s9);
            t9 = a9.fma(q, t9);
            DoubleVector a10 = DoubleVector.broadcast(D, a[k + 10 * STRIDE]);
            s10 = a10.fma(p, s10);
            t10 = a10.fma(q, t10);
            DoubleVector a11 = DoubleVector.broadcast(D, a[k + 11 * STRIDE]);
            s11 = a11.fma(p, s11);
            t11 = a11.fma(q, t11);
            d += PANEL;
        }
        s0.intoArray(sum, 0);
        t0.intoArray(sum, L);
        s1.intoArray(sum, PANEL);
        t1.intoArray(sum, PANEL + L);
        s2.intoArray(sum, 2 * PANEL);
        t2.intoArray(sum, 2 * PANEL + L);
        s3.intoArray(sum, 3 * PANEL);
        t3.intoArray(sum, 3 * PANEL + L);
        s4.intoArray(sum, 4 * PANEL);
        t4.intoArray(sum, 4 * PANEL + L);
        s5.intoArray(sum, 5 * PANEL);
        t5.intoArray(sum, 5 * PANEL + L);
        s6.intoArray(sum, 6 * PANEL);
        t6.intoArray(sum, 6 * PANEL + L);
        s7.intoArray(sum, 7 * PANEL);
        t7.intoArray(sum, 7 * PANEL + L);
        s8.intoArray(sum, 8 * PANEL);
        t8.intoArray(sum, 8 * PANEL + L);
        s9.intoArray(sum, 9 * PANEL);
        t9.intoArray(sum, 9 * PANEL + L);
        s10.intoArray(sum, 10 * PANEL);
        t10.intoArray(sum, 10 * PANEL + L);
        s11.intoArray(sum, 11 * PANEL);
        t11.intoArray(sum, 11 * PANEL + L);
    }

    private static void six(double[] a, int aAt, double[] b, int bAt, int n, double[] sum, int at) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector t0 = s0;
        DoubleVector s1 = s0;
        DoubleVector t1 = s0;
        DoubleVector s2 = s0;
        DoubleVector t2 = s0;
        DoubleVector s3 = s0;
        DoubleVector t3 = s0;
        DoubleVector s4 = s0;
        DoubleVector t4 = s0;
        DoubleVector s5 = s0;
        DoubleVector t5 = s0;
        int d = bAt;
        for (int k = aAt; k < aAt + n; k++) {
            DoubleVector p = DoubleVector.fromArray(D, b, d);
            DoubleVector q = DoubleVector.fromArray(D, b, d + L);
            DoubleVector a0 = DoubleVector.broadcast(D, a[k]);
            s0 = a0.fma(p, s0);
            t0 = a0.fma(q, t0);
            DoubleVector a1 = DoubleVector.broadcast(D, a[k + STRIDE]);
            s1 = a1.fma(p, s1);
            t1 = a1.fma(q, t1);
            DoubleVector a2 = DoubleVector.broadcast(D, a[k + 2 * STRIDE]);
            s2 = a2.fma(p, s2);
            t2 = a2.fma(q, t2);
            DoubleVector a3 = DoubleVector.broadcast(D, a[k + 3 * STRIDE]);
            s3 = a3.fma(p, s3);
            t3 = a3.fma(q, t3);
            DoubleVector a4 = DoubleVector.broadcast(D, a[k + 4 * STRIDE]);
            s4 = a4.fma(p, s4);
            t4 = a4.fma(q, t4);
            DoubleVector a5 = DoubleVector.broadcast(D, a[k + 5 * STRIDE]);
            s5 = a5.fma(p, s5);
            t5 = a5.fma(q, t5);
            d += PANEL;
        }
        s0.intoArray(sum, at);
        t0.intoArray(sum, at + L);
        s1.intoArray(sum, at + PANEL);
        t1.intoArray(sum, at + PANEL + L);
        s2.intoArray(sum, at + 2 * PANEL);
        t2.intoArray(sum, at + 2 * PANEL + L);
        s3.intoArray(sum, at + 3 * PANEL);
        t3.intoArray(sum, at + 3 * PANEL + L);
        s4.intoArray(sum, at + 4 * PANEL);
        t4.intoArray(sum, at + 4 * PANEL + L);
        s5.intoArray(sum, at + 5 * PANEL);
        t5.intoArray(sum, at + 5 * PANEL + L);
    }

    /**
     * Takes sums of a tile apart and adds them: {@code y[m, j] = fma(t[m, j] - zero[j] · sum[m], scale[j] · xScale[m], y[m, j])}.
     *
     * @param zero less {@link #MIDDLE}
     * @param sums for each row the scale of its group and the sum of its codes, negated, from {@code sumsAt} on
     */
    static void add(double[] sum, int rows, float[] scale, float[] zero, float[] sums, int sumsAt, float[] y, int yAt) {
        for (int r = 0; r < HALF; r += L) {
            int j = 2 * r;
            FloatVector firstScale = FloatVector.fromArray(Lanes.F, scale, j);
            FloatVector secondScale = FloatVector.fromArray(Lanes.F, scale, j + PANEL);
            FloatVector thirdScale = FloatVector.fromArray(Lanes.F, scale, j + 2 * PANEL);
            FloatVector firstZero = FloatVector.fromArray(Lanes.F, zero, j);
            FloatVector secondZero = FloatVector.fromArray(Lanes.F, zero, j + PANEL);
            FloatVector thirdZero = FloatVector.fromArray(Lanes.F, zero, j + 2 * PANEL);
            for (int m = 0; m < rows; m++) {
                DoubleVector even = DoubleVector.fromArray(D, sum, m * PANEL + r);
                DoubleVector odd = DoubleVector.fromArray(D, sum, m * PANEL + HALF + r);
                DoubleVector evenThird = even.fma(1 / THIRD, ROUNDER);
                DoubleVector oddThird = odd.fma(1 / THIRD, ROUNDER);
                LongVector evens = evenThird
                        .sub(ROUNDER)
                        .fma(LESS_THIRD, even)
                        .add(ROUNDERS)
                        .reinterpretAsLongs();
                LongVector odds =
                        oddThird.sub(ROUNDER).fma(LESS_THIRD, odd).add(ROUNDERS).reinterpretAsLongs();
                FloatVector xScale = FloatVector.broadcast(Lanes.F, sums[sumsAt + 2 * m]);
                FloatVector xSum = FloatVector.broadcast(Lanes.F, sums[sumsAt + 2 * m + 1]);
                int to = yAt + m * WIDTH + 2 * r;
                FloatVector first = odds.lanewise(VectorOperators.LSHL, Integer.SIZE)
                        .and(HIGH)
                        .or(evens.and(LOW))
                        .or(EXPONENTS)
                        .reinterpretAsFloats()
                        .add(LESS_BIAS);
                firstZero
                        .fma(xSum, first)
                        .fma(firstScale.mul(xScale), FloatVector.fromArray(Lanes.F, y, to))
                        .intoArray(y, to);
                FloatVector second = odds.lanewise(VectorOperators.LSHL, Integer.SIZE - FIELD)
                        .and(HIGH)
                        .or(evens.lanewise(VectorOperators.LSHR, FIELD).and(LOW))
                        .or(EXPONENTS)
                        .reinterpretAsFloats()
                        .add(LESS_BIAS);
                int secondTo = to + PANEL;
                secondZero
                        .fma(xSum, second)
                        .fma(secondScale.mul(xScale), FloatVector.fromArray(Lanes.F, y, secondTo))
                        .intoArray(y, secondTo);
                FloatVector third = oddThird.reinterpretAsLongs()
                        .lanewise(VectorOperators.LSHL, Integer.SIZE)
                        .or(evenThird.reinterpretAsLongs().and(LOW))
                        .or(EXPONENTS)
                        .reinterpretAsFloats()
                        .add(LESS_BIAS);
                int thirdTo = to + 2 * PANEL;
                thirdZero
                        .fma(xSum, third)
                        .fma(thirdScale.mul(xScale), FloatVector.fromArray(Lanes.F, y, thirdTo))
                        .intoArray(y, thirdTo);
            }
        }
    }
}
