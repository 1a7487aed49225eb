package dev.decanter.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The states of a pushdown automaton that were met so far, made when they are first needed. The automaton reads rules as
 * they are; a state holds every way to read the text so far, so no way is tried in vain and none is forgotten.
 *
 * <p>Grows only; {@link CompiledGrammar} starts a new one when it has become large. Safe for threads.
 */
final class StateSpace {
    /** More ways to read the same text at once are taken for an error of the grammar. */
    private static final int MAX_WAYS = 4096;

    final Program program;
    final State dead;
    final Frame local;
    private final Frame root;
    private final int clip;
    private final ConcurrentHashMap<FrameKey, Frame> frames = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<StateKey, State> states = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final LongAdder work = new LongAdder();

    private record FrameKey(
            Frame.Kind kind,
            @Nullable Position position,
            int need,
            int left,
            @Nullable Frame parent) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof FrameKey key
                    && kind == key.kind
                    && position == key.position
                    && need == key.need
                    && left == key.left
                    && parent == key.parent;
        }

        @Override
        public int hashCode() {
            int hash = position == null ? 0 : position.index + 1;
            hash = 31 * hash + need;
            hash = 31 * hash + left;
            hash = 31 * hash + (parent == null ? 0 : parent.id);
            return 31 * hash + kind.hashCode();
        }
    }

    /** A state compared by its contents. */
    private record StateKey(State state) {
        @Override
        public boolean equals(@Nullable Object other) {
            // Positions and frames have no equals of their own: identity is what is compared.
            return other instanceof StateKey(State that)
                    && state.complete == that.complete
                    && state.exits == that.exits
                    && Arrays.equals(state.positions, that.positions)
                    && Arrays.equals(state.stacks, that.stacks);
        }

        @Override
        public int hashCode() {
            int hash = (state.complete ? 1 : 0) + (state.exits ? 2 : 0);
            for (int i = 0; i < state.positions.length; i++) {
                hash = 31 * (31 * hash + state.positions[i].index) + state.stacks[i].id;
            }
            return hash;
        }
    }

    /** A position to look at, its stack, and how many frames on top were put there since the last byte. */
    private record Item(Position position, Frame stack, int fresh) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Item item
                    && position == item.position
                    && stack == item.stack
                    && fresh > 0 == item.fresh > 0;
        }

        @Override
        public int hashCode() {
            return 31 * (31 * position.index + stack.id) + (fresh > 0 ? 1 : 0);
        }
    }

    /**
     * An empty space.
     *
     * @param clip a count that one token cannot reach
     */
    StateSpace(Program program, int clip) {
        this.program = program;
        this.clip = clip;
        root = new Frame(ids.getAndIncrement(), Frame.Kind.ROOT, null, 0, 0, null, null, null);
        local = new Frame(ids.getAndIncrement(), Frame.Kind.LOCAL, null, 0, 0, null, null, null);
        dead = new State(this, new Position[0], new Frame[0], false, false, program.classes());
    }

    /** The state before the first byte. */
    State start() {
        return closure(List.of(new Item(program.start(), root, 0)));
    }

    /** About how much memory the states, frames and masks take. */
    long bytes() {
        return bytes.get();
    }

    /** Tells of memory that is held by a state. */
    void count(int more) {
        bytes.addAndGet(more);
    }

    /** A number that grows with the time spent on new states. */
    long work() {
        return work.sum();
    }

    /** The state after one more byte; {@link #dead} if the byte cannot follow. */
    State step(State state, int value) {
        int byteClass = program.classOf(value);
        State next = state.next[byteClass];
        if (next == null) {
            next = newStep(state, value);
            state.next[byteClass] = next;
        }
        return next;
    }

    private State newStep(State state, int value) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < state.positions.length; i++) {
            Position position = state.positions[i];
            int edge = position.edge(value);
            if (edge >= 0) {
                items.add(new Item(position.targets[edge], state.stacks[i], 0));
            }
        }
        work.increment();
        return items.isEmpty() ? dead : closure(items);
    }

    /** The state that a frame's rule returns to. */
    State resume(Frame frame) {
        State state = frame.resumed;
        if (state == null) {
            state = closure(List.of(new Item(frame.target(), frame.below(), 0)));
            frame.resumed = state;
        }
        return state;
    }

    /** The state of some positions with their stacks, which nothing but counters is changed of. */
    State of(Position[] positions, Frame[] stacks, boolean complete) {
        Ways ways = new Ways();
        for (int i = 0; i < positions.length; i++) {
            ways.add(positions[i], stacks[i]);
        }
        return ways.intern(complete, false);
    }

    private State closure(List<Item> from) {
        Deque<Item> open = new ArrayDeque<>();
        Set<Item> seen = new HashSet<>();
        for (Item item : from) {
            visit(item, open, seen);
        }
        Ways ways = new Ways();
        boolean complete = false;
        boolean exits = false;
        while (!open.isEmpty()) {
            Item item = open.poll();
            Position position = item.position;
            Frame stack = item.stack;
            switch (position.kind) {
                case BYTES -> ways.add(position, stack);
                case SPLIT -> {
                    for (Position target : position.targets) {
                        visit(new Item(target, stack, item.fresh), open, seen);
                    }
                }
                case CALL -> {
                    Position next = position.targets[1];
                    boolean tail = next.kind == Position.Kind.END;
                    Frame callee = tail ? stack : frame(Frame.Kind.RETURN, next, 0, 0, stack);
                    visit(new Item(position.targets[0], callee, tail ? item.fresh : item.fresh + 1), open, seen);
                }
                case LOOP -> {
                    Frame body =
                            frame(Frame.Kind.LOOP, position, Math.max(position.min - 1, 0), position.max - 1, stack);
                    visit(new Item(position.targets[0], body, item.fresh + 1), open, seen);
                    if (position.min == 0) {
                        visit(new Item(position.targets[1], stack, item.fresh), open, seen);
                    }
                }
                case LOOP_END -> endIteration(item, open, seen);
                case END -> {
                    switch (stack.kind) {
                        case ROOT -> complete = true;
                        case LOCAL -> exits = true;
                        default ->
                            visit(new Item(stack.target(), stack.below(), Math.max(item.fresh - 1, 0)), open, seen);
                    }
                }
            }
        }
        work.add(seen.size());
        return ways.intern(complete, exits);
    }

    private void endIteration(Item item, Deque<Item> open, Set<Item> seen) {
        Frame stack = item.stack;
        Position loop = stack.target();
        // An iteration that read nothing need not be repeated: a loop whose body may be empty has no least count.
        if (stack.left > 0 && item.fresh == 0) {
            Frame again = frame(Frame.Kind.LOOP, loop, Math.max(stack.need - 1, 0), stack.left - 1, stack.below());
            visit(new Item(loop.targets[0], again, 1), open, seen);
        }
        if (stack.need == 0) {
            visit(new Item(loop.targets[1], stack.below(), Math.max(item.fresh - 1, 0)), open, seen);
        }
    }

    private void visit(Item item, Deque<Item> open, Set<Item> seen) {
        if (item.position.cost < Position.NEVER && item.stack.cost < Position.NEVER && seen.add(item)) {
            open.add(item);
            if (seen.size() > 4 * MAX_WAYS) {
                throw tooAmbiguous();
            }
        }
    }

    static GrammarException tooAmbiguous() {
        return new GrammarException("the grammar can read a text in too many ways at once (more than " + MAX_WAYS
                + "); write repetitions so that only one way fits, such as a* for (a*)* or (a|aa){9}");
    }

    /** The positions of a state in the making. */
    private final class Ways {
        private final Map<Position, List<Frame>> stacks = new HashMap<>();
        private int count;

        void add(Position position, Frame stack) {
            List<Frame> others = stacks.computeIfAbsent(position, _ -> new ArrayList<>(1));
            for (Frame other : others) {
                if (other.covers(stack)) {
                    return;
                }
            }
            int before = others.size();
            others.removeIf(stack::covers);
            others.add(stack);
            count += others.size() - before;
            if (count > MAX_WAYS) {
                throw tooAmbiguous();
            }
        }

        State intern(boolean complete, boolean exits) {
            List<Position> order = new ArrayList<>(stacks.keySet());
            order.sort(Comparator.comparingInt(position -> position.index));
            Position[] positions = new Position[count];
            Frame[] frames = new Frame[count];
            int i = 0;
            for (Position position : order) {
                List<Frame> own = stacks.getOrDefault(position, List.of());
                own.sort(Comparator.comparingInt(frame -> frame.id));
                for (Frame frame : own) {
                    positions[i] = position;
                    frames[i++] = frame;
                }
            }
            if (positions.length == 0 && !complete && !exits) {
                return dead;
            }
            State fresh = new State(StateSpace.this, positions, frames, complete, exits, program.classes());
            State known = states.putIfAbsent(new StateKey(fresh), fresh);
            if (known != null) {
                return known;
            }
            count(200 + 4 * program.classes() + 8 * positions.length);
            return fresh;
        }
    }

    /** The frame with these contents. */
    Frame frame(Frame.Kind kind, Position position, int need, int left, Frame parent) {
        FrameKey key = new FrameKey(kind, position, need, left, parent);
        Frame known = frames.get(key);
        if (known != null) {
            return known;
        }
        Frame clipped = cut(kind, position, need, left, parent, parent.clipped, clip);
        Frame near = cut(kind, position, need, left, parent, parent.near, Vocabulary.SHORT + 1);
        Frame fresh = new Frame(ids.getAndIncrement(), kind, position, need, left, parent, clipped, near);
        Frame earlier = frames.putIfAbsent(key, fresh);
        if (earlier != null) {
            return earlier;
        }
        count(160);
        return fresh;
    }

    private @Nullable Frame cut(
            Frame.Kind kind, Position position, int need, int left, Frame parent, Frame cutParent, int limit) {
        boolean same = need <= limit && left <= limit && cutParent == parent;
        return same ? null : frame(kind, position, Math.min(need, limit), Math.min(left, limit), cutParent);
    }

    /** The same state with every counter cut down to what the longest token can count: it allows the same tokens. */
    State clipped(State state) {
        State clipped = state.clipped;
        if (clipped == null) {
            clipped = cut(state, stack -> stack.clipped);
            state.clipped = clipped;
        }
        return clipped;
    }

    /** The same state with every counter cut down to what a short token can count. */
    State near(State state) {
        State near = state.near;
        if (near == null) {
            near = cut(state, stack -> stack.near);
            state.near = near;
        }
        return near;
    }

    private State cut(State state, UnaryOperator<Frame> cut) {
        Frame[] stacks = new Frame[state.stacks.length];
        boolean changed = false;
        for (int i = 0; i < stacks.length; i++) {
            stacks[i] = cut.apply(state.stacks[i]);
            changed |= stacks[i] != state.stacks[i];
        }
        return changed ? of(state.positions, stacks, state.complete) : state;
    }

    /** Which buckets of bytes all lead from a state back to it. */
    long loops(State state) {
        long loops = state.loops;
        if (loops == State.UNKNOWN) {
            loops = 0;
            for (int bucket = 0; bucket < 64; bucket++) {
                boolean all = true;
                for (int value = 4 * bucket; value < 4 * bucket + 4 && all; value++) {
                    all = step(state, value) == state;
                }
                loops |= all ? 1L << bucket : 0;
            }
            state.loops = loops;
        }
        return loops;
    }

    /** The positions of a state above one boundary, as a state of their own that knows nothing below. */
    State above(Frame boundary, State state) {
        List<Position> positions = new ArrayList<>();
        List<Frame> stacks = new ArrayList<>();
        for (int i = 0; i < state.positions.length; i++) {
            if (state.stacks[i].boundary() == boundary) {
                positions.add(state.positions[i]);
                stacks.add(moved(state.stacks[i], boundary, local));
            }
        }
        return of(positions.toArray(Position[]::new), stacks.toArray(Frame[]::new), false);
    }

    /** A state of another space in this one. */
    State adopt(State other) {
        Frame[] stacks = new Frame[other.stacks.length];
        for (int i = 0; i < stacks.length; i++) {
            Frame bottom = other.stacks[i];
            while (bottom.parent != null) {
                bottom = bottom.parent;
            }
            stacks[i] = moved(other.stacks[i], bottom, root);
        }
        return of(other.positions, stacks, other.complete);
    }

    private Frame moved(Frame stack, Frame bottom, Frame onto) {
        Deque<Frame> path = new ArrayDeque<>();
        for (Frame frame = stack; frame != bottom; frame = frame.below()) {
            path.push(frame);
        }
        Frame moved = onto;
        for (Frame frame : path) {
            moved = frame(frame.kind, frame.target(), frame.need, frame.left, moved);
        }
        return moved;
    }
}
