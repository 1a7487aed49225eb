package dev.decanter.cpu.kernels;

import java.util.Arrays;

/**
 * How the panels of a product are cut into tasks.
 *
 * @param bounds the first panel of each task, and the number of all
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares or changes it
record Cut(int[] bounds) {
    /** Least bytes of weights of the last tasks: so many that threads end together, but worth a call. */
    private static final long LEAST_BYTES = 32 << 10;

    private static final long MOST_LEAST_BYTES = 96 << 10;

    /** Panels that kernels for one row take in turns: a few, and an even number. */
    private static final int ONE_ROW = 4;

    int tasks() {
        return bounds.length - 1;
    }

    int from(int task) {
        return bounds[task];
    }

    int to(int task) {
        return bounds[task + 1];
    }

    /** Tasks of {@code each} panels. */
    static Cut even(int panels, long each) {
        int[] bounds = new int[(int) Math.ceilDiv(panels, each) + 1];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = (int) Math.min(panels, i * each);
        }
        return new Cut(bounds);
    }

    /**
     * Tasks that become shorter: of what is left, the next task takes the half of a thread's fair share. Memory answers long
     * reads at its full rate, and short ones at the end let all threads end at the same time.
     */
    static Cut falling(int panels, long panelBytes, int threads) {
        if (threads == 1) {
            return new Cut(new int[] {0, panels});
        }
        long least = Math.clamp(panels * panelBytes / (4L * threads), LEAST_BYTES, MOST_LEAST_BYTES);
        long shortest = Math.ceilDiv(least, panelBytes);
        int[] bounds = new int[8];
        int tasks = 0;
        for (int from = 0; from < panels; ) {
            long each = Math.max(shortest, (panels - from) / (2L * threads));
            // a single one for many threads and wide panels
            from = (int) Math.min(panels, from + (each == 1 ? 1 : Math.ceilDiv(each, ONE_ROW) * ONE_ROW));
            if (++tasks == bounds.length) {
                bounds = Arrays.copyOf(bounds, 2 * tasks);
            }
            bounds[tasks] = from;
        }
        return new Cut(Arrays.copyOf(bounds, tasks + 1));
    }

    /** This, or tasks of so many panels if this has one of more. */
    Cut atMost(long panels) {
        for (int task = 0; task < tasks(); task++) {
            if (to(task) - from(task) > panels) {
                return even(bounds[tasks()], panels);
            }
        }
        return this;
    }
}
