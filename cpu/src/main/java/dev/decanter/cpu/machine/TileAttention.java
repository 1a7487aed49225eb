package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.TiledAttention;
import dev.decanter.cpu.kernels.Visibility;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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

    // fields of a thread's memory
    private static final int LIMITS = 0;
    private static final int STATES = LIMITS + ROWS * 2 * Long.BYTES;
    private static final int QUERIES = STATES + ROWS * TileAttentionCode.STATE;
    private static final int SUMS = QUERIES + ROWS * MAX_SIZE * Short.BYTES;
    private static final int SCORES = SUMS + ROWS * MAX_SIZE * Float.BYTES + TileAttentionCode.VECTOR;
    private static final int SIZE = SCORES + ROWS * SCORE_BYTES;

    private final Routine routine = Routine.of(TileAttentionCode.emit());
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
        int rows = z.heads() / z.kvHeads() * z.queries();
        Pairs pairs = pair(team, call, heads);
        int blocks = Math.ceilDiv(rows, ROWS);
        team.run(Math.multiplyExact(heads, blocks), task -> {
            int from = task % blocks * ROWS;
            attend(call, pairs, task / blocks, from, Math.min(ROWS, rows - from));
        });
    }

    private static Pairs pair(ThreadTeam team, Attention.Call call, int heads) {
        Attention.Sizes z = call.z();
        int depth = Math.ceilDiv(z.headSize(), STEP) * STEP;
        int width = Math.ceilDiv(z.valueSize(), ROWS) * ROWS;
        Pairs sizes = new Pairs(MemorySegment.NULL, Math.ceilDiv(z.keys(), PAGE), depth, width);
        long bytes = sizes.bytes(heads);
        MemorySegment memory = Frame.current().pairs(bytes);
        Pairs pairs = new Pairs(memory, sizes.pages(), depth, width);
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

    /** Rows {@code from} to {@code from + count} of a key head; row r is head {@code r % group}, query {@code r / group}. */
    private void attend(Attention.Call call, Pairs pairs, int pair, int from, int count) {
        Attention.Sizes z = call.z();
        int group = z.heads() / z.kvHeads();
        int batch = pair / z.kvHeads();
        int firstHead = pair % z.kvHeads() * group;
        Frame frame = Frame.current();
        MemorySegment memory = frame.scores(SIZE);
        int dv = z.valueSize();
        float[] line = new float[Math.max(z.headSize(), dv)];
        float[] sums = new float[ROWS * (dv + 2)];
        int[] limits = new int[2 * ROWS];
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
            call.q().row(batch, head, query, line, z.headSize());
            long to = QUERIES + (long) r * pairs.depth() * Short.BYTES;
            Brains.row(line, z.headSize(), call.scale() * LOG2_E, memory, to, pairs.depth());
        }
        common(frame, memory, pairs);
        for (int r = 0; r < count; r++) {
            sums[r * (dv + 2) + dv] = Float.NEGATIVE_INFINITY;
        }
        for (int t = lowest / PAGE * PAGE; t < highest; t += RANGE) {
            range(frame, memory, pairs, pair, t, Math.min(RANGE, highest - t), limits);
            for (int r = 0; r < count; r++) {
                if (Math.max(t, limits[2 * r]) < Math.min(t + RANGE, limits[2 * r + 1])) {
                    merge(memory, r, pairs.width(), sums, r * (dv + 2), dv);
                }
            }
        }
        for (int r = 0; r < count; r++) {
            int at = r * (dv + 2);
            float inverse = sums[at + dv + 1] == 0 ? 0 : 1 / sums[at + dv + 1];
            for (int c = 0; c < dv; c++) {
                sums[at + c] *= inverse;
            }
            int head = firstHead + (from + r) % group;
            call.out().row(sums, at, dv, batch, head, (from + r) / group);
        }
    }

    private void common(Frame frame, MemorySegment memory, Pairs pairs) {
        frame.set(TileAttentionCode.CONFIGURATION, configuration.address());
        frame.set(TileAttentionCode.CONSTANTS, constants.address());
        frame.set(TileAttentionCode.QUERIES, memory.address() + QUERIES);
        frame.set(TileAttentionCode.QUERY_BYTES, (long) pairs.depth() * Short.BYTES);
        frame.set(TileAttentionCode.DEPTH, pairs.depth() / STEP);
        frame.set(TileAttentionCode.SCORES, memory.address() + SCORES);
        frame.set(TileAttentionCode.SCORE_BYTES, SCORE_BYTES);
        frame.set(TileAttentionCode.VALUE_BYTES, (long) pairs.width() * Integer.BYTES);
        frame.set(TileAttentionCode.WIDTH, pairs.width() / ROWS);
        frame.set(TileAttentionCode.SUMS, memory.address() + SUMS);
        frame.set(TileAttentionCode.STATES, memory.address() + STATES);
        frame.set(TileAttentionCode.LIMITS, memory.address() + LIMITS);
    }

    /** Keys {@code t} to {@code t + n}. */
    private void range(Frame frame, MemorySegment memory, Pairs pairs, int pair, int t, int n, int[] limits) {
        int steps = Math.ceilDiv(n, STEP);
        for (int r = 0; r < ROWS; r++) {
            int first = Math.clamp(limits[2 * r] - t, 0, steps * STEP);
            int end = Math.clamp(limits[2 * r + 1] - t, 0, steps * STEP);
            long row = memory.address() + SCORES + (long) r * SCORE_BYTES;
            memory.set(JAVA_LONG, LIMITS + 16L * r, first < end ? row + 4L * first : row);
            memory.set(JAVA_LONG, LIMITS + 16L * r + 8, first < end ? row + 4L * end : row);
        }
        frame.set(TileAttentionCode.KEYS, pairs.memory().address() + pairs.keys(pair, t / PAGE));
        frame.set(TileAttentionCode.VALUES, pairs.memory().address() + pairs.values(pair, t / PAGE));
        frame.set(TileAttentionCode.PAGES, Math.ceilDiv(n, PAGE));
        frame.set(TileAttentionCode.STEPS, steps);
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
