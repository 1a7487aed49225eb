package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.Exponential.*;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementary functions of vectors by polynomials: the same bits on every processor and at every width, which the
 * platform's vector mathematics libraries do not promise. Small methods, so that they are inlined into their loops, and
 * functions cut into parts with a loop each ({@link VectorFunctions}): a loop body beyond C2's limit of nodes has its
 * vectors boxed and runs ten times slower.
 */
final class VectorMath {
    private static final float TANH_SMALL = 0.625f;
    private static final float TANH_ONE = 10f;
    private static final float ERF_SMALL = 0x1.dbp-1f;
    private static final float GELU_SLOPE = 0.7978846f;
    private static final float GELU_CUBIC = 0.044715f;

    private VectorMath() {}

    private static FloatVector all(float value) {
        return FloatVector.broadcast(Lanes.F, value);
    }

    /**
     * {@code e^x}: x = n ln 2 + r, polynomial in r (Cephes), times 2^n in two steps, because 2^128 is no float. Results
     * below the normal range are 0: to compute them costs a trip into microcode, and masked scores are full of them.
     */
    static FloatVector exp(FloatVector value) {
        FloatVector x = value.min(EXP_MAX).max(EXP_MIN);
        FloatVector shifted = x.fma(all(LOG2_E), all(ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(all(-LN2_HIGH), x);
        r = n.fma(all(-LN2_LOW), r);
        FloatVector p = r.fma(all(P6), all(P5));
        p = p.fma(r, all(P4));
        p = p.fma(r, all(P3));
        p = p.fma(r, all(P2));
        p = p.fma(r, all(P1));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector e = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
        IntVector half = e.lanewise(VectorOperators.ASHR, 1);
        FloatVector result = p.mul(powerOfTwo(half)).mul(powerOfTwo(e.sub(half)));
        return result.blend(0f, value.compare(VectorOperators.LT, EXP_MIN));
    }

    /** As {@link #exp} for numbers up to 0, for which one power of two does. */
    static FloatVector expNegative(FloatVector value) {
        FloatVector x = value.max(EXP_MIN);
        FloatVector shifted = x.fma(all(LOG2_E), all(ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(all(-LN2_HIGH), x);
        r = n.fma(all(-LN2_LOW), r);
        FloatVector p = r.fma(all(P6), all(P5));
        p = p.fma(r, all(P4));
        p = p.fma(r, all(P3));
        p = p.fma(r, all(P2));
        p = p.fma(r, all(P1));
        p = p.fma(r.mul(r), r).add(1f);
        FloatVector result = p.mul(powerOfTwo(shifted.reinterpretAsInts().sub(ROUNDER_BITS)));
        return result.blend(0f, value.compare(VectorOperators.LT, EXP_MIN));
    }

    private static FloatVector powerOfTwo(IntVector exponent) {
        return exponent.add(EXPONENT_BIAS)
                .lanewise(VectorOperators.LSHL, MANTISSA_BITS)
                .reinterpretAsFloats();
    }

    /** {@code 1 / (1 + e^-x)}. */
    static FloatVector sigmoid(FloatVector x) {
        return all(1f).div(exp(x.neg()).add(1f));
    }

    /** {@code x · sigmoid(beta · x)}. */
    static FloatVector swish(FloatVector x, float beta) {
        return x.div(exp(x.mul(-beta)).add(1f));
    }

    /** First part of tanh: {@code e^2|x|}, as great as matters. */
    static FloatVector tanhPower(FloatVector x) {
        return exp(x.abs().min(TANH_ONE).mul(2f));
    }

    /** Second part of tanh: polynomial near 0 (Cephes), {@code 1 - 2 / (power + 1)} beyond. */
    static FloatVector tanh(FloatVector x, FloatVector power) {
        FloatVector z = x.mul(x);
        FloatVector p = z.fma(all(-0.0057049887f), all(0.020639088f));
        p = p.fma(z, all(-0.053739715f));
        p = p.fma(z, all(0.13331442f));
        p = p.fma(z, all(-0.3333328f));
        FloatVector near = p.mul(z).fma(x, x);
        FloatVector far = all(1f).sub(all(2f).div(power.add(1f)));
        return signed(far.blend(near, x.abs().compare(VectorOperators.LT, TANH_SMALL)), x);
    }

    /** First part of erf, after N. Juffa: p(|x|) with {@code erf = 1 - e^p} away from 0. */
    static FloatVector erfExponent(FloatVector x) {
        FloatVector t = x.abs();
        FloatVector s = x.mul(x);
        FloatVector r = t.fma(all(-1.7285347e-5f), all(0.00038319713f));
        FloatVector u = t.fma(all(-0.0038839644f), all(0.024254622f));
        r = r.fma(s, u);
        r = r.fma(t, all(-0.10677788f));
        r = r.fma(t, all(-0.6348467f));
        r = r.fma(t, all(-0.12871751f));
        return r.fma(t, t.neg());
    }

    /** Second part of erf: polynomial near 0, {@code 1 - power} beyond. */
    static FloatVector erf(FloatVector x, FloatVector power) {
        FloatVector s = x.mul(x);
        FloatVector q = s.fma(all(-0.0005967617f), all(0.0049911942f));
        q = q.fma(s, all(-0.026768135f));
        q = q.fma(s, all(0.112819925f));
        q = q.fma(s, all(-0.37612534f));
        q = q.fma(s, all(0.12837917f));
        FloatVector near = q.fma(x, x);
        return signed(all(1f).sub(power), x).blend(near, x.abs().compare(VectorOperators.LE, ERF_SMALL));
    }

    /** What GELU takes the tanh of: {@code √(2/π)(x + 0.044715 x³)}. */
    static FloatVector geluInner(FloatVector x) {
        return x.mul(x).fma(all(GELU_CUBIC), all(1f)).mul(x).mul(GELU_SLOPE);
    }

    /** The magnitude with the sign of another number. */
    private static FloatVector signed(FloatVector magnitude, FloatVector sign) {
        IntVector bit = sign.reinterpretAsInts().and(Integer.MIN_VALUE);
        return magnitude.reinterpretAsInts().or(bit).reinterpretAsFloats();
    }
}
