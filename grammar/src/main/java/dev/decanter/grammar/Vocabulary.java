package dev.decanter.grammar;

import java.util.Arrays;
import java.util.List;

/**
 * The bytes of each token of a model, as a trie. Immutable and safe for threads; build it once for a tokenizer, it is not cheap
 * (about 0.1 s for 128 thousand tokens).
 */
public final class Vocabulary {
    /** Longest token that is taken; beyond it are only mistakes. */
    private static final int MAX_TOKEN_BYTES = 1 << 16;

    private final byte[][] tokens;

    /** The trie in depth-first order; node 0 is the root. A node's descendants are the nodes after it and before its end. */
    private final byte[] labels;

    private final char[] depths;
    private final int[] ends;

    /** Tokens of node i: sortedIds[firstToken[i]] up to sortedIds[firstToken[i + 1]]. */
    private final int[] firstToken;

    private final int[] sortedIds;
    private final int maxBytes;
    private final int[] singleByte = new int[256];
    private final boolean[] alphabet = new boolean[256];

    private Vocabulary(byte[][] tokens) {
        this.tokens = tokens;
        sortedIds = sorted(tokens);
        int nodes = 1;
        byte[] previous = {};
        for (int id : sortedIds) {
            nodes += tokens[id].length - common(previous, tokens[id]);
            previous = tokens[id];
        }
        labels = new byte[nodes];
        depths = new char[nodes];
        ends = new int[nodes];
        firstToken = new int[nodes + 1];
        maxBytes = fill();
        Arrays.fill(singleByte, -1);
        for (int id : sortedIds) {
            byte[] token = tokens[id];
            if (token.length == 1) {
                singleByte[token[0] & 0xFF] = id;
            }
            for (byte b : token) {
                alphabet[b & 0xFF] = true;
            }
        }
    }

    private int fill() {
        int longest = 0;
        for (int id : sortedIds) {
            longest = Math.max(longest, tokens[id].length);
        }
        int[] path = new int[longest + 1];
        int node = 0;
        byte[] previous = {};
        for (int i = 0; i < sortedIds.length; i++) {
            byte[] token = tokens[sortedIds[i]];
            int depth = common(previous, token);
            for (int d = previous.length; d > depth; d--) {
                ends[path[d]] = node + 1;
            }
            while (depth < token.length) {
                node++;
                labels[node] = token[depth++];
                depths[node] = (char) depth;
                path[depth] = node;
                firstToken[node] = i;
            }
            previous = token;
        }
        for (int d = previous.length; d >= 0; d--) {
            ends[path[d]] = node + 1;
        }
        firstToken[node + 1] = sortedIds.length;
        return longest;
    }

    /**
     * A vocabulary of tokens by id.
     *
     * @param tokens the bytes that each id adds to the text; none for an id that a grammar never allows, as special tokens are
     * @throws GrammarException if there is no token with bytes, or one is longer than 64 KiB
     */
    public static Vocabulary of(List<byte[]> tokens) {
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
        return new Vocabulary(copy);
    }

    private static int[] sorted(byte[][] tokens) {
        Integer[] ids = new Integer[tokens.length];
        int count = 0;
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id].length > 0) {
                ids[count++] = id;
            }
        }
        Arrays.sort(ids, 0, count, (a, b) -> Arrays.compareUnsigned(tokens[a], tokens[b]));
        int[] sorted = new int[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = ids[i];
        }
        return sorted;
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
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
        return maxBytes;
    }

    /** The bytes of a token; not a copy. */
    byte[] bytes(int id) {
        return tokens[id];
    }

    /** The id of the token that is just this byte (0 to 255), or -1. */
    int singleByte(int value) {
        return singleByte[value];
    }

    /** Whether a byte occurs in any token. */
    boolean hasByte(int value) {
        return alphabet[value];
    }

    int nodes() {
        return labels.length;
    }

    int label(int node) {
        return labels[node] & 0xFF;
    }

    int depth(int node) {
        return depths[node];
    }

    /** The first node behind a node's descendants. */
    int end(int node) {
        return ends[node];
    }

    int firstToken(int node) {
        return firstToken[node];
    }

    int sortedId(int index) {
        return sortedIds[index];
    }
}
