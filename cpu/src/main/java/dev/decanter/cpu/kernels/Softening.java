package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

/** The running softmax of {@value PackedWeights#PANEL} rows whose scores lie [keys, rows]. */
final class Softening {
    private Softening() {}

    /**
     * Turns scores into weights relative to each row's peak so far.
     *
     * @param scores element of key i and row r at {@code i * PANEL + r}
     * @param state peaks from {@code peak} on, sums of weights from {@code sum} on; both are brought up to date
     * @param shrink receives for each row what earlier weights must be multiplied by
     */
    static void columns(float[] scores, int n, float[] state, int peak, int sum, float[] shrink) {
        if (VectorSupport.ENABLED) {
            VectorSoftening.columns(scores, n, state, peak, sum, shrink);
            return;
        }
        for (int r = 0; r < PANEL; r++) {
            float now = state[peak + r];
            for (int i = 0; i < n; i++) {
                now = Math.max(now, scores[i * PANEL + r]);
            }
            float shift = now == Float.NEGATIVE_INFINITY ? 0 : now;
            shrink[r] = state[peak + r] == now ? 1 : (float) Math.exp(state[peak + r] - shift);
            float total = 0;
            for (int i = 0; i < n; i++) {
                float weight = (float) Math.exp(scores[i * PANEL + r] - shift);
                scores[i * PANEL + r] = weight;
                total += weight;
            }
            state[peak + r] = now;
            state[sum + r] = state[sum + r] * shrink[r] + total;
        }
    }
}
