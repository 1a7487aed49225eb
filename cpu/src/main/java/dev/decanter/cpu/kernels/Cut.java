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

    /**
     * Tasks for one row of activations, as {@link #falling}. Memory answers long reads at its full rate, and short ones at the end
     * let all threads end at the same time.
     */
    static Cut oneRow(int panels, int threads, long panelBytes, long most) {
        long least = Math.clamp(panels * panelBytes / (4L * threads), LEAST_BYTES, MOST_LEAST_BYTES);
        return falling(panels, threads, Math.ceilDiv(least, panelBytes), most, ONE_ROW);
    }

    /**
     * Tasks that become shorter: of what is left, the next task takes the half of a thread's fair share.
     *
     * @param least panels that are worth a task
     * @param most panels of a task
     * @param unit panels that kernels take together: tasks have a multiple of it unless most is less, or a single panel where that is a share
     */
    static Cut falling(int panels, int threads, long least, long most, int unit) {
        int[] bounds = new int[8];
        int tasks = 0;
        long whole = most >= panels || most < unit ? most : most / unit * unit;
        for (int from = 0; from < panels; ) {
            long each = threads == 1 ? panels : Math.max(least, (panels - from) / (2L * threads));
            each = each == 1 ? 1 : Math.min(whole, Math.ceilDiv(each, unit) * unit);
            from = (int) Math.min(panels, from + each);
            if (++tasks == bounds.length) {
                bounds = Arrays.copyOf(bounds, 2 * tasks);
            }
            bounds[tasks] = from;
        }
        return new Cut(Arrays.copyOf(bounds, tasks + 1));
    }
}
