package dev.decanter.tokenizers.sentencepiece;

import java.util.Arrays;

/** Finds all strings that begin at a place of a text: a trie over bytes, its edges in one open-addressed table. */
final class ByteTrie {
    static final int ROOT = 0;

    private static final int NONE = -1;

    /** Edge (node, byte) as {@code node << 8 | byte}, plus one; zero where the slot is free. */
    private long[] edges = new long[1 << 10];

    private int[] children = new int[1 << 10];
    private int[] values = new int[256];
    private int nodes = 1;

    ByteTrie() {
        values[ROOT] = NONE;
    }

    /** Adds a string with a number that is not negative. */
    void add(byte[] text, int value) {
        int node = ROOT;
        for (byte b : text) {
            node = childOrNew(node, b);
        }
        values[node] = value;
    }

    private int childOrNew(int node, byte b) {
        long edge = edge(node, b);
        int slot = slot(edge);
        if (edges[slot] == edge) {
            return children[slot];
        }
        if (nodes * 2 >= edges.length) {
            grow();
            slot = slot(edge);
        }
        if (nodes == values.length) {
            values = Arrays.copyOf(values, 2 * nodes);
        }
        edges[slot] = edge;
        children[slot] = nodes;
        values[nodes] = NONE;
        return nodes++;
    }

    private void grow() {
        long[] oldEdges = edges;
        int[] oldChildren = children;
        edges = new long[2 * oldEdges.length];
        children = new int[edges.length];
        for (int i = 0; i < oldEdges.length; i++) {
            if (oldEdges[i] != 0) {
                int slot = slot(oldEdges[i]);
                edges[slot] = oldEdges[i];
                children[slot] = oldChildren[i];
            }
        }
    }

    private static long edge(int node, byte b) {
        return ((long) node << 8 | (b & 0xFF)) + 1;
    }

    /** Where the edge is, or where it would go. */
    private int slot(long edge) {
        int mask = edges.length - 1;
        int slot = (int) ((edge * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (edges[slot] != 0 && edges[slot] != edge) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** The node behind a byte; −1 if there is none. */
    int child(int node, byte b) {
        long edge = edge(node, b);
        int slot = slot(edge);
        return edges[slot] == edge ? children[slot] : NONE;
    }

    /** The number of the string that ends at a node; −1 if none does. */
    int value(int node) {
        return values[node];
    }

    /** Bytes of the longest string that {@code text} has at {@code at}; 0 if none. */
    int longest(byte[] text, int at, int end) {
        int node = ROOT;
        int length = 0;
        for (int i = at; i < end; i++) {
            node = child(node, text[i]);
            if (node < 0) {
                break;
            }
            if (values[node] >= 0) {
                length = i + 1 - at;
            }
        }
        return length;
    }

    boolean isEmpty() {
        return nodes == 1;
    }
}
