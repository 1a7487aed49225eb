package dev.decanter.ir.infer;

import java.util.Arrays;

/**
 * Bounds of each element of a small integer tensor (a shape, axes, slice limits). {@link Long#MIN_VALUE} and
 * {@link Long#MAX_VALUE} are no limit; arithmetic keeps them. Immutable.
 */
public final class ValueBounds {
    private static final long NONE_BELOW = Long.MIN_VALUE;
    private static final long NONE_ABOVE = Long.MAX_VALUE;

    private final long[] lower;
    private final long[] upper;

    private ValueBounds(long[] lower, long[] upper) {
        this.lower = lower;
        this.upper = upper;
    }

    public static ValueBounds exactly(long... values) {
        long[] copy = values.clone();
        return new ValueBounds(copy, copy);
    }

    /** Both ends included; {@link Long#MIN_VALUE} and {@link Long#MAX_VALUE} are no limit. */
    public static ValueBounds between(long[] lower, long[] upper) {
        return new ValueBounds(lower.clone(), upper.clone());
    }

    /** {@code size} elements of which nothing is known. */
    public static ValueBounds unknown(int size) {
        long[] low = new long[size];
        long[] high = new long[size];
        Arrays.fill(low, NONE_BELOW);
        Arrays.fill(high, NONE_ABOVE);
        return new ValueBounds(low, high);
    }

    public int size() {
        return lower.length;
    }

    public long lower(int index) {
        return lower[index];
    }

    public long upper(int index) {
        return upper[index];
    }

    public boolean isExact(int index) {
        return lower[index] == upper[index];
    }

    public boolean isExact() {
        return Arrays.equals(lower, upper);
    }

    /** The values; meaningful only if {@link #isExact()}. */
    public long[] values() {
        return lower.clone();
    }

    @Override
    public String toString() {
        return isExact() ? Arrays.toString(lower) : Arrays.toString(lower) + ".." + Arrays.toString(upper);
    }

    static boolean isLimit(long bound) {
        return bound == NONE_BELOW || bound == NONE_ABOVE;
    }

    static long saturatedAdd(long a, long b) {
        if (isLimit(a)) {
            return a;
        }
        if (isLimit(b)) {
            return b;
        }
        long sum = a + b;
        if (((a ^ sum) & (b ^ sum)) < 0) {
            return a < 0 ? NONE_BELOW : NONE_ABOVE;
        }
        return sum;
    }

    static long saturatedNegate(long a) {
        return a == NONE_BELOW ? NONE_ABOVE : a == NONE_ABOVE ? NONE_BELOW : -a;
    }

    static long saturatedSubtract(long a, long b) {
        return isLimit(a) ? a : saturatedAdd(saturatedNegate(b), a);
    }

    static long saturatedMultiply(long a, long b) {
        if (a == 0 || b == 0) {
            return 0;
        }
        long high = Math.multiplyHigh(a, b);
        long low = a * b;
        if (isLimit(a) || isLimit(b) || high != (low >> 63)) {
            return (a < 0) == (b < 0) ? NONE_ABOVE : NONE_BELOW;
        }
        return low;
    }
}
