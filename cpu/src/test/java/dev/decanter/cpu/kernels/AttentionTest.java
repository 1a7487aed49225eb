package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {
    private static final float CLOSE = 3e-6f;

    @ParameterizedTest
    @CsvSource({
        // batch, heads, kvHeads, queries, keys, headSize, valueSize, causal, mask
        "1, 1, 1, 1, 1, 1, 1, false, 0",
        "1, 4, 2, 1, 65, 64, 64, false, 1",
        "2, 8, 2, 1, 257, 64, 64, true, 0",
        "1, 32, 8, 1, 129, 128, 128, false, 2",
        "1, 2, 2, 3, 3, 7, 5, true, 0",
        "2, 4, 1, 5, 17, 33, 31, true, 1",
        "1, 4, 4, 31, 31, 16, 16, true, 2",
        "2, 6, 2, 63, 63, 17, 65, false, 3",
        "1, 8, 2, 65, 127, 64, 64, true, 3",
        "1, 3, 1, 129, 257, 80, 80, true, 2",
        "1, 9, 3, 15, 64, 8, 8, false, 0",
        "1, 16, 1, 1, 70, 64, 64, false, 0",
        "1, 7, 7, 2, 200, 12, 12, true, 1"
    })
    void equalsTheDefinition(
            int batch, int heads, int kvHeads, int queries, int keys, int d, int dv, boolean causal, int maskKind) {
        Case c = new Case(batch, heads, kvHeads, queries, keys, d, dv, causal ? keys - queries : Attention.ALL_KEYS);
        c.fill(new Random(5), maskKind);
        try (ThreadTeam team = new ThreadTeam(2)) {
            assertThat(c.headMajor(team)).containsExactly(c.expected(), within(CLOSE));
            assertThat(c.rowMajor(team)).as("[B, S, H, D]").containsExactly(c.expected(), within(CLOSE));
            for (CachePrecision precision : CachePrecision.values()) {
                c.round(precision);
                for (boolean turned : new boolean[] {true, false}) {
                    assertThat(c.paged(team, precision, turned))
                            .as("pages in %s, turned %s", precision, turned)
                            .containsExactly(c.expected(), within(CLOSE));
                }
            }
        }
    }

    @Test
    void threadsDoNotChangeABit() {
        Case c = new Case(2, 8, 2, 40, 150, 32, 32, 110);
        c.fill(new Random(6), 1);
        int[] first = {};
        for (int threads = 1; threads <= 3; threads++) {
            try (ThreadTeam team = new ThreadTeam(threads)) {
                int[] bits = Data.bits(c.headMajor(team));
                assertThat(bits).isEqualTo(threads == 1 ? bits : first);
                first = bits;
            }
        }
    }

    @Test
    void aRowThatIsMaskedWhollyGivesZerosAndOthersDoNotSuffer() {
        Case c = new Case(1, 2, 1, 20, 70, 8, 8, Attention.ALL_KEYS);
        c.fill(new Random(7), 1);
        for (int t = 0; t < c.keys; t++) {
            c.mask[3 * c.keys + t] = Float.NEGATIVE_INFINITY;
            // whole first block of keys hidden, then a visible one
            c.mask[4 * c.keys + t] = t < 66 ? Float.NEGATIVE_INFINITY : 0;
            // the lowest finite number hides as well, and alone gives the mean
            c.mask[5 * c.keys + t] = -Float.MAX_VALUE;
        }
        try (ThreadTeam team = new ThreadTeam(1)) {
            float[] got = c.headMajor(team);
            float[] expected = c.expected();
            for (int i = 0; i < got.length; i++) {
                if (i / 8 % 20 == 3) {
                    assertThat(got[i]).isZero();
                } else {
                    assertThat(got[i]).isCloseTo(expected[i], within(CLOSE));
                }
            }
        }
    }

    @Test
    void cacheRowsPastTheKeysAreNotRead() {
        Random random = new Random(8);
        float[] k = Data.normal(random, 2 * 10 * 4);
        float[] v = k.clone();
        for (int h = 0; h < 2; h++) {
            java.util.Arrays.fill(k, (h * 10 + 6) * 4, (h + 1) * 40, Float.NaN);
            java.util.Arrays.fill(v, (h * 10 + 6) * 4, (h + 1) * 40, Float.NaN);
        }
        MemorySegment out = Data.blank(2 * 4);
        MemorySegment q = Data.of(Data.normal(random, 2 * 4));
        try (ThreadTeam team = new ThreadTeam(1)) {
            Attention.apply(
                    team,
                    new Attention.Sizes(1, 2, 2, 1, 6, 4, 4, 5),
                    Strided.headMajor(q, 0, 2, 1, 4),
                    Strided.headMajor(Data.of(k), 0, 2, 10, 4),
                    Strided.headMajor(Data.of(v), 0, 2, 10, 4),
                    Strided.none(),
                    0.5f,
                    Strided.headMajor(out, 0, 2, 1, 4));
        }
        assertThat(Data.read(out)).doesNotContain(Float.NaN);
    }

    @Test
    void headsThatCannotShareAreRefused() {
        assertThatThrownBy(() -> new Attention.Sizes(1, 6, 4, 1, 1, 1, 1, 0)).hasMessageContaining("cannot share");
    }

    /** Random operands in [B, H, S, D], and the definition in double precision. */
    private static final class Case {
        final int batch;
        final int heads;
        final int kvHeads;
        final int queries;
        final int keys;
        final int d;
        final int dv;
        final int causalOffset;
        float[] q = {};
        float[] k = {};
        float[] v = {};
        float[] mask = {};
        int maskBatch;
        int maskHead;
        int maskRow;

        Case(int batch, int heads, int kvHeads, int queries, int keys, int d, int dv, int causalOffset) {
            this.batch = batch;
            this.heads = heads;
            this.kvHeads = kvHeads;
            this.queries = queries;
            this.keys = keys;
            this.d = d;
            this.dv = dv;
            this.causalOffset = causalOffset;
        }

        /** Mask kinds: 0 none, 1 [1, 1, S, T], 2 [1, 1, 1, T] with some keys hidden, 3 [B, H, S, T]. */
        void fill(Random random, int maskKind) {
            q = Data.normal(random, batch * heads * queries * d);
            k = Data.normal(random, batch * kvHeads * keys * d);
            v = Data.normal(random, batch * kvHeads * keys * dv);
            maskRow = maskKind == 1 || maskKind == 3 ? keys : 0;
            maskHead = maskKind == 3 ? queries * keys : 0;
            maskBatch = maskKind == 3 ? heads * queries * keys : 0;
            int size = maskKind == 0
                    ? 0
                    : maskKind == 1 ? queries * keys : maskKind == 2 ? keys : batch * heads * queries * keys;
            mask = Data.normal(random, size);
            for (int i = 0; i < size; i++) {
                if (i % 5 == 3) {
                    mask[i] = Float.NEGATIVE_INFINITY;
                }
            }
        }

        Strided mask() {
            return mask.length == 0
                    ? Strided.none()
                    : new Strided(Data.odd(mask), Data.ODD, maskBatch, maskHead, maskRow);
        }

        float[] headMajor(ThreadTeam team) {
            return headMajor(
                    team,
                    Strided.headMajor(Data.of(k), 0, kvHeads, keys, d),
                    Strided.headMajor(Data.of(v), 0, kvHeads, keys, dv));
        }

        float[] paged(ThreadTeam team, CachePrecision precision, boolean turned) {
            return headMajor(
                    team,
                    pages(k, new PageLayout(precision, turned, kvHeads, d)),
                    pages(v, new PageLayout(precision, !turned, kvHeads, dv)));
        }

        private float[] headMajor(ThreadTeam team, HeadRows keyRows, HeadRows valueRows) {
            MemorySegment out = Data.blank(batch * heads * queries * dv);
            Attention.apply(
                    team,
                    new Attention.Sizes(batch, heads, kvHeads, queries, keys, d, dv, causalOffset),
                    Strided.headMajor(Data.odd(q), Data.ODD, heads, queries, d),
                    keyRows,
                    valueRows,
                    mask(),
                    scale(),
                    Strided.headMajor(out, 0, heads, queries, dv));
            return Data.read(out);
        }

        /** Pages out of order, with NaN where no key is. */
        private Paged pages(float[] x, PageLayout layout) {
            int each = Math.ceilDiv(keys, Paged.ROWS);
            int size = layout.size();
            MemorySegment[] pages = new MemorySegment[batch * each];
            for (int p = pages.length - 1; p >= 0; p--) {
                float[] nothing = new float[Paged.ROWS * size];
                java.util.Arrays.fill(nothing, Float.NaN);
                pages[p] = Data.bytes(layout.bytes());
                int first = p % each * Paged.ROWS;
                int count = Math.min(Paged.ROWS, keys - first);
                for (int h = 0; h < kvHeads; h++) {
                    layout.write(pages[p], h, 0, Paged.ROWS, Data.of(nothing), 0);
                    long from = ((long) (p / each * kvHeads + h) * keys + first) * size * Float.BYTES;
                    layout.write(pages[p], h, 0, count, Data.of(x), from);
                }
            }
            return new Paged(layout, pages, each);
        }

        /** Rounds keys and values to what pages of a precision keep. */
        void round(CachePrecision precision) {
            k = all(pages(k, new PageLayout(precision, false, kvHeads, d)), d);
            v = all(pages(v, new PageLayout(precision, false, kvHeads, dv)), dv);
        }

        private float[] all(Paged pages, int size) {
            MemorySegment all = Data.blank(batch * kvHeads * keys * size);
            for (int t = 0; t < keys; t += Paged.ROWS) {
                for (int h = 0; h < batch * kvHeads; h++) {
                    long to = ((long) h * keys + t) * size * Float.BYTES;
                    pages.copy(h / kvHeads, h % kvHeads, t, Math.min(Paged.ROWS, keys - t), all, to);
                }
            }
            return Data.read(all);
        }

        float[] rowMajor(ThreadTeam team) {
            MemorySegment out = Data.blank(batch * heads * queries * dv);
            Attention.apply(
                    team,
                    new Attention.Sizes(batch, heads, kvHeads, queries, keys, d, dv, causalOffset),
                    Strided.rowMajor(Data.of(swap(q, heads, queries, d)), 0, queries, heads, d),
                    Strided.rowMajor(Data.of(swap(k, kvHeads, keys, d)), 0, keys, kvHeads, d),
                    Strided.rowMajor(Data.of(swap(v, kvHeads, keys, dv)), 0, keys, kvHeads, dv),
                    mask(),
                    scale(),
                    Strided.rowMajor(out, 0, queries, heads, dv));
            return swap(Data.read(out), queries, heads, dv);
        }

        float scale() {
            return (float) (1 / Math.sqrt(d));
        }

        private float[] swap(float[] x, int outer, int inner, int size) {
            float[] y = new float[x.length];
            for (int b = 0; b < batch; b++) {
                for (int o = 0; o < outer; o++) {
                    for (int i = 0; i < inner; i++) {
                        int from = ((b * outer + o) * inner + i) * size;
                        System.arraycopy(x, from, y, ((b * inner + i) * outer + o) * size, size);
                    }
                }
            }
            return y;
        }

        float[] expected() {
            float[] out = new float[batch * heads * queries * dv];
            double[] p = new double[keys];
            for (int row = 0; row < batch * heads * queries; row++) {
                int b = row / queries / heads;
                int h = row / queries % heads;
                int s = row % queries;
                int kv = b * kvHeads + h / (heads / kvHeads);
                double max = Double.NEGATIVE_INFINITY;
                for (int t = 0; t < keys; t++) {
                    double score = 0;
                    for (int i = 0; i < d; i++) {
                        score += (double) q[row * d + i] * k[(kv * keys + t) * d + i];
                    }
                    score *= scale();
                    if (mask.length > 0) {
                        score += mask[b * maskBatch + h * maskHead + s * maskRow + t];
                    }
                    boolean future = causalOffset != Attention.ALL_KEYS && t > s + causalOffset;
                    p[t] = future ? Double.NEGATIVE_INFINITY : (float) score;
                    max = Math.max(max, p[t]);
                }
                double sum = 0;
                for (int t = 0; t < keys; t++) {
                    p[t] = Math.exp(p[t] - max);
                    sum += p[t];
                }
                for (int i = 0; i < dv; i++) {
                    double y = 0;
                    for (int t = 0; t < keys; t++) {
                        y += p[t] / sum * v[(kv * keys + t) * dv + i];
                    }
                    out[row * dv + i] = (float) y;
                }
            }
            return out;
        }
    }
}
