package dev.decanter.cpu.kernels;

/** Operations on rows in heap buffers: vectors where they can be used, else plain loops. All work in place. */
final class Rows {
    private Rows() {}

    /** Returns {@code Σ a[aAt + i] · b[bAt + i]}, {@code n} terms. */
    static float dot(float[] a, int aAt, float[] b, int bAt, int n) {
        return VectorSupport.ENABLED ? VectorRows.dot(a, aAt, b, bAt, n) : ScalarRows.dot(a, aAt, b, bAt, n);
    }

    /** Returns the sum of {@code n} values. */
    static float sum(float[] a, int at, int n) {
        return VectorSupport.ENABLED ? VectorRows.sum(a, at, n) : ScalarRows.sum(a, at, n);
    }

    /** Returns the greatest of {@code n} values, -∞ if there are none, NaN if one is. */
    static float max(float[] a, int at, int n) {
        return VectorSupport.ENABLED ? VectorRows.max(a, at, n) : ScalarRows.max(a, at, n);
    }

    /** {@code a = exp(a - shift)}. */
    static void expMinus(float[] a, int at, int n, float shift) {
        if (VectorSupport.ENABLED) {
            VectorFunctions.expMinus(a, at, n, shift);
        } else {
            ScalarRows.expMinus(a, at, n, shift);
        }
    }

    /** {@code a = a * factor}; C2 vectorises this as it stands. */
    static void scale(float[] a, int at, int n, float factor) {
        for (int i = at; i < at + n; i++) {
            a[i] *= factor;
        }
    }

    /** {@code a = op(a)}. */
    static void unary(UnaryOp op, float[] a, int at, int n, float alpha, float beta) {
        if (VectorSupport.ENABLED && op.vectorised()) {
            VectorFunctions.unary(op, a, at, n, alpha);
        } else {
            ScalarRows.unary(op, a, at, n, alpha, beta);
        }
    }
}
