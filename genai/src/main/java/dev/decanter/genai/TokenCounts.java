package dev.decanter.genai;

import java.util.Arrays;

/** How often each token of a vocabulary has occurred. */
final class TokenCounts {
    private final int[] counts;
    private int[] tokens = new int[64];
    private int distinct;

    TokenCounts(int vocabulary) {
        counts = new int[vocabulary];
    }

    /** Counts a token; one outside the vocabulary has no logit and is passed over. */
    void add(long token) {
        if (token < 0 || token >= counts.length) {
            return;
        }
        if (counts[(int) token]++ == 0) {
            if (distinct == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * distinct);
            }
            tokens[distinct++] = (int) token;
        }
    }

    int distinct() {
        return distinct;
    }

    /** The {@code index}-th distinct token, in order of first occurrence. */
    int token(int index) {
        return tokens[index];
    }

    int count(int token) {
        return counts[token];
    }
}
