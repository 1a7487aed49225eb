package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.util.Arrays;

/**
 * The way of the greatest sum of scores: {@code EncodeOptimized} of the C++ library with its arithmetic. Sums are kept in
 * f32; a candidate with a piece is computed in f64 (a conditional expression there has a double branch), one with the
 * unknown piece in f32; the first of equal ways stays.
 */
final class UnigramSegmenter implements Segmenter {
    private static final float UNKNOWN_PENALTY = 10.0f;

    private final PieceIndex index;
    private final ByteTrie trie = new ByteTrie();
    private final float unknownScore;
    private final float greatest;

    UnigramSegmenter(PieceIndex index) {
        this.index = index;
        float least = Float.MAX_VALUE;
        float most = Float.MIN_NORMAL;
        for (int id = 0; id < index.size(); id++) {
            if (index.type(id) == PieceType.NORMAL) {
                least = Math.min(least, index.score(id));
                most = Math.max(most, index.score(id));
            }
            if (!SentencePieceModel.isReserved(index.type(id))) {
                trie.add(index.text(id), id);
            }
        }
        unknownScore = least - UNKNOWN_PENALTY;
        greatest = most;
    }

    @Override
    public void segment(byte[] text, int size, Sink sink) {
        float[] best = new float[size + 1];
        int[] from = new int[size + 1];
        int[] ids = new int[size + 1];
        Arrays.fill(from, -1);
        for (int at = 0; at < size; ) {
            int length = PieceIndex.character(text, at, size);
            boolean single = extend(text, size, at, length, best, from, ids);
            if (!single) {
                float total = unknownScore + best[at];
                int stop = at + length;
                if (from[stop] < 0 || total > best[stop]) {
                    best[stop] = total;
                    from[stop] = at;
                    ids[stop] = index.unknown();
                }
            }
            at += length;
        }
        emit(size, from, ids, sink);
    }

    /** Takes all pieces that begin at a place; whether one of them is the character there. */
    private boolean extend(byte[] text, int size, int at, int length, float[] best, int[] from, int[] ids) {
        boolean single = false;
        float before = best[at];
        int node = ByteTrie.ROOT;
        for (int i = at; i < size; i++) {
            node = trie.child(node, text[i]);
            if (node < 0) {
                break;
            }
            int id = trie.value(node);
            if (id < 0 || index.type(id) == PieceType.UNUSED) {
                continue;
            }
            int stop = i + 1;
            int bytes = stop - at;
            double score = index.type(id) == PieceType.USER_DEFINED ? bytes * greatest - 0.1 : index.score(id);
            double total = score + before;
            if (from[stop] < 0 || total > best[stop]) {
                best[stop] = (float) total;
                from[stop] = at;
                ids[stop] = id;
            }
            single |= bytes == length;
        }
        return single;
    }

    private static void emit(int size, int[] from, int[] ids, Sink sink) {
        int pieces = 0;
        for (int stop = size; stop > 0; stop = from[stop]) {
            pieces++;
        }
        int[] stops = new int[pieces];
        for (int stop = size; stop > 0; stop = from[stop]) {
            stops[--pieces] = stop;
        }
        for (int stop : stops) {
            sink.piece(from[stop], stop, ids[stop]);
        }
    }
}
