package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.util.Arrays;

/**
 * Some rows of one key head, over some pages of its keys: row r is head {@code r % group}, query {@code r / group} of it. State is
 * for each row what it summed of values, its peak score so far, and the sum of its weights relative to that.
 *
 * <p>Many rows are worked on in columns of {@value PackedWeights#PANEL}: scores lie [keys, rows], so a vector holds one key's
 * scores of many rows, and peaks, exponentials and sums need nothing across lanes. Few rows have scores [rows, keys].
 */
final class AttentionBlock {
    /** Rows from which on they are worked on in columns. */
    static final int COLUMNS_FROM = 16;

    private static final int KEYS = Paged.ROWS;
    private static final float NOTHING = Float.NEGATIVE_INFINITY;

    private final Attention.Call call;
    private final Attention.Sizes z;
    private final int batch;
    private final int kvHead;
    private final int from;
    private final int count;
    private final int padded;
    private final int width;
    private final boolean columns;
    private final Scratch scratch = Scratch.current();
    private final float[] sums;
    private final float[] peaks;
    /** First keys of the rows, then the keys after their last. */
    private final int[] limits;

    private boolean plain = true;
    private int lowest = Integer.MAX_VALUE;
    private int highest;
    private int allFrom;
    private int allTo = Integer.MAX_VALUE;

    private AttentionBlock(Attention.Call call, int pair, int from, int count) {
        this.call = call;
        this.z = call.z();
        batch = pair / z.kvHeads();
        kvHead = pair % z.kvHeads();
        this.from = from;
        this.count = count;
        columns = count >= COLUMNS_FROM;
        padded = Math.ceilDiv(count, columns ? PANEL : ROWS) * (columns ? PANEL : ROWS);
        width = Math.ceilDiv(z.valueSize(), PANEL) * PANEL;
        sums = scratch.floats(Scratch.SUM, padded * width);
        Arrays.fill(sums, 0, padded * width, 0);
        peaks = scratch.floats(Scratch.D, 2 * padded);
        Arrays.fill(peaks, 0, padded, NOTHING);
        Arrays.fill(peaks, padded, 2 * padded, 0);
        limits = scratch.ints(2 * padded);
        for (int r = 0; r < count; r++) {
            see(r);
        }
    }

    /** Rows {@code from} to {@code from + count} of a pair of batch and key head. At most one block lives on a thread. */
    static AttentionBlock of(Attention.Call call, int pair, int from, int count) {
        return new AttentionBlock(call, pair, from, count);
    }

    private int head(int row) {
        return kvHead * z.group() + (from + row) % z.group();
    }

    private int query(int row) {
        return (from + row) / z.group();
    }

    private void see(int row) {
        Visibility seen = call.seen();
        int head = head(row);
        int query = query(row);
        plain &= seen.plain(batch, head, query);
        limits[row] = seen.from(batch, head, query);
        limits[padded + row] = Math.max(limits[row], seen.to(batch, head, query, z.visible(query)));
        if (limits[row] < limits[padded + row]) {
            lowest = Math.min(lowest, limits[row]);
        }
        highest = Math.max(highest, limits[padded + row]);
        allFrom = Math.max(allFrom, limits[row]);
        allTo = Math.min(allTo, limits[padded + row]);
    }

    /** Attends to pages {@code firstPage} to {@code lastPage}. */
    void run(int firstPage, int lastPage) {
        int begin = Math.max(firstPage, lowest / KEYS);
        int stop = Math.min(lastPage, Math.ceilDiv(highest, KEYS));
        if (begin >= stop) {
            return;
        }
        int d = z.headSize();
        float[] queries = scratch.floats(Scratch.A, padded * d);
        loadQueries(queries);
        float[] keys = scratch.floats(Scratch.STRIP, KEYS * d);
        float[] values = scratch.floats(Scratch.C, KEYS * width);
        if (width > z.valueSize()) {
            Arrays.fill(values, 0, KEYS * width, 0);
        }
        boolean turned = columns || !(call.k() instanceof Strided);
        for (int page = begin; page < stop; page++) {
            int t = page * KEYS;
            int n = Math.min(KEYS, highest - t);
            if (turned) {
                call.k().columns(batch, kvHead, t, n, d, keys);
            } else {
                call.k().read(batch, kvHead, t, n, d, keys, d);
            }
            call.v().read(batch, kvHead, t, n, z.valueSize(), values, width);
            if (columns) {
                attendColumns(queries, keys, values, t, n);
            } else {
                attendRows(queries, keys, turned, values, t, n);
            }
        }
    }

    /** Queries times scale: [rows / {@code PANEL}, D, PANEL], or [rows / {@code ROWS}, D, ROWS]. */
    private void loadQueries(float[] queries) {
        int d = z.headSize();
        int lanes = columns ? PANEL : ROWS;
        float[] line = scratch.floats(Scratch.E, d);
        Arrays.fill(queries, 0, padded * d, 0);
        for (int r = 0; r < count; r++) {
            Mem.read(call.q().data(), call.q().at(batch, head(r), query(r)), line, 0, d);
            int base = r / lanes * lanes * d + r % lanes;
            for (int i = 0; i < d; i++) {
                queries[base + i * lanes] = line[i] * call.scale();
            }
        }
    }

    private void attendColumns(float[] queries, float[] keys, float[] values, int t, int n) {
        int d = z.headSize();
        float[] scores = scratch.floats(Scratch.B, KEYS * PANEL);
        for (int r = 0; r < count; r += PANEL) {
            int rows = Math.min(PANEL, count - r);
            Arrays.fill(scores, 0, KEYS * PANEL, 0);
            for (int i = 0; i < n; i += ROWS) {
                int live = Math.min(ROWS, n - i);
                Tiles.multiply(keys, i, KEYS, queries, r * d, PANEL, d, live, scores, i * PANEL, PANEL);
            }
            for (int i = 0; i < rows; i++) {
                mask(r + i, t, n, scores, i, PANEL);
            }
            float[] shrink = scratch.floats(Scratch.VALUES, PANEL);
            Softening.columns(scores, n, peaks, r, padded + r, shrink);
            for (int i = 0; i < rows; i++) {
                if (shrink[i] != 1) {
                    Rows.scale(sums, (r + i) * width, width, shrink[i]);
                }
            }
            for (int i = 0; i < rows; i += ROWS) {
                int live = Math.min(ROWS, rows - i);
                for (int j = 0; j < width; j += PANEL) {
                    Tiles.multiply(scores, i, PANEL, values, j, width, n, live, sums, (r + i) * width + j, width);
                }
            }
        }
    }

    private void attendRows(float[] queries, float[] keys, boolean turned, float[] values, int t, int n) {
        int d = z.headSize();
        float[] scores = scratch.floats(Scratch.B, 2 * ROWS * KEYS);
        int weights = ROWS * KEYS;
        for (int r = 0; r < count; r += ROWS) {
            int rows = Math.min(ROWS, count - r);
            if (turned) {
                Arrays.fill(scores, 0, ROWS * KEYS, 0);
                for (int j = 0; j < KEYS; j += PANEL) {
                    Tiles.multiply(queries, r * d, ROWS, keys, j, KEYS, d, rows, scores, j, KEYS);
                }
            } else {
                dots(queries, r, rows, keys, n, scores);
            }
            for (int i = 0; i < rows; i++) {
                mask(r + i, t, n, scores, i * KEYS, 1);
                soften(scores, i * KEYS, n, r + i);
            }
            PageLayout.turn(scores, KEYS, rows, n, scores, weights, ROWS);
            for (int j = 0; j < width; j += PANEL) {
                Tiles.multiply(scores, weights, ROWS, values, j, width, n, rows, sums, r * width + j, width);
            }
        }
    }

    /** Scores where keys lie in rows, and too few queries read them for turning to pay. */
    private void dots(float[] queries, int r, int rows, float[] keys, int n, float[] scores) {
        int d = z.headSize();
        float[] line = scratch.floats(Scratch.E, d);
        for (int m = 0; m < rows; m++) {
            for (int c = 0; c < d; c++) {
                line[c] = queries[r * d + c * ROWS + m];
            }
            for (int i = 0; i < n; i++) {
                scores[m * KEYS + i] = Rows.dot(line, 0, keys, i * d, d);
            }
        }
    }

    /** Adds the mask to a row's scores, unless it is plain, and takes away the keys that the row does not see. */
    private void mask(int row, int t, int n, float[] scores, int at, int step) {
        if (!plain) {
            float[] line = scratch.floats(Scratch.E, n);
            Mem.read(call.mask().data(), call.mask().at(batch, head(row), query(row)) + 4L * t, line, 0, n);
            for (int i = 0; i < n; i++) {
                scores[at + i * step] += line[i];
            }
        }
        if (t >= allFrom && t + n <= allTo) {
            return;
        }
        for (int i = 0; i < Math.min(n, limits[row] - t); i++) {
            scores[at + i * step] = NOTHING;
        }
        for (int i = Math.max(0, limits[padded + row] - t); i < n; i++) {
            scores[at + i * step] = NOTHING;
        }
    }

    /** Turns the scores of a row into weights relative to its peak so far, and rescales what it summed before. */
    private void soften(float[] scores, int at, int n, int row) {
        float before = peaks[row];
        float now = Math.max(before, Rows.max(scores, at, n));
        if (now == NOTHING) {
            Arrays.fill(scores, at, at + n, 0);
            return;
        }
        Rows.expMinus(scores, at, n, now);
        if (now != before) {
            float shrink = (float) Math.exp(before - now);
            peaks[padded + row] *= shrink;
            Rows.scale(sums, row * width, width, shrink);
            peaks[row] = now;
        }
        peaks[padded + row] += Rows.sum(scores, at, n);
    }

    /** Floats that {@link #save} writes for a block of {@code rows}. */
    static int partSize(Attention.Sizes z, int rows) {
        return rows * (z.valueSize() + 2);
    }

    /** Keeps the state for {@link #merge}. */
    void save(float[] parts, int at) {
        int dv = z.valueSize();
        for (int r = 0; r < count; r++) {
            int to = at + r * (dv + 2);
            System.arraycopy(sums, r * width, parts, to, dv);
            parts[to + dv] = peaks[r];
            parts[to + dv + 1] = peaks[padded + r];
        }
    }

    /** Takes the states of the ranges together, in their order. */
    void merge(float[] parts, int at, int step, int ranges) {
        int dv = z.valueSize();
        for (int r = 0; r < count; r++) {
            float peak = NOTHING;
            for (int i = 0; i < ranges; i++) {
                peak = Math.max(peak, parts[at + i * step + r * (dv + 2) + dv]);
            }
            for (int i = 0; i < ranges && peak != NOTHING; i++) {
                int part = at + i * step + r * (dv + 2);
                float factor = (float) Math.exp(parts[part + dv] - peak);
                peaks[padded + r] += factor * parts[part + dv + 1];
                for (int c = 0; c < dv; c++) {
                    sums[r * width + c] += factor * parts[part + c];
                }
            }
        }
    }

    /** Writes the rows' results. */
    void finish() {
        int dv = z.valueSize();
        for (int r = 0; r < count; r++) {
            float sum = peaks[padded + r];
            Rows.scale(sums, r * width, dv, sum == 0 ? 0 : 1 / sum);
            Mem.write(sums, r * width, dv, call.out().data(), call.out().at(batch, head(r), query(r)));
        }
    }
}
