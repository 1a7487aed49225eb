package dev.decanter.tokenizers.ops;

import java.util.Arrays;

/** Merges the symbols of pieces by a {@link BytePairModel}; has scratch memory, so one for each thread. */
public final class BytePairEncoder {
    /** Up to this many symbols, looking at all ranks for each merge is quicker than keeping a queue. */
    private static final int SCAN_LIMIT = 48;

    private static final int NO_MERGE = Integer.MAX_VALUE;

    private final BytePairModel model;
    private final Ints symbols = new Ints(64);
    private int[] slots = new int[64];
    private int[] previous = {};
    private int[] next = {};
    private long[] queue = {};
    private int queued;

    public BytePairEncoder(BytePairModel model) {
        this.model = model;
    }

    /** The ids of one piece. */
    public int[] encode(byte[] text, int from, int to) {
        symbols.clear();
        model.symbols(text, from, to, symbols);
        if (symbols.size() < 2) {
            return symbols.toArray();
        }
        if (slots.length < symbols.size()) {
            slots = new int[Math.max(symbols.size(), 2 * slots.length)];
        }
        if (symbols.size() <= SCAN_LIMIT) {
            mergeByScan();
        } else {
            mergeByQueue();
        }
        return symbols.toArray();
    }

    private int rank(int slot) {
        return slot < 0 ? NO_MERGE : model.rank(slot);
    }

    /** {@code slots[i]} is the merge of symbols i and i + 1. */
    private void mergeByScan() {
        int n = symbols.size();
        for (int i = 0; i + 1 < n; i++) {
            slots[i] = model.merge(symbols.get(i), symbols.get(i + 1));
        }
        while (n > 1) {
            int best = NO_MERGE;
            int at = -1;
            for (int i = 0; i + 1 < n; i++) {
                int rank = rank(slots[i]);
                if (rank < best) {
                    best = rank;
                    at = i;
                }
            }
            if (at < 0) {
                break;
            }
            symbols.set(at, model.product(slots[at]));
            n--;
            for (int i = at + 1; i < n; i++) {
                symbols.set(i, symbols.get(i + 1));
                slots[i] = slots[i + 1];
            }
            if (at > 0) {
                slots[at - 1] = model.merge(symbols.get(at - 1), symbols.get(at));
            }
            if (at + 1 < n) {
                slots[at] = model.merge(symbols.get(at), symbols.get(at + 1));
            }
        }
        symbols.size(n);
    }

    /**
     * A heap of (rank, position); symbols are a linked list. An entry whose rank is no longer that of its position is
     * out of date. Same order as the scan: lowest rank first, then leftmost.
     */
    private void mergeByQueue() {
        int n = symbols.size();
        if (next.length < n) {
            previous = new int[n];
            next = new int[n];
        }
        queued = 0;
        for (int i = 0; i < n; i++) {
            previous[i] = i - 1;
            next[i] = i + 1 < n ? i + 1 : -1;
        }
        for (int i = 0; i < n; i++) {
            update(i);
        }
        while (queued > 0) {
            long top = poll();
            int at = (int) top;
            if (rank(slots[at]) != (int) (top >>> 32)) {
                continue;
            }
            int gone = next[at];
            symbols.set(at, model.product(slots[at]));
            slots[gone] = -1;
            next[at] = next[gone];
            if (next[at] >= 0) {
                previous[next[at]] = at;
            }
            update(at);
            if (previous[at] >= 0) {
                update(previous[at]);
            }
        }
        int out = 0;
        for (int i = 0; i >= 0; i = next[i]) {
            symbols.set(out++, symbols.get(i));
        }
        symbols.size(out);
    }

    private void update(int at) {
        slots[at] = next[at] < 0 ? -1 : model.merge(symbols.get(at), symbols.get(next[at]));
        if (slots[at] >= 0) {
            offer(((long) model.rank(slots[at]) << 32) | at);
        }
    }

    private void offer(long entry) {
        if (queued == queue.length) {
            queue = Arrays.copyOf(queue, Math.max(128, 2 * queued));
        }
        int child = queued++;
        while (child > 0 && queue[(child - 1) >>> 1] > entry) {
            queue[child] = queue[(child - 1) >>> 1];
            child = (child - 1) >>> 1;
        }
        queue[child] = entry;
    }

    private long poll() {
        long top = queue[0];
        long entry = queue[--queued];
        int parent = 0;
        for (int child = 1; child < queued; child = 2 * parent + 1) {
            if (child + 1 < queued && queue[child + 1] < queue[child]) {
                child++;
            }
            if (queue[child] >= entry) {
                break;
            }
            queue[parent] = queue[child];
            parent = child;
        }
        queue[parent] = entry;
        return top;
    }
}
