package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.QuantizedRows.TILE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Products with the Vector API, at the width of {@link VectorSupport}. Only for JVMs that have it. */
public final class VectorBlockKernels implements BlockKernels {
    /** One is enough. */
    public static final VectorBlockKernels INSTANCE = new VectorBlockKernels();

    /** Rows whose activations, of one group, and sums stay in the second-level cache. */
    private static final int ROWS = 512;

    /** Panels for which activations of a group are made floats once. */
    private static final int PANELS = 24;

    /** Panels that take turns when there is one row: a few kilobytes of each are on their way from memory meanwhile. */
    private static final int TURN = 8;

    /** Rows from which three rows of weights in one double are worth their making. */
    private static final int TRIPLES_ROWS = 24;

    private static final int HEIGHT = VectorBlockTiles.HEIGHT;

    private VectorBlockKernels() {}

    @Override
    public String describe() {
        return "Vector API " + VectorSupport.describe();
    }

    @Override
    public PanelLayout layout() {
        return PanelLayout.APART;
    }

    @Override
    public void multiply(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        if (x.rows() == 1) {
            one(w, panel, panels, x, y, yOffset);
            return;
        }
        for (int m = row; m < row + rows; m += ROWS) {
            for (int p = panel; p < panel + panels; p += PANELS) {
                int high = Math.min(ROWS, row + rows - m);
                many(w, p, Math.min(PANELS, panel + panels - p), x, m, high, y, yOffset, yStride);
            }
        }
    }

    private static void one(BlockWeights w, int panel, int panels, QuantizedRows x, MemorySegment y, long yOffset) {
        Scratch scratch = Scratch.current();
        int groups = w.groups();
        float[] sums = scratch.floats(Scratch.B, 2 * groups);
        for (int g = 0; g < groups; g++) {
            sums(x, 0, g, sums, 2 * g);
        }
        Row codes = new Row(w, x);
        // one more for what a last panel without a partner is multiplied with
        float[] t = scratch.floats(Scratch.SUM, (TURN + 1) * groups * PANEL);
        float[] scale = scratch.floats(Scratch.C, w.panelEntries());
        float[] zero = scratch.floats(Scratch.D, w.panelEntries());
        float[] out = scratch.floats(Scratch.E, PANEL);
        for (int first = panel; first < panel + panels; first += TURN) {
            int count = Math.min(TURN, panel + panels - first);
            codes.multiply(first, count, t);
            for (int i = 0; i < count; i++) {
                scales(w, first + i, 0, w.panelEntries(), scale, 0);
                zeros(w, first + i, 0, w.panelEntries(), zero, 0);
                int step = w.perRow() ? 0 : PANEL;
                VectorBlockRow.add(t, i * groups * PANEL, groups, scale, zero, step, sums, out, 0);
                write(w, first + i, out, 0, y, yOffset);
            }
        }
    }

    /** One row, spread for the weight's codes. */
    private static final class Row {
        private final BlockWeights w;
        private final long codesAt;
        private final long codesStep;
        private final int words;
        private final boolean nibbles;
        private final float[] q;
        private final int[] ints;

        Row(BlockWeights w, QuantizedRows x) {
            this.w = w;
            codesAt = w.codesAt(0);
            codesStep = w.codesStep();
            words = w.group() * w.bits() / Integer.SIZE;
            nibbles = w.bits() == 4;
            Scratch scratch = Scratch.current();
            int padded = w.paddedInputs();
            q = scratch.floats(Scratch.A, nibbles ? 0 : padded);
            // factors of activations, then sums of 4-bit codes
            ints = scratch.ints(nibbles ? sumsAt() + (TURN + 1) * w.groups() * PANEL : 0);
            if (nibbles) {
                VectorBlockRow.spread(x.codes(), padded, ints);
            } else {
                VectorBlockTiles.widen(x.codes(), 0, padded, q, 0);
            }
        }

        private int sumsAt() {
            return w.paddedInputs() / 2;
        }

        /** {@code t[(i * groups + g) * 16 + r] = Σ code · q} of group g and row r of panel {@code first + i}. */
        void multiply(int first, int count, float[] t) {
            int size = count * w.groups() * PANEL;
            int at = sumsAt();
            Arrays.fill(t, 0, nibbles ? 0 : size, 0);
            Arrays.fill(ints, nibbles ? at : 0, nibbles ? at + size : 0, 0);
            int visit;
            for (int j = 0; j < w.groups() * words; j += visit) {
                visit = Math.min(VectorBlockRow.VISIT, words - j % words);
                for (int i = 0; i < count; i += 2) {
                    visit(first + i, i, i + 1 < count ? i + 1 : TURN, j, visit, t);
                }
            }
            for (int i = 0; nibbles && i < size; i++) {
                t[i] = ints[at + i] - words * VectorBlockRow.NO_BORROW;
            }
        }

        /** Multiplies words of a panel and of the one after it; place {@link #TURN} is where nobody looks. */
        private void visit(int panel, int place, int other, int word, int count, float[] t) {
            int groups = w.groups();
            int to = (place * groups + word / words) * PANEL;
            int otherTo = (other * groups + word / words) * PANEL;
            long at = codesAt + panel * codesStep + (long) word * BlockWeights.WORD;
            long otherAt = other == TURN ? at : at + codesStep;
            if (!nibbles) {
                VectorBlockRow.bytes(w.data(), at, otherAt, count, q, 4 * word, t, to, otherTo);
                return;
            }
            int sums = sumsAt();
            int high = 2 * (groups * words + word);
            for (int r = 0; r < PANEL; r += Lanes.N) {
                VectorBlockRow.nibbles(
                        w.data(),
                        at + 4L * r,
                        otherAt + 4L * r,
                        count,
                        ints,
                        2 * word,
                        high,
                        ints,
                        sums + to + r,
                        sums + otherTo + r);
            }
        }
    }

    private static void many(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        boolean triples = w.bits() == 4
                && w.group() >= QuantizedRows.CHUNK
                && w.group() <= VectorBlockTriples.MOST
                && rows >= TRIPLES_ROWS;
        Operands o = triples ? new Triples(w, rows) : new Pairs(w, rows);
        int width = o.width();
        int each = width / PANEL;
        int columns = Math.ceilDiv(panels, each);
        int tall = Math.ceilDiv(rows, TILE) * TILE;
        Scratch scratch = Scratch.current();
        float[] t = scratch.floats(Scratch.E, HEIGHT * width);
        float[] sums = scratch.floats(Scratch.B, 2 * tall);
        float[] scale = scratch.floats(Scratch.C, width);
        float[] zero = scratch.floats(Scratch.D, width);
        float[] out = scratch.floats(Scratch.SUM, columns * rows * width);
        Arrays.fill(out, 0, columns * rows * width, 0);
        for (int g = 0; g < w.groups(); g++) {
            o.rows(x, row, tall, g);
            for (int m = 0; m < rows; m++) {
                sums(x, row + m, g, sums, 2 * m);
            }
            for (int column = 0; column < columns; column++) {
                int first = panel + column * each;
                int last = Math.min(first + each, panel + panels) - 1;
                o.weights(first, last, g);
                for (int p = first; p <= last; p++) {
                    long entry = w.entry(0, g);
                    scales(w, p, entry, PANEL, scale, (p - first) * PANEL);
                    zeros(w, p, entry, PANEL, zero, (p - first) * PANEL);
                }
                if (triples) {
                    VectorBlockTriples.arrange(scale, zero);
                }
                for (int m = 0; m < rows; m += HEIGHT) {
                    int live = Math.min(HEIGHT, rows - m);
                    o.multiply(m, live, g, t);
                    VectorBlockTiles.add(t, width, live, scale, zero, sums, 2 * m, out, (column * rows + m) * width);
                }
            }
        }
        for (int p = 0; p < panels; p++) {
            for (int m = 0; m < rows; m++) {
                int at = (p / each * rows + m) * width + p % each * PANEL;
                if (triples) {
                    VectorBlockTriples.inOrder(out, at);
                }
                write(w, panel + p, out, at, y, yOffset + (row + m) * yStride * Float.BYTES);
            }
        }
    }

    /** How codes are held while many rows are multiplied: a group of the rows, and of the panels of a tile. */
    private sealed interface Operands {
        /** Columns of a tile. */
        int width();

        /** Brings the group of {@code tall} rows; groups rise. */
        void rows(QuantizedRows x, int row, int tall, int g);

        /** Brings the group of panels {@code first} to {@code last}; columns past them are left to chance, but finite. */
        void weights(int first, int last, int g);

        /** Sums of the products of rows {@code m} to {@code m + live - 1}. */
        void multiply(int m, int live, int g, float[] t);
    }

    private static int unit(BlockWeights w) {
        return Math.max(QuantizedRows.CHUNK, w.group());
    }

    private static int tileAt(BlockWeights w, int m, int g) {
        return m / TILE * TILE * unit(w) + m % TILE * QuantizedRows.CHUNK + g * w.group() % unit(w);
    }

    private static long groupAt(BlockWeights w, int panel, int g) {
        return w.codesAt(panel) + (long) g * w.group() * PANEL * w.bits() / Byte.SIZE;
    }

    /** Two panels in f32. */
    private static final class Pairs implements Operands {
        private final BlockWeights w;
        private final float[] a;
        private final float[] strip;

        Pairs(BlockWeights w, int rows) {
            this.w = w;
            Scratch scratch = Scratch.current();
            a = scratch.floats(Scratch.A, Math.ceilDiv(rows, TILE) * TILE * unit(w));
            strip = scratch.floats(Scratch.STRIP, w.group() * VectorBlockTiles.WIDTH);
        }

        @Override
        public int width() {
            return VectorBlockTiles.WIDTH;
        }

        @Override
        public void rows(QuantizedRows x, int row, int tall, int g) {
            int k = g * w.group();
            for (int m = 0; m < tall && k % unit(w) == 0; m += TILE) {
                VectorBlockTiles.widen(x.codes(), x.codeAt(row + m, k), TILE * unit(w), a, m * unit(w));
            }
        }

        @Override
        public void weights(int first, int last, int g) {
            int words = w.group() * w.bits() / Integer.SIZE;
            for (int p = first; p <= last; p++) {
                int to = (p - first) * PANEL;
                if (w.bits() == 4) {
                    VectorBlockTiles.nibbles(w.data(), groupAt(w, p, g), words, strip, to);
                } else {
                    VectorBlockTiles.bytes(w.data(), groupAt(w, p, g), words, strip, to);
                }
            }
        }

        @Override
        public void multiply(int m, int live, int g, float[] t) {
            VectorBlockTiles.multiply(a, tileAt(w, m, g), strip, w.group(), live, t);
        }
    }

    /** Three panels in one double. */
    private static final class Triples implements Operands {
        private final BlockWeights w;
        private final double[] a;
        private final double[] strip;
        private final double[] sum;

        Triples(BlockWeights w, int rows) {
            this.w = w;
            Scratch scratch = Scratch.current();
            a = scratch.doubles(Scratch.SHARED, Math.ceilDiv(rows, TILE) * TILE * unit(w));
            strip = scratch.doubles(Scratch.STRIP, w.group() * PANEL);
            sum = scratch.doubles(Scratch.SUM, HEIGHT * PANEL);
        }

        @Override
        public int width() {
            return VectorBlockTriples.WIDTH;
        }

        @Override
        public void rows(QuantizedRows x, int row, int tall, int g) {
            for (int m = 0; m < tall; m += TILE) {
                long at = x.codeAt(row + m, g * w.group());
                VectorBlockTriples.widen(x.codes(), at, TILE * w.group(), a, m * w.group());
            }
        }

        @Override
        public void weights(int first, int last, int g) {
            int words = w.group() / 8;
            long begin = groupAt(w, first, g);
            long second = groupAt(w, Math.min(first + 1, last), g);
            VectorBlockTriples.decode(w.data(), begin, second, groupAt(w, last, g), words, strip);
        }

        @Override
        public void multiply(int m, int live, int g, float[] t) {
            VectorBlockTriples.multiply(a, tileAt(w, m, g), strip, w.group(), live, sum);
            VectorBlockTriples.split(sum, live, t);
        }
    }

    /** The scale of a group of activations and the sum of its codes, negated. */
    private static void sums(QuantizedRows x, int m, int g, float[] sums, int at) {
        long entry = x.entryAt(m, g);
        sums[at] = x.scales().get(Mem.F32, Float.BYTES * entry);
        sums[at + 1] = -x.sums().get(Mem.I32, Integer.BYTES * entry);
    }

    /** Scales of groups of a panel; 1 where there is one for the row, which is multiplied at the end. */
    private static void scales(BlockWeights w, int panel, long entry, int n, float[] dst, int at) {
        long from = w.scalesAt(panel);
        if (w.perRow()) {
            Arrays.fill(dst, at, at + n, 1);
        } else if (w.halfScales()) {
            for (int i = 0; i < n; i++) {
                dst[at + i] = Float.float16ToFloat(w.data().get(Mem.I16, from + Short.BYTES * (entry + i)));
            }
        } else {
            Mem.read(w.data(), from + Float.BYTES * entry, dst, at, n);
        }
    }

    private static void zeros(BlockWeights w, int panel, long entry, int n, float[] dst, int at) {
        if (w.zeroPoints()) {
            VectorBlockTiles.widenUnsigned(w.data(), w.zeroPointsAt(panel) + entry, n, dst, at);
        } else {
            Arrays.fill(dst, at, at + n, w.zeroPoint());
        }
    }

    private static void write(BlockWeights w, int panel, float[] out, int at, MemorySegment y, long rowAt) {
        int row0 = panel * PANEL;
        int count = Math.min(PANEL, w.outputs() - row0);
        if (w.perRow()) {
            for (int r = 0; r < count; r++) {
                out[at + r] *= w.scale(row0 + r, 0);
            }
        }
        if (w.bias().byteSize() > 0) {
            for (int r = 0; r < count; r++) {
                out[at + r] += w.bias().get(Mem.F32, (long) (row0 + r) * Float.BYTES);
            }
        }
        Mem.write(out, at, count, y, rowAt + (long) row0 * Float.BYTES);
    }
}
