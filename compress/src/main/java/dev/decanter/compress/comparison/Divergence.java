package dev.decanter.compress.comparison;

import java.util.ArrayDeque;

/**
 * How an answer departs from a reference, as WhoWhatBench counts it with Python's {@code difflib.SequenceMatcher}: the longest
 * common block (the earliest of equal ones), then the same on both sides of it, and so on.
 *
 * @param first length of the block at the beginning of both; 0 if they begin differently
 * @param toCorrect tokens of the answer that are in no block; without an answer, those of the reference
 * @param share {@code toCorrect} by the length of the answer; 1 if just one of the two is empty
 */
record Divergence(int first, int toCorrect, double share) {
    private record Block(int a, int b, int size) {}

    private record Range(int aFrom, int aTo, int bFrom, int bTo) {}

    static Divergence of(long[] reference, long[] answer) {
        if (reference.length == 0 || answer.length == 0) {
            int all = Math.max(reference.length, answer.length);
            return new Divergence(0, all, all == 0 ? 0 : 1);
        }
        int first = 0;
        int matched = 0;
        ArrayDeque<Range> open = new ArrayDeque<>();
        open.add(new Range(0, reference.length, 0, answer.length));
        while (!open.isEmpty()) {
            Range range = open.remove();
            Block block = longest(reference, answer, range);
            if (block.size == 0) {
                continue;
            }
            matched += block.size;
            if (block.a == 0 && block.b == 0) {
                first = block.size;
            }
            open.add(new Range(range.aFrom, block.a, range.bFrom, block.b));
            open.add(new Range(block.a + block.size, range.aTo, block.b + block.size, range.bTo));
        }
        int rest = answer.length - matched;
        return new Divergence(first, rest, (double) rest / answer.length);
    }

    private static Block longest(long[] a, long[] b, Range range) {
        Block best = new Block(range.aFrom, range.bFrom, 0);
        // length of the common run that ends at the present a and at b[j]
        int[] before = new int[range.bTo - range.bFrom + 1];
        for (int i = range.aFrom; i < range.aTo; i++) {
            int[] runs = new int[before.length];
            for (int j = range.bFrom; j < range.bTo; j++) {
                if (a[i] == b[j]) {
                    int run = before[j - range.bFrom] + 1;
                    runs[j - range.bFrom + 1] = run;
                    if (run > best.size) {
                        best = new Block(i - run + 1, j - run + 1, run);
                    }
                }
            }
            before = runs;
        }
        return best;
    }
}
