package dev.decanter.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Characters as the sequences of bytes that UTF-8 writes for them. */
final class Utf8 {
    /** The last code points of one, two, three and four bytes. */
    private static final int[] LAST = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};

    private Utf8() {}

    /**
     * A set as sequences of byte ranges: low and high of each byte in turn. Ascending; at each place, ranges behind a common
     * beginning are equal or apart.
     */
    static List<int[]> sequences(CodePoints set) {
        List<int[]> sequences = new ArrayList<>();
        for (int range = 0; range < set.rangeCount(); range++) {
            int first = set.first(range);
            for (int last : LAST) {
                if (first <= last) {
                    split(first, Math.min(set.last(range), last), sequences);
                    if (set.last(range) <= last) {
                        break;
                    }
                    first = last + 1;
                }
            }
        }
        return sequences;
    }

    /** Splits a range of characters with equally many bytes until each part is a product of byte ranges. */
    private static void split(int first, int last, List<int[]> sequences) {
        int from = first;
        while (from <= last) {
            int to = last;
            for (int bits = 6; bits <= 18; bits += 6) {
                int mask = (1 << bits) - 1;
                if ((from & ~mask) != (to & ~mask)) {
                    if ((from & mask) != 0) {
                        to = from | mask;
                    } else if ((to & mask) != mask) {
                        to = (to & ~mask) - 1;
                    }
                }
            }
            byte[] low = Character.toString(from).getBytes(StandardCharsets.UTF_8);
            byte[] high = Character.toString(to).getBytes(StandardCharsets.UTF_8);
            int[] sequence = new int[2 * low.length];
            for (int i = 0; i < low.length; i++) {
                sequence[2 * i] = low[i] & 0xFF;
                sequence[2 * i + 1] = high[i] & 0xFF;
            }
            sequences.add(sequence);
            from = to + 1;
        }
    }
}
