package dev.decanter.grammar;

import org.jspecify.annotations.Nullable;

/**
 * All that may be going on after some bytes: positions that wait for a byte, each with its stack. Two equal states of a
 * {@link StateSpace} are one object. What is computed for a state (its successors, its mask) is kept in it; threads that
 * compute the same at once get the same.
 */
final class State {
    final StateSpace space;
    final Position[] positions;
    final Frame[] stacks;

    /** The text may end here. */
    final boolean complete;

    /** The rule of a local state may end here. */
    final boolean exits;

    /** Least number of bytes to a complete text; of a local state, to the end of its rule. */
    final int cost;

    /** By class of bytes; null where it is not yet known. */
    final @Nullable State[] next;

    @Nullable
    TokenMask mask;

    @Nullable
    TokenMask shortMask;

    MaskBuilder.@Nullable LocalMask shortLocal;
    MaskBuilder.@Nullable LocalMask longLocal;

    @Nullable
    State clipped;

    @Nullable
    State near;

    /** What may come next when few tokens are left. */
    @Nullable
    Within within;

    /** A mask for a limit, and those for others. */
    record Within(int limit, TokenMask mask, @Nullable Within others) {}

    /** See {@link Closing}. */
    int closingTokens = NOT_COMPUTED;

    static final int NOT_COMPUTED = -1;

    /** Buckets of bytes (see {@link Trie}) that all lead back to this state; {@link #UNKNOWN} until it is asked for. */
    long loops = UNKNOWN;

    /** No set of buckets: bytes FC to FF are in no UTF-8 text, so they lead nowhere. */
    static final long UNKNOWN = -1;

    State(StateSpace space, Position[] positions, Frame[] stacks, boolean complete, boolean exits, int classes) {
        this.space = space;
        this.positions = positions;
        this.stacks = stacks;
        this.complete = complete;
        this.exits = exits;
        this.next = new State[classes];
        int least = complete || exits ? 0 : Position.NEVER;
        for (int i = 0; i < positions.length; i++) {
            least = Math.min(least, Position.add(positions[i].cost, stacks[i].cost));
        }
        cost = least;
    }

    /** Nothing can follow, and what came before was wrong. */
    boolean isDead() {
        return positions.length == 0 && !complete && !exits;
    }
}
