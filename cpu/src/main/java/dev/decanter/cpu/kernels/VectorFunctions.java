package dev.decanter.cpu.kernels;

import jdk.incubator.vector.FloatVector;

/**
 * The functions of {@link VectorMath} over rows. A function is a list of passes, each a short loop over buffers in the
 * first-level cache, called from one place: C2 then compiles every loop by itself or with one other. Inlined together
 * they exceed its limit of nodes, after which vectors are boxed and everything runs ten times slower.
 */
final class VectorFunctions {
    private static final int N = Lanes.N;
    private static final float HALF_SQRT_2 = 0.70710677f;

    /** One loop over {@code n} elements, a multiple of the lanes. */
    @FunctionalInterface
    private interface Pass {
        /**
         * Runs the loop.
         *
         * @param x the values; the last pass leaves the result here
         * @param y what the function's heart is applied to
         * @param e its exponentials
         */
        void run(float[] x, float[] y, float[] e, int n, float alpha);
    }

    private static final Pass[] EXP = {VectorFunctions::exp};
    private static final Pass[] SIGMOID = {VectorFunctions::sigmoid};
    private static final Pass[] SWISH = {VectorFunctions::swish};
    private static final Pass[] TANH = {
        VectorFunctions::take, VectorFunctions::tanhPower, VectorFunctions::tanhJoin, VectorFunctions::give
    };
    private static final Pass[] ERF = {
        VectorFunctions::take,
        VectorFunctions::erfExponent,
        VectorFunctions::power,
        VectorFunctions::erfJoin,
        VectorFunctions::give
    };
    private static final Pass[] GELU = {
        VectorFunctions::geluScale,
        VectorFunctions::erfExponent,
        VectorFunctions::power,
        VectorFunctions::erfJoin,
        VectorFunctions::geluGate
    };
    private static final Pass[] GELU_TANH = {
        VectorFunctions::geluInner, VectorFunctions::tanhPower, VectorFunctions::tanhJoin, VectorFunctions::geluGate
    };

    private VectorFunctions() {}

    /** See {@link Rows#expMinus}. */
    static void expMinus(float[] a, int at, int n, float shift) {
        apply(EXP, a, at, n, shift);
    }

    /** See {@link Rows#unary}, for the operations with a vector form. */
    static void unary(UnaryOp op, float[] a, int at, int n, float alpha) {
        switch (op) {
            case EXP -> apply(EXP, a, at, n, 0);
            case TANH -> apply(TANH, a, at, n, 0);
            case ERF -> apply(ERF, a, at, n, 0);
            case SIGMOID -> apply(SIGMOID, a, at, n, 0);
            case SWISH -> apply(SWISH, a, at, n, alpha);
            case GELU -> apply(GELU, a, at, n, 0);
            case GELU_TANH -> apply(GELU_TANH, a, at, n, 0);
            default -> throw new IllegalArgumentException(op + " has no vector form");
        }
    }

    /** Works on a padded copy, so that loops need no tail. */
    private static void apply(Pass[] passes, float[] a, int at, int n, float alpha) {
        int padded = Math.ceilDiv(n, N) * N;
        Scratch scratch = Scratch.current();
        float[] x = scratch.floats(Scratch.VALUES, padded);
        float[] y = scratch.floats(Scratch.INNER, padded);
        float[] e = scratch.floats(Scratch.POWER, padded);
        System.arraycopy(a, at, x, 0, n);
        for (Pass pass : passes) {
            pass.run(x, y, e, padded, alpha);
        }
        System.arraycopy(x, 0, a, at, n);
    }

    private static void exp(float[] x, float[] y, float[] e, int n, float shift) {
        for (int i = 0; i < n; i += N) {
            VectorMath.exp(FloatVector.fromArray(Lanes.F, x, i).sub(shift)).intoArray(x, i);
        }
    }

    private static void sigmoid(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            VectorMath.sigmoid(FloatVector.fromArray(Lanes.F, x, i)).intoArray(x, i);
        }
    }

    private static void swish(float[] x, float[] y, float[] e, int n, float beta) {
        for (int i = 0; i < n; i += N) {
            VectorMath.swish(FloatVector.fromArray(Lanes.F, x, i), beta).intoArray(x, i);
        }
    }

    private static void take(float[] x, float[] y, float[] e, int n, float alpha) {
        System.arraycopy(x, 0, y, 0, n);
    }

    private static void give(float[] x, float[] y, float[] e, int n, float alpha) {
        System.arraycopy(y, 0, x, 0, n);
    }

    private static void power(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            VectorMath.exp(FloatVector.fromArray(Lanes.F, e, i)).intoArray(e, i);
        }
    }

    private static void tanhPower(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            VectorMath.tanhPower(FloatVector.fromArray(Lanes.F, y, i)).intoArray(e, i);
        }
    }

    private static void tanhJoin(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            FloatVector power = FloatVector.fromArray(Lanes.F, e, i);
            VectorMath.tanh(FloatVector.fromArray(Lanes.F, y, i), power).intoArray(y, i);
        }
    }

    private static void erfExponent(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            VectorMath.erfExponent(FloatVector.fromArray(Lanes.F, y, i)).intoArray(e, i);
        }
    }

    private static void erfJoin(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            FloatVector power = FloatVector.fromArray(Lanes.F, e, i);
            VectorMath.erf(FloatVector.fromArray(Lanes.F, y, i), power).intoArray(y, i);
        }
    }

    private static void geluScale(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i++) {
            y[i] = x[i] * HALF_SQRT_2;
        }
    }

    private static void geluInner(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i += N) {
            VectorMath.geluInner(FloatVector.fromArray(Lanes.F, x, i)).intoArray(y, i);
        }
    }

    private static void geluGate(float[] x, float[] y, float[] e, int n, float alpha) {
        for (int i = 0; i < n; i++) {
            x[i] = 0.5f * x[i] * (1 + y[i]);
        }
    }
}
