package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.ops.StringTable;
import dev.decanter.tokenizers.ops.Strings;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.Piece;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Pieces by text: {@code ModelInterface} of the C++ library. */
final class PieceIndex {
    private final byte[][] texts;
    private final float[] scores;
    private final PieceType[] types;
    private final StringTable normal;
    private final StringTable reserved;
    private final ByteTrie userDefined = new ByteTrie();
    private final int unknown;

    PieceIndex(SentencePieceModel model) {
        List<Piece> pieces = model.pieces();
        int count = pieces.size();
        texts = new byte[count][];
        scores = new float[count];
        types = new PieceType[count];
        for (int id = 0; id < count; id++) {
            Piece piece = pieces.get(id);
            texts[id] = piece.text().getBytes(StandardCharsets.UTF_8);
            // Plus zero: minus zero becomes zero, which it equals in C++.
            scores[id] = piece.score() + 0.0f;
            types[id] = piece.type();
            if (piece.type() == PieceType.USER_DEFINED) {
                userDefined.add(texts[id], id);
            }
        }
        normal = new StringTable(strings(false));
        reserved = new StringTable(strings(true));
        unknown = model.unknownId();
    }

    /** All texts of one map, empty where a piece belongs to the other. */
    private Strings strings(boolean wanted) {
        int[] begins = new int[texts.length];
        int[] ends = new int[texts.length];
        ByteBuilder chars = new ByteBuilder(8 * texts.length);
        for (int id = 0; id < texts.length; id++) {
            begins[id] = chars.size();
            if (SentencePieceModel.isReserved(types[id]) == wanted) {
                chars.append(texts[id]);
            }
            ends[id] = chars.size();
        }
        return new Strings(begins, ends, chars.toBytes());
    }

    int size() {
        return texts.length;
    }

    int unknown() {
        return unknown;
    }

    byte[] text(int id) {
        return texts[id];
    }

    float score(int id) {
        return scores[id];
    }

    PieceType type(int id) {
        return types[id];
    }

    ByteTrie userDefined() {
        return userDefined;
    }

    /** The id of a piece that segmentation may give; −1 if there is none. */
    int normal(byte[] text, int from, int to) {
        return normal.find(text, from, to);
    }

    /** {@code PieceToId}: the unknown id for text that is no piece. */
    int id(byte[] text, int from, int to) {
        int id = reserved.find(text, from, to);
        if (id < 0) {
            id = normal.find(text, from, to);
        }
        return id < 0 ? unknown : id;
    }

    int id(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return id(bytes, 0, bytes.length);
    }

    /** Bytes of the character or user-defined symbol at a place. */
    int symbol(byte[] text, int at, int end) {
        int length = userDefined.isEmpty() ? 0 : userDefined.longest(text, at, end);
        return length > 0 ? length : character(text, at, end);
    }

    /** Bytes of a character by its first byte alone, as the library takes it, but not beyond the end. */
    static int character(byte[] text, int at, int end) {
        int lead = text[at] & 0xFF;
        int length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        return Math.min(length, end - at);
    }
}
