package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Softening} with vectors: a lane is a row, so nothing crosses lanes. */
final class VectorSoftening {
    private static final int N = Lanes.N;

    private VectorSoftening() {}

    static void columns(float[] scores, int n, float[] state, int peak, int sum, float[] shrink) {
        for (int r = 0; r < PANEL; r += N) {
            FloatVector before = FloatVector.fromArray(Lanes.F, state, peak + r);
            FloatVector now = greatest(scores, r, n, before);
            // a row that sees nothing yet: its scores are -∞, and less any number they give 0
            FloatVector shift = now.blend(0f, now.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            now.intoArray(state, peak + r);
            FloatVector factor = VectorMath.expNegative(before.sub(shift));
            FloatVector total = FloatVector.fromArray(Lanes.F, state, sum + r).mul(factor);
            factor.intoArray(shrink, r);
            total.add(weigh(scores, r, n, shift)).intoArray(state, sum + r);
        }
    }

    private static FloatVector greatest(float[] scores, int r, int n, FloatVector peak) {
        FloatVector a = peak;
        FloatVector b = peak;
        int i = 0;
        for (; i + 1 < n; i += 2) {
            a = a.max(FloatVector.fromArray(Lanes.F, scores, i * PANEL + r));
            b = b.max(FloatVector.fromArray(Lanes.F, scores, (i + 1) * PANEL + r));
        }
        if (i < n) {
            a = a.max(FloatVector.fromArray(Lanes.F, scores, i * PANEL + r));
        }
        return a.max(b);
    }

    private static FloatVector weigh(float[] scores, int r, int n, FloatVector shift) {
        FloatVector total = FloatVector.zero(Lanes.F);
        for (int i = 0; i < n; i++) {
            FloatVector weight = VectorMath.expNegative(
                    FloatVector.fromArray(Lanes.F, scores, i * PANEL + r).sub(shift));
            weight.intoArray(scores, i * PANEL + r);
            total = total.add(weight);
        }
        return total;
    }
}
