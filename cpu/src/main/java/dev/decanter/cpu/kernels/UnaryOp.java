package dev.decanter.cpu.kernels;

/**
 * Functions of one number. Errors of the vector forms, against the exact value: EXP 2 ulp, TANH 3 ulp, ERF 2 ulp,
 * SIGMOID 3 ulp and SWISH 4 ulp, where results below the normal range may be 0 instead; GELU and GELU_TANH 1e-6 relative to |x|. The others are what {@link Math} gives, rounded to float.
 */
public enum UnaryOp {
    ABS,
    NEGATE,
    SQRT,
    /** {@code 1 / x}. */
    RECIPROCAL,
    SQUARE,
    SIGN,
    FLOOR,
    CEILING,
    /** To the nearest integer, halves to even. */
    ROUND_EVEN,
    /** To the nearest integer, halves away from zero. */
    ROUND_AWAY,
    EXP,
    LOG,
    SIN,
    COS,
    TAN,
    SINH,
    COSH,
    ASIN,
    ACOS,
    ATAN,
    TANH,
    ERF,
    /** {@code 1 / (1 + e^-x)}. */
    SIGMOID,
    /** {@code x · sigmoid(alpha · x)}; SiLU with alpha 1. */
    SWISH,
    /** {@code x/2 · (1 + erf(x/√2))}. */
    GELU,
    /** {@code x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))}. */
    GELU_TANH,
    RELU,
    /** {@code x < 0 ? alpha · (e^x - 1) : x}. */
    ELU,
    /** {@code max(alpha, min(beta, x))}. */
    CLAMP,
    /** {@code ln(1 + e^x)}. */
    SOFT_PLUS,
    /** {@code x · tanh(ln(1 + e^x))}. */
    MISH,
    /** {@code x · min(max(x + 3, 0), 6) / 6}. */
    HARD_SWISH,
    /** {@code max(0, min(1, alpha · x + beta))}. */
    HARD_SIGMOID;

    boolean vectorised() {
        return switch (this) {
            case EXP, TANH, ERF, SIGMOID, SWISH, GELU, GELU_TANH -> true;
            default -> false;
        };
    }
}
