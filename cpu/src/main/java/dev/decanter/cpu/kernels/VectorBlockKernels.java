package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;
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
    private static final int PANELS = 12;

    private static final int WIDTH = VectorBlockTiles.WIDTH;
    private static final int HEIGHT = VectorBlockTiles.HEIGHT;

    private VectorBlockKernels() {}

    @Override
    public String describe() {
        return "Vector API " + VectorSupport.describe();
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
        int padded = w.paddedInputs();
        int groups = w.groups();
        int words = w.group() * w.bits() / Integer.SIZE;
        boolean nibbles = w.bits() == 4;
        float[] q = scratch.floats(Scratch.A, nibbles ? 0 : padded);
        int[] pairs = scratch.ints(nibbles ? padded / 2 : 0);
        if (nibbles) {
            VectorBlockRow.spread(x.codes(), padded, pairs);
        } else {
            VectorBlockTiles.widen(x.codes(), 0, padded, q, 0);
        }
        float[] sums = scratch.floats(Scratch.B, 2 * groups);
        for (int g = 0; g < groups; g++) {
            sums(x, 0, g, sums, 2 * g);
        }
        float[] t = scratch.floats(Scratch.SUM, groups * PANEL);
        float[] scale = scratch.floats(Scratch.C, w.panelEntries());
        float[] zero = scratch.floats(Scratch.D, w.panelEntries());
        float[] out = scratch.floats(Scratch.E, PANEL);
        for (int p = panel; p < panel + panels; p++) {
            long at = p * w.panelBytes();
            if (nibbles) {
                VectorBlockRow.nibbles(w.codes(), at, groups, words, pairs, t);
            } else {
                VectorBlockRow.bytes(w.codes(), at, groups, words, q, t);
            }
            long entry = (long) p * w.panelEntries();
            scales(w, entry, w.panelEntries(), scale, 0);
            zeros(w, entry, w.panelEntries(), zero, 0);
            VectorBlockRow.add(t, groups, scale, zero, w.perRow() ? 0 : PANEL, sums, out);
            write(w, p, out, 0, y, yOffset);
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
        Scratch scratch = Scratch.current();
        int group = w.group();
        int unit = Math.max(QuantizedRows.CHUNK, group);
        int tiles = Math.ceilDiv(rows, TILE);
        int pairs = Math.ceilDiv(panels, 2);
        float[] a = scratch.floats(Scratch.A, tiles * TILE * unit);
        float[] strip = scratch.floats(Scratch.STRIP, group * WIDTH);
        float[] t = scratch.floats(Scratch.E, HEIGHT * WIDTH);
        float[] sums = scratch.floats(Scratch.B, 2 * tiles * TILE);
        float[] scale = scratch.floats(Scratch.C, WIDTH);
        float[] zero = scratch.floats(Scratch.D, WIDTH);
        float[] out = scratch.floats(Scratch.SUM, pairs * rows * WIDTH);
        Arrays.fill(out, 0, pairs * rows * WIDTH, 0);
        for (int g = 0; g < w.groups(); g++) {
            int k = g * group;
            if (k % unit == 0) {
                for (int tile = 0; tile < tiles; tile++) {
                    long at = x.codeAt(row + tile * TILE, k);
                    VectorBlockTiles.widen(x.codes(), at, TILE * unit, a, tile * TILE * unit);
                }
            }
            for (int m = 0; m < rows; m++) {
                sums(x, row + m, g, sums, 2 * m);
            }
            for (int pair = 0; pair < pairs; pair++) {
                decode(w, panel + 2 * pair, Math.min(2, panels - 2 * pair), g, strip, scale, zero);
                for (int m = 0; m < rows; m += HEIGHT) {
                    int live = Math.min(HEIGHT, rows - m);
                    int from = m / TILE * TILE * unit + m % TILE * QuantizedRows.CHUNK + k % unit;
                    VectorBlockTiles.multiply(a, from, strip, group, live, t);
                    VectorBlockTiles.add(t, WIDTH, live, scale, zero, 0, sums, 2 * m, out, (pair * rows + m) * WIDTH);
                }
            }
        }
        for (int p = 0; p < panels; p++) {
            for (int m = 0; m < rows; m++) {
                int at = (p / 2 * rows + m) * WIDTH + p % 2 * PANEL;
                write(w, panel + p, out, at, y, yOffset + (row + m) * yStride * Float.BYTES);
            }
        }
    }

    private static void decode(
            BlockWeights w, int panel, int panels, int g, float[] strip, float[] scale, float[] zero) {
        int words = w.group() * w.bits() / Integer.SIZE;
        for (int p = 0; p < panels; p++) {
            long at = (panel + p) * w.panelBytes() + (long) g * words * WORD;
            if (w.bits() == 4) {
                VectorBlockTiles.nibbles(w.codes(), at, words, strip, p * PANEL);
            } else {
                VectorBlockTiles.bytes(w.codes(), at, words, strip, p * PANEL);
            }
            long entry = w.entry((panel + p) * PANEL, g);
            scales(w, entry, PANEL, scale, p * PANEL);
            zeros(w, entry, PANEL, zero, p * PANEL);
        }
    }

    /** The scale of a group of activations and the sum of its codes, negated. */
    private static void sums(QuantizedRows x, int m, int g, float[] sums, int at) {
        long entry = x.entryAt(m, g);
        sums[at] = x.scales().get(Mem.F32, Float.BYTES * entry);
        sums[at + 1] = -x.sums().get(Mem.I32, Integer.BYTES * entry);
    }

    /** Scales of groups; 1 where there is one for the row, which is multiplied at the end. */
    private static void scales(BlockWeights w, long entry, int n, float[] dst, int at) {
        if (w.perRow()) {
            Arrays.fill(dst, at, at + n, 1);
        } else {
            rawScales(w, entry, n, dst, at);
        }
    }

    private static void rawScales(BlockWeights w, long entry, int n, float[] dst, int at) {
        if (w.halfScales()) {
            for (int i = 0; i < n; i++) {
                dst[at + i] = Float.float16ToFloat(w.scales().get(Mem.I16, Short.BYTES * (entry + i)));
            }
        } else {
            Mem.read(w.scales(), Float.BYTES * entry, dst, at, n);
        }
    }

    private static void zeros(BlockWeights w, long entry, int n, float[] dst, int at) {
        if (w.zeroPoints().byteSize() == 0) {
            Arrays.fill(dst, at, at + n, w.zeroPoint());
        } else {
            VectorBlockTiles.widenUnsigned(w.zeroPoints(), entry, n, dst, at);
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
