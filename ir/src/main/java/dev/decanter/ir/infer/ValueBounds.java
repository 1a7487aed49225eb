package dev.decanter.ir.infer;

import java.util.Arrays;

/** Bounds of each element of a small integer tensor (a shape, axes, slice limits). Immutable. */
public final class ValueBounds {
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

    /** Both ends included; {@link Long#MAX_VALUE} is no limit. */
    public static ValueBounds between(long[] lower, long[] upper) {
        return new ValueBounds(lower.clone(), upper.clone());
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
}
