package dev.decanter.tokenizers.ops;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The ids of pieces met before. As many entries as asked for at most: each piece has one place, and a later piece takes it
 * over. Any number of threads, no locks: entries are immutable.
 */
final class PieceCache {
    /** Long pieces rarely come again. */
    private static final int MAX_LENGTH = 128;

    private final AtomicReferenceArray<@Nullable Entry> entries;
    private final int mask;

    private static final class Entry {
        final byte[] piece;
        final int[] ids;

        Entry(byte[] piece, int[] ids) {
            this.piece = piece;
            this.ids = ids;
        }
    }

    PieceCache(int capacity) {
        int size = Integer.highestOneBit(Math.clamp(capacity, 1, 1 << 20));
        entries = new AtomicReferenceArray<>(size);
        mask = size - 1;
    }

    int @Nullable [] get(byte[] text, int from, int to, int hash) {
        Entry entry = entries.getPlain(hash & mask);
        return entry != null && Arrays.equals(entry.piece, 0, entry.piece.length, text, from, to) ? entry.ids : null;
    }

    void put(byte[] text, int from, int to, int hash, int[] ids) {
        if (to - from <= MAX_LENGTH) {
            // Final fields make the entry safe to publish without ordering.
            entries.setPlain(hash & mask, new Entry(Arrays.copyOfRange(text, from, to), ids));
        }
    }
}
