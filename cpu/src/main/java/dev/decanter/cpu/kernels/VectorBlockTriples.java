package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;
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
 * 2¹⁷ in magnitude, so that all of them together stay below 2⁵³ and every step is exact; rounding to multiples of 2³⁶ and of 2¹⁸
 * takes them apart.
 */
final class VectorBlockTriples {
    /** Greatest number of inputs whose products may be summed. */
    static final int MOST = 128;

    /** Columns of a tile: three panels. */
    static final int WIDTH = 3 * PANEL;

    /** What is taken from codes, and so from zero points. */
    private static final int MIDDLE = 8;

    private static final int N = Lanes.N;
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Lanes.F.vectorShape());
    private static final VectorSpecies<Float> F =
            N == 16 ? FloatVector.SPECIES_256 : N == 8 ? FloatVector.SPECIES_128 : FloatVector.SPECIES_64;
    private static final VectorSpecies<Long> J = VectorSpecies.of(long.class, Lanes.F.vectorShape());
    private static final VectorSpecies<Byte> EIGHT = ByteVector.SPECIES_64;

    /** Doubles of a vector. */
    private static final int L = D.length();

    private static final int CHUNK = QuantizedRows.CHUNK;
    private static final int NIBBLE = 15;
    private static final int FIELD = 18;
    private static final int HALF = PANEL / 2;
    private static final double SECOND = 0x1p18;
    private static final double THIRD = 0x1p36;
    private static final double ROUNDER = 0x1.8p52;
    private static final double MIDDLES = 0x1p52 + MIDDLE * (1 + SECOND + THIRD);
    private static final long EXPONENT = Double.doubleToRawLongBits(0x1p52);

    private static final DoubleVector LESS_THIRD = DoubleVector.broadcast(D, -THIRD);
    private static final DoubleVector LESS_SECOND = DoubleVector.broadcast(D, -SECOND);

    private VectorBlockTriples() {}

    /** Bytes with a sign to doubles; n is a multiple of 16. */
    static void widen(MemorySegment codes, long at, int n, double[] dst, int to) {
        for (int i = 0; i < n; i += EIGHT.length()) {
            ByteVector v = ByteVector.fromMemorySegment(EIGHT, codes, at + i, LITTLE_ENDIAN);
            for (int part = 0; part < EIGHT.length() / L; part++) {
                ((DoubleVector) v.convertShape(VectorOperators.B2D, D, part)).intoArray(dst, to + i + part * L);
            }
        }
    }

    /** Where row r of a panel stands among the doubles of an input: even rows first, as shifts of 64-bit lanes part them. */
    static int place(int r) {
        return r % 2 * HALF + r / 2;
    }

    /**
     * Three panels from bytes {@code a}, {@code b} and {@code c} on: input k of their rows r to {@code dst[16 k + place(r)]}.
     *
     * @param words words of a panel
     */
    static void decode(MemorySegment codes, long a, long b, long c, int words, double[] dst) {
        for (int i = 0; i < 8; i++) {
            // nibble i of a word is input i / 2, plus 4 if i is odd
            int to = (i / 2 + i % 2 * 4) * PANEL;
            decode(codes, a, b, c, words, 4 * i, dst, to);
            decode(codes, a, b, c, words, Integer.SIZE + 4 * i, dst, to + HALF);
        }
    }

    /** The nibble at bit {@code shift} of 64-bit lanes. Its bits, behind those of 2⁵², are a number without conversion. */
    private static void decode(
            MemorySegment codes, long a, long b, long c, int words, int shift, double[] dst, int to) {
        for (int j = 0; j < words; j++) {
            for (int r = 0; r < HALF; r += L) {
                long p = (long) j * WORD + (long) r * Long.BYTES;
                LongVector first = nibble(codes, a + p, shift);
                LongVector second = nibble(codes, b + p, shift).lanewise(VectorOperators.LSHL, FIELD);
                LongVector third = nibble(codes, c + p, shift).lanewise(VectorOperators.LSHL, 2 * FIELD);
                first.or(second)
                        .or(third)
                        .or(EXPONENT)
                        .reinterpretAsDoubles()
                        .sub(MIDDLES)
                        .intoArray(dst, to + 8 * j * PANEL + r);
            }
        }
    }

    private static LongVector nibble(MemorySegment codes, long at, int shift) {
        return LongVector.fromMemorySegment(J, codes, at, LITTLE_ENDIAN)
                .lanewise(VectorOperators.LSHR, shift)
                .and(NIBBLE);
    }

    /**
     * The sums of a tile, three together: {@code sum[16 m + r] = Σ_k a[m, k] · b[k, r]}.
     *
     * @param a input k of row m at {@code aAt + k / 64 * 1024 + 64 m + k % 64}
     * @param n inputs, a multiple of 64
     * @param rows of which sums are wanted; up to the next multiple of 4 they are computed
     */
    static void multiply(double[] a, int aAt, double[] b, int n, int rows, double[] sum) {
        for (int j = 0; j < PANEL; j += 2 * L) {
            if (L == 8 && rows > 4) {
                eight(a, aAt, b, n, sum);
            } else {
                four(a, aAt, b, j, n, sum, j);
                if (rows > 4) {
                    four(a, aAt + 4 * CHUNK, b, j, n, sum, 4 * PANEL + j);
                }
            }
        }
    }

    private static void four(double[] a, int aAt, double[] b, int bAt, int n, double[] sum, int at) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector t0 = s0;
        DoubleVector s1 = s0;
        DoubleVector t1 = s0;
        DoubleVector s2 = s0;
        DoubleVector t2 = s0;
        DoubleVector s3 = s0;
        DoubleVector t3 = s0;
        int c = aAt;
        int d = bAt;
        for (int k = 0; k < n; k += CHUNK) {
            int end = Math.min(CHUNK, n - k);
            for (int i = 0; i < end; i++) {
                DoubleVector p = DoubleVector.fromArray(D, b, d);
                DoubleVector q = DoubleVector.fromArray(D, b, d + L);
                DoubleVector v0 = DoubleVector.broadcast(D, a[c + i]);
                s0 = v0.fma(p, s0);
                t0 = v0.fma(q, t0);
                DoubleVector v1 = DoubleVector.broadcast(D, a[c + CHUNK + i]);
                s1 = v1.fma(p, s1);
                t1 = v1.fma(q, t1);
                DoubleVector v2 = DoubleVector.broadcast(D, a[c + 2 * CHUNK + i]);
                s2 = v2.fma(p, s2);
                t2 = v2.fma(q, t2);
                DoubleVector v3 = DoubleVector.broadcast(D, a[c + 3 * CHUNK + i]);
                s3 = v3.fma(p, s3);
                t3 = v3.fma(q, t3);
                d += PANEL;
            }
            c += PANEL * CHUNK;
        }
        s0.intoArray(sum, at);
        t0.intoArray(sum, at + L);
        s1.intoArray(sum, at + PANEL);
        t1.intoArray(sum, at + PANEL + L);
        s2.intoArray(sum, at + 2 * PANEL);
        t2.intoArray(sum, at + 2 * PANEL + L);
        s3.intoArray(sum, at + 3 * PANEL);
        t3.intoArray(sum, at + 3 * PANEL + L);
    }

    private static void eight(double[] a, int aAt, double[] b, int n, double[] sum) {
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
        int c = aAt;
        int d = 0;
        for (int k = 0; k < n; k += CHUNK) {
            int end = Math.min(CHUNK, n - k);
            for (int i = 0; i < end; i++) {
                DoubleVector p = DoubleVector.fromArray(D, b, d);
                DoubleVector q = DoubleVector.fromArray(D, b, d + L);
                DoubleVector v0 = DoubleVector.broadcast(D, a[c + i]);
                s0 = v0.fma(p, s0);
                t0 = v0.fma(q, t0);
                DoubleVector v1 = DoubleVector.broadcast(D, a[c + CHUNK + i]);
                s1 = v1.fma(p, s1);
                t1 = v1.fma(q, t1);
                DoubleVector v2 = DoubleVector.broadcast(D, a[c + 2 * CHUNK + i]);
                s2 = v2.fma(p, s2);
                t2 = v2.fma(q, t2);
                DoubleVector v3 = DoubleVector.broadcast(D, a[c + 3 * CHUNK + i]);
                s3 = v3.fma(p, s3);
                t3 = v3.fma(q, t3);
                DoubleVector v4 = DoubleVector.broadcast(D, a[c + 4 * CHUNK + i]);
                s4 = v4.fma(p, s4);
                t4 = v4.fma(q, t4);
                DoubleVector v5 = DoubleVector.broadcast(D, a[c + 5 * CHUNK + i]);
                s5 = v5.fma(p, s5);
                t5 = v5.fma(q, t5);
                DoubleVector v6 = DoubleVector.broadcast(D, a[c + 6 * CHUNK + i]);
                s6 = v6.fma(p, s6);
                t6 = v6.fma(q, t6);
                DoubleVector v7 = DoubleVector.broadcast(D, a[c + 7 * CHUNK + i]);
                s7 = v7.fma(p, s7);
                t7 = v7.fma(q, t7);
                d += PANEL;
            }
            c += PANEL * CHUNK;
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
    }

    /** Takes sums of {@link #multiply} apart: field f of {@code sum[16 m + i]} to {@code t[48 m + 16 f + i]}. */
    static void split(double[] sum, int rows, float[] t) {
        for (int m = 0; m < rows; m++) {
            for (int r = 0; r < PANEL; r += L) {
                DoubleVector all = DoubleVector.fromArray(D, sum, m * PANEL + r);
                DoubleVector third = all.fma(1 / THIRD, ROUNDER).sub(ROUNDER);
                DoubleVector rest = third.fma(LESS_THIRD, all);
                DoubleVector second = rest.fma(1 / SECOND, ROUNDER).sub(ROUNDER);
                DoubleVector first = second.fma(LESS_SECOND, rest);
                int at = m * WIDTH + r;
                narrow(first).intoArray(t, at);
                narrow(second).intoArray(t, at + PANEL);
                narrow(third).intoArray(t, at + 2 * PANEL);
            }
        }
    }

    /** Brings scales and zero points of three panels to the places of their rows, zero points to those of codes less 8. */
    static void arrange(float[] scale, float[] zero) {
        float[] line = new float[PANEL];
        for (int at = 0; at < WIDTH; at += PANEL) {
            for (int r = 0; r < PANEL; r++) {
                line[place(r)] = scale[at + r];
            }
            System.arraycopy(line, 0, scale, at, PANEL);
            for (int r = 0; r < PANEL; r++) {
                line[place(r)] = zero[at + r] - MIDDLE;
            }
            System.arraycopy(line, 0, zero, at, PANEL);
        }
    }

    /** Brings the results of a panel's rows back into the order of the rows. */
    static void inOrder(float[] out, int at) {
        float[] line = new float[PANEL];
        for (int r = 0; r < PANEL; r++) {
            line[r] = out[at + place(r)];
        }
        System.arraycopy(line, 0, out, at, PANEL);
    }

    private static FloatVector narrow(DoubleVector v) {
        return (FloatVector) v.convertShape(VectorOperators.D2F, F, 0);
    }
}
