package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.TiledAttention;
import dev.decanter.cpu.kernels.Visibility;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Attention with AMX: queries, keys, weights and values rounded to bf16, sums in f32. Keys and values are paired for the tiles
 * once for all rows of queries that read them. 16 rows are worked on at a time, over ranges of {@value #RANGE} keys whose
 * results are merged in order.
 */
final class TileAttention implements TiledAttention {
    private static final int ROWS = TileAttentionCode.ROWS;
    private static final int PAGE = Paged.ROWS;
    /** Their scores of 16 rows are 32 KB: the first-level cache. */
    private static final int RANGE = 8 * PAGE;

    private static final int SCORE_BYTES = RANGE * Float.BYTES + TileAttentionCode.VECTOR;
    private static final int STEP = 32;
    /** Fewer do not pay for pairing the keys, and may as well be exact. */
    private static final int LEAST_QUERIES = 64;

    private static final int MAX_SIZE = 256;
    private static final float LOG2_E = 1.442695f;
    private static final int PALETTE_BYTES = 64;
    private static final int TILES = 8;
    private static final int TASKS_PER_THREAD = 4;

    // fields of a thread's memory
    private static final int LIMITS = 0;
    private static final int STATES = LIMITS + ROWS * 4 * Long.BYTES;
    private static final int QUERIES = STATES + ROWS * TileAttentionCode.STATE;
    private static final int SUMS = QUERIES + ROWS * MAX_SIZE * Short.BYTES;
    private static final int SCORES = SUMS + ROWS * MAX_SIZE * Float.BYTES + TileAttentionCode.VECTOR;
    private static final int SIZE = SCORES + ROWS * SCORE_BYTES;

    private final Routine routine = Routine.of(TileAttentionCode.emit());
    /** By precision, of values and of keys; made when first wanted. */
    private final @Nullable Routine[] pairing = new Routine[2 * MachineAttention.PRECISIONS];

    private final MemorySegment configuration = Arena.ofAuto().allocate(PALETTE_BYTES, 64);
    private final MemorySegment constants;

    TileAttention() {
        configuration.set(JAVA_BYTE, 0, (byte) 1);
        for (int tile = 0; tile < TILES; tile++) {
            configuration.set(JAVA_SHORT, 16 + 2L * tile, (short) TileAttentionCode.VECTOR);
            configuration.set(JAVA_BYTE, 48 + tile, (byte) ROWS);
        }
        int[] all = TileAttentionCode.constants();
        constants = Arena.ofAuto().allocate((long) all.length * Integer.BYTES, 64);
        MemorySegment.copy(all, 0, constants, JAVA_INT, 0, all.length);
    }

    @Override
    public boolean attends(Attention.Sizes z) {
        return z.queries() >= LEAST_QUERIES
                && z.headSize() <= MAX_SIZE
                && z.valueSize() <= MAX_SIZE
                && z.keys() > 0
                && z.headSize() > 0
                && z.valueSize() > 0;
    }

    /**
     * Keys and values of all heads, paired: for each pair of batch and head, keys [pages, D / 2, 64], then values [pages, 32,
     * Dv], of two bf16 each.
     */
    private record Pairs(MemorySegment memory, int pages, int depth, int width) {
        long keyBytes() {
            return (long) depth / 2 * PAGE * Integer.BYTES;
        }

        long valueBytes() {
            return (long) PAGE / 2 * width * Integer.BYTES;
        }

        long bytes(int heads) {
            return (long) heads * pages * (keyBytes() + valueBytes());
        }

        long keys(int head, int page) {
            return bytes(head) + page * keyBytes();
        }

        long values(int head, int page) {
            return keys(head, pages) + page * valueBytes();
        }
    }

    @Override
    public void attend(ThreadTeam team, Attention.Call call) {
        Attention.Sizes z = call.z();
        int heads = z.batch() * z.kvHeads();
        int rows = z.group() * z.queries();
        check(z, call.q(), z.headSize());
        check(z, call.out(), z.valueSize());
        Pairs pairs = pair(team, call, heads);
        int blocks = Math.ceilDiv(rows, ROWS);
        team.run(Math.multiplyExact(heads, blocks), task -> {
            int from = task % blocks * ROWS;
            attend(call, pairs, task / blocks, from, Math.min(ROWS, rows - from));
        });
    }

    private static void check(Attention.Sizes z, Strided rows, int size) {
        long last = (z.batch() - 1) * rows.batchStride()
                + (z.heads() - 1) * rows.headStride()
                + (z.queries() - 1) * rows.rowStride()
                + size;
        boolean inside = rows.offset() >= 0
                && rows.offset() + last * Float.BYTES <= rows.data().byteSize();
        if (!inside || !rows.data().isNative()) {
            throw new IllegalArgumentException(
                    "attention goes beyond an operand of " + rows.data().byteSize() + " bytes");
        }
    }

    private Pairs pair(ThreadTeam team, Attention.Call call, int heads) {
        Attention.Sizes z = call.z();
        int depth = Math.ceilDiv(z.headSize(), STEP) * STEP;
        int width = Math.ceilDiv(z.valueSize(), ROWS) * ROWS;
        Pairs sizes = new Pairs(MemorySegment.NULL, Math.ceilDiv(z.keys(), PAGE), depth, width);
        MemorySegment memory = Frame.current().pairs(sizes.bytes(heads));
        Pairs pairs = new Pairs(memory, sizes.pages(), depth, width);
        if (call.k() instanceof Paged k
                && call.v() instanceof Paged v
                && k.layout().turned()
                && !v.layout().turned()
                && z.valueSize() == width) {
            pair(team, z, k, v, pairs, heads);
            return pairs;
        }
        team.run(heads * pairs.pages(), task -> {
            int head = task / pairs.pages();
            int page = task % pairs.pages();
            int t = page * PAGE;
            int n = Math.min(PAGE, z.keys() - t);
            float[] numbers = new float[Math.max(depth * PAGE, PAGE * width)];
            call.k().columns(head / z.kvHeads(), head % z.kvHeads(), t, n, z.headSize(), numbers);
            Brains.pair(numbers, depth, PAGE, pairs.memory(), pairs.keys(head, page));
            Arrays.fill(numbers, 0);
            call.v().read(head / z.kvHeads(), head % z.kvHeads(), t, n, z.valueSize(), numbers, width);
            Brains.pair(numbers, PAGE, width, pairs.memory(), pairs.values(head, page));
        });
        return pairs;
    }

    /** Some pages of a head are one task, of one call for keys and one for values. */
    private void pair(ThreadTeam team, Attention.Sizes z, Paged k, Paged v, Pairs pairs, int heads) {
        PageLayout keys = k.layout();
        PageLayout values = v.layout();
        boolean fit = keys.size() == z.headSize()
                && values.size() == z.valueSize()
                && keys.heads() == z.kvHeads()
                && values.heads() == z.kvHeads()
                && Math.min(k.perBatch(), v.perBatch()) >= pairs.pages();
        if (!fit) {
            throw new IllegalArgumentException("pages of " + keys + " and " + values + " for attention of " + z);
        }
        Routine pairKeys = pairing(keys.precision(), true);
        Routine pairValues = pairing(values.precision(), false);
        long keyTable = k.table().address();
        long valueTable = v.table().address();
        int wanted = team.size() == 1 ? 1 : team.size() * TASKS_PER_THREAD;
        int each = Math.clamp(Math.ceilDiv((long) heads * pairs.pages(), wanted), 1, pairs.pages());
        int parts = Math.ceilDiv(pairs.pages(), each);
        team.run(Math.multiplyExact(heads, parts), task -> {
            int pair = task / parts;
            int page = task % parts * each;
            int pages = Math.min(each, pairs.pages() - page);
            int batch = pair / z.kvHeads();
            int head = pair % z.kvHeads();
            Frame frame = Frame.current();
            long[] w = frame.words();
            head(w, keys, head, keyTable + Long.BYTES * ((long) batch * k.perBatch() + page), pages);
            w[PairCode.ROWS / 8] = z.headSize();
            w[PairCode.ROWS_LEFT / 8] = (long) z.headSize() * pages;
            w[PairCode.PAIRS / 8] = pairs.depth() / 2;
            w[PairCode.WIDTH / 8] = (long) PAGE * Float.BYTES;
            w[PairCode.ROW_BYTES / 8] = (long) PAGE * keys.precision().bytes();
            w[PairCode.TARGET / 8] = pairs.memory().address() + pairs.keys(pair, page);
            frame.write(PairCode.WORDS);
            pairKeys.call(frame.block());
            head(w, values, head, valueTable + Long.BYTES * ((long) batch * v.perBatch() + page), pages);
            w[PairCode.ROWS / 8] = PAGE;
            w[PairCode.ROWS_LEFT / 8] = Math.min((long) pages * PAGE, z.keys() - (long) page * PAGE);
            w[PairCode.PAIRS / 8] = PAGE / 2;
            w[PairCode.WIDTH / 8] = (long) pairs.width() * Float.BYTES;
            w[PairCode.ROW_BYTES / 8] =
                    (long) pairs.width() * values.precision().bytes();
            w[PairCode.TARGET / 8] = pairs.memory().address() + pairs.values(pair, page);
            frame.write(PairCode.WORDS);
            pairValues.call(frame.block());
        });
    }

    private synchronized Routine pairing(CachePrecision precision, boolean keys) {
        int i = 2 * MachineAttention.index(precision) + (keys ? 1 : 0);
        Routine made = pairing[i];
        if (made == null) {
            made = Routine.of(PairCode.emit(precision, keys));
            pairing[i] = made;
        }
        return made;
    }

    private static void head(long[] w, PageLayout layout, int head, long table, int pages) {
        w[PairCode.TABLE / 8] = table;
        w[PairCode.PAGES / 8] = pages;
        w[PairCode.HEAD / 8] = head * layout.headBytes();
        w[PairCode.SCALES / 8] = layout.scales(0);
        w[PairCode.LOWS / 8] = layout.scaleBytes();
        w[PairCode.HALF / 8] = PairCode.ROUNDING;
    }

    /** Rows {@code from} to {@code from + count} of a key head; row r is head {@code r % group}, query {@code r / group}. */
    private void attend(Attention.Call call, Pairs pairs, int pair, int from, int count) {
        Attention.Sizes z = call.z();
        int group = z.group();
        int batch = pair / z.kvHeads();
        int firstHead = pair % z.kvHeads() * group;
        Frame frame = Frame.current();
        MemorySegment memory = frame.scores(SIZE);
        int[] limits = new int[2 * ROWS];
        long[] table = new long[4 * ROWS];
        int lowest = z.keys();
        int highest = 0;
        Visibility seen = call.seen();
        for (int r = 0; r < count; r++) {
            int head = firstHead + (from + r) % group;
            int query = (from + r) / group;
            limits[2 * r] = seen.from(batch, head, query);
            limits[2 * r + 1] = seen.to(batch, head, query, z.visible(query));
            if (limits[2 * r] < limits[2 * r + 1]) {
                lowest = Math.min(lowest, limits[2 * r]);
                highest = Math.max(highest, limits[2 * r + 1]);
            }
            table[2 * ROWS + r] = address(call.q(), batch, head, query);
            table[3 * ROWS + r] = address(call.out(), batch, head, query);
        }
        for (int r = count; r < ROWS; r++) {
            // rows that are not there: the last one again, and results that nobody reads
            table[2 * ROWS + r] = table[2 * ROWS + count - 1];
            table[3 * ROWS + r] = memory.address() + SUMS + (long) r * pairs.width() * Float.BYTES;
        }
        // where nobody sees anything, some page is read for nothing
        highest = Math.max(1, highest);
        int begin = Math.min(lowest, highest - 1) / PAGE * PAGE;
        common(frame.words(), memory, pairs, call);
        if (highest - begin <= RANGE) {
            range(frame, memory, pairs, pair, begin, highest - begin, limits, table);
            return;
        }
        merged(call, pairs, pair, from, count, new Span(begin, highest, limits, table));
    }

    /** The keys that some rows see, and where these rows' limits, queries and results are. */
    private static final class Span {
        final int begin;
        final int end;
        final int[] limits;
        final long[] table;

        Span(int begin, int end, int[] limits, long[] table) {
            this.begin = begin;
            this.end = end;
            this.limits = limits;
            this.table = table;
        }
    }

    /** Several ranges, whose results are merged in order. */
    private void merged(Attention.Call call, Pairs pairs, int pair, int from, int count, Span span) {
        Attention.Sizes z = call.z();
        int dv = z.valueSize();
        Frame frame = Frame.current();
        MemorySegment memory = frame.scores(SIZE);
        float[] sums = new float[ROWS * (dv + 2)];
        for (int r = 0; r < count; r++) {
            sums[r * (dv + 2) + dv] = Float.NEGATIVE_INFINITY;
        }
        frame.words()[TileAttentionCode.OUT_ROWS / 8] = 0;
        int[] limits = span.limits;
        for (int t = span.begin; t < span.end; t += RANGE) {
            range(frame, memory, pairs, pair, t, Math.min(RANGE, span.end - t), limits, span.table);
            frame.words()[TileAttentionCode.QUERY_ROWS / 8] = 0;
            for (int r = 0; r < count; r++) {
                if (Math.max(t, limits[2 * r]) < Math.min(t + RANGE, limits[2 * r + 1])) {
                    merge(memory, r, pairs.width(), sums, r * (dv + 2), dv);
                }
            }
        }
        int group = z.group();
        for (int r = 0; r < count; r++) {
            int at = r * (dv + 2);
            float inverse = sums[at + dv + 1] == 0 ? 0 : 1 / sums[at + dv + 1];
            for (int c = 0; c < dv; c++) {
                sums[at + c] *= inverse;
            }
            int head = pair % z.kvHeads() * group + (from + r) % group;
            call.out().row(sums, at, dv, pair / z.kvHeads(), head, (from + r) / group);
        }
    }

    private static long address(Strided rows, int batch, int head, int row) {
        long element = batch * rows.batchStride() + head * rows.headStride() + row * rows.rowStride();
        return rows.data().address() + rows.offset() + element * Float.BYTES;
    }

    private void common(long[] w, MemorySegment memory, Pairs pairs, Attention.Call call) {
        int size = call.z().headSize();
        int dv = call.z().valueSize();
        w[TileAttentionCode.CONFIGURATION / 8] = configuration.address();
        w[TileAttentionCode.CONSTANTS / 8] = constants.address();
        w[TileAttentionCode.QUERIES / 8] = memory.address() + QUERIES;
        w[TileAttentionCode.QUERY_BYTES / 8] = (long) pairs.depth() * Short.BYTES;
        w[TileAttentionCode.DEPTH / 8] = pairs.depth() / STEP;
        w[TileAttentionCode.SCORES / 8] = memory.address() + SCORES;
        w[TileAttentionCode.SCORE_BYTES / 8] = SCORE_BYTES;
        w[TileAttentionCode.VALUE_BYTES / 8] = (long) pairs.width() * Integer.BYTES;
        w[TileAttentionCode.WIDTH / 8] = pairs.width() / ROWS;
        w[TileAttentionCode.SUMS / 8] = memory.address() + SUMS;
        w[TileAttentionCode.STATES / 8] = memory.address() + STATES;
        w[TileAttentionCode.LIMITS / 8] = memory.address() + LIMITS;
        w[TileAttentionCode.QUERY_ROWS / 8] = memory.address() + LIMITS + 2 * ROWS * Long.BYTES;
        w[TileAttentionCode.OUT_ROWS / 8] = memory.address() + LIMITS + 3 * ROWS * Long.BYTES;
        w[TileAttentionCode.FACTOR / 8] = Float.floatToRawIntBits(call.scale() * LOG2_E) & 0xffffffffL;
        w[TileAttentionCode.QUERY_STEPS / 8] = size / STEP;
        w[TileAttentionCode.QUERY_TAIL / 8] = (1L << (size % STEP)) - 1;
        w[TileAttentionCode.OUT_VECTORS / 8] = dv / ROWS;
        w[TileAttentionCode.OUT_TAIL / 8] = (1L << (dv % ROWS)) - 1;
    }

    /** Keys {@code t} to {@code t + n}. */
    private void range(
            Frame frame, MemorySegment memory, Pairs pairs, int pair, int t, int n, int[] limits, long[] table) {
        int steps = Math.ceilDiv(n, STEP);
        for (int r = 0; r < ROWS; r++) {
            int first = Math.clamp(limits[2 * r] - t, 0, steps * STEP);
            int end = Math.clamp(limits[2 * r + 1] - t, 0, steps * STEP);
            long row = memory.address() + SCORES + (long) r * SCORE_BYTES;
            table[2 * r] = first < end ? row + 4L * first : row;
            table[2 * r + 1] = first < end ? row + 4L * end : row;
        }
        MemorySegment.copy(table, 0, memory, JAVA_LONG, LIMITS, table.length);
        long[] w = frame.words();
        w[TileAttentionCode.KEYS / 8] = pairs.memory().address() + pairs.keys(pair, t / PAGE);
        w[TileAttentionCode.VALUES / 8] = pairs.memory().address() + pairs.values(pair, t / PAGE);
        w[TileAttentionCode.PAGES / 8] = Math.ceilDiv(n, PAGE);
        w[TileAttentionCode.STEPS / 8] = steps;
        frame.write(TileAttentionCode.WORDS);
        routine.call(frame.block());
    }

    /** Adds a range's result to a row's: dv sums, the peak (a power of two), the sum of weights. */
    private static void merge(MemorySegment memory, int row, int width, float[] sums, int at, int dv) {
        float peak = memory.get(JAVA_FLOAT, STATES + (long) row * TileAttentionCode.STATE);
        float weight = memory.get(JAVA_FLOAT, STATES + (long) row * TileAttentionCode.STATE + TileAttentionCode.VECTOR);
        float before = sums[at + dv];
        long from = SUMS + (long) row * width * Float.BYTES;
        if (before == Float.NEGATIVE_INFINITY) {
            MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, from, sums, at, dv);
            sums[at + dv] = peak;
            sums[at + dv + 1] = weight;
            return;
        }
        float now = Math.max(before, peak);
        float old = (float) Math.exp((before - now) / LOG2_E);
        float factor = (float) Math.exp((peak - now) / LOG2_E);
        for (int c = 0; c < dv; c++) {
            float fresh = memory.get(JAVA_FLOAT_UNALIGNED, from + 4L * c);
            sums[at + c] = sums[at + c] * old + fresh * factor;
        }
        sums[at + dv] = now;
        sums[at + dv + 1] = sums[at + dv + 1] * old + weight * factor;
    }
}
