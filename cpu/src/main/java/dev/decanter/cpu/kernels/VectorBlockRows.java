package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.QuantizedRows.CHUNK;
import static dev.decanter.cpu.kernels.QuantizedRows.TILE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Many rows with the Vector API: a group of inputs after the other, of which rows and weights are made numbers once. */
final class VectorBlockRows {
    /** Rows from which three rows of weights in one double are worth their making. */
    private static final int TRIPLES_ROWS = 24;

    private VectorBlockRows() {}

    /** As {@link BlockKernels#multiply}, for rows and panels whose numbers and results fit into the second-level cache. */
    static void multiply(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        boolean triples =
                w.bits() == 4 && w.group() % CHUNK == 0 && w.group() <= VectorBlockTriples.MOST && rows >= TRIPLES_ROWS;
        Operands o = triples ? new Triples(w, rows) : new Pairs(w, rows);
        int width = o.width();
        int height = o.height();
        int each = width / PANEL;
        int columns = Math.ceilDiv(panels, each);
        Scratch scratch = Scratch.current();
        float[] sums = scratch.floats(Scratch.B, 2 * rows);
        float[] scale = scratch.floats(Scratch.C, width);
        float[] zero = scratch.floats(Scratch.D, width);
        float[] out = scratch.floats(Scratch.SUM, columns * rows * width);
        Arrays.fill(out, 0, columns * rows * width, 0);
        for (int g = 0; g < w.groups(); g++) {
            o.rows(x, row, rows, g);
            sums(x, row, rows, g, sums);
            for (int column = 0; column < columns; column++) {
                int first = panel + column * each;
                int last = Math.min(first + each, panel + panels) - 1;
                o.weights(first, last, g);
                for (int p = first; p <= last; p++) {
                    long entry = w.entry(0, g);
                    VectorBlockKernels.scales(w, p, entry, PANEL, scale, (p - first) * PANEL);
                    VectorBlockKernels.zeros(w, p, entry, PANEL, o.middle(), zero, (p - first) * PANEL);
                }
                for (int m = 0; m < rows; m += height) {
                    int live = Math.min(height, rows - m);
                    o.multiply(m, live, g, scale, zero, sums, out, (column * rows + m) * width);
                }
            }
        }
        for (int m = 0; m < rows; m++) {
            long rowAt = yOffset + (row + m) * yStride * Float.BYTES;
            // all of a row before the next one, which is on another page
            for (int column = 0; column < columns; column++) {
                int first = panel + column * each;
                int count = Math.min(Math.min(each, panel + panels - first) * PANEL, w.outputs() - first * PANEL);
                VectorBlockKernels.write(w, first, count, out, (column * rows + m) * width, y, rowAt);
            }
        }
    }

    /** For each row the scale of its group and the sum of its codes, negated. */
    private static void sums(QuantizedRows x, int row, int rows, int g, float[] sums) {
        for (int m = 0; m < rows; m += TILE) {
            long entry = x.entryAt(row + m, g);
            for (int i = 0; i < Math.min(TILE, rows - m); i++) {
                sums[2 * (m + i)] = x.scales().get(Mem.F32, Float.BYTES * (entry + i));
                sums[2 * (m + i) + 1] = -x.sums().get(Mem.I32, Integer.BYTES * (entry + i));
            }
        }
    }

    /** How codes are held while many rows are multiplied: a group of the rows, and of the panels of a tile. */
    private sealed interface Operands {
        /** Columns of a tile, a multiple of a panel. */
        int width();

        /** Rows of a tile. */
        int height();

        /** Brings the group of rows; groups rise. */
        void rows(QuantizedRows x, int row, int rows, int g);

        /** Brings the group of panels {@code first} to {@code last}; columns past them are left to chance, but finite. */
        void weights(int first, int last, int g);

        /** What {@link #weights} takes from codes, and so is taken from zero points. */
        int middle();

        /**
         * Adds the products of rows {@code m} to {@code m + live - 1}, less their zero points and times their scales, to {@code
         * out[at..]}.
         *
         * @param sums for each row the scale of its group and the sum of its codes, negated
         */
        void multiply(int m, int live, int g, float[] scale, float[] zero, float[] sums, float[] out, int at);
    }

    /** Two panels in f32. */
    private static final class Pairs implements Operands {
        private final BlockWeights w;
        private final int unit;
        private final float[] a;
        private final float[] strip;
        private final float[] t;

        Pairs(BlockWeights w, int rows) {
            this.w = w;
            unit = Math.max(CHUNK, w.group());
            Scratch scratch = Scratch.current();
            a = scratch.floats(Scratch.A, Math.ceilDiv(rows, TILE) * TILE * unit);
            strip = scratch.floats(Scratch.STRIP, w.group() * VectorBlockTiles.WIDTH);
            t = scratch.floats(Scratch.E, VectorBlockTiles.HEIGHT * VectorBlockTiles.WIDTH);
        }

        @Override
        public int width() {
            return VectorBlockTiles.WIDTH;
        }

        @Override
        public int height() {
            return VectorBlockTiles.HEIGHT;
        }

        @Override
        public void rows(QuantizedRows x, int row, int rows, int g) {
            int k = g * w.group();
            for (int m = 0; m < rows && k % unit == 0; m += TILE) {
                VectorBlockTiles.widen(x.codes(), x.codeAt(row + m, k), TILE * unit, a, m * unit);
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
        public int middle() {
            return 0;
        }

        @Override
        public void multiply(int m, int live, int g, float[] scale, float[] zero, float[] sums, float[] out, int at) {
            int tileAt = m / TILE * TILE * unit + m % TILE * CHUNK + g * w.group() % unit;
            VectorBlockTiles.multiply(a, tileAt, strip, w.group(), live, t);
            VectorBlockTiles.add(t, live, scale, zero, sums, 2 * m, out, at);
        }
    }

    /** Three panels in one double. */
    private static final class Triples implements Operands {
        private final BlockWeights w;
        private final int group;
        private final double[] a;
        private final double[] strip;
        private final double[] sum;
        private final long[] codes;

        Triples(BlockWeights w, int rows) {
            this.w = w;
            group = w.group();
            int tall = Math.max(Math.ceilDiv(rows, height()) * height(), Math.ceilDiv(rows, TILE) * TILE);
            Scratch scratch = Scratch.current();
            a = scratch.doubles(Scratch.SHARED, tall * VectorBlockTriples.STRIDE);
            strip = scratch.doubles(Scratch.STRIP, group * PANEL);
            sum = scratch.doubles(Scratch.SUM, height() * PANEL);
            codes = new long[3 * group];
        }

        @Override
        public int width() {
            return VectorBlockTriples.WIDTH;
        }

        @Override
        public int height() {
            return VectorBlockTriples.HEIGHT;
        }

        @Override
        public void rows(QuantizedRows x, int row, int rows, int g) {
            for (int m = 0; m < rows; m += TILE) {
                for (int k = 0; k < group; k += CHUNK) {
                    long at = x.codeAt(row + m, g * group + k);
                    VectorBlockTriples.widen(x.codes(), at, TILE, a, m * VectorBlockTriples.STRIDE + k);
                }
            }
        }

        @Override
        public void weights(int first, int last, int g) {
            for (int i = 0; i < 3; i++) {
                long at = groupAt(w, Math.min(first + i, last), g);
                MemorySegment.copy(w.data(), Mem.I64, at, codes, i * group, group);
            }
            VectorBlockTriples.decode(codes, group, strip);
        }

        @Override
        public int middle() {
            return VectorBlockTriples.MIDDLE;
        }

        @Override
        public void multiply(int m, int live, int g, float[] scale, float[] zero, float[] sums, float[] out, int at) {
            VectorBlockTriples.multiply(a, m * VectorBlockTriples.STRIDE, strip, group, sum);
            VectorBlockTriples.add(sum, live, scale, zero, sums, 2 * m, out, at);
        }
    }

    private static long groupAt(BlockWeights w, int panel, int g) {
        return w.codesAt(panel) + (long) g * w.group() * PANEL * w.bits() / Byte.SIZE;
    }
}
