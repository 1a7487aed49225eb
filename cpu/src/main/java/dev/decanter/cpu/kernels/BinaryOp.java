package dev.decanter.cpu.kernels;

/** Functions of two numbers. The loops are plain: C2 vectorises those that the processor can do. */
public enum BinaryOp {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MAXIMUM,
    MINIMUM,
    POWER,
    /** {@code (a - b)²}. */
    SQUARED_DIFFERENCE,
    /** Remainder with the sign of the dividend. */
    MOD,
    /** Remainder with the sign of the divisor. */
    FLOOR_MOD;

    /** {@code a[i] = a[i] op b[i]} for the first {@code n} elements. */
    void apply(float[] a, float[] b, int n) {
        switch (this) {
            case ADD -> add(a, b, n);
            case SUBTRACT -> subtract(a, b, n);
            case MULTIPLY -> multiply(a, b, n);
            case DIVIDE -> divide(a, b, n);
            case MAXIMUM -> maximum(a, b, n);
            case MINIMUM -> minimum(a, b, n);
            case SQUARED_DIFFERENCE -> squaredDifference(a, b, n);
            case POWER, MOD, FLOOR_MOD -> {
                for (int i = 0; i < n; i++) {
                    a[i] = (float) slow(a[i], b[i]);
                }
            }
        }
    }

    private double slow(float a, float b) {
        return switch (this) {
            case POWER -> b == 2 ? (double) a * a : Math.pow(a, b);
            case MOD -> a % b;
            default -> {
                float rest = a % b;
                yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
            }
        };
    }

    private static void add(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] += b[i];
        }
    }

    private static void subtract(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] -= b[i];
        }
    }

    private static void multiply(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] *= b[i];
        }
    }

    private static void divide(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] /= b[i];
        }
    }

    private static void maximum(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = Math.max(a[i], b[i]);
        }
    }

    private static void minimum(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            a[i] = Math.min(a[i], b[i]);
        }
    }

    private static void squaredDifference(float[] a, float[] b, int n) {
        for (int i = 0; i < n; i++) {
            float d = a[i] - b[i];
            a[i] = d * d;
        }
    }
}
