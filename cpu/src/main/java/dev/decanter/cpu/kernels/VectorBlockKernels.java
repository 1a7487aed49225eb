package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;

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
    public int rows(QuantizedRows x) {
        return ROWS;
    }

    @Override
    public int panels() {
        return PANELS;
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
                VectorBlockRows.multiply(w, p, Math.min(PANELS, panel + panels - p), x, m, high, y, yOffset, yStride);
            }
        }
    }

    private static void one(BlockWeights w, int panel, int panels, QuantizedRows x, MemorySegment y, long yOffset) {
        Scratch scratch = Scratch.current();
        int groups = w.groups();
        float[] sums = scratch.floats(Scratch.B, 2 * groups);
        for (int g = 0; g < groups; g++) {
            sums[2 * g] = x.scales().get(Mem.F32, (long) Float.BYTES * g);
            sums[2 * g + 1] = -x.sums().get(Mem.I32, (long) Integer.BYTES * g);
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
                zeros(w, first + i, 0, w.panelEntries(), codes.middle(), zero, 0);
                int step = w.perRow() ? 0 : PANEL;
                VectorBlockRow.add(t, i * groups * PANEL, groups, scale, zero, step, sums, out, 0);
                int live = Math.min(PANEL, w.outputs() - (first + i) * PANEL);
                write(w, first + i, live, out, 0, y, yOffset);
            }
        }
    }

    /** One row, spread for the weight's codes. */
    private static final class Row {
        private final BlockWeights w;
        private final long codesAt;
        private final long codesStep;
        /** Words of a row and of a group. */
        private final int all;

        private final int words;
        private final boolean nibbles;
        private final int sumsAt;
        /** Factors of activations, then sums. */
        private final int[] ints;

        Row(BlockWeights w, QuantizedRows x) {
            this.w = w;
            codesAt = w.codesAt(0);
            codesStep = w.codesStep();
            words = w.group() * w.bits() / Integer.SIZE;
            all = w.groups() * words;
            nibbles = w.bits() == 4;
            sumsAt = (nibbles ? VectorBlockRow.NIBBLE_FACTORS : VectorBlockRow.BYTE_FACTORS) * all;
            ints = Scratch.current().ints(sumsAt + (TURN + 1) * w.groups() * PANEL);
            if (nibbles) {
                VectorBlockRow.spread(x.codes(), w.paddedInputs(), ints);
            } else {
                VectorBlockRow.spreadForBytes(x.codes(), w.paddedInputs(), ints);
            }
        }

        /** {@code t[(i * groups + g) * 16 + r] = Σ code · q} of group g and row r of panel {@code first + i}, of codes less {@link #middle}. */
        void multiply(int first, int count, float[] t) {
            int size = count * w.groups() * PANEL;
            Arrays.fill(ints, sumsAt, sumsAt + size, 0);
            int visit;
            for (int j = 0; j < all; j += visit) {
                visit = Math.min(VectorBlockRow.VISIT, words - j % words);
                for (int i = 0; i < count; i += 2) {
                    visit(first + i, i, i + 1 < count ? i + 1 : TURN, j, visit);
                }
            }
            int borrowed = VectorBlockRow.NO_BORROW * words;
            for (int i = 0; i < size; i++) {
                t[i] = ints[sumsAt + i] - borrowed;
            }
        }

        /** What is taken from codes, and so from zero points. */
        int middle() {
            return nibbles ? 0 : VectorBlockRow.MIDDLE;
        }

        /** Multiplies words of a panel and of the one after it; place {@link #TURN} is where nobody looks. */
        private void visit(int panel, int place, int other, int word, int count) {
            int to = sumsAt + (place * w.groups() + word / words) * PANEL;
            int otherTo = sumsAt + (other * w.groups() + word / words) * PANEL;
            long at = codesAt + panel * codesStep + (long) word * BlockWeights.WORD;
            long otherAt = other == TURN ? at : at + codesStep;
            for (int r = 0; r < PANEL; r += Lanes.N) {
                MemorySegment data = w.data();
                long lanes = 4L * r;
                if (nibbles) {
                    VectorBlockRow.nibbles(
                            data,
                            at + lanes,
                            otherAt + lanes,
                            count,
                            ints,
                            2 * word,
                            2 * (all + word),
                            ints,
                            to + r,
                            otherTo + r);
                } else {
                    VectorBlockRow.bytes(
                            data, at + lanes, otherAt + lanes, count, ints, all, word, ints, to + r, otherTo + r);
                }
            }
        }
    }

    /** Scales of groups of a panel; 1 where there is one for the row, which is multiplied at the end. */
    static void scales(BlockWeights w, int panel, long entry, int n, float[] dst, int at) {
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

    /** Zero points of groups of a panel, less what was taken from the codes. */
    static void zeros(BlockWeights w, int panel, long entry, int n, int middle, float[] dst, int at) {
        if (!w.zeroPoints()) {
            Arrays.fill(dst, at, at + n, w.zeroPoint() - middle);
            return;
        }
        VectorBlockTiles.widenUnsigned(w.data(), w.zeroPointsAt(panel) + entry, n, dst, at);
        for (int i = at; i < at + n; i++) {
            dst[i] -= middle;
        }
    }

    /** Rows of weights from the first of a panel on: multiplies by their scale, if they have one, adds their bias, writes. */
    static void write(BlockWeights w, int panel, int count, float[] out, int at, MemorySegment y, long rowAt) {
        int row0 = panel * PANEL;
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
