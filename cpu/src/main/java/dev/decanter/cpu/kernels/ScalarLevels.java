package dev.decanter.cpu.kernels;

/** Plain-loop twin of {@link VectorLevels}. Arithmetic is in f32 in the reference's order: ties depend on it. */
final class ScalarLevels {
    private ScalarLevels() {}

    /** {@code x = values of x's codes}, in place. */
    static void round(QuantizerLevels q, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = x[i] > q.high() ? q.outHigh() : code(q, x[i]) / q.steps() * (q.outHigh() - q.outLow()) + q.outLow();
        }
    }

    /** Codes of {@code x}. */
    static void codes(QuantizerLevels q, float[] x, byte[] codes, int n) {
        for (int i = 0; i < n; i++) {
            codes[i] = (byte) (int) code(q, x[i]);
        }
    }

    private static float code(QuantizerLevels q, float x) {
        float place = (x - q.low()) / (q.high() - q.low()) * q.steps();
        return (float) Math.rint(Math.min(Math.max(place, 0), q.steps()));
    }
}
