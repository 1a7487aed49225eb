package dev.decanter.cpu.kernels;

/** Plain-loop twins of {@link VectorRows} and {@link VectorFunctions}, and the functions that have no vector form. */
final class ScalarRows {
    private static final double SQRT_2 = Math.sqrt(2);
    private static final double GELU_SLOPE = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    private ScalarRows() {}

    static float dot(float[] a, int aAt, float[] b, int bAt, int n) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[aAt + i] * b[bAt + i];
        }
        return sum;
    }

    static float sum(float[] a, int at, int n) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            sum += a[at + i];
        }
        return sum;
    }

    static float max(float[] a, int at, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, a[at + i]);
        }
        return max;
    }

    static void expMinus(float[] a, int at, int n, float shift) {
        for (int i = at; i < at + n; i++) {
            a[i] = (float) Math.exp(a[i] - shift);
        }
    }

    static void unary(UnaryOp op, float[] a, int at, int n, float alpha, float beta) {
        switch (op) {
            // these C2 vectorises, so they get loops of their own
            case ABS -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = Math.abs(a[i]);
                }
            }
            case NEGATE -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = -a[i];
                }
            }
            case SQUARE -> {
                for (int i = at; i < at + n; i++) {
                    a[i] *= a[i];
                }
            }
            case SQRT -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = (float) Math.sqrt(a[i]);
                }
            }
            case RECIPROCAL -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = 1 / a[i];
                }
            }
            case RELU -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = Math.max(a[i], 0);
                }
            }
            case CLAMP -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = Math.max(alpha, Math.min(beta, a[i]));
                }
            }
            default -> {
                for (int i = at; i < at + n; i++) {
                    a[i] = (float) apply(op, a[i], alpha, beta);
                }
            }
        }
    }

    private static double apply(UnaryOp op, double x, double alpha, double beta) {
        return switch (op) {
            case ABS -> Math.abs(x);
            case NEGATE -> -x;
            case SQRT -> Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case SQUARE -> x * x;
            case SIGN -> Math.signum(x);
            case FLOOR -> Math.floor(x);
            case CEILING -> Math.ceil(x);
            case ROUND_EVEN -> Math.rint(x);
            case ROUND_AWAY -> Math.copySign(Math.floor(Math.abs(x) + 0.5), x);
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case TAN -> Math.tan(x);
            case SINH -> Math.sinh(x);
            case COSH -> Math.cosh(x);
            case ASIN -> Math.asin(x);
            case ACOS -> Math.acos(x);
            case ATAN -> Math.atan(x);
            case TANH -> Math.tanh(x);
            case ERF -> erf(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case SWISH -> x / (1 + Math.exp(-alpha * x));
            case GELU -> 0.5 * x * (1 + erf(x / SQRT_2));
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(GELU_SLOPE * (x + GELU_CUBIC * x * x * x)));
            case RELU -> Math.max(x, 0);
            case ELU -> x < 0 ? alpha * Math.expm1(x) : x;
            case CLAMP -> Math.max(alpha, Math.min(beta, x));
            case SOFT_PLUS -> softPlus(x);
            case MISH -> x * Math.tanh(softPlus(x));
            case HARD_SWISH -> x * Math.min(Math.max(x + 3, 0), 6) / 6;
            case HARD_SIGMOID -> Math.max(0, Math.min(1, alpha * x + beta));
        };
    }

    private static double softPlus(double x) {
        return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
    }

    /** Error function to about 1e-15: Maclaurin series near 0, continued fraction of erfc beyond (Abramowitz 7.1). */
    static double erf(double x) {
        double t = Math.abs(x);
        if (t > 6) {
            return Math.copySign(1, x);
        }
        if (t > 2.5) {
            double f = 0;
            for (int k = 120; k > 0; k--) {
                f = k / 2.0 / (t + f);
            }
            return Math.copySign(1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + f), x);
        }
        double term = x;
        double sum = x;
        for (int k = 1; k < 60; k++) {
            term *= -x * x / k;
            sum += term / (2 * k + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
