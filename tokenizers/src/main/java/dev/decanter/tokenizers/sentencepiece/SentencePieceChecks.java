package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.Piece;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

/** What the library checks when it loads a model. */
final class SentencePieceChecks {
    private SentencePieceChecks() {}

    static void check(SentencePieceModel model, String where) {
        Set<String> normal = new HashSet<>();
        Set<String> reserved = new HashSet<>();
        BitSet bytes = new BitSet(256);
        int unknown = -1;
        for (int id = 0; id < model.pieces().size(); id++) {
            Piece piece = model.pieces().get(id);
            Set<String> names = SentencePieceModel.isReserved(piece.type()) ? reserved : normal;
            if (!names.add(piece.text())) {
                throw new TokenizerException(
                        where + ": piece \"" + piece.text() + "\" is defined twice, again at id " + id);
            }
            if (piece.type() == PieceType.UNKNOWN) {
                if (unknown >= 0) {
                    throw new TokenizerException(where + ": two unknown pieces, ids " + unknown + " and " + id);
                }
                unknown = id;
            }
            if (piece.type() == PieceType.BYTE) {
                int value = SentencePieceModel.byteOf(piece.text());
                if (value < 0) {
                    throw new TokenizerException(where + ": byte piece \"" + piece.text() + "\" is no <0xNN>");
                }
                if (!model.trainer().byteFallback()) {
                    throw new TokenizerException(
                            where + ": byte piece \"" + piece.text() + "\" although byte_fallback is false");
                }
                bytes.set(value);
            }
        }
        if (unknown < 0) {
            throw new TokenizerException(where + ": no piece is the unknown one");
        }
        if (model.trainer().byteFallback() && bytes.cardinality() < 256) {
            throw new TokenizerException(where + ": byte_fallback is true, but only " + bytes.cardinality()
                    + " of 256 byte pieces are there");
        }
    }
}
