package dev.decanter.grammar;

import java.util.Arrays;
import java.util.function.IntPredicate;

/**
 * An immutable set of Unicode scalar values: code points without the surrogates, which no UTF-8 text has.
 *
 * <p>Kept as sorted ranges that neither touch nor overlap.
 */
public final class CodePoints {
    private static final int FIRST_SURROGATE = 0xD800;
    private static final int AFTER_SURROGATES = 0xE000;

    /** No code point. */
    public static final CodePoints NONE = new CodePoints(new int[0]);

    /** Every scalar value, 0 to D7FF and E000 to 10FFFF. */
    public static final CodePoints ALL =
            new CodePoints(new int[] {0, FIRST_SURROGATE - 1, AFTER_SURROGATES, Character.MAX_CODE_POINT});

    /** First and last of each range, ascending. */
    private final int[] ranges;

    private CodePoints(int[] ranges) {
        this.ranges = ranges;
    }

    /**
     * The code points from first to last, both included, without surrogates.
     *
     * @throws GrammarException if an end is no code point, or last comes before first
     */
    public static CodePoints range(int first, int last) {
        if (first < 0 || last > Character.MAX_CODE_POINT || first > last) {
            throw new GrammarException(
                    String.format("no range of characters: U+%04X to U+%04X; give the smaller one first", first, last));
        }
        return merged(new int[] {first, last}).and(ALL);
    }

    /** The code points of a text. Lone surrogates are left out. */
    public static CodePoints of(String characters) {
        int[] points = characters
                .codePoints()
                .flatMap(c -> Arrays.stream(new int[] {c, c}))
                .toArray();
        return merged(points).and(ALL);
    }

    /** All that a test holds for. */
    public static CodePoints where(IntPredicate test) {
        int[] found = new int[64];
        int count = 0;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c == FIRST_SURROGATE) {
                c = AFTER_SURROGATES;
            }
            if (!test.test(c)) {
                continue;
            }
            if (count > 0 && found[count - 1] == c - 1) {
                found[count - 1] = c;
            } else {
                if (count == found.length) {
                    found = Arrays.copyOf(found, 2 * count);
                }
                found[count++] = c;
                found[count++] = c;
            }
        }
        return new CodePoints(Arrays.copyOf(found, count));
    }

    /** Sorts and joins ranges. */
    private static CodePoints merged(int[] pairs) {
        long[] sorted = new long[pairs.length / 2];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = (long) pairs[2 * i] << 32 | pairs[2 * i + 1];
        }
        Arrays.sort(sorted);
        int[] joined = new int[pairs.length];
        int count = 0;
        for (long pair : sorted) {
            int first = (int) (pair >> 32);
            int last = (int) pair;
            if (count > 0 && first <= joined[count - 1] + 1) {
                joined[count - 1] = Math.max(joined[count - 1], last);
            } else {
                joined[count++] = first;
                joined[count++] = last;
            }
        }
        return new CodePoints(Arrays.copyOf(joined, count));
    }

    /** What is in this set or in the other. */
    public CodePoints or(CodePoints other) {
        int[] both = Arrays.copyOf(ranges, ranges.length + other.ranges.length);
        System.arraycopy(other.ranges, 0, both, ranges.length, other.ranges.length);
        return merged(both);
    }

    /** What is in this set and in the other. */
    public CodePoints and(CodePoints other) {
        int[] common = new int[ranges.length + other.ranges.length];
        int count = 0;
        int i = 0;
        int j = 0;
        while (i < ranges.length && j < other.ranges.length) {
            int first = Math.max(ranges[i], other.ranges[j]);
            int last = Math.min(ranges[i + 1], other.ranges[j + 1]);
            if (first <= last) {
                common[count++] = first;
                common[count++] = last;
            }
            if (ranges[i + 1] < other.ranges[j + 1]) {
                i += 2;
            } else {
                j += 2;
            }
        }
        return new CodePoints(Arrays.copyOf(common, count));
    }

    /** Every scalar value that is not in this set. */
    public CodePoints complement() {
        int[] gaps = new int[ranges.length + 2];
        int count = 0;
        int next = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] > next) {
                gaps[count++] = next;
                gaps[count++] = ranges[i] - 1;
            }
            next = ranges[i + 1] + 1;
        }
        if (next <= Character.MAX_CODE_POINT) {
            gaps[count++] = next;
            gaps[count++] = Character.MAX_CODE_POINT;
        }
        return new CodePoints(Arrays.copyOf(gaps, count)).and(ALL);
    }

    /** What is in this set and not in the other. */
    public CodePoints minus(CodePoints other) {
        return and(other.complement());
    }

    /** Whether the set has a code point. */
    public boolean contains(int codePoint) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (codePoint >= ranges[i] && codePoint <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** Whether nothing is in the set. */
    public boolean isEmpty() {
        return ranges.length == 0;
    }

    /** Number of code points. */
    public int size() {
        int size = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            size += ranges[i + 1] - ranges[i] + 1;
        }
        return size;
    }

    /** Number of ranges. */
    public int rangeCount() {
        return ranges.length / 2;
    }

    /** First code point of a range; ranges are numbered from 0, ascending. */
    public int first(int range) {
        return ranges[2 * range];
    }

    /** Last code point of a range. */
    public int last(int range) {
        return ranges[2 * range + 1];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePoints set && Arrays.equals(ranges, set.ranges);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ranges);
    }

    /** As a character class of EBNF: {@code [a-z_]}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < ranges.length; i += 2) {
            Quoting.append(text, ranges[i], "]-^[");
            if (ranges[i + 1] > ranges[i]) {
                if (ranges[i + 1] > ranges[i] + 1) {
                    text.append('-');
                }
                Quoting.append(text, ranges[i + 1], "]-^[");
            }
        }
        return text.append(']').toString();
    }
}
