package dev.decanter.grammar;

import org.jspecify.annotations.Nullable;

/**
 * What is to be read after the current position, as a stack: rules to return to and loops to go on with. Frames of one
 * {@link StateSpace} that are equal are one object, so a stack is compared by its top.
 */
final class Frame {
    enum Kind {
        /** The end of the whole text. */
        ROOT,
        /** The end of what a local mask knows: the rule returns to a caller that is not known. */
        LOCAL,
        /** Goes on at a position when the rule ends. */
        RETURN,
        /** An iteration of a loop. */
        LOOP
    }

    final int id;
    final Kind kind;

    /** Where to go on, or the loop. */
    final @Nullable Position position;

    /** Iterations that must follow the current one. */
    final int need;

    /** Iterations that may follow the current one. */
    final int left;

    final @Nullable Frame parent;

    /** Least number of bytes from the end of the current rule or iteration to the end of the text. */
    final int cost;

    /** The same with every counter cut down to what the longest token can count; itself if there is nothing to cut. */
    final Frame clipped;

    /** The same with every counter cut down to what a short token can count. */
    final Frame near;

    /** The state after this frame's rule has ended; computed when it is first asked for. */
    @Nullable
    State resumed;

    Frame(
            int id,
            Kind kind,
            @Nullable Position position,
            int need,
            int left,
            @Nullable Frame parent,
            @Nullable Frame clipped,
            @Nullable Frame near) {
        this.id = id;
        this.kind = kind;
        this.position = position;
        this.need = need;
        this.left = left;
        this.parent = parent;
        this.cost = cost(kind, position, need, parent);
        this.clipped = clipped == null ? this : clipped;
        this.near = near == null ? this : near;
    }

    private static int cost(Kind kind, @Nullable Position position, int need, @Nullable Frame parent) {
        if (position == null || parent == null) {
            return 0;
        }
        int own = kind == Kind.RETURN
                ? position.cost
                : Position.add(Position.times(need, position.targets[0].cost), position.targets[1].cost);
        return Position.add(own, parent.cost);
    }

    /** The nearest frame that is no loop: this one, or below it. */
    Frame boundary() {
        Frame frame = this;
        while (frame.kind == Kind.LOOP) {
            frame = frame.below();
        }
        return frame;
    }

    Frame below() {
        if (parent == null) {
            throw new IllegalStateException("nothing is below " + kind);
        }
        return parent;
    }

    Position target() {
        if (position == null) {
            throw new IllegalStateException(kind + " leads nowhere");
        }
        return position;
    }

    /** Whether what can follow the other can follow this one too, seen by counters alone. */
    boolean covers(Frame other) {
        Frame a = this;
        Frame b = other;
        // Deeper differences are rare; not finding one costs time, never a text.
        for (int i = 0; i < 8 && a != b; i++) {
            if (a.kind != b.kind || a.position != b.position || a.need > b.need || a.left < b.left) {
                return false;
            }
            if (a.parent == null || b.parent == null) {
                return a.parent == b.parent;
            }
            a = a.parent;
            b = b.parent;
        }
        return a == b;
    }
}
