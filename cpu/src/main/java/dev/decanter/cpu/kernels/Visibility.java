package dev.decanter.cpu.kernels;

/**
 * Which keys each query sees, read off the mask once for all heads that share it. Most masks only hide: what lies before one
 * key (padding) and from another on (the future). Rows of that kind are <em>plain</em> and need no addition; a row of any other
 * kind keeps its numbers.
 */
public final class Visibility {
    /** A mask's number from which on a key counts as hidden beside visible ones; f16's least is what exports write at most. */
    public static final float HIDDEN = -65504;

    /** Stands for the first key of a row that is not plain. */
    static final int NOT_PLAIN = -1;

    private static final long ROWS_PER_TASK = 16;

    private final int heads;
    private final int rows;
    private final boolean perBatch;
    private final boolean perHead;
    private final boolean perRow;
    private final int[] from;
    private final int[] to;

    private Visibility(Attention.Sizes z, Strided mask) {
        boolean masked = !mask.absent();
        perBatch = masked && mask.batchStride() != 0;
        perHead = masked && mask.headStride() != 0;
        perRow = masked && mask.rowStride() != 0;
        heads = perHead ? z.heads() : 1;
        rows = perRow ? z.queries() : 1;
        int count = Math.multiplyExact(Math.multiplyExact(perBatch ? z.batch() : 1, heads), rows);
        from = new int[count];
        to = new int[count];
    }

    private Visibility(int batch, int queries, int[] from, int[] to) {
        perBatch = batch != 1;
        perHead = false;
        perRow = true;
        heads = 1;
        rows = queries;
        this.from = from;
        this.to = to;
    }

    /** What is known without a mask: limits [batch or 1, queries], those of rows that are not plain {@link #NOT_PLAIN}. */
    static Visibility of(int batch, int queries, int[] from, int[] to) {
        return new Visibility(batch, queries, from, to);
    }

    /** Reads the mask. */
    public static Visibility of(ThreadTeam team, Attention.Sizes z, Strided mask) {
        Visibility seen = new Visibility(z, mask);
        if (mask.absent()) {
            seen.to[0] = z.keys();
            return seen;
        }
        team.runRange(seen.from.length, ROWS_PER_TASK, (first, last) -> {
            float[] line = Scratch.current().floats(Scratch.E, z.keys());
            for (int i = (int) first; i < last; i++) {
                int row = i % seen.rows;
                int head = i / seen.rows % seen.heads;
                int batch = i / seen.rows / seen.heads;
                int limit = seen.perRow ? z.visible(row) : z.keys();
                Mem.read(mask.data(), mask.at(batch, head, row), line, 0, limit);
                seen.read(i, line, limit);
            }
        });
        return seen;
    }

    private void read(int i, float[] mask, int n) {
        int first = 0;
        while (first < n && mask[first] <= HIDDEN) {
            first++;
        }
        int end = n;
        while (end > first && mask[end - 1] <= HIDDEN) {
            end--;
        }
        if (first == n) {
            // nothing is visible: to the least finite number all keys are equal, to -∞ there is none
            int hidden = 0;
            while (hidden < n && mask[hidden] == Float.NEGATIVE_INFINITY) {
                hidden++;
            }
            from[i] = hidden == n ? 0 : NOT_PLAIN;
            return;
        }
        int plain = first;
        while (plain < end && mask[plain] == 0) {
            plain++;
        }
        from[i] = plain == end ? first : NOT_PLAIN;
        to[i] = end;
    }

    private int at(int batch, int head, int row) {
        return ((perBatch ? batch : 0) * heads + (perHead ? head : 0)) * rows + (perRow ? row : 0);
    }

    /** Returns whether sequences have masks of their own. */
    public boolean perBatch() {
        return perBatch;
    }

    /** Returns whether heads have masks of their own. */
    public boolean perHead() {
        return perHead;
    }

    /** Returns whether queries have masks of their own. */
    public boolean perRow() {
        return perRow;
    }

    /** Returns whether no row needs an addition. */
    public boolean allPlain() {
        for (int first : from) {
            if (first < 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether the mask of a query only hides. */
    boolean plain(int batch, int head, int row) {
        return from[at(batch, head, row)] >= 0;
    }

    /** Returns the first key that a query sees, 0 if the mask does more than hide. */
    public int from(int batch, int head, int row) {
        return Math.max(0, from[at(batch, head, row)]);
    }

    /** Returns the key after the last that a query sees, {@code visible} if the mask does more than hide. */
    public int to(int batch, int head, int row, int visible) {
        int i = at(batch, head, row);
        return from[i] < 0 ? visible : Math.min(visible, to[i]);
    }
}
