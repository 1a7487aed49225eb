package dev.decanter.cpu.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Row operations with vectors. Sums keep 32 partial sums at every width and add them in one fixed tree, so that a result
 * depends neither on the width nor on whether the code is compiled yet (reduceLanes promises no order).
 */
final class VectorRows {
    private static final int N = Lanes.N;
    private static final int STEP = 32;
    private static final int HALF_STEP = 16;
    private static final VectorShuffle<Float> DOWN_8 = down(8);
    private static final VectorShuffle<Float> DOWN_4 = down(4);
    private static final VectorShuffle<Float> DOWN_2 = down(2);
    private static final VectorShuffle<Float> DOWN_1 = down(1);

    private VectorRows() {}

    /** Lane i takes lane i + {@code by}; where the vector is narrower the shuffle is not used. */
    private static VectorShuffle<Float> down(int by) {
        return VectorShuffle.fromOp(Lanes.F, i -> (i + by) % N);
    }

    static float dot(float[] a, int aAt, float[] b, int bAt, int n) {
        FloatVector s0 = FloatVector.zero(Lanes.F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        int i = 0;
        for (; i + STEP <= n; i += STEP) {
            int p = aAt + i;
            int q = bAt + i;
            s0 = FloatVector.fromArray(Lanes.F, a, p).fma(FloatVector.fromArray(Lanes.F, b, q), s0);
            s1 = FloatVector.fromArray(Lanes.F, a, p + N).fma(FloatVector.fromArray(Lanes.F, b, q + N), s1);
            if (N <= 8) {
                s2 = FloatVector.fromArray(Lanes.F, a, p + 2 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 2 * N), s2);
                s3 = FloatVector.fromArray(Lanes.F, a, p + 3 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 3 * N), s3);
            }
            if (N <= 4) {
                s4 = FloatVector.fromArray(Lanes.F, a, p + 4 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 4 * N), s4);
                s5 = FloatVector.fromArray(Lanes.F, a, p + 5 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 5 * N), s5);
                s6 = FloatVector.fromArray(Lanes.F, a, p + 6 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 6 * N), s6);
                s7 = FloatVector.fromArray(Lanes.F, a, p + 7 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 7 * N), s7);
            }
        }
        if (i + HALF_STEP <= n) {
            int p = aAt + i;
            int q = bAt + i;
            s0 = FloatVector.fromArray(Lanes.F, a, p).fma(FloatVector.fromArray(Lanes.F, b, q), s0);
            if (N <= 8) {
                s1 = FloatVector.fromArray(Lanes.F, a, p + N).fma(FloatVector.fromArray(Lanes.F, b, q + N), s1);
            }
            if (N <= 4) {
                s2 = FloatVector.fromArray(Lanes.F, a, p + 2 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 2 * N), s2);
                s3 = FloatVector.fromArray(Lanes.F, a, p + 3 * N).fma(FloatVector.fromArray(Lanes.F, b, q + 3 * N), s3);
            }
            i += HALF_STEP;
        }
        if (N == 8) {
            s0 = s0.add(s2);
            s1 = s1.add(s3);
        }
        if (N == 4) {
            s0 = s0.add(s4).add(s2.add(s6));
            s1 = s1.add(s5).add(s3.add(s7));
        }
        float total = total(s0.add(s1));
        for (; i < n; i++) {
            total = Math.fma(a[aAt + i], b[bAt + i], total);
        }
        return total;
    }

    private static float total(FloatVector v) {
        if (N == 16) {
            v = v.add(v.rearrange(DOWN_8));
        }
        if (N >= 8) {
            v = v.add(v.rearrange(DOWN_4));
        }
        v = v.add(v.rearrange(DOWN_2));
        v = v.add(v.rearrange(DOWN_1));
        return v.lane(0);
    }

    static float sum(float[] a, int at, int n) {
        FloatVector s0 = FloatVector.zero(Lanes.F);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        int i = 0;
        for (; i + STEP <= n; i += STEP) {
            int p = at + i;
            s0 = s0.add(FloatVector.fromArray(Lanes.F, a, p));
            s1 = s1.add(FloatVector.fromArray(Lanes.F, a, p + N));
            if (N <= 8) {
                s2 = s2.add(FloatVector.fromArray(Lanes.F, a, p + 2 * N));
                s3 = s3.add(FloatVector.fromArray(Lanes.F, a, p + 3 * N));
            }
            if (N <= 4) {
                s4 = s4.add(FloatVector.fromArray(Lanes.F, a, p + 4 * N));
                s5 = s5.add(FloatVector.fromArray(Lanes.F, a, p + 5 * N));
                s6 = s6.add(FloatVector.fromArray(Lanes.F, a, p + 6 * N));
                s7 = s7.add(FloatVector.fromArray(Lanes.F, a, p + 7 * N));
            }
        }
        if (N == 8) {
            s0 = s0.add(s2);
            s1 = s1.add(s3);
        }
        if (N == 4) {
            s0 = s0.add(s4).add(s2.add(s6));
            s1 = s1.add(s5).add(s3.add(s7));
        }
        float total = total(s0.add(s1));
        for (; i < n; i++) {
            total += a[at + i];
        }
        return total;
    }

    static float max(float[] a, int at, int n) {
        FloatVector m = FloatVector.broadcast(Lanes.F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i + N <= n; i += N) {
            m = m.max(FloatVector.fromArray(Lanes.F, a, at + i));
        }
        float max = m.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = Math.max(max, a[at + i]);
        }
        return max;
    }
}
