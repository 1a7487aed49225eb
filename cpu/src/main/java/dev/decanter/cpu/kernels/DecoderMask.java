package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The mask of a decoder without its numbers: query i of a row sees the keys from {@code i + from} to before
 * {@code i + until}, but for those that are padding. What each query sees takes a step for each key and one for each query
 * of a row; the numbers are written only if some query sees keys with gaps between them, or nothing.
 */
public final class DecoderMask {
    private static final long ELEMENTS_PER_TASK = 16 << 10;
    private static final boolean[] NOWHERE = {};

    private final int batch;
    private final int queries;
    private final int keys;
    private final long from;
    private final long until;
    private final float hidden;
    /** Where the keys of each row are padding, {@link #NOWHERE} if none is. */
    private final boolean[][] padding;

    private final Visibility seen;

    /**
     * @param batch rows that differ in their padding
     * @param from the first key that query 0 sees, if there is one; may be negative
     * @param until the first key that query 0 no longer sees; may be more than {@code keys}
     * @param hidden the number added for a key that is not seen: {@link Visibility#HIDDEN} or less
     * @param padding i64 or i32, 0 for padding; key k of row b is element {@code b * rowLength + first + k}, and one that does
     *     not exist is padding. Empty if there is no padding
     * @param isLong whether {@code padding} is of i64
     */
    public DecoderMask(
            int batch,
            int queries,
            int keys,
            long from,
            long until,
            float hidden,
            MemorySegment padding,
            boolean isLong,
            long first,
            long rowLength) {
        this.batch = batch;
        this.queries = queries;
        this.keys = keys;
        this.from = from;
        this.until = until;
        this.hidden = hidden;
        boolean padded = !padding.equals(MemorySegment.NULL);
        this.padding = new boolean[batch][];
        for (int b = 0; b < batch; b++) {
            this.padding[b] = padded ? padding(padding, isLong, b * rowLength + first) : NOWHERE;
        }
        int[] starts = new int[Math.multiplyExact(batch, queries)];
        int[] ends = new int[starts.length];
        for (int b = 0; b < batch; b++) {
            see(b, starts, ends);
        }
        seen = Visibility.of(batch, queries, starts, ends);
    }

    private boolean[] padding(MemorySegment mask, boolean isLong, long at) {
        long elements = mask.byteSize() / (isLong ? Long.BYTES : Integer.BYTES);
        int count = (int) Math.clamp(elements - at, 0L, (long) keys);
        long begin = count == 0 ? 0 : at;
        // arrays, since plain loops over them are quick from the first round on, and over memory segments are not
        int[] values = new int[count];
        if (isLong) {
            long[] wide = new long[count];
            MemorySegment.copy(mask, Mem.I64, begin * Long.BYTES, wide, 0, count);
            for (int k = 0; k < count; k++) {
                values[k] = wide[k] == 0 ? 0 : 1;
            }
        } else {
            MemorySegment.copy(mask, Mem.I32, begin * Integer.BYTES, values, 0, count);
        }
        int first = 0;
        while (first < count && values[first] != 0) {
            first++;
        }
        if (first == keys) {
            return NOWHERE;
        }
        boolean[] is = new boolean[keys];
        for (int k = first; k < keys; k++) {
            is[k] = k >= count || values[k] == 0;
        }
        return is;
    }

    private int begin(int query) {
        return (int) Math.clamp(query + from, 0L, (long) keys);
    }

    private int end(int query) {
        return (int) Math.clamp(query + until, 0L, (long) keys);
    }

    private void see(int b, int[] starts, int[] ends) {
        boolean[] gone = padding[b];
        if (gone.length == 0) {
            for (int i = 0; i < queries; i++) {
                limit(b * queries + i, begin(i), end(i), begin(i), starts, ends);
            }
            return;
        }
        // of the keys before each one: where the last stretch without padding begins, and the last key that is none
        int[] stretch = new int[keys + 1];
        int[] last = new int[keys + 1];
        last[0] = -1;
        for (int k = 0; k < keys; k++) {
            stretch[k + 1] = gone[k] ? stretch[k] : k > 0 && !gone[k - 1] ? stretch[k] : k;
            last[k + 1] = gone[k] ? last[k] : k;
        }
        int visible = 0;
        for (int i = 0; i < queries; i++) {
            int begin = begin(i);
            int end = end(i);
            // both limits rise with the query
            visible = Math.max(visible, begin);
            while (visible < keys && gone[visible]) {
                visible++;
            }
            int stop = last[end] + 1;
            limit(b * queries + i, visible, stop, stretch[stop], starts, ends);
        }
    }

    /** Of a query that sees keys from {@code first} to before {@code stop}, the last ones without a gap from {@code stretch} on. */
    private void limit(int at, int first, int stop, int stretch, int[] starts, int[] ends) {
        if (first >= stop) {
            // nothing is visible: to a finite number all keys are equal, to -∞ there is none
            starts[at] = hidden == Float.NEGATIVE_INFINITY ? 0 : Visibility.NOT_PLAIN;
            return;
        }
        starts[at] = stretch <= first ? first : Visibility.NOT_PLAIN;
        ends[at] = stop;
    }

    /** Returns what each query sees. */
    public Visibility seen() {
        return seen;
    }

    /** Writes all numbers, f32 [batch, 1, queries, keys]. */
    public void write(ThreadTeam team, MemorySegment target) {
        team.runRange((long) batch * queries, Math.max(1, ELEMENTS_PER_TASK / Math.max(1, keys)), (first, stop) -> {
            float[] line = new float[keys];
            for (long row = first; row < stop; row++) {
                int query = (int) (row % queries);
                int begin = begin(query);
                int end = Math.max(begin, end(query));
                Arrays.fill(line, 0, begin, hidden);
                Arrays.fill(line, begin, end, 0);
                Arrays.fill(line, end, keys, hidden);
                boolean[] gone = padding[(int) (row / queries)];
                for (int k = begin; k < end && gone.length > 0; k++) {
                    line[k] = gone[k] ? hidden : 0;
                }
                MemorySegment.copy(line, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, row * keys * Float.BYTES, keys);
            }
        });
    }
}
