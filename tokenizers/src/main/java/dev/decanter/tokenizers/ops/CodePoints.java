package dev.decanter.tokenizers.ops;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A set of code points as sorted ranges, for classes that have too many of them for {@link java.util.regex}. */
public final class CodePoints {
    /** Begins (included) and ends (excluded) of the ranges, ascending. */
    private final int[] bounds;

    private final boolean[] ascii = new boolean[0x80];

    private CodePoints(int[] bounds) {
        this.bounds = bounds;
        for (int point = 0; point < ascii.length; point++) {
            ascii[point] = search(point);
        }
    }

    /** Inclusive ranges in hexadecimal, separated by white space: {@code 41-5A 61-7A AA}. */
    public static CodePoints of(String ranges) {
        List<int[]> list = new ArrayList<>();
        for (String range : ranges.strip().split("\\s+", -1)) {
            int dash = range.indexOf('-');
            int from = Integer.parseInt(dash < 0 ? range : range.substring(0, dash), 16);
            list.add(new int[] {from, dash < 0 ? from : Integer.parseInt(range.substring(dash + 1), 16)});
        }
        return of(list);
    }

    /** From pairs of first and last, in any order. */
    private static CodePoints of(List<int[]> ranges) {
        List<int[]> sorted = new ArrayList<>(ranges);
        sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
        int[] bounds = new int[2 * sorted.size()];
        int n = 0;
        for (int[] range : sorted) {
            if (n > 0 && range[0] <= bounds[n - 1]) {
                bounds[n - 1] = Math.max(bounds[n - 1], range[1] + 1);
            } else {
                bounds[n++] = range[0];
                bounds[n++] = range[1] + 1;
            }
        }
        return new CodePoints(Arrays.copyOf(bounds, n));
    }

    /** The set that a pattern such as {@code [a-z\x{300}-\x{36F}]} is; empty if the pattern is anything else. */
    static Optional<CodePoints> ofClass(String pattern) {
        if (!pattern.startsWith("[") || !pattern.endsWith("]") || pattern.startsWith("[^")) {
            return Optional.empty();
        }
        List<int[]> ranges = new ArrayList<>();
        int[] at = {1};
        int end = pattern.length() - 1;
        while (at[0] < end) {
            int first = classMember(pattern, at, end);
            int last = first;
            if (at[0] + 1 < end && pattern.charAt(at[0]) == '-') {
                at[0]++;
                last = classMember(pattern, at, end);
            }
            if (first < 0 || last < first) {
                return Optional.empty();
            }
            ranges.add(new int[] {first, last});
        }
        return ranges.isEmpty() ? Optional.empty() : Optional.of(of(ranges));
    }

    /** The set of a class's members in the form of {@link #members}. */
    public static CodePoints ofMembers(String members) {
        return ofClass("[" + members + "]").orElseThrow(() -> new IllegalArgumentException("not plain members"));
    }

    /** The code point at {@code at[0]}, which moves behind it; −1 for what is not a plain member. */
    private static int classMember(String pattern, int[] at, int end) {
        int point = pattern.codePointAt(at[0]);
        at[0] += Character.charCount(point);
        if (point == '[' || point == ']' || point == '-' || point == '&' || point == '^') {
            return -1;
        }
        if (point != '\\') {
            return point;
        }
        int close = pattern.startsWith("x{", at[0]) ? pattern.indexOf('}', at[0]) : -1;
        if (close < 0 || close >= end) {
            return -1;
        }
        try {
            point = Integer.parseInt(pattern, at[0] + 2, close, 16);
        } catch (NumberFormatException e) {
            return -1;
        }
        at[0] = close + 1;
        return point;
    }

    /** The members for a class of a regular expression, without brackets: {@code \x{300}-\x{36F}\x{483}}. */
    public String members() {
        StringBuilder members = new StringBuilder();
        for (int i = 0; i < bounds.length; i += 2) {
            members.append("\\x{").append(hex(bounds[i])).append('}');
            if (bounds[i + 1] > bounds[i] + 1) {
                members.append("-\\x{").append(hex(bounds[i + 1] - 1)).append('}');
            }
        }
        return members.toString();
    }

    private static String hex(int point) {
        return Integer.toHexString(point).toUpperCase(java.util.Locale.ROOT);
    }

    /** Whether the set has this code point. */
    public boolean contains(int point) {
        return point < ascii.length ? ascii[point] : search(point);
    }

    private boolean search(int point) {
        int found = Arrays.binarySearch(bounds, point);
        return ((found >= 0 ? found : -found - 2) & 1) == 0;
    }
}
