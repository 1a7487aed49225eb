package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.util.Arrays;

/**
 * Scaled dot-product attention, {@code softmax(q · kᵀ · scale + mask) · v}, with a running softmax over blocks of keys
 * (Milakov and Gimelshein 2018; Dao et al. 2022): scores are never held for all keys. Query heads that share a key head
 * are worked on together, so grouped keys and values are read once and never expanded.
 */
public final class Attention {
    /** Causal offset that lets every query see every key. */
    public static final int ALL_KEYS = Integer.MAX_VALUE;

    private static final int KEYS = Paged.ROWS;
    private static final int QUERIES = 128;
    /** Rows from which it pays to transpose a block of keys and use register tiles. */
    private static final int TILE_FROM = 16;

    private static final float NOTHING = Float.NEGATIVE_INFINITY;

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

        int group() {
            return heads / kvHeads;
        }

        /** Returns how many keys query {@code i} sees before the mask. */
        int visible(int i) {
            return causalOffset == ALL_KEYS ? keys : (int) Math.clamp((long) i + causalOffset + 1, 0L, keys);
        }
    }

    /**
     * Computes attention. A row whose keys are all masked by -∞ (or that has none) gives zeros, as in PyTorch
     * from 2.5 on.
     *
     * @param mask f32 added to the scaled scores, [B or 1, H or 1, S or 1, T] by strides of 0; may be absent
     * @param out receives [B, H, S, Dv]
     */
    public static void apply(
            ThreadTeam team, Sizes z, Strided q, HeadRows k, HeadRows v, Strided mask, float scale, Strided out) {
        int rows = z.group() * z.queries();
        int blocks = Math.ceilDiv(rows, QUERIES);
        int tasks = Math.multiplyExact(z.batch() * z.kvHeads(), blocks);
        team.run(tasks, task -> {
            int pair = task / blocks;
            int from = task % blocks * QUERIES;
            new Block(z, pair / z.kvHeads(), pair % z.kvHeads(), from, Math.min(QUERIES, rows - from))
                    .run(q, k, v, mask, scale, out);
        });
    }

    /** Rows {@code from} to {@code from + count} of one key head; row r is head {@code r % group}, query r / group. */
    private record Block(Sizes z, int batch, int kvHead, int from, int count) {

        private int head(int row) {
            return kvHead * z.group() + (from + row) % z.group();
        }

        private int query(int row) {
            return (from + row) / z.group();
        }

        void run(Strided q, HeadRows k, HeadRows v, Strided mask, float scale, Strided out) {
            int d = z.headSize();
            int dv = z.valueSize();
            int dvPad = Math.ceilDiv(dv, PANEL) * PANEL;
            int tiles = Math.ceilDiv(count, ROWS);
            boolean tiled = count >= TILE_FROM;
            Scratch scratch = Scratch.current();
            float[] queries = scratch.floats(Scratch.A, tiles * ROWS * d);
            float[] scores = scratch.floats(Scratch.B, tiles * ROWS * KEYS);
            float[] values = scratch.floats(Scratch.C, KEYS * dvPad);
            float[] weights = scratch.floats(Scratch.D, ROWS * KEYS);
            float[] keys = scratch.floats(Scratch.STRIP, KEYS * d + PANEL * d);
            float[] state = scratch.floats(Scratch.SUM, tiles * ROWS * (dvPad + 2));
            int sums = tiles * ROWS * dvPad;
            int peaks = sums + tiles * ROWS;
            Arrays.fill(state, 0, peaks, 0);
            Arrays.fill(state, peaks, peaks + tiles * ROWS, NOTHING);
            Arrays.fill(values, 0, KEYS * dvPad, 0);
            loadQueries(q, scale, tiled, queries);
            int limit = z.visible(query(count - 1));
            for (int t = 0; t < limit; t += KEYS) {
                int n = Math.min(KEYS, limit - t);
                k.read(batch, kvHead, t, n, d, keys, d);
                v.read(batch, kvHead, t, n, dv, values, dvPad);
                if (tiled) {
                    tileScores(queries, keys, n, scores);
                } else {
                    dotScores(queries, keys, n, scores);
                }
                for (int r = 0; r < count; r++) {
                    hide(mask, r, t, n, scores);
                    soften(scores, r * KEYS, n, state, r * dvPad, dvPad, sums + r, peaks + r);
                }
                for (int tile = 0; tile < tiles; tile++) {
                    int live = Math.min(ROWS, count - tile * ROWS);
                    interleave(scores, tile * ROWS * KEYS, live, n, weights);
                    for (int j = 0; j < dvPad; j += PANEL) {
                        Tiles.multiply(weights, 0, values, j, dvPad, n, live, state, tile * ROWS * dvPad + j, dvPad);
                    }
                }
            }
            for (int r = 0; r < count; r++) {
                float sum = state[sums + r];
                Rows.scale(state, r * dvPad, dv, sum == 0 ? 0 : 1 / sum);
                Mem.write(state, r * dvPad, dv, out.data(), out.at(batch, head(r), query(r)));
            }
        }

        private void loadQueries(Strided q, float scale, boolean tiled, float[] queries) {
            int d = z.headSize();
            float[] line = Scratch.current().floats(Scratch.E, d);
            for (int r = 0; r < count; r++) {
                Mem.read(q.data(), q.at(batch, head(r), query(r)), line, 0, d);
                int base = tiled ? r / ROWS * ROWS * d + r % ROWS : r * d;
                int step = tiled ? ROWS : 1;
                for (int i = 0; i < d; i++) {
                    queries[base + i * step] = line[i] * scale;
                }
            }
        }

        private void dotScores(float[] queries, float[] keys, int n, float[] scores) {
            int d = z.headSize();
            for (int i = 0; i < n; i++) {
                for (int r = 0; r < count; r++) {
                    scores[r * KEYS + i] = Rows.dot(queries, r * d, keys, i * d, d);
                }
            }
        }

        private void tileScores(float[] queries, float[] keys, int n, float[] scores) {
            int d = z.headSize();
            int panel = KEYS * d;
            int tiles = Math.ceilDiv(count, ROWS);
            Arrays.fill(scores, 0, tiles * ROWS * KEYS, 0);
            for (int j = 0; j < n; j += PANEL) {
                transpose(keys, j, Math.min(PANEL, n - j), panel);
                for (int tile = 0; tile < tiles; tile++) {
                    int live = Math.min(ROWS, count - tile * ROWS);
                    int a = tile * ROWS * d;
                    Tiles.multiply(queries, a, keys, panel, PANEL, d, live, scores, tile * ROWS * KEYS + j, KEYS);
                }
            }
        }

        private void transpose(float[] keys, int first, int n, int to) {
            int d = z.headSize();
            for (int i = 0; i < n; i++) {
                int row = (first + i) * d;
                for (int c = 0; c < d; c++) {
                    keys[to + c * PANEL + i] = keys[row + c];
                }
            }
        }

        /** Adds the mask and takes away what lies in the future. */
        private void hide(Strided mask, int row, int t, int n, float[] scores) {
            int at = row * KEYS;
            if (!mask.absent()) {
                float[] line = Scratch.current().floats(Scratch.E, KEYS);
                Mem.read(mask.data(), mask.at(batch, head(row), query(row)) + 4L * t, line, 0, n);
                for (int i = 0; i < n; i++) {
                    scores[at + i] += line[i];
                }
            }
            for (int i = Math.max(0, z.visible(query(row)) - t); i < n; i++) {
                scores[at + i] = NOTHING;
            }
        }

        /** Turns the scores of a row into weights relative to its peak so far, and rescales what it summed before. */
        private static void soften(
                float[] scores, int at, int n, float[] state, int result, int length, int sum, int peak) {
            float before = state[peak];
            float now = Math.max(before, Rows.max(scores, at, n));
            if (now == NOTHING) {
                Arrays.fill(scores, at, at + n, 0);
                return;
            }
            Rows.expMinus(scores, at, n, now);
            if (now != before) {
                float shrink = (float) Math.exp(before - now);
                state[sum] *= shrink;
                Rows.scale(state, result, length, shrink);
                state[peak] = now;
            }
            state[sum] += Rows.sum(scores, at, n);
        }

        private static void interleave(float[] scores, int at, int rows, int n, float[] weights) {
            if (rows < ROWS) {
                Arrays.fill(weights, 0, n * ROWS, 0);
            }
            for (int m = 0; m < rows; m++) {
                for (int i = 0; i < n; i++) {
                    weights[i * ROWS + m] = scores[at + m * KEYS + i];
                }
            }
        }
    }
}
