package dev.decanter.grammar;

import java.util.Arrays;

/**
 * The tokens that a state allows. Tokens after which the text cannot be closed about as soon as before are listed with how
 * many bytes they need; so what is allowed when few tokens are left is read off and not computed again.
 */
final class TokenMask {
    /** Sets with no more tokens than this are lists. */
    private static final int LIST = 512;

    /** All tokens as bits, or none if there is a list. */
    private final long[] bits;

    private final int[] list;

    /** Greatest cost after a token that is not among the dear ones. */
    final int cheapCost;

    /** Tokens that cost more, the cheaper first, and their costs. */
    final int[] dear;

    final int[] dearCosts;

    private TokenMask(long[] bits, int[] list, int cheapCost, int[] dear, int[] dearCosts) {
        this.bits = bits;
        this.list = list;
        this.cheapCost = cheapCost;
        this.dear = dear;
        this.dearCosts = dearCosts;
    }

    static TokenMask of(long[] all, int cheapCost, int[] dear, int[] dearCosts) {
        int count = 0;
        for (long word : all) {
            count += Long.bitCount(word);
        }
        if (count > LIST) {
            return new TokenMask(all, new int[0], cheapCost, dear, dearCosts);
        }
        int[] list = new int[count];
        int at = 0;
        for (int word = 0; word < all.length; word++) {
            for (long rest = all[word]; rest != 0; rest &= rest - 1) {
                list[at++] = 64 * word + Long.numberOfTrailingZeros(rest);
            }
        }
        return new TokenMask(new long[0], list, cheapCost, dear, dearCosts);
    }

    /** Writes the mask over what the target has. */
    void copyTo(long[] target) {
        if (bits.length > 0) {
            System.arraycopy(bits, 0, target, 0, bits.length);
        } else {
            Arrays.fill(target, 0);
            addTo(target);
        }
    }

    /** Adds the tokens to those of the target. */
    void addTo(long[] target) {
        for (int i = 0; i < bits.length; i++) {
            target[i] |= bits[i];
        }
        for (int id : list) {
            target[id >> 6] |= 1L << id;
        }
    }

    boolean isEmpty() {
        return bits.length == 0 && list.length == 0;
    }

    boolean contains(int id) {
        return bits.length > 0 ? (bits[id >> 6] >>> id & 1) != 0 : Arrays.binarySearch(list, id) >= 0;
    }

    /** Greatest cost after any token. */
    int greatestCost() {
        // What is dear beside one rule may be cheaper than what is cheap beside another.
        return dear.length == 0 ? cheapCost : Math.max(cheapCost, dearCosts[dear.length - 1]);
    }

    /** About how many bytes this takes. */
    int bytes() {
        return 64 + 8 * bits.length + 4 * list.length + 8 * dear.length;
    }
}
