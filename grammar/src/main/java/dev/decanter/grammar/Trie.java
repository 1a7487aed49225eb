package dev.decanter.grammar;

import java.util.Arrays;

/** The trie of some tokens, in depth-first order; node 0 is the root. A node's descendants are the nodes after it and before its end. */
final class Trie {
    private final byte[] labels;
    private final char[] depths;
    private final int[] ends;

    /** Tokens of node i: ids[firstToken[i]] up to ids[firstToken[i + 1]]. */
    private final int[] firstToken;

    private final int[] ids;

    /** Which bytes are on the way to a node's descendants: bit b / 4 for byte b. */
    private final long[] below;

    private final int maxBytes;

    /** The trie of tokens that are sorted by their bytes. */
    Trie(byte[][] tokens, int[] sortedIds) {
        ids = sortedIds;
        int nodes = 1;
        byte[] previous = {};
        int longest = 0;
        for (int id : ids) {
            nodes += tokens[id].length - common(previous, tokens[id]);
            previous = tokens[id];
            longest = Math.max(longest, previous.length);
        }
        maxBytes = longest;
        labels = new byte[nodes];
        depths = new char[nodes];
        ends = new int[nodes];
        below = new long[nodes];
        firstToken = new int[nodes + 1];
        fill(tokens);
    }

    private void fill(byte[][] tokens) {
        int[] path = new int[maxBytes + 1];
        int node = 0;
        byte[] previous = {};
        for (int i = 0; i < ids.length; i++) {
            byte[] token = tokens[ids[i]];
            int depth = common(previous, token);
            close(path, previous.length, depth, node + 1);
            while (depth < token.length) {
                node++;
                labels[node] = token[depth++];
                depths[node] = (char) depth;
                path[depth] = node;
                firstToken[node] = i;
            }
            previous = token;
        }
        close(path, previous.length, 0, node + 1);
        ends[0] = node + 1;
        firstToken[node + 1] = ids.length;
    }

    /** Ends the nodes of a path that are deeper than a depth, the deepest first. */
    private void close(int[] path, int from, int to, int end) {
        for (int depth = from; depth > to; depth--) {
            int node = path[depth];
            ends[node] = end;
            below[path[depth - 1]] |= below[node] | bucket(label(node));
        }
    }

    static long bucket(int value) {
        return 1L << (value >> 2);
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    int maxBytes() {
        return maxBytes;
    }

    int label(int node) {
        return labels[node] & 0xFF;
    }

    int depth(int node) {
        return depths[node];
    }

    int end(int node) {
        return ends[node];
    }

    boolean hasChildren(int node) {
        return ends[node] > node + 1;
    }

    /** The child of a node that a byte leads to, or -1. */
    int child(int node, int value) {
        for (int child = node + 1; child < ends[node]; child = ends[child]) {
            if (label(child) == value) {
                return child;
            }
        }
        return -1;
    }

    boolean hasToken(int node) {
        return firstToken[node] < firstToken[node + 1];
    }

    /** The {@link #bucket}s of all bytes on the way to a node's descendants. */
    long below(int node) {
        return below[node];
    }

    /** Index of the first token at a node or after it. */
    int firstToken(int node) {
        return firstToken[node];
    }

    int id(int index) {
        return ids[index];
    }
}
