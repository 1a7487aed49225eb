package dev.decanter.grammar;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The bytes of each token of a model, as a trie. Immutable and safe for threads; build it once for a tokenizer, it is not cheap
 * (about 0.1 s for 128 thousand tokens).
 */
public final class Vocabulary {
    /** Longest token that is taken; beyond it are only mistakes. */
    private static final int MAX_TOKEN_BYTES = 1 << 16;

    /** Tokens that are longer are kept apart: how far they could count would make states differ that are the same for all others. */
    static final int SHORT = 16;

    private static final int KEY_BYTES = 5;
    private static final int ID_BITS = 64 - 8 * KEY_BYTES;
    private static final int MAX_IDS = 1 << ID_BITS;

    private final byte[][] tokens;

    /** Tokens of no more than {@link #SHORT} bytes, which are nearly all, and the others. */
    private final Trie shortTokens;

    private final Trie longTokens;
    private final boolean allBytes;
    private final boolean[] alphabet = new boolean[256];
    private final Optional<Vocabulary> beginning;

    private Vocabulary(byte[][] tokens, Optional<Vocabulary> beginning) {
        this.tokens = tokens;
        this.beginning = beginning;
        int[] sorted = sorted(tokens);
        shortTokens = new Trie(
                tokens,
                Arrays.stream(sorted).filter(id -> tokens[id].length <= SHORT).toArray());
        longTokens = new Trie(
                tokens,
                Arrays.stream(sorted).filter(id -> tokens[id].length > SHORT).toArray());
        boolean[] alone = new boolean[256];
        for (int id : sorted) {
            byte[] token = tokens[id];
            alone[token[0] & 0xFF] |= token.length == 1;
            for (byte b : token) {
                alphabet[b & 0xFF] = true;
            }
        }
        allBytes = IntStream.range(0, 256).allMatch(value -> alone[value] || !alphabet[value]);
    }

    /**
     * A vocabulary of tokens by id.
     *
     * @param tokens the bytes that each id adds to the text; none for an id that a grammar never allows, as special tokens are
     * @throws GrammarException if there is no token with bytes, or one is longer than 64 KiB, or there are more than 16 million
     */
    public static Vocabulary of(List<byte[]> tokens) {
        return new Vocabulary(checked(tokens), Optional.empty());
    }

    /**
     * A vocabulary of which tokens have other bytes at the beginning of a text than after other tokens, as those of SentencePiece
     * lose a space there.
     *
     * @param tokens the bytes that each id adds to a text that has begun
     * @param first the bytes of a text that is this id alone
     * @throws GrammarException as {@link #of(List)}, or if the lists are of different length
     */
    public static Vocabulary of(List<byte[]> tokens, List<byte[]> first) {
        if (tokens.size() != first.size()) {
            throw new GrammarException(
                    "the vocabulary has " + tokens.size() + " tokens, but " + first.size() + " at the beginning");
        }
        byte[][] later = checked(tokens);
        byte[][] beginning = checked(first);
        return new Vocabulary(
                later,
                Arrays.deepEquals(later, beginning)
                        ? Optional.empty()
                        : Optional.of(new Vocabulary(beginning, Optional.empty())));
    }

    private static byte[][] checked(List<byte[]> tokens) {
        if (tokens.size() > MAX_IDS) {
            throw new GrammarException(
                    "the vocabulary has " + tokens.size() + " tokens; grammars take " + MAX_IDS + " at most");
        }
        byte[][] copy = new byte[tokens.size()][];
        boolean any = false;
        for (int id = 0; id < copy.length; id++) {
            copy[id] = tokens.get(id).clone();
            any |= copy[id].length > 0;
            if (copy[id].length >= MAX_TOKEN_BYTES) {
                throw new GrammarException("token " + id + " of the vocabulary has " + copy[id].length
                        + " bytes; grammars take tokens of less than " + MAX_TOKEN_BYTES);
            }
        }
        if (!any) {
            throw new GrammarException("the vocabulary has no token with text; a grammar has nothing to choose from");
        }
        return copy;
    }

    /** By the first bytes together with the id as one number, and then the few with equal beginnings by all bytes. */
    private static int[] sorted(byte[][] tokens) {
        long[] keys = new long[tokens.length];
        int count = 0;
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id].length > 0) {
                long beginning = 0;
                for (int i = 0; i < KEY_BYTES; i++) {
                    beginning = (beginning << 8) | (i < tokens[id].length ? tokens[id][i] & 0xFF : 0);
                }
                keys[count++] = ((beginning << ID_BITS) | id) ^ Long.MIN_VALUE;
            }
        }
        Arrays.sort(keys, 0, count);
        int[] sorted = new int[count];
        int from = 0;
        while (from < count) {
            int to = from + 1;
            while (to < count && keys[to] >> ID_BITS == keys[from] >> ID_BITS) {
                to++;
            }
            Integer[] equal = new Integer[to - from];
            for (int i = from; i < to; i++) {
                equal[i - from] = (int) keys[i] & (MAX_IDS - 1);
            }
            Arrays.sort(equal, (a, b) -> Arrays.compareUnsigned(tokens[a], tokens[b]));
            for (int i = from; i < to; i++) {
                sorted[i] = equal[i - from];
            }
            from = to;
        }
        return sorted;
    }

    /** Number of ids. */
    public int size() {
        return tokens.length;
    }

    /** Number of longs of a mask: one bit for each id, the lowest first. */
    public int maskLength() {
        return (tokens.length + 63) >> 6;
    }

    /** Length of the longest token in bytes. */
    public int maxBytes() {
        return Math.max(shortTokens.maxBytes(), longTokens.maxBytes());
    }

    /** The bytes of a token; not a copy. */
    byte[] bytes(int id) {
        return tokens[id];
    }

    /** Whether every byte that occurs in a token is a token by itself, so that a text has no more tokens than bytes. */
    boolean hasAllBytes() {
        return allBytes;
    }

    /** Whether a byte occurs in any token. */
    boolean hasByte(int value) {
        return alphabet[value] || beginning.map(first -> first.alphabet[value]).orElse(false);
    }

    /** What the tokens are at the beginning of a text, if that is something else. */
    Optional<Vocabulary> beginning() {
        return beginning;
    }

    Trie shortTokens() {
        return shortTokens;
    }

    Trie longTokens() {
        return longTokens;
    }
}
