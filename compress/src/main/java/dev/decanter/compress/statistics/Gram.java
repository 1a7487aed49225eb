package dev.decanter.compress.statistics;

import dev.decanter.compress.aware.Products;

/**
 * The sum of x·xᵀ over rows x, in f32. Rows are gathered, so that the matrix, which is far larger than the caches, is walked
 * through once for many of them.
 */
final class Gram {
    private static final int GATHERED = 256;
    private static final int STRIP = 1024;

    private final int n;
    private final float[] sum;
    private final float[] rows;
    private int count;

    Gram(int n) {
        this.n = n;
        this.sum = new float[Math.multiplyExact(n, n)];
        this.rows = new float[Math.multiplyExact(GATHERED, n)];
    }

    /** Adds rows {@code first..first + number} of {@code values}. */
    void add(float[] values, int first, int number) {
        int done = 0;
        while (done < number) {
            int taken = Math.min(GATHERED - count, number - done);
            System.arraycopy(values, (first + done) * n, rows, count * n, taken * n);
            count += taken;
            done += taken;
            if (count == GATHERED) {
                flush();
            }
        }
    }

    private void flush() {
        Products.View x = Products.View.of(rows, n);
        // Only what is above the diagonal, in strips; the rest is its mirror image.
        for (int column = 0; column < n; column += STRIP) {
            int width = Math.min(STRIP, n - column);
            Products.add(
                    column + width,
                    width,
                    count,
                    1,
                    x.transposed(),
                    x.at(0, column),
                    Products.View.of(sum, n).at(0, column));
        }
        count = 0;
    }

    /** The whole matrix times {@code factor}; nothing can be added afterwards. */
    float[] finish(float factor) {
        flush();
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                float value = sum[i * n + j] * factor;
                sum[i * n + j] = value;
                sum[j * n + i] = value;
            }
        }
        return sum;
    }
}
