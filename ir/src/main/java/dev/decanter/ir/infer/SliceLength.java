package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;

/** How many elements a slice takes of a dimension, where any of size, start and stop may be known in bounds only. */
final class SliceLength {
    /** Exporters write "to the end" as the largest number of the index type, down to i32. */
    private static final long FAR = Integer.MAX_VALUE;

    /** A size that stands for an unlimited one: so large that only relative positions matter, without overflow. */
    private static final long HUGE = Long.MAX_VALUE / 4;

    private SliceLength() {}

    /** The length of {@code [start:stop:step]}; bounds may be {@link Long#MIN_VALUE} and MAX_VALUE for no limit. */
    static Dimension of(Dimension dim, long startLow, long startHigh, long stopLow, long stopHigh, long step) {
        if (startLow == startHigh && stopLow == stopHigh) {
            if (dim.isStatic()) {
                return Dimension.of(length(dim.min(), startLow, stopLow, step));
            }
            if (growsWithSize(startLow, stopLow, step)) {
                return grown(dim, startLow, stopLow, step);
            }
        }
        if (step < 0) {
            return new Dimension(0, divided(dim.max(), -step));
        }
        long startLeast = position(dim, startLow, startLow, startHigh, true);
        long startMost = position(dim, startHigh, startLow, startHigh, false);
        long stopLeast = position(dim, stopLow, stopLow, stopHigh, true);
        long stopMost = position(dim, stopHigh, stopLow, stopHigh, false);
        long least = startMost == Dimension.UNBOUNDED ? 0 : Math.max(0, Math.ceilDiv(stopLeast - startMost, step));
        long most = stopMost == Dimension.UNBOUNDED
                ? Dimension.UNBOUNDED
                : Math.max(0, Math.ceilDiv(stopMost - startLeast, step));
        long limit = divided(dim.max(), step);
        return new Dimension(Math.min(least, limit), Math.min(most, limit));
    }

    private static long divided(long size, long step) {
        return size == Dimension.UNBOUNDED ? size : Math.ceilDiv(size, step);
    }

    /** The number of elements for a size, with the clamping that Slice and StridedSlice share. */
    static long length(long size, long start, long stop, long step) {
        long from = start < 0 ? start + size : start;
        long to = stop < 0 ? stop + size : stop;
        if (step > 0) {
            from = Math.clamp(from, 0, size);
            to = Math.clamp(to, 0, size);
            return to <= from ? 0 : Math.ceilDiv(to - from, step);
        }
        from = Math.clamp(from, -1, size - 1);
        to = Math.clamp(to, -1, size - 1);
        if (from <= to) {
            return 0;
        }
        return step == Long.MIN_VALUE ? 1 : Math.ceilDiv(from - to, -step);
    }

    /** Whether the length never falls as the size grows. */
    private static boolean growsWithSize(long start, long stop, long step) {
        if (step > 0) {
            return start >= 0 || stop < 0 || stop >= FAR;
        }
        return start < 0 || start >= FAR || stop >= 0 || stop <= -FAR;
    }

    private static Dimension grown(Dimension dim, long start, long stop, long step) {
        long from = step < 0 && start >= FAR ? Long.MAX_VALUE : start;
        long to = step > 0 && stop >= FAR ? Long.MAX_VALUE : stop;
        if (step < 0 && stop <= -FAR) {
            to = Long.MIN_VALUE;
        }
        long least = length(dim.min(), from, to, step);
        long most = length(Math.min(dim.max(), HUGE), from, to, step);
        boolean unbounded = dim.max() == Dimension.UNBOUNDED && most >= divided(HUGE / 2, Math.abs(step));
        return new Dimension(Math.min(least, most), unbounded ? Dimension.UNBOUNDED : most);
    }

    /** The least (or greatest) place in [0, size] that a limit between {@code low} and {@code high} can mean. */
    private static long position(Dimension dim, long limit, long low, long high, boolean least) {
        if (least) {
            if (low < 0) {
                return high >= 0 || low == Long.MIN_VALUE ? 0 : Math.max(0, limit + dim.min());
            }
            return Math.min(limit, dim.min());
        }
        long fromFront = high >= 0 ? Math.min(limit, dim.max()) : 0;
        if (low >= 0) {
            return fromFront;
        }
        long lastNegative = Math.min(high, -1);
        long fromBack = dim.max() == Dimension.UNBOUNDED ? Dimension.UNBOUNDED : Math.max(0, lastNegative + dim.max());
        return Math.max(fromFront, fromBack);
    }
}
