package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.util.Arrays;

/**
 * Products of small integers, summed exactly. The Vector API has no instruction that multiplies bytes or 16-bit lanes and
 * adds to 32 bits; of what it has, the fastest is the multiply-add of f32 lanes, in which integers up to 2²⁴ are exact
 * (bench/RESULTS.md). So sums are formed in float lanes over so few inputs that none can be greater, and these are
 * added up in int32: nothing is ever rounded before the result is scaled.
 */
final class Int8Panel {
    /** Inputs loaded at once, as in {@link Linear}. */
    static final int STRIP = Linear.STRIP;

    /** Up to here every integer is a float. */
    private static final long EXACT = 1 << 24;

    private Int8Panel() {}

    /** Where the columns come from. */
    @FunctionalInterface
    interface Columns {
        /** Loads inputs {@code [k0, k0 + n)} of all {@link PackedWeights#PANEL} columns, those of one input together. */
        void load(int k0, int n, float[] strip);
    }

    /** Inputs whose products, none greater than {@code most}, sum exactly in f32. */
    static int block(long most) {
        if (most > EXACT / STRIP) {
            throw new IllegalArgumentException("products up to " + most + " are not of bytes");
        }
        return (int) Math.min(1 << 20, EXACT / Math.max(1, most) / STRIP * STRIP);
    }

    /**
     * Computes {@code out[m, r] = Σ_k left[m, k] · columns[k, r] · factor[r] + offset[r]} of one panel.
     *
     * @param left integers, rows interleaved by tiles: (m, k) of tile t at {@code (t * depth + k) * ROWS + m}
     * @param k inputs, any number: where int32 could overflow, the sum is scaled and added in parts
     * @param most the greatest magnitude of a product
     * @param factor with {@code offset} read from {@code at}, {@code cols} of them
     * @return rows of {@link PackedWeights#PANEL}, valid until the thread's next call
     */
    static float[] multiply(
            float[] left,
            int rows,
            int depth,
            int k,
            long most,
            Columns columns,
            float[] factor,
            float[] offset,
            int at,
            int cols) {
        Scratch scratch = Scratch.current();
        int size = Math.ceilDiv(rows, ROWS) * ROWS * PANEL;
        float[] sum = scratch.floats(Scratch.SUM, size);
        int block = block(most);
        if (k <= block) {
            Arrays.fill(sum, 0, size, 0);
            add(left, rows, depth, 0, k, columns, sum);
            for (int m = 0; m < rows; m++) {
                int row = m * PANEL;
                for (int r = 0; r < cols; r++) {
                    sum[row + r] = sum[row + r] * factor[at + r] + offset[at + r];
                }
            }
            return sum;
        }
        float[] out = scratch.floats(Scratch.E, size);
        int[] total = scratch.ints(size);
        int part = (int) Math.min(k, Integer.MAX_VALUE / Math.max(1, most) / block * block);
        for (int m = 0; m < rows; m++) {
            System.arraycopy(offset, at, out, m * PANEL, cols);
        }
        for (int k0 = 0; k0 < k; k0 += part) {
            int end = Math.min(k, k0 + part);
            Arrays.fill(total, 0, size, 0);
            for (int k1 = k0; k1 < end; k1 += block) {
                Arrays.fill(sum, 0, size, 0);
                add(left, rows, depth, k1, Math.min(end, k1 + block), columns, sum);
                for (int i = 0; i < size; i++) {
                    total[i] += (int) sum[i];
                }
            }
            for (int m = 0; m < rows; m++) {
                int row = m * PANEL;
                for (int r = 0; r < cols; r++) {
                    out[row + r] += total[row + r] * factor[at + r];
                }
            }
        }
        return out;
    }

    private static void add(float[] left, int rows, int depth, int from, int to, Columns columns, float[] sum) {
        float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP * PANEL);
        int tiles = Math.ceilDiv(rows, ROWS);
        for (int k0 = from; k0 < to; k0 += STRIP) {
            int n = Math.min(STRIP, to - k0);
            columns.load(k0, n, strip);
            for (int tile = 0; tile < tiles; tile++) {
                int live = Math.min(ROWS, rows - tile * ROWS);
                int a = (tile * depth + k0) * ROWS;
                Tiles.multiply(left, a, strip, 0, PANEL, n, live, sum, tile * ROWS * PANEL, PANEL);
            }
        }
    }
}
