package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.AutoBroadcast;
import org.jspecify.annotations.Nullable;

/** Common shapes of operands, after NumPy's rules. */
final class Broadcasting {
    static final Dimension ONE = Dimension.of(1);

    private Broadcasting() {}

    /** The dimension that both can be broadcast to; null if there is none. */
    static @Nullable Dimension merge(Dimension a, Dimension b) {
        if (a.isStatic() && b.isStatic()) {
            if (a.min() == b.min() || b.min() == 1) {
                return a;
            }
            return a.min() == 1 ? b : null;
        }
        // the hull of what remains possible: equal sizes, or either of them being 1
        long low = Long.MAX_VALUE;
        long high = -1;
        if (a.compatible(b)) {
            low = Math.max(a.min(), b.min());
            high = Math.min(a.max(), b.max());
        }
        if (a.admits(1)) {
            low = Math.min(low, b.min());
            high = Math.max(high, b.max());
        }
        if (b.admits(1)) {
            low = Math.min(low, a.min());
            high = Math.max(high, a.max());
        }
        return high < low ? null : new Dimension(low, high);
    }

    /** The shape that both can be broadcast to; null if there is none. */
    static @Nullable PartialShape merge(PartialShape a, PartialShape b) {
        if (!a.hasRank() || !b.hasRank()) {
            return PartialShape.DYNAMIC;
        }
        if (b.rank() == 0) {
            return a;
        }
        if (a.rank() == 0) {
            return b;
        }
        int rank = Math.max(a.rank(), b.rank());
        Dimension[] dims = new Dimension[rank];
        boolean sameAsA = a.rank() == rank;
        boolean sameAsB = b.rank() == rank;
        for (int i = 1; i <= rank; i++) {
            Dimension left = i <= a.rank() ? a.dim(-i) : ONE;
            Dimension right = i <= b.rank() ? b.dim(-i) : ONE;
            Dimension merged = merge(left, right);
            if (merged == null) {
                return null;
            }
            dims[rank - i] = merged;
            sameAsA &= merged.equals(left);
            sameAsB &= merged.equals(right);
        }
        if (sameAsA) {
            return a;
        }
        return sameAsB ? b : Call.shapeOf(dims);
    }

    /** The operands' common shape after the op's rule; an error naming the shapes if there is none. */
    static PartialShape of(Call call, AutoBroadcast rule, int first, int second) {
        PartialShape a = call.shape(first);
        PartialShape b = call.shape(second);
        PartialShape common = switch (rule) {
            case NUMPY -> merge(a, b);
            case NONE -> a.compatible(b) ? a.intersect(b) : null;
            case PDPD -> oneWay(a, b);
        };
        if (common == null) {
            throw call.error("shapes " + a + " and " + b
                    + (rule == AutoBroadcast.NONE ? " differ" : " cannot be broadcast to a common shape"));
        }
        return common;
    }

    /** {@code a}, if {@code b} can be broadcast to it; null if not. */
    static @Nullable PartialShape oneWay(PartialShape a, PartialShape b) {
        if (!a.hasRank() || !b.hasRank()) {
            return a;
        }
        if (b.rank() > a.rank()) {
            return null;
        }
        for (int i = 1; i <= b.rank(); i++) {
            if (!b.dim(-i).admits(1) && !b.dim(-i).compatible(a.dim(-i))) {
                return null;
            }
        }
        return a;
    }
}
