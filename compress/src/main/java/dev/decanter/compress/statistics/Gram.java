package dev.decanter.compress.statistics;

import java.util.stream.IntStream;

/**
 * The sum of x·xᵀ over rows x, in f32. Rows are gathered, so that the matrix, which is far larger than the caches, is walked
 * through once for many of them.
 */
final class Gram {
    private static final int GATHERED = 256;
    /** Rows that are multiplied in at once: what is read of the sum is used for all of them. */
    private static final int TOGETHER = 8;

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
        // Missing rows of the last eight are zeros.
        int padded = (count + TOGETHER - 1) / TOGETHER * TOGETHER;
        java.util.Arrays.fill(rows, count * n, padded * n, 0);
        IntStream.range(0, n).parallel().forEach(i -> {
            for (int r = 0; r < padded; r += TOGETHER) {
                line(i, r * n);
            }
        });
        count = 0;
    }

    /** Row {@code i} of the sum from the diagonal on. */
    private void line(int i, int at) {
        float[] x = rows;
        int r1 = at + n;
        int r2 = r1 + n;
        int r3 = r2 + n;
        int r4 = r3 + n;
        int r5 = r4 + n;
        int r6 = r5 + n;
        int r7 = r6 + n;
        float a0 = x[at + i];
        float a1 = x[r1 + i];
        float a2 = x[r2 + i];
        float a3 = x[r3 + i];
        float a4 = x[r4 + i];
        float a5 = x[r5 + i];
        float a6 = x[r6 + i];
        float a7 = x[r7 + i];
        int base = i * n;
        for (int j = i; j < n; j++) {
            sum[base + j] += a0 * x[at + j]
                    + a1 * x[r1 + j]
                    + a2 * x[r2 + j]
                    + a3 * x[r3 + j]
                    + (a4 * x[r4 + j] + a5 * x[r5 + j] + a6 * x[r6 + j] + a7 * x[r7 + j]);
        }
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
