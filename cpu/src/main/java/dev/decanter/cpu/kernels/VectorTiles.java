package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles. Each output is summed in the same order at every width, so results do not depend on it. Bodies are
 * flat and sums are locals: an array of vectors, or a vector handed to a method that is not inlined, would be boxed.
 */
final class VectorTiles {
    private static final int N = Lanes.N;
    private static final int PAIR = 2 * N;

    private VectorTiles() {}

    /** See {@link Tiles#gemv}. Four sums a lane hide the latency of the multiply-add. */
    static void gemv(float[] strip, int n, float[] x, int xAt, float[] sum, int to) {
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
                int i = k * PANEL + j;
                FloatVector x0 = FloatVector.broadcast(Lanes.F, x[xAt + k]);
                FloatVector x1 = FloatVector.broadcast(Lanes.F, x[xAt + k + 1]);
                FloatVector x2 = FloatVector.broadcast(Lanes.F, x[xAt + k + 2]);
                FloatVector x3 = FloatVector.broadcast(Lanes.F, x[xAt + k + 3]);
                a0 = FloatVector.fromArray(Lanes.F, strip, i).fma(x0, a0);
                b0 = FloatVector.fromArray(Lanes.F, strip, i + N).fma(x0, b0);
                a1 = FloatVector.fromArray(Lanes.F, strip, i + PANEL).fma(x1, a1);
                b1 = FloatVector.fromArray(Lanes.F, strip, i + PANEL + N).fma(x1, b1);
                a2 = FloatVector.fromArray(Lanes.F, strip, i + 2 * PANEL).fma(x2, a2);
                b2 = FloatVector.fromArray(Lanes.F, strip, i + 2 * PANEL + N).fma(x2, b2);
                a3 = FloatVector.fromArray(Lanes.F, strip, i + 3 * PANEL).fma(x3, a3);
                b3 = FloatVector.fromArray(Lanes.F, strip, i + 3 * PANEL + N).fma(x3, b3);
            }
            a0.add(a1).add(a2.add(a3)).intoArray(sum, to + j);
            b0.add(b1).add(b2.add(b3)).intoArray(sum, to + j + N);
        }
    }

    /** See {@link Tiles#multiply}. Eight rows need the 32 registers of 512-bit vectors; others take four. */
    static void multiply(
            float[] a,
            int aAt,
            int aStep,
            float[] b,
            int bAt,
            int bStep,
            int n,
            int rows,
            float[] c,
            int cAt,
            int cStep) {
        for (int j = 0; j < PANEL; j += PAIR) {
            if (N == 16 && rows > 4) {
                eight(a, aAt, aStep, b, bAt + j, bStep, n, c, cAt + j, cStep);
            } else {
                four(a, aAt, aStep, b, bAt + j, bStep, n, c, cAt + j, cStep);
                if (rows > 4) {
                    four(a, aAt + 4, aStep, b, bAt + j, bStep, n, c, cAt + 4 * cStep + j, cStep);
                }
            }
        }
    }

    private static void four(
            float[] a, int aAt, int aStep, float[] b, int bAt, int bStep, int n, float[] c, int cAt, int cStep) {
        int c1 = cAt + cStep;
        int c2 = c1 + cStep;
        int c3 = c2 + cStep;
        FloatVector s0 = FloatVector.fromArray(Lanes.F, c, cAt);
        FloatVector t0 = FloatVector.fromArray(Lanes.F, c, cAt + N);
        FloatVector s1 = FloatVector.fromArray(Lanes.F, c, c1);
        FloatVector t1 = FloatVector.fromArray(Lanes.F, c, c1 + N);
        FloatVector s2 = FloatVector.fromArray(Lanes.F, c, c2);
        FloatVector t2 = FloatVector.fromArray(Lanes.F, c, c2 + N);
        FloatVector s3 = FloatVector.fromArray(Lanes.F, c, c3);
        FloatVector t3 = FloatVector.fromArray(Lanes.F, c, c3 + N);
        for (int k = 0; k < n; k++) {
            FloatVector p = FloatVector.fromArray(Lanes.F, b, bAt);
            FloatVector q = FloatVector.fromArray(Lanes.F, b, bAt + N);
            FloatVector v0 = FloatVector.broadcast(Lanes.F, a[aAt]);
            s0 = v0.fma(p, s0);
            t0 = v0.fma(q, t0);
            FloatVector v1 = FloatVector.broadcast(Lanes.F, a[aAt + 1]);
            s1 = v1.fma(p, s1);
            t1 = v1.fma(q, t1);
            FloatVector v2 = FloatVector.broadcast(Lanes.F, a[aAt + 2]);
            s2 = v2.fma(p, s2);
            t2 = v2.fma(q, t2);
            FloatVector v3 = FloatVector.broadcast(Lanes.F, a[aAt + 3]);
            s3 = v3.fma(p, s3);
            t3 = v3.fma(q, t3);
            aAt += aStep;
            bAt += bStep;
        }
        s0.intoArray(c, cAt);
        t0.intoArray(c, cAt + N);
        s1.intoArray(c, c1);
        t1.intoArray(c, c1 + N);
        s2.intoArray(c, c2);
        t2.intoArray(c, c2 + N);
        s3.intoArray(c, c3);
        t3.intoArray(c, c3 + N);
    }

    private static void eight(
            float[] a, int aAt, int aStep, float[] b, int bAt, int bStep, int n, float[] c, int cAt, int cStep) {
        int c1 = cAt + cStep;
        int c2 = c1 + cStep;
        int c3 = c2 + cStep;
        int c4 = c3 + cStep;
        int c5 = c4 + cStep;
        int c6 = c5 + cStep;
        int c7 = c6 + cStep;
        FloatVector s0 = FloatVector.fromArray(Lanes.F, c, cAt);
        FloatVector t0 = FloatVector.fromArray(Lanes.F, c, cAt + N);
        FloatVector s1 = FloatVector.fromArray(Lanes.F, c, c1);
        FloatVector t1 = FloatVector.fromArray(Lanes.F, c, c1 + N);
        FloatVector s2 = FloatVector.fromArray(Lanes.F, c, c2);
        FloatVector t2 = FloatVector.fromArray(Lanes.F, c, c2 + N);
        FloatVector s3 = FloatVector.fromArray(Lanes.F, c, c3);
        FloatVector t3 = FloatVector.fromArray(Lanes.F, c, c3 + N);
        FloatVector s4 = FloatVector.fromArray(Lanes.F, c, c4);
        FloatVector t4 = FloatVector.fromArray(Lanes.F, c, c4 + N);
        FloatVector s5 = FloatVector.fromArray(Lanes.F, c, c5);
        FloatVector t5 = FloatVector.fromArray(Lanes.F, c, c5 + N);
        FloatVector s6 = FloatVector.fromArray(Lanes.F, c, c6);
        FloatVector t6 = FloatVector.fromArray(Lanes.F, c, c6 + N);
        FloatVector s7 = FloatVector.fromArray(Lanes.F, c, c7);
        FloatVector t7 = FloatVector.fromArray(Lanes.F, c, c7 + N);
        for (int k = 0; k < n; k++) {
            FloatVector p = FloatVector.fromArray(Lanes.F, b, bAt);
            FloatVector q = FloatVector.fromArray(Lanes.F, b, bAt + N);
            FloatVector v0 = FloatVector.broadcast(Lanes.F, a[aAt]);
            s0 = v0.fma(p, s0);
            t0 = v0.fma(q, t0);
            FloatVector v1 = FloatVector.broadcast(Lanes.F, a[aAt + 1]);
            s1 = v1.fma(p, s1);
            t1 = v1.fma(q, t1);
            FloatVector v2 = FloatVector.broadcast(Lanes.F, a[aAt + 2]);
            s2 = v2.fma(p, s2);
            t2 = v2.fma(q, t2);
            FloatVector v3 = FloatVector.broadcast(Lanes.F, a[aAt + 3]);
            s3 = v3.fma(p, s3);
            t3 = v3.fma(q, t3);
            FloatVector v4 = FloatVector.broadcast(Lanes.F, a[aAt + 4]);
            s4 = v4.fma(p, s4);
            t4 = v4.fma(q, t4);
            FloatVector v5 = FloatVector.broadcast(Lanes.F, a[aAt + 5]);
            s5 = v5.fma(p, s5);
            t5 = v5.fma(q, t5);
            FloatVector v6 = FloatVector.broadcast(Lanes.F, a[aAt + 6]);
            s6 = v6.fma(p, s6);
            t6 = v6.fma(q, t6);
            FloatVector v7 = FloatVector.broadcast(Lanes.F, a[aAt + 7]);
            s7 = v7.fma(p, s7);
            t7 = v7.fma(q, t7);
            aAt += aStep;
            bAt += bStep;
        }
        s0.intoArray(c, cAt);
        t0.intoArray(c, cAt + N);
        s1.intoArray(c, c1);
        t1.intoArray(c, c1 + N);
        s2.intoArray(c, c2);
        t2.intoArray(c, c2 + N);
        s3.intoArray(c, c3);
        t3.intoArray(c, c3 + N);
        s4.intoArray(c, c4);
        t4.intoArray(c, c4 + N);
        s5.intoArray(c, c5);
        t5.intoArray(c, c5 + N);
        s6.intoArray(c, c6);
        t6.intoArray(c, c6 + N);
        s7.intoArray(c, c7);
        t7.intoArray(c, c7 + N);
    }

    /** See {@link Tiles#rescale}. */
    static void rescale(float[] d, int at, int n, float[] scale, float[] zero) {
        for (int j = 0; j < PANEL; j += PAIR) {
            FloatVector s = FloatVector.fromArray(Lanes.F, scale, j);
            FloatVector t = FloatVector.fromArray(Lanes.F, scale, j + N);
            FloatVector y = FloatVector.fromArray(Lanes.F, zero, j);
            FloatVector z = FloatVector.fromArray(Lanes.F, zero, j + N);
            for (int k = 0; k < n; k++) {
                int i = at + k * PANEL + j;
                FloatVector.fromArray(Lanes.F, d, i).sub(y).mul(s).intoArray(d, i);
                FloatVector.fromArray(Lanes.F, d, i + N).sub(z).mul(t).intoArray(d, i + N);
            }
        }
    }
}
