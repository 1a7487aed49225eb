package dev.decanter.genai;

import java.util.Arrays;

/** How often each token has occurred: a hash table of the tokens that did, in order of first occurrence. */
final class TokenCounts {
    private long[] tokens = new long[32];
    private int[] counts = new int[32];
    /** Index of a token plus 1, by hash; 0 is free. At most half full. */
    private int[] slots = new int[64];

    private int distinct;

    void add(long token) {
        int slot = slot(token);
        if (slots[slot] > 0) {
            counts[slots[slot] - 1]++;
            return;
        }
        if (distinct == tokens.length) {
            grow();
            slot = slot(token);
        }
        tokens[distinct] = token;
        counts[distinct] = 1;
        slots[slot] = ++distinct;
    }

    private int slot(long token) {
        int mask = slots.length - 1;
        int at = (int) ((token * 0x9E3779B97F4A7C15L) >>> 40) & mask;
        while (slots[at] > 0 && tokens[slots[at] - 1] != token) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private void grow() {
        tokens = Arrays.copyOf(tokens, 2 * distinct);
        counts = Arrays.copyOf(counts, 2 * distinct);
        slots = new int[4 * distinct];
        for (int i = 0; i < distinct; i++) {
            slots[slot(tokens[i])] = i + 1;
        }
    }

    TokenCounts copy() {
        TokenCounts copy = new TokenCounts();
        copy.tokens = tokens.clone();
        copy.counts = counts.clone();
        copy.slots = slots.clone();
        copy.distinct = distinct;
        return copy;
    }

    int distinct() {
        return distinct;
    }

    /** The {@code index}-th distinct token, in order of first occurrence. */
    long token(int index) {
        return tokens[index];
    }

    /** How often the {@code index}-th distinct token occurred. */
    int count(int index) {
        return counts[index];
    }
}
