package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import java.util.Arrays;

/** How many rows and positions a cache has, and the left padding of each row. */
final class Rows {
    private static final int[] NO_ROWS = {};

    private final boolean lastOnly;
    private int[] padding = NO_ROWS;
    private int length;

    /** With logits of every position, or of the last one only. */
    Rows(boolean lastOnly) {
        this.lastOnly = lastOnly;
    }

    int count() {
        return padding.length;
    }

    int length() {
        return length;
    }

    /**
     * The padding at the front of each row after the step.
     *
     * @throws GenerationException if the step does not fit what is cached, or asks for logits that the model does not give
     */
    int[] paddingAfter(Step step) {
        if (lastOnly && step.positions() > 1) {
            throw new GenerationException("a step asks for the logits of " + step.positions()
                    + " positions, but this model gives those of the last position only");
        }
        if (length == 0) {
            return step.padding().clone();
        }
        int[] after = new int[step.rows()];
        for (int r = 0; r < after.length; r++) {
            int parent = step.parents()[r];
            if (parent < 0 || parent >= padding.length) {
                throw new GenerationException("row " + r + " of a step continues row " + parent + " of a cache of "
                        + padding.length + " rows");
            }
            if (step.padding()[r] != 0) {
                throw new GenerationException("row " + r + " of a step has padding behind cached tokens; only the first"
                        + " step may be padded");
            }
            after[r] = padding[parent];
        }
        return after;
    }

    /** Takes a step that was run. */
    void advance(Step step, int[] paddingAfter) {
        padding = paddingAfter;
        length += step.count();
    }

    /** Keeps the first positions. */
    void trim(int wanted) {
        length = Math.max(0, Math.min(length, wanted));
        padding = length == 0
                ? NO_ROWS
                : Arrays.stream(padding).map(p -> Math.min(p, length)).toArray();
    }

    /** Whether a step leaves the rows as they are, so that a cache need not be rearranged. */
    boolean keepsOrder(Step step) {
        if (length == 0) {
            return true;
        }
        int[] parents = step.parents();
        boolean same = parents.length == padding.length;
        for (int r = 0; same && r < parents.length; r++) {
            same = parents[r] == r;
        }
        return same;
    }
}
