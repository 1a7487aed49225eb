package dev.decanter.runtime.reference;

/** Functions that {@link Math} has not, good to about 1e-15. */
final class SpecialFunctions {
    private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

    private SpecialFunctions() {}

    /**
     * The error function by the series {@code 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!} (Abramowitz and Stegun 7.1.6),
     * whose terms have one sign, so that nothing cancels. Beyond 6 it is 1 in double precision.
     */
    static double erf(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        if (Math.abs(x) >= 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
    }

    static double geluErf(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }

    static double geluTanh(double x) {
        if (x == Double.NEGATIVE_INFINITY) {
            return 0;
        }
        return 0.5 * x * (1 + Math.tanh(SQRT_2_OVER_PI * (x + 0.044715 * x * x * x)));
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** {@code log(1 + e^x)} without overflow. */
    static double softPlus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    static double roundHalfAway(double x) {
        double whole = x < 0 ? Math.ceil(x) : Math.floor(x);
        return Math.abs(x - whole) >= 0.5 ? whole + Math.signum(x) : whole;
    }
}
