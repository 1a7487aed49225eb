package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Multiplies by packed weights straight from memory, with no buffer between, so that loads run ahead while sums are
 * formed: one row of activations is bound by memory. Packed memory is always native, hence loads from segments stay
 * fast. {@link PackedWeights} says how the paired layout lies.
 */
final class VectorStreams {
    private static final int N = Lanes.N;
    private static final int PAIR = 2 * N;
    private static final int HALF = PANEL / 2;
    private static final VectorSpecies<Byte> BYTES = N == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
    private static final int EXPONENT_SHIFT = 3;
    private static final int LOW_MASK = 0x8fffffff;
    private static final int HIGH_MASK = 0x8fffe000;
    private static final int UPPER = 0xffff0000;

    private VectorStreams() {}

    /** {@code sum[to + r] += Σ_k x[xAt + k] · w[k, r]} for f32 weights from byte {@code at}; n is a multiple of 4. */
    static void floats(MemorySegment w, long at, int n, float[] x, int xAt, float[] sum, int to) {
        for (int j = 0; j < PANEL; j += PAIR) {
            FloatVector a0 = FloatVector.fromArray(Lanes.F, sum, to + j);
            FloatVector b0 = FloatVector.fromArray(Lanes.F, sum, to + j + N);
            FloatVector a1 = FloatVector.zero(Lanes.F);
            FloatVector b1 = a1;
            FloatVector a2 = a1;
            FloatVector b2 = a1;
            FloatVector a3 = a1;
            FloatVector b3 = a1;
            for (int k = 0; k < n; k += 4) {
                long p = at + 4L * (k * PANEL + j);
                FloatVector x0 = FloatVector.broadcast(Lanes.F, x[xAt + k]);
                FloatVector x1 = FloatVector.broadcast(Lanes.F, x[xAt + k + 1]);
                FloatVector x2 = FloatVector.broadcast(Lanes.F, x[xAt + k + 2]);
                FloatVector x3 = FloatVector.broadcast(Lanes.F, x[xAt + k + 3]);
                a0 = load(w, p).fma(x0, a0);
                b0 = load(w, p + 4L * N).fma(x0, b0);
                a1 = load(w, p + 4L * PANEL).fma(x1, a1);
                b1 = load(w, p + 4L * PANEL + 4L * N).fma(x1, b1);
                a2 = load(w, p + 8L * PANEL).fma(x2, a2);
                b2 = load(w, p + 8L * PANEL + 4L * N).fma(x2, b2);
                a3 = load(w, p + 12L * PANEL).fma(x3, a3);
                b3 = load(w, p + 12L * PANEL + 4L * N).fma(x3, b3);
            }
            a0.add(a1).add(a2.add(a3)).intoArray(sum, to + j);
            b0.add(b1).add(b2.add(b3)).intoArray(sum, to + j + N);
        }
    }

    private static FloatVector load(MemorySegment w, long at) {
        return FloatVector.fromMemorySegment(Lanes.F, w, at, LITTLE_ENDIAN);
    }

    private static IntVector pairs(MemorySegment w, long at) {
        return IntVector.fromMemorySegment(Lanes.I, w, at, LITTLE_ENDIAN);
    }

    private static FloatVector halfLow(IntVector v) {
        return v.lanewise(VectorOperators.LSHL, Short.SIZE)
                .lanewise(VectorOperators.ASHR, EXPONENT_SHIFT)
                .and(LOW_MASK)
                .reinterpretAsFloats();
    }

    private static FloatVector halfHigh(IntVector v) {
        return v.lanewise(VectorOperators.ASHR, EXPONENT_SHIFT).and(HIGH_MASK).reinterpretAsFloats();
    }

    private static FloatVector brainLow(IntVector v) {
        return v.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
    }

    private static FloatVector brainHigh(IntVector v) {
        return v.and(UPPER).reinterpretAsFloats();
    }

    /** As {@link #floats} for {@link HalfCode}s; activations carry the codes' {@link HalfCode#SCALE}. */
    static void halfs(MemorySegment w, long at, int n, float[] x, int xAt, float[] sum, int to) {
        // two inputs a turn, not four: the body must stay below C2's limit of nodes for inlining, or vectors are boxed
        for (int j = 0; j < HALF; j += N) {
            FloatVector a0 = FloatVector.fromArray(Lanes.F, sum, to + j);
            FloatVector b0 = FloatVector.fromArray(Lanes.F, sum, to + j + HALF);
            FloatVector a1 = FloatVector.zero(Lanes.F);
            FloatVector b1 = a1;
            for (int k = 0; k < n; k += 2) {
                long p = at + 2L * k * PANEL + 4L * j;
                FloatVector x0 = FloatVector.broadcast(Lanes.F, x[xAt + k]);
                FloatVector x1 = FloatVector.broadcast(Lanes.F, x[xAt + k + 1]);
                IntVector v0 = pairs(w, p);
                IntVector v1 = pairs(w, p + 2L * PANEL);
                a0 = halfLow(v0).fma(x0, a0);
                b0 = halfHigh(v0).fma(x0, b0);
                a1 = halfLow(v1).fma(x1, a1);
                b1 = halfHigh(v1).fma(x1, b1);
            }
            a0.add(a1).intoArray(sum, to + j);
            b0.add(b1).intoArray(sum, to + j + HALF);
        }
    }

    /** As {@link #floats} for bf16. */
    static void brains(MemorySegment w, long at, int n, float[] x, int xAt, float[] sum, int to) {
        for (int j = 0; j < HALF; j += N) {
            FloatVector a0 = FloatVector.fromArray(Lanes.F, sum, to + j);
            FloatVector b0 = FloatVector.fromArray(Lanes.F, sum, to + j + HALF);
            FloatVector a1 = FloatVector.zero(Lanes.F);
            FloatVector b1 = a1;
            FloatVector a2 = a1;
            FloatVector b2 = a1;
            FloatVector a3 = a1;
            FloatVector b3 = a1;
            for (int k = 0; k < n; k += 4) {
                long p = at + 2L * k * PANEL + 4L * j;
                FloatVector x0 = FloatVector.broadcast(Lanes.F, x[xAt + k]);
                FloatVector x1 = FloatVector.broadcast(Lanes.F, x[xAt + k + 1]);
                FloatVector x2 = FloatVector.broadcast(Lanes.F, x[xAt + k + 2]);
                FloatVector x3 = FloatVector.broadcast(Lanes.F, x[xAt + k + 3]);
                IntVector v0 = pairs(w, p);
                IntVector v1 = pairs(w, p + 2L * PANEL);
                IntVector v2 = pairs(w, p + 4L * PANEL);
                IntVector v3 = pairs(w, p + 6L * PANEL);
                a0 = brainLow(v0).fma(x0, a0);
                b0 = brainHigh(v0).fma(x0, b0);
                a1 = brainLow(v1).fma(x1, a1);
                b1 = brainHigh(v1).fma(x1, b1);
                a2 = brainLow(v2).fma(x2, a2);
                b2 = brainHigh(v2).fma(x2, b2);
                a3 = brainLow(v3).fma(x3, a3);
                b3 = brainHigh(v3).fma(x3, b3);
            }
            a0.add(a1).add(a2.add(a3)).intoArray(sum, to + j);
            b0.add(b1).add(b2.add(b3)).intoArray(sum, to + j + HALF);
        }
    }

    /** Decodes {@code n} inputs of paired {@link HalfCode}s to {@code dst}, the rows of one input together. */
    static void decodeHalfs(MemorySegment w, long at, int n, float[] dst) {
        for (int k = 0; k < n; k++) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v = pairs(w, at + 2L * k * PANEL + 4L * j);
                halfLow(v).mul(HalfCode.SCALE).intoArray(dst, k * PANEL + j);
                halfHigh(v).mul(HalfCode.SCALE).intoArray(dst, k * PANEL + HALF + j);
            }
        }
    }

    /** As {@link #decodeHalfs} for bf16. */
    static void decodeBrains(MemorySegment w, long at, int n, float[] dst) {
        for (int k = 0; k < n; k++) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v = pairs(w, at + 2L * k * PANEL + 4L * j);
                brainLow(v).intoArray(dst, k * PANEL + j);
                brainHigh(v).intoArray(dst, k * PANEL + HALF + j);
            }
        }
    }

    /** Decodes {@code n} inputs of paired bytes, two inputs of 16 rows to an int, to the integers they store. */
    static void decodeBytes(MemorySegment w, long at, int n, float[] dst) {
        for (int k = 0; k < n; k += 2) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v = pairs(w, at + (long) k * PANEL + 4L * j);
                int d = k * PANEL + j;
                number(v.and(0xff)).intoArray(dst, d);
                number(v.lanewise(VectorOperators.LSHR, 8).and(0xff)).intoArray(dst, d + HALF);
                number(v.lanewise(VectorOperators.LSHR, 16).and(0xff)).intoArray(dst, d + PANEL);
                number(v.lanewise(VectorOperators.LSHR, 24)).intoArray(dst, d + PANEL + HALF);
            }
        }
    }

    /** Decodes {@code n} inputs of paired half bytes, four inputs of 16 rows to an int, to the integers they store. */
    static void decodeNibbles(MemorySegment w, long at, int n, float[] dst) {
        for (int k = 0; k < n; k += 4) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v = pairs(w, at + (long) (k >> 1) * PANEL + 4L * j);
                int d = k * PANEL + j;
                for (int i = 0; i < 4; i++) {
                    number(v.and(15)).intoArray(dst, d);
                    number(v.lanewise(VectorOperators.LSHR, 4).and(15)).intoArray(dst, d + HALF);
                    v = v.lanewise(VectorOperators.LSHR, 8);
                    d += PANEL;
                }
            }
        }
    }

    private static FloatVector number(IntVector v) {
        return (FloatVector) v.convert(VectorOperators.I2F, 0);
    }

    /** u8 from byte {@code at} to {@code dst}; returns how many of {@code n} it converted, which is all but a few. */
    static int bytes(MemorySegment s, long at, float[] dst, int n) {
        if (N < 8) {
            // there are no vectors of 4 bytes
            return 0;
        }
        int i = 0;
        for (; i + N <= n; i += N) {
            number((IntVector) ByteVector.fromMemorySegment(BYTES, s, at + i, LITTLE_ENDIAN)
                            .convertShape(VectorOperators.ZERO_EXTEND_B2I, Lanes.I, 0))
                    .intoArray(dst, i);
        }
        return i;
    }
}
