package dev.decanter.ir;

/**
 * One dimension of a {@link PartialShape}: an interval of sizes {@code min..max}, both included.
 *
 * @param min smallest size, at least 0
 * @param max largest size, at least {@code min}; {@link #UNBOUNDED} for no limit
 */
public record Dimension(long min, long max) {
    /** The {@code max} of a dimension without an upper limit. */
    public static final long UNBOUNDED = Long.MAX_VALUE;

    /** Any size at all. */
    public static final Dimension DYNAMIC = new Dimension(0, UNBOUNDED);

    public Dimension {
        if (min < 0 || max < min) {
            throw new IrException("illegal dimension " + min + ".." + max);
        }
    }

    public static Dimension of(long size) {
        return new Dimension(size, size);
    }

    public boolean isStatic() {
        return min == max;
    }

    /** The size of a static dimension; throws {@link IrException} for a dynamic one. */
    public long size() {
        if (!isStatic()) {
            throw new IrException("dimension " + this + " is not static");
        }
        return min;
    }

    /** Whether {@code size} is within the interval. */
    public boolean admits(long size) {
        return size >= min && size <= max;
    }

    /** Whether some size is in both intervals. */
    public boolean compatible(Dimension other) {
        return min <= other.max && other.min <= max;
    }

    /** The sizes in both; throws {@link IrException} if there are none. */
    public Dimension intersect(Dimension other) {
        if (!compatible(other)) {
            throw new IrException("dimensions " + this + " and " + other + " contradict each other");
        }
        long low = Math.max(min, other.min);
        long high = Math.min(max, other.max);
        return new Dimension(low, high);
    }

    /** Interval sum, saturating at {@link #UNBOUNDED}. */
    public Dimension plus(Dimension other) {
        return new Dimension(saturatedAdd(min, other.min), saturatedAdd(max, other.max));
    }

    /** Interval product, saturating at {@link #UNBOUNDED}. */
    public Dimension times(Dimension other) {
        return new Dimension(saturatedMultiply(min, other.min), saturatedMultiply(max, other.max));
    }

    private static long saturatedAdd(long a, long b) {
        long sum = a + b;
        return sum < 0 ? UNBOUNDED : sum;
    }

    private static long saturatedMultiply(long a, long b) {
        if (a == 0 || b == 0) {
            return 0;
        }
        return a > UNBOUNDED / b ? UNBOUNDED : a * b;
    }

    /** The IR spelling: {@code 7}, {@code ?}, {@code 1..5}, {@code ..224} or {@code 3..}. */
    @Override
    public String toString() {
        if (isStatic()) {
            return Long.toString(min);
        }
        if (equals(DYNAMIC)) {
            return "?";
        }
        return (min == 0 ? "" : Long.toString(min)) + ".." + (max == UNBOUNDED ? "" : Long.toString(max));
    }
}
