package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.Visibility;
import java.lang.foreign.MemorySegment;

/**
 * How one call of attention is cut. Few rows are split over ranges of keys whose parts are merged in order; ranges depend on sizes
 * and on what is visible, so results do not depend on the number of threads, on which only the number of heads of a task does.
 * Rows of a head are in two dimensions, queries and heads of the group; the larger one is taken in tiles.
 */
final class AttentionPlan implements ThreadTeam.Task {
    /** Rows of a tile. */
    private static final int ROWS = 8;
    /** Rows up to which keys are split into ranges. */
    private static final int SPLIT_UP_TO = 32;

    private static final int RANGE_PAGES = 8;
    private static final int MAX_RANGES = 16;
    private static final int TASKS_PER_THREAD = 2;
    private static final int LINE = 64;
    /** Numbers that one thread merges faster than it wakes another. */
    private static final long ALONE = 1 << 17;

    private final Attention.Sizes z;
    private final Paged k;
    private final Paged v;
    private final boolean queriesInner;
    private final int outer;
    private final int inner;
    private final int firstPage;
    private final int endPage;
    private final int lastKey;
    private final int rangePages;
    private final int ranges;
    private final int headsEach;
    private final int headTasks;
    private final int outersEach;
    private final int outerTasks;
    private final long scoreBytes;
    private final long[] block = new long[AttentionFields.LONGS];
    /** For each walk the bytes from batch to batch. */
    private final long[] batchSteps = new long[AttentionFields.WALKS.length];

    private final MemorySegment shared;
    private boolean merging;
    private Routine routine;

    AttentionPlan(Attention.Call call, Paged k, Paged v, long constants, int threads) {
        z = call.z();
        this.k = k;
        this.v = v;
        queriesInner = z.queries() > z.group();
        inner = queriesInner ? z.queries() : z.group();
        outer = queriesInner ? z.group() : z.queries();
        Visibility seen = call.seen();
        long[] limits = limits(seen);
        int lowest = Integer.MAX_VALUE;
        int highest = 0;
        for (int i = 0; i < limits.length; i += 2) {
            if (limits[i] < limits[i + 1]) {
                lowest = Math.min(lowest, (int) (limits[i] / Float.BYTES));
                highest = Math.max(highest, (int) (limits[i + 1] / Float.BYTES));
            }
        }
        // where nobody sees anything, some page is read for nothing
        lastKey = Math.max(1, highest);
        firstPage = Math.min(lowest, lastKey - 1) / Paged.ROWS;
        endPage = Math.ceilDiv(lastKey, Paged.ROWS);
        int pages = endPage - firstPage;
        boolean split = inner * outer <= SPLIT_UP_TO && pages > RANGE_PAGES;
        rangePages = split ? Math.max(RANGE_PAGES, Math.ceilDiv(pages, MAX_RANGES)) : pages;
        ranges = Math.ceilDiv(pages, rangePages);
        scoreBytes = (long) rangePages * Paged.ROWS * Float.BYTES + 2 * LINE;
        int units = ranges * z.batch() * z.kvHeads();
        int wanted = threads == 1 ? 1 : threads * TASKS_PER_THREAD;
        headsEach = Math.clamp(units / wanted, 1, z.kvHeads());
        headTasks = Math.ceilDiv(z.kvHeads(), headsEach);
        outersEach = units >= wanted ? outer : Math.clamp((long) outer * units / wanted, 1, outer);
        outerTasks = Math.ceilDiv(outer, outersEach);
        long partBytes = (long) z.valueSize() * Float.BYTES + 2 * LINE;
        long limitBytes = Math.ceilDiv((long) limits.length * Long.BYTES, LINE) * LINE;
        long rows = (long) z.batch() * z.heads() * z.queries();
        shared = Frame.current().pairs(Math.addExact(limitBytes, Math.multiplyExact(rows * ranges, partBytes)));
        MemorySegment.copy(limits, 0, shared, JAVA_LONG, 0, limits.length);
        pages(k.layout(), v.layout());
        walks(call, seen, shared.address() + limitBytes, ranges * partBytes);
        set(AttentionFields.CONSTANTS, constants);
        set(AttentionFields.SCALE, Float.floatToRawIntBits(call.scale()) & 0xffffffffL);
        set(AttentionFields.SCORE_BYTES, scoreBytes);
        set(AttentionFields.RANGES, ranges);
        set(AttentionFields.PART_BYTES, partBytes);
        set(AttentionFields.MASKED, seen.allPlain() ? 0 : 1);
        set(AttentionFields.INNER, inner);
        routine = Routine.NONE;
    }

    private void set(int field, long value) {
        block[field / Long.BYTES] = value;
    }

    /** Rows that machine code is to take at a time. */
    int tile() {
        return Math.min(ROWS, inner);
    }

    /** First visible key and the one after the last, in bytes, [batch or 1, heads or 1, queries or 1]. */
    private long[] limits(Visibility seen) {
        int batches = seen.perBatch() ? z.batch() : 1;
        int heads = seen.perHead() ? z.heads() : 1;
        int rows = limitRows(seen);
        long[] limits = new long[2 * Math.multiplyExact(Math.multiplyExact(batches, heads), rows)];
        int i = 0;
        for (int b = 0; b < batches; b++) {
            for (int h = 0; h < heads; h++) {
                for (int r = 0; r < rows; r++) {
                    int from = seen.from(b, h, r);
                    limits[i++] = (long) from * Float.BYTES;
                    limits[i++] = (long) Math.max(from, seen.to(b, h, r, z.visible(r))) * Float.BYTES;
                }
            }
        }
        return limits;
    }

    private int limitRows(Visibility seen) {
        return seen.perRow() || z.causalOffset() != Attention.ALL_KEYS ? z.queries() : 1;
    }

    private void pages(PageLayout keys, PageLayout values) {
        set(AttentionFields.KEY_HEAD_BYTES, keys.headBytes());
        set(AttentionFields.VALUE_HEAD_BYTES, values.headBytes());
        set(AttentionFields.KEY_SCALES, keys.scales(0));
        set(AttentionFields.KEY_LOWS, keys.scaleBytes());
        set(AttentionFields.VALUE_SCALES, values.scales(0));
        set(AttentionFields.VALUE_LOWS, values.scaleBytes());
        set(AttentionFields.SIZE, z.headSize());
        set(AttentionFields.VALUE_ROW, (long) z.valueSize() * values.precision().bytes());
        set(AttentionFields.WIDTH, (long) z.valueSize() * Float.BYTES);
        boolean fit = keys.size() == z.headSize()
                && values.size() == z.valueSize()
                && keys.heads() == z.kvHeads()
                && values.heads() == z.kvHeads()
                && k.perBatch() >= endPage
                && v.perBatch() >= endPage
                && k.table().byteSize() >= (long) Long.BYTES * z.batch() * k.perBatch()
                && v.table().byteSize() >= (long) Long.BYTES * z.batch() * v.perBatch();
        if (!fit) {
            throw new IllegalArgumentException("pages of " + keys + " and " + values + " for attention of " + z);
        }
    }

    private void walks(Attention.Call call, Visibility seen, long parts, long partStep) {
        walk(0, call.q(), z.headSize());
        walk(1, call.out(), z.valueSize());
        long row = limitRows(seen) == 1 ? 0 : 2 * Long.BYTES;
        long head = seen.perHead() ? 2L * Long.BYTES * limitRows(seen) : 0;
        long batch = seen.perBatch() ? 2L * Long.BYTES * (seen.perHead() ? z.heads() : 1) * limitRows(seen) : 0;
        walk(2, shared.address(), batch, head, row);
        if (seen.allPlain()) {
            walk(3, 0, 0, 0, 0);
        } else {
            walk(3, call.mask(), z.keys());
        }
        long all = (long) inner * outer * partStep;
        AttentionFields.PARTS.set(block, parts, all, inner * partStep, partStep);
        batchSteps[4] = z.kvHeads() * all;
    }

    private void walk(int which, Strided rows, int size) {
        long last = (z.batch() - 1) * rows.batchStride()
                + (z.heads() - 1) * rows.headStride()
                + (z.queries() - 1) * rows.rowStride()
                + size;
        if (rows.offset() < 0
                || rows.offset() + last * Float.BYTES > rows.data().byteSize()) {
            throw new IllegalArgumentException(
                    "attention goes beyond an operand of " + rows.data().byteSize() + " bytes");
        }
        walk(
                which,
                rows.data().address() + rows.offset(),
                rows.batchStride() * Float.BYTES,
                rows.headStride() * Float.BYTES,
                rows.rowStride() * Float.BYTES);
    }

    private void walk(int which, long address, long batch, long head, long row) {
        AttentionFields.WALKS[which].set(
                block, address, head * z.group(), queriesInner ? head : row, queriesInner ? row : head);
        batchSteps[which] = batch;
    }

    void attend(ThreadTeam team, Routine attention, Routine merge) {
        int tasks = z.batch() * headTasks * outerTasks;
        routine = attention;
        team.run(Math.multiplyExact(ranges, tasks), this);
        if (ranges > 1) {
            routine = merge;
            merging = true;
            if ((long) z.heads() * z.queries() * z.batch() * ranges * z.valueSize() > ALONE) {
                team.run(tasks, this);
            } else {
                for (int task = 0; task < tasks; task++) {
                    run(task);
                }
            }
        }
    }

    /** Some heads of a sequence over a range of pages; the heads of a range follow each other, as they lie in memory. */
    @Override
    public void run(int task) {
        int outerTask = task % outerTasks;
        int headTask = task / outerTasks % headTasks;
        int batch = task / outerTasks / headTasks % z.batch();
        int range = task / outerTasks / headTasks / z.batch();
        int head = headTask * headsEach;
        int firstOuter = outerTask * outersEach;
        Frame frame = Frame.current();
        long[] own = frame.words();
        System.arraycopy(block, 0, own, 0, block.length);
        for (int i = 0; i < batchSteps.length; i++) {
            AttentionFields.Walk walk = AttentionFields.WALKS[i];
            own[walk.head() / Long.BYTES] += batch * batchSteps[i];
            walk.skip(own, head, firstOuter);
        }
        own[AttentionFields.HEADS / Long.BYTES] = Math.min(headsEach, z.kvHeads() - head);
        own[AttentionFields.OUTER / Long.BYTES] = Math.min(outersEach, outer - firstOuter);
        own[AttentionFields.KEY_HEAD / Long.BYTES] = head * own[AttentionFields.KEY_HEAD_BYTES / Long.BYTES];
        own[AttentionFields.VALUE_HEAD / Long.BYTES] = head * own[AttentionFields.VALUE_HEAD_BYTES / Long.BYTES];
        if (!merging) {
            range(own, batch, range);
            own[AttentionFields.PARTS.head() / Long.BYTES] += range * own[AttentionFields.PART_BYTES / Long.BYTES];
            MemorySegment scores = frame.scores(LINE + tile() * scoreBytes);
            own[AttentionFields.SCORES / Long.BYTES] = scores.address() + LINE;
        }
        frame.write(block.length);
        routine.call(frame.block());
    }

    private void range(long[] own, int batch, int range) {
        int page = firstPage + range * rangePages;
        int pages = Math.min(rangePages, endPage - page);
        int count = Math.min(pages * Paged.ROWS, lastKey - page * Paged.ROWS);
        long keys = k.table().address() + (long) Long.BYTES * (batch * k.perBatch() + page);
        long values = v.table().address() + (long) Long.BYTES * (batch * v.perBatch() + page);
        own[AttentionFields.KEY_TABLE / Long.BYTES] = keys;
        own[AttentionFields.VALUE_TABLE / Long.BYTES] = values;
        own[AttentionFields.PAGES / Long.BYTES] = pages;
        own[AttentionFields.COUNT / Long.BYTES] = count;
        own[AttentionFields.TAIL / Long.BYTES] = (1L << (count % 16)) - 1;
        own[AttentionFields.BEGIN / Long.BYTES] = (long) page * Paged.ROWS * Float.BYTES;
    }
}
