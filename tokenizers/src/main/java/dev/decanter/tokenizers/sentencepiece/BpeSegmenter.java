package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.ops.Ints;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair merging by score: {@code bpe::Model} of the C++ library. Of all neighbours that are a piece together the pair of
 * the greatest score merges first, of equal ones the leftmost. User-defined symbols do not merge. Merging may go through
 * unused pieces; those that remain come apart again.
 */
final class BpeSegmenter implements Segmenter {
    private static final int CACHE = 1 << 14;
    private static final int LONGEST_CACHED = 64;

    private final PieceIndex index;
    /**
     * Whether nothing merges across a space that follows other text: then words are segmented one by one, with the same result,
     * and those that come often are remembered. Unused pieces are excluded, because how they come apart depends on the whole text.
     */
    private final boolean wordByWord;

    private final AtomicReferenceArray<@Nullable Word> cache = new AtomicReferenceArray<>(CACHE);

    /** A word's pieces: where each ends, from the word's beginning, and its id. */
    private static final class Word {
        private final byte[] text;
        private final int[] ends;
        private final int[] ids;

        Word(byte[] text, int[] ends, int[] ids) {
            this.text = text;
            this.ends = ends;
            this.ids = ids;
        }
    }

    BpeSegmenter(PieceIndex index) {
        this.index = index;
        boolean separate = true;
        for (int id = 0; id < index.size() && separate; id++) {
            if (!SentencePieceModel.isReserved(index.type(id))) {
                byte[] text = index.text(id);
                separate = index.type(id) != PieceType.UNUSED && wordEnd(text, 0, text.length) == text.length;
            }
        }
        wordByWord = separate;
    }

    @Override
    public void segment(byte[] text, int size, Sink sink) {
        for (int from = 0; from < size; ) {
            int to = wordByWord ? wordEnd(text, from, size) : size;
            if (to - from <= LONGEST_CACHED) {
                Word word = word(text, from, to);
                int begin = from;
                for (int i = 0; i < word.ids.length; i++) {
                    sink.piece(begin, from + word.ends[i], word.ids[i]);
                    begin = from + word.ends[i];
                }
            } else {
                new Merging(text, from, to).run(sink);
            }
            from = to;
        }
    }

    /** Where the next space begins that follows something else. */
    private static int wordEnd(byte[] text, int from, int size) {
        boolean afterSpace = true;
        for (int at = from; at < size; ) {
            boolean space = TextNormalizer.isSpaceSymbol(text, at, size);
            if (space && !afterSpace) {
                return at;
            }
            afterSpace = space;
            at += PieceIndex.character(text, at, size);
        }
        return size;
    }

    private Word word(byte[] text, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        int slot = (hash * 0x9E3779B9) >>> 18;
        Word known = cache.get(slot);
        if (known != null && Arrays.equals(known.text, 0, known.text.length, text, from, to)) {
            return known;
        }
        Ints ends = new Ints(8);
        Ints ids = new Ints(8);
        new Merging(text, from, to).run((pieceFrom, pieceTo, id) -> {
            ends.add(pieceTo - from);
            ids.add(id);
        });
        Word word = new Word(Arrays.copyOfRange(text, from, to), ends.toArray(), ids.toArray());
        cache.set(slot, word);
        return word;
    }

    /** One text. A symbol is named by its number; what was merged away has no bytes. */
    private final class Merging {
        private final byte[] text;
        private final int[] begins;
        private final int[] ends;
        private final int[] previous;
        private final int[] next;
        private final boolean[] frozen;
        private final int count;
        private final MergeQueue queue;
        /** How unused pieces were last put together: the length of the left part. */
        private final Map<String, Integer> unused = new HashMap<>();

        Merging(byte[] text, int from, int size) {
            this.text = text;
            begins = new int[size - from];
            ends = new int[size - from];
            frozen = new boolean[size - from];
            int symbols = 0;
            for (int at = from; at < size; symbols++) {
                int symbol =
                        index.userDefined().isEmpty() ? 0 : index.userDefined().longest(text, at, size);
                frozen[symbols] = symbol > 0;
                begins[symbols] = at;
                at += symbol > 0 ? symbol : PieceIndex.character(text, at, size);
                ends[symbols] = at;
            }
            count = symbols;
            previous = new int[count];
            next = new int[count];
            queue = new MergeQueue(count);
            for (int i = 0; i < count; i++) {
                previous[i] = i - 1;
                next[i] = i + 1 < count ? i + 1 : -1;
            }
        }

        void run(Sink sink) {
            for (int i = 1; i < count; i++) {
                offer(i - 1, i);
            }
            while (queue.poll()) {
                int left = queue.left();
                int right = queue.right();
                int length = length(left) + length(right);
                if (length(left) == 0 || length(right) == 0 || length != queue.length()) {
                    continue;
                }
                ends[left] = ends[right];
                ends[right] = begins[right];
                next[left] = next[right];
                if (next[right] >= 0) {
                    previous[next[right]] = left;
                }
                offer(previous[left], left);
                offer(left, next[left]);
            }
            for (int i = count == 0 ? -1 : 0; i >= 0; i = next[i]) {
                emit(begins[i], ends[i], sink);
            }
        }

        private int length(int symbol) {
            return ends[symbol] - begins[symbol];
        }

        private void offer(int left, int right) {
            if (left < 0 || right < 0 || frozen[left] || frozen[right]) {
                return;
            }
            int from = begins[left];
            int to = ends[right];
            int id = index.normal(text, from, to);
            if (id < 0) {
                return;
            }
            queue.add(index.score(id), left, right, to - from);
            if (index.type(id) == PieceType.UNUSED) {
                unused.put(key(from, to), ends[left] - from);
            }
        }

        private String key(int from, int to) {
            return new String(text, from, to - from, java.nio.charset.StandardCharsets.ISO_8859_1);
        }

        private void emit(int from, int to, Sink sink) {
            int id = index.id(text, from, to);
            Integer left = index.type(id) == PieceType.UNUSED ? unused.get(key(from, to)) : null;
            if (left == null) {
                sink.piece(from, to, id);
                return;
            }
            emit(from, from + left, sink);
            emit(from + left, to, sink);
        }
    }

    /** Pairs by descending score, then from the left: a binary heap over one number that sorts that way. */
    private static final class MergeQueue {
        private long[] keys;
        private int[] rights;
        private int[] lengths;
        private int size;
        private int right;
        private int length;
        private int left;

        MergeQueue(int capacity) {
            keys = new long[Math.max(8, capacity)];
            rights = new int[keys.length];
            lengths = new int[keys.length];
        }

        private static long key(float score, int left) {
            int bits = Float.floatToRawIntBits(score);
            int ascending = bits ^ (bits >> 31 & 0x7FFF_FFFF);
            return (long) ~ascending << 32 | left;
        }

        void add(float score, int newLeft, int newRight, int newLength) {
            if (size == keys.length) {
                keys = Arrays.copyOf(keys, 2 * size);
                rights = Arrays.copyOf(rights, 2 * size);
                lengths = Arrays.copyOf(lengths, 2 * size);
            }
            long key = key(score, newLeft);
            int at = size++;
            while (at > 0 && keys[(at - 1) >>> 1] > key) {
                move((at - 1) >>> 1, at);
                at = (at - 1) >>> 1;
            }
            put(at, key, newRight, newLength);
        }

        private void put(int at, long key, int newRight, int newLength) {
            keys[at] = key;
            rights[at] = newRight;
            lengths[at] = newLength;
        }

        private void move(int from, int to) {
            put(to, keys[from], rights[from], lengths[from]);
        }

        /** Takes the first pair; false if there is none. */
        boolean poll() {
            if (size == 0) {
                return false;
            }
            left = (int) keys[0];
            right = rights[0];
            length = lengths[0];
            size--;
            long key = keys[size];
            int at = 0;
            for (int child = 1; child < size; child = 2 * at + 1) {
                if (child + 1 < size && keys[child + 1] < keys[child]) {
                    child++;
                }
                if (keys[child] >= key) {
                    break;
                }
                move(child, at);
                at = child;
            }
            if (size > 0) {
                put(at, key, rights[size], lengths[size]);
            }
            return true;
        }

        int left() {
            return left;
        }

        int right() {
            return right;
        }

        int length() {
            return length;
        }
    }
}
