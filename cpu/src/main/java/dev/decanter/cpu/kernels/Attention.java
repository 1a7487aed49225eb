package dev.decanter.cpu.kernels;

import java.util.Optional;

/**
 * Scaled dot-product attention, {@code softmax(q · kᵀ · scale + mask) · v}, with a running softmax over blocks of keys
 * (Milakov and Gimelshein 2018; Dao et al. 2022): scores are never held for all keys. Query heads that share a key head
 * are worked on together, so grouped keys and values are read once and never expanded. Few queries are split over ranges of keys
 * whose results are merged (flash decoding). All cuts depend on sizes alone, so results do not depend on the number of threads.
 */
public final class Attention {
    /** Causal offset that lets every query see every key. */
    public static final int ALL_KEYS = Integer.MAX_VALUE;

    /** Rows (queries of all heads of a group) of a task. */
    private static final int QUERIES = 128;
    /** Rows up to which keys are split into ranges. */
    static final int SPLIT_UP_TO = 32;

    private static final int RANGE_PAGES = 8;
    private static final int MAX_RANGES = 16;

    private Attention() {}

    /**
     * Sizes of q[B, H, S, D], k[B, Hkv, T, D], v[B, Hkv, T, Dv] and the result [B, H, S, Dv].
     *
     * @param heads H, a multiple of {@code kvHeads}; head h reads key head {@code h / (H / Hkv)}
     * @param causalOffset query i sees keys 0 to {@code i + causalOffset} (for a cache: the number of past tokens);
     *     {@link #ALL_KEYS} if not causal
     */
    public record Sizes(
            int batch, int heads, int kvHeads, int queries, int keys, int headSize, int valueSize, int causalOffset) {
        /** Checks the grouping. */
        public Sizes {
            if (kvHeads < 1 || heads % kvHeads != 0) {
                throw new IllegalArgumentException(heads + " query heads cannot share " + kvHeads + " key heads");
            }
        }

        /** Returns how many query heads share a key head. */
        public int group() {
            return heads / kvHeads;
        }

        /** Returns how many keys query {@code i} sees before the mask. */
        public int visible(int i) {
            return causalOffset == ALL_KEYS ? keys : (int) Math.clamp((long) i + causalOffset + 1, 0L, keys);
        }
    }

    /**
     * What all tasks of one call share; see {@link #apply}.
     *
     * @param seen what the mask hides
     */
    public record Call(
            Sizes z, Strided q, HeadRows k, HeadRows v, Strided mask, Visibility seen, float scale, Strided out) {}

    /**
     * Computes attention. A row whose keys are all masked by -∞ (or that has none) gives zeros, as in PyTorch
     * from 2.5 on.
     *
     * @param mask f32 added to the scaled scores, [B or 1, H or 1, S or 1, T] by strides of 0; may be absent. A key whose
     *     number is -65504 or less counts as hidden where another key of the row has 0 and none has anything else
     * @param out receives [B, H, S, Dv]
     */
    public static void apply(
            ThreadTeam team, Sizes z, Strided q, HeadRows k, HeadRows v, Strided mask, float scale, Strided out) {
        apply(team, Optional.empty(), Optional.empty(), z, q, k, v, mask, scale, out);
    }

    /**
     * As the other, by kernels of another making where they can read the cache. Numbers may differ in their last bits.
     *
     * @param kernels attention in f32
     * @param tiles attention of many queries with fewer bits than f32, if that is wanted
     */
    public static void apply(
            ThreadTeam team,
            Optional<AttentionKernels> kernels,
            Optional<TiledAttention> tiles,
            Sizes z,
            Strided q,
            HeadRows k,
            HeadRows v,
            Strided mask,
            float scale,
            Strided out) {
        apply(team, kernels, tiles, z, q, k, v, mask, Visibility.of(team, z, mask), scale, out);
    }

    /**
     * As the other, where it is known what the mask hides.
     *
     * @param mask may be absent if all its rows are plain
     * @param seen what {@link Visibility#of} reads off the mask
     */
    public static void apply(
            ThreadTeam team,
            Optional<AttentionKernels> kernels,
            Optional<TiledAttention> tiles,
            Sizes z,
            Strided q,
            HeadRows k,
            HeadRows v,
            Strided mask,
            Visibility seen,
            float scale,
            Strided out) {
        int rows = z.group() * z.queries();
        int pairs = Math.multiplyExact(z.batch(), z.kvHeads());
        if (rows == 0 || pairs == 0) {
            return;
        }
        Call given = new Call(z, q, k, v, mask, seen, scale, out);
        if (rows > SPLIT_UP_TO
                && tiles.isPresent()
                && tiles.get().attends(z)
                && given.seen().allPlain()) {
            tiles.get().attend(team, given);
            return;
        }
        if (kernels.isPresent() && kernels.get().attends(given)) {
            kernels.get().attend(team, given);
            return;
        }
        Call call = turned(team, given, rows);
        int pages = Math.ceilDiv(z.keys(), Paged.ROWS);
        if (rows <= SPLIT_UP_TO && pages > RANGE_PAGES) {
            split(team, call, rows, pairs, pages);
            return;
        }
        int blocks = Math.ceilDiv(rows, QUERIES);
        team.run(Math.multiplyExact(pairs, blocks), task -> {
            int from = task % blocks * QUERIES;
            AttentionBlock block = AttentionBlock.of(call, task / blocks, from, Math.min(QUERIES, rows - from));
            block.run(0, pages);
            block.finish();
        });
    }

    /** Keys as columns, where so many rows read them that turning them once pays. */
    private static Call turned(ThreadTeam team, Call call, int rows) {
        if (!(call.k() instanceof Strided) || rows < AttentionBlock.COLUMNS_FROM) {
            return call;
        }
        Sizes z = call.z();
        float[] room = Scratch.current()
                .floats(Scratch.TURNED, TurnedKeys.room(z.batch(), z.kvHeads(), z.keys(), z.headSize()));
        HeadRows keys = TurnedKeys.of(team, call.k(), z.batch(), z.kvHeads(), z.keys(), z.headSize(), room);
        return new Call(z, call.q(), keys, call.v(), call.mask(), call.seen(), call.scale(), call.out());
    }

    /** Tasks of one range each, then the merge. */
    private static void split(ThreadTeam team, Call call, int rows, int pairs, int pages) {
        int each = Math.max(RANGE_PAGES, Math.ceilDiv(pages, MAX_RANGES));
        int ranges = Math.ceilDiv(pages, each);
        int part = AttentionBlock.partSize(call.z(), rows);
        float[] parts = Scratch.current().floats(Scratch.SHARED, (long) pairs * ranges * part);
        // the heads of a range follow each other, as they lie in memory
        team.run(Math.multiplyExact(pairs, ranges), task -> {
            int pair = task % pairs;
            int range = task / pairs;
            AttentionBlock block = AttentionBlock.of(call, pair, 0, rows);
            block.run(range * each, Math.min(pages, (range + 1) * each));
            block.save(parts, (pair * ranges + range) * part);
        });
        team.run(pairs, pair -> {
            AttentionBlock block = AttentionBlock.of(call, pair, 0, rows);
            block.merge(parts, pair * ranges * part, part, ranges);
            block.finish();
        });
    }
}
