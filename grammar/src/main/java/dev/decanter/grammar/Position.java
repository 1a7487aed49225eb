package dev.decanter.grammar;

import java.util.Arrays;

/** A place in a compiled rule. Filled while the rules are compiled, and not changed after. */
final class Position {
    /** A cost beyond all others: no text leads from here to the end of the rule. */
    static final int NEVER = Integer.MAX_VALUE / 4;

    enum Kind {
        /** Reads one byte of some ranges, each leading to a target. */
        BYTES,
        /** Goes on at each of the targets. */
        SPLIT,
        /** Reads what a rule says (its start is the first target), then goes on at the second. */
        CALL,
        /** Reads the first target min to max times, then goes on at the second. */
        LOOP,
        /** The end of a loop's body. */
        LOOP_END,
        /** The end of a rule. */
        END
    }

    final int index;
    final Kind kind;
    Position[] targets;
    final int[] low;
    final int[] high;
    final int min;
    final int max;

    /** Least number of bytes to the end of the rule, or of the loop's body. */
    int cost = NEVER;

    private Position(int index, Kind kind, Position[] targets, int[] low, int[] high, int min, int max) {
        this.index = index;
        this.kind = kind;
        this.targets = targets;
        this.low = low;
        this.high = high;
        this.min = min;
        this.max = max;
    }

    private static final int[] NO_BYTES = {};

    static Position of(int index, Kind kind, Position... targets) {
        return new Position(index, kind, targets, NO_BYTES, NO_BYTES, 0, 0);
    }

    static Position loop(int index, Position body, Position next, int min, int max) {
        return new Position(index, Kind.LOOP, new Position[] {body, next}, NO_BYTES, NO_BYTES, min, max);
    }

    /** Ranges are ascending and do not overlap. */
    static Position bytes(int index, int[] low, int[] high, Position[] targets) {
        return new Position(index, Kind.BYTES, targets, low, high, 0, 0);
    }

    /** Where a byte leads from a {@link Kind#BYTES}, or -1. */
    int edge(int value) {
        if (low.length == 1) {
            return value >= low[0] && value <= high[0] ? 0 : -1;
        }
        int found = Arrays.binarySearch(low, value);
        if (found >= 0) {
            return found;
        }
        int before = -found - 2;
        return before >= 0 && value <= high[before] ? before : -1;
    }

    /** What the current targets make of the cost; {@link #NEVER} until a way to the end is known. */
    int computeCost() {
        return switch (kind) {
            case END, LOOP_END -> 0;
            case SPLIT -> least(0);
            case BYTES -> least(1);
            case CALL -> add(targets[0].cost, targets[1].cost);
            case LOOP -> add(times(min, targets[0].cost), targets[1].cost);
        };
    }

    private int least(int more) {
        int least = NEVER;
        for (Position target : targets) {
            least = Math.min(least, add(target.cost, more));
        }
        return least;
    }

    /** Sums that stay at {@link #NEVER}. */
    static int add(int a, int b) {
        return Math.min(a + b, NEVER);
    }

    static int times(int count, int cost) {
        return (int) Math.min((long) count * cost, NEVER);
    }
}
