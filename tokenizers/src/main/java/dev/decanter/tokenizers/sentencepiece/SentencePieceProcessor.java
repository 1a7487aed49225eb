package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.Ints;
import dev.decanter.tokenizers.ops.Utf8;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Text to ids and back as {@code SentencePieceProcessor} of the C++ library (0.2). Works on UTF-8; bytes that are none
 * become U+FFFD. Safe for several threads.
 */
public final class SentencePieceProcessor {
    private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private final SentencePieceModel model;
    private final PieceIndex index;
    private final Segmenter segmenter;
    private final TextNormalizer normalizer;
    private final Optional<TextNormalizer> denormalizer;
    private final int[] byteIds = new int[256];
    private final byte[] unknownSurface;
    private final boolean stripsFirstSpace;

    /** Throws {@link TokenizerException} if a character map is damaged. */
    public SentencePieceProcessor(SentencePieceModel model) {
        this.model = model;
        index = new PieceIndex(model);
        segmenter = Segmenter.of(model, index);
        normalizer = new TextNormalizer(model.normalizer(), model.trainer().spaceAsSuffix(), index.userDefined());
        denormalizer = model.denormalizer()
                .filter(d -> d.charsMap().bytes().length > 0)
                .map(d -> new TextNormalizer(d, false, new ByteTrie()));
        for (int b = 0; b < 256; b++) {
            byteIds[b] = index.id(String.format("<0x%02X>", b));
        }
        unknownSurface = model.trainer().unknownSurface().getBytes(StandardCharsets.UTF_8);
        stripsFirstSpace =
                model.normalizer().addDummyPrefix() || model.normalizer().removeExtraSpaces();
    }

    public SentencePieceModel model() {
        return model;
    }

    /** The id of the piece that begins a text; −1 if the model has none. */
    public int bos() {
        return special(model.trainer().bos());
    }

    /** The id of the piece that ends a text; −1 if the model has none. */
    public int eos() {
        return special(model.trainer().eos());
    }

    private int special(String text) {
        int id = index.id(text);
        return index.type(id) == PieceType.UNKNOWN ? -1 : id;
    }

    /** Appends the ids of bytes {@code from} to {@code to}. */
    public void encode(byte[] text, int from, int to, Ints out) {
        ByteBuilder normalized = normalizer.normalize(text, from, to);
        byte[] bytes = normalized.array();
        boolean fallback = model.trainer().byteFallback();
        int begin = out.size();
        segmenter.segment(bytes, normalized.size(), (pieceFrom, pieceTo, id) -> {
            if (id != index.unknown()) {
                out.add(id);
            } else if (fallback) {
                for (int i = pieceFrom; i < pieceTo; i++) {
                    out.add(byteIds[bytes[i] & 0xFF]);
                }
            } else if (out.size() == begin || out.get(out.size() - 1) != id) {
                // Neighbouring unknown pieces are one.
                out.add(id);
            }
        });
    }

    /** The ids of a text. */
    public int[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Ints ids = new Ints(bytes.length / 3 + 8);
        encode(bytes, 0, bytes.length, ids);
        return ids.toArray();
    }

    /**
     * The text of ids, in UTF-8; what byte pieces hold that is none becomes U+FFFD, byte by byte.
     *
     * @param showControl whether control pieces and the unknown one appear as their text rather than as the library shows them
     * @throws TokenizerException for an id that is not in the vocabulary
     */
    public byte[] decode(int[] ids, boolean showControl) {
        ByteBuilder out = new ByteBuilder(4 * ids.length + 16);
        boolean atBegin = true;
        boolean stripped = false;
        for (int i = 0; i < ids.length; i++) {
            int id = canonical(ids[i]);
            if (index.type(id) == PieceType.BYTE) {
                int end = i;
                while (end < ids.length && index.type(canonical(ids[end])) == PieceType.BYTE) {
                    end++;
                }
                appendBytes(ids, i, end, out);
                i = end - 1;
                continue;
            }
            if (stripped || out.size() > 0) {
                atBegin = false;
            }
            stripped = appendPiece(id, atBegin, showControl, out);
        }
        if (denormalizer.isPresent()) {
            return denormalizer.get().normalize(out.array(), 0, out.size()).toBytes();
        }
        return out.toBytes();
    }

    /** The library goes through the piece's text, which a control piece may share with a normal one. */
    private int canonical(int id) {
        if (id < 0 || id >= index.size()) {
            throw new TokenizerException("id " + id + " is not in the vocabulary of " + index.size() + " pieces");
        }
        return SentencePieceModel.isReserved(index.type(id)) ? id : index.id(index.text(id), 0, index.text(id).length);
    }

    /** Appends a piece with spaces for ▁; whether the dummy prefix was taken off it. */
    private boolean appendPiece(int id, boolean atBegin, boolean showControl, ByteBuilder out) {
        byte[] text = index.text(id);
        if (index.type(id) == PieceType.CONTROL) {
            boolean shown = showControl
                    && !SentencePieceModel.isFiller(model.pieces().get(id).text());
            out.append(text, 0, shown ? text.length : 0);
            return false;
        }
        if (index.type(id) == PieceType.UNKNOWN) {
            out.append(showControl ? text : unknownSurface);
            return false;
        }
        int from = 0;
        boolean stripped = false;
        if (atBegin && stripsFirstSpace && TextNormalizer.isSpaceSymbol(text, 0, text.length)) {
            from = TextNormalizer.SPACE_SYMBOL.length;
            // Where extra spaces go, all at the beginning do.
            stripped = !model.normalizer().removeExtraSpaces();
        }
        for (int i = from; i < text.length; ) {
            if (TextNormalizer.isSpaceSymbol(text, i, text.length)) {
                out.append((byte) ' ');
                i += TextNormalizer.SPACE_SYMBOL.length;
            } else {
                out.append(text[i++]);
            }
        }
        return stripped;
    }

    private void appendBytes(int[] ids, int from, int to, ByteBuilder out) {
        byte[] bytes = new byte[to - from];
        for (int i = from; i < to; i++) {
            bytes[i - from] =
                    (byte) SentencePieceModel.byteOf(model.pieces().get(ids[i]).text());
        }
        for (int at = 0; at < bytes.length; ) {
            int length = Utf8.sequence(bytes, at, bytes.length);
            if (length == 0) {
                out.append(REPLACEMENT);
                at++;
            } else {
                out.append(bytes, at, at + length);
                at += length;
            }
        }
    }
}
