package dev.decanter.tokenizers.ops;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** From strings to numbers: open addressing over the bytes themselves. Built once, then read by any thread. */
public final class StringTable {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Strings strings;
    private final int[] slots;
    private final int[] hashes;
    private final int mask;

    /** Numbers strings by their position; of equal strings the first counts; empty ones are left out. */
    public StringTable(Strings strings) {
        this(strings, new boolean[strings.size()]);
    }

    /** As above, but strings with {@code last[i]} yield to equal ones without, wherever they stand. */
    StringTable(Strings strings, boolean[] last) {
        this.strings = strings;
        int capacity = Integer.highestOneBit(Math.max(8, strings.size()) * 2 - 1) * 2;
        mask = capacity - 1;
        slots = new int[capacity];
        hashes = new int[capacity];
        Arrays.fill(slots, -1);
        for (int i = 0; i < strings.size(); i++) {
            if (!last[i]) {
                add(i);
            }
        }
        for (int i = 0; i < strings.size(); i++) {
            if (last[i]) {
                add(i);
            }
        }
    }

    private void add(int index) {
        int from = strings.begins[index];
        int to = strings.ends[index];
        if (from == to) {
            return;
        }
        int hash = hash(strings.chars, from, to);
        int slot = hash & mask;
        while (slots[slot] >= 0) {
            if (hashes[slot] == hash && equal(slots[slot], strings.chars, from, to)) {
                return;
            }
            slot = (slot + 1) & mask;
        }
        slots[slot] = index;
        hashes[slot] = hash;
    }

    /** The number of the string, −1 if it is not in the table. */
    public int find(byte[] text, int from, int to) {
        return find(text, from, to, hash(text, from, to));
    }

    /** As above with the {@link #hash} known. */
    int find(byte[] text, int from, int to, int hash) {
        int slot = hash & mask;
        while (slots[slot] >= 0) {
            if (hashes[slot] == hash && equal(slots[slot], text, from, to)) {
                return slots[slot];
            }
            slot = (slot + 1) & mask;
        }
        return -1;
    }

    int find(byte[] text) {
        return find(text, 0, text.length);
    }

    private boolean equal(int index, byte[] text, int from, int to) {
        return Arrays.equals(strings.chars, strings.begins[index], strings.ends[index], text, from, to);
    }

    Strings strings() {
        return strings;
    }

    static int hash(byte[] text, int from, int to) {
        long hash = (long) to - from;
        int at = from;
        for (; at + 8 <= to; at += 8) {
            hash = mix(hash ^ (long) LONGS.get(text, at));
        }
        long tail = 0;
        for (; at < to; at++) {
            tail = tail << 8 | (text[at] & 0xFF);
        }
        hash = mix(hash ^ tail);
        return (int) (hash ^ (hash >>> 32));
    }

    static long mix(long value) {
        long mixed = (value ^ (value >>> 32)) * 0xD6E8FEB86659FD93L;
        return (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
    }
}
