package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Codes as floats, and register tiles of them: sums of a group stay below 2²⁴, so f32 holds them exactly. */
final class VectorBlockTiles {
    private static final int N = Lanes.N;
    private static final int BYTE = 255;
    private static final int NIBBLE = 15;

    /** Columns of a tile: two panels side by side. */
    static final int WIDTH = 2 * PANEL;

    /** Rows of a tile. */
    static final int HEIGHT = 8;

    /** Inputs of a row that lie together, and from row to row of a tile of activations. */
    private static final int CHUNK = 64;

    private static final VectorSpecies<Byte> NARROW = N == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

    private VectorBlockTiles() {}

    /** Bytes with a sign to floats; n is a multiple of 16. */
    static void widen(MemorySegment codes, long at, int n, float[] dst, int to) {
        if (N < NARROW.length()) {
            for (int i = 0; i < n; i++) {
                dst[to + i] = codes.get(Mem.I8, at + i);
            }
            return;
        }
        for (int i = 0; i < n; i += N) {
            ByteVector v = ByteVector.fromMemorySegment(NARROW, codes, at + i, LITTLE_ENDIAN);
            ((FloatVector) v.convertShape(VectorOperators.B2F, Lanes.F, 0)).intoArray(dst, to + i);
        }
    }

    /** Bytes without sign to floats; n is a multiple of 16. */
    static void widenUnsigned(MemorySegment codes, long at, int n, float[] dst, int to) {
        if (N < NARROW.length()) {
            for (int i = 0; i < n; i++) {
                dst[to + i] = codes.get(Mem.I8, at + i) & BYTE;
            }
            return;
        }
        for (int i = 0; i < n; i += N) {
            ByteVector v = ByteVector.fromMemorySegment(NARROW, codes, at + i, LITTLE_ENDIAN);
            IntVector wide = (IntVector) v.convertShape(VectorOperators.ZERO_EXTEND_B2I, Lanes.I, 0);
            number(wide).intoArray(dst, to + i);
        }
    }

    /** Codes of 4 bits of a panel, {@code words} words from byte {@code at} on: input k of row r to {@code dst[to + WIDTH k + r]}. */
    static void nibbles(MemorySegment codes, long at, int words, float[] dst, int to) {
        for (int j = 0; j < words; j++) {
            for (int r = 0; r < PANEL; r += N) {
                long p = at + (long) j * WORD + 4L * r;
                IntVector v = IntVector.fromMemorySegment(Lanes.I, codes, p, LITTLE_ENDIAN);
                int d = to + 8 * j * WIDTH + r;
                for (int i = 0; i < 4; i++) {
                    IntVector both = v.lanewise(VectorOperators.LSHR, Byte.SIZE * i);
                    number(both.and(NIBBLE)).intoArray(dst, d + i * WIDTH);
                    number(both.lanewise(VectorOperators.LSHR, 4).and(NIBBLE)).intoArray(dst, d + (4 + i) * WIDTH);
                }
            }
        }
    }

    /** As {@link #nibbles} for codes of 8 bits. */
    static void bytes(MemorySegment codes, long at, int words, float[] dst, int to) {
        for (int j = 0; j < words; j++) {
            for (int r = 0; r < PANEL; r += N) {
                long p = at + (long) j * WORD + 4L * r;
                IntVector v = IntVector.fromMemorySegment(Lanes.I, codes, p, LITTLE_ENDIAN);
                int d = to + 4 * j * WIDTH + r;
                number(v.and(BYTE)).intoArray(dst, d);
                number(v.lanewise(VectorOperators.LSHR, 8).and(BYTE)).intoArray(dst, d + WIDTH);
                number(v.lanewise(VectorOperators.LSHR, 16).and(BYTE)).intoArray(dst, d + 2 * WIDTH);
                number(v.lanewise(VectorOperators.LSHR, 24)).intoArray(dst, d + 3 * WIDTH);
            }
        }
    }

    private static FloatVector number(IntVector v) {
        return (FloatVector) v.convert(VectorOperators.I2F, 0);
    }

    /**
     * {@code t[m, j] = Σ_k a[m, k] · b[k, j]} of a tile.
     *
     * @param a input k of row m at {@code aAt + k / 64 * 1024 + 64 m + k % 64}
     * @param n inputs: up to 64, or a multiple of 64
     * @param rows of which sums are wanted; up to the next multiple of 4 they are computed
     */
    static void multiply(float[] a, int aAt, float[] b, int n, int rows, float[] t) {
        for (int j = 0; j < WIDTH; j += 2 * N) {
            if (N == 16 && rows > 4) {
                eight(a, aAt, b, n, t);
            } else {
                four(a, aAt, b, j, n, t, j);
                if (rows > 4) {
                    four(a, aAt + 4 * CHUNK, b, j, n, t, 4 * WIDTH + j);
                }
            }
        }
    }

    private static void four(float[] a, int aAt, float[] b, int bAt, int n, float[] t, int at) {
        FloatVector s0 = FloatVector.zero(Lanes.F);
        FloatVector t0 = s0;
        FloatVector s1 = s0;
        FloatVector t1 = s0;
        FloatVector s2 = s0;
        FloatVector t2 = s0;
        FloatVector s3 = s0;
        FloatVector t3 = s0;
        int c = aAt;
        int d = bAt;
        for (int k = 0; k < n; k += CHUNK) {
            int end = Math.min(CHUNK, n - k);
            for (int i = 0; i < end; i++) {
                FloatVector p = FloatVector.fromArray(Lanes.F, b, d);
                FloatVector q = FloatVector.fromArray(Lanes.F, b, d + N);
                FloatVector v0 = FloatVector.broadcast(Lanes.F, a[c + i]);
                s0 = v0.fma(p, s0);
                t0 = v0.fma(q, t0);
                FloatVector v1 = FloatVector.broadcast(Lanes.F, a[c + CHUNK + i]);
                s1 = v1.fma(p, s1);
                t1 = v1.fma(q, t1);
                FloatVector v2 = FloatVector.broadcast(Lanes.F, a[c + 2 * CHUNK + i]);
                s2 = v2.fma(p, s2);
                t2 = v2.fma(q, t2);
                FloatVector v3 = FloatVector.broadcast(Lanes.F, a[c + 3 * CHUNK + i]);
                s3 = v3.fma(p, s3);
                t3 = v3.fma(q, t3);
                d += WIDTH;
            }
            c += PANEL * CHUNK;
        }
        s0.intoArray(t, at);
        t0.intoArray(t, at + N);
        s1.intoArray(t, at + WIDTH);
        t1.intoArray(t, at + WIDTH + N);
        s2.intoArray(t, at + 2 * WIDTH);
        t2.intoArray(t, at + 2 * WIDTH + N);
        s3.intoArray(t, at + 3 * WIDTH);
        t3.intoArray(t, at + 3 * WIDTH + N);
    }

    private static void eight(float[] a, int aAt, float[] b, int n, float[] t) {
        FloatVector s0 = FloatVector.zero(Lanes.F);
        FloatVector t0 = s0;
        FloatVector s1 = s0;
        FloatVector t1 = s0;
        FloatVector s2 = s0;
        FloatVector t2 = s0;
        FloatVector s3 = s0;
        FloatVector t3 = s0;
        FloatVector s4 = s0;
        FloatVector t4 = s0;
        FloatVector s5 = s0;
        FloatVector t5 = s0;
        FloatVector s6 = s0;
        FloatVector t6 = s0;
        FloatVector s7 = s0;
        FloatVector t7 = s0;
        int c = aAt;
        int d = 0;
        for (int k = 0; k < n; k += CHUNK) {
            int end = Math.min(CHUNK, n - k);
            for (int i = 0; i < end; i++) {
                FloatVector p = FloatVector.fromArray(Lanes.F, b, d);
                FloatVector q = FloatVector.fromArray(Lanes.F, b, d + N);
                FloatVector v0 = FloatVector.broadcast(Lanes.F, a[c + i]);
                s0 = v0.fma(p, s0);
                t0 = v0.fma(q, t0);
                FloatVector v1 = FloatVector.broadcast(Lanes.F, a[c + CHUNK + i]);
                s1 = v1.fma(p, s1);
                t1 = v1.fma(q, t1);
                FloatVector v2 = FloatVector.broadcast(Lanes.F, a[c + 2 * CHUNK + i]);
                s2 = v2.fma(p, s2);
                t2 = v2.fma(q, t2);
                FloatVector v3 = FloatVector.broadcast(Lanes.F, a[c + 3 * CHUNK + i]);
                s3 = v3.fma(p, s3);
                t3 = v3.fma(q, t3);
                FloatVector v4 = FloatVector.broadcast(Lanes.F, a[c + 4 * CHUNK + i]);
                s4 = v4.fma(p, s4);
                t4 = v4.fma(q, t4);
                FloatVector v5 = FloatVector.broadcast(Lanes.F, a[c + 5 * CHUNK + i]);
                s5 = v5.fma(p, s5);
                t5 = v5.fma(q, t5);
                FloatVector v6 = FloatVector.broadcast(Lanes.F, a[c + 6 * CHUNK + i]);
                s6 = v6.fma(p, s6);
                t6 = v6.fma(q, t6);
                FloatVector v7 = FloatVector.broadcast(Lanes.F, a[c + 7 * CHUNK + i]);
                s7 = v7.fma(p, s7);
                t7 = v7.fma(q, t7);
                d += WIDTH;
            }
            c += PANEL * CHUNK;
        }
        s0.intoArray(t, 0);
        t0.intoArray(t, N);
        s1.intoArray(t, WIDTH);
        t1.intoArray(t, WIDTH + N);
        s2.intoArray(t, 2 * WIDTH);
        t2.intoArray(t, 2 * WIDTH + N);
        s3.intoArray(t, 3 * WIDTH);
        t3.intoArray(t, 3 * WIDTH + N);
        s4.intoArray(t, 4 * WIDTH);
        t4.intoArray(t, 4 * WIDTH + N);
        s5.intoArray(t, 5 * WIDTH);
        t5.intoArray(t, 5 * WIDTH + N);
        s6.intoArray(t, 6 * WIDTH);
        t6.intoArray(t, 6 * WIDTH + N);
        s7.intoArray(t, 7 * WIDTH);
        t7.intoArray(t, 7 * WIDTH + N);
    }

    /**
     * {@code y[m, j] = fma(t[m, j] - zero[j] · sum[m], scale[j] · xScale[m], y[m, j])} of a tile.
     *
     * @param sums for each row the scale of its group and the sum of its codes, negated, from {@code sumsAt} on
     */
    static void add(float[] t, int rows, float[] scale, float[] zero, float[] sums, int sumsAt, float[] y, int yAt) {
        for (int j = 0; j < WIDTH; j += N) {
            FloatVector s = FloatVector.fromArray(Lanes.F, scale, j);
            FloatVector z = FloatVector.fromArray(Lanes.F, zero, j);
            for (int m = 0; m < rows; m++) {
                int i = m * WIDTH + j;
                FloatVector total = z.fma(
                        FloatVector.broadcast(Lanes.F, sums[sumsAt + 2 * m + 1]), FloatVector.fromArray(Lanes.F, t, i));
                total.fma(s.mul(sums[sumsAt + 2 * m]), FloatVector.fromArray(Lanes.F, y, yAt + i))
                        .intoArray(y, yAt + i);
            }
        }
    }
}
