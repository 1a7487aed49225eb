package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A SentencePiece model file ({@code tokenizer.model}, {@code spiece.model}, {@code sentencepiece.bpe.model}): the message
 * {@code ModelProto} of {@code sentencepiece_model.proto}.
 *
 * @param pieces pieces by id
 * @param trainer what training left for segmentation and decoding
 * @param normalizer rules for text to encode
 * @param denormalizer rules for decoded text, if there are any
 */
public record SentencePieceModel(
        List<Piece> pieces, Trainer trainer, Normalizer normalizer, Optional<Normalizer> denormalizer) {
    /** No vocabulary has this many ids. */
    private static final int MAX_PIECES = 1 << 24;

    /** What OpenVINO Tokenizers calls them, too. */
    private static final String FILLER = "<empty_";

    private static final long MAX_BYTES = 256L << 20;

    /** How segmentation works. */
    public enum Kind {
        UNIGRAM,
        BPE,
        WORD,
        CHAR
    }

    /** What a piece is for; the numbers are the file's. */
    public enum PieceType {
        NORMAL(1),
        UNKNOWN(2),
        CONTROL(3),
        USER_DEFINED(4),
        UNUSED(5),
        BYTE(6);

        private final int number;

        PieceType(int number) {
            this.number = number;
        }
    }

    /** Bytes of a field, not to be changed. */
    public static final class Blob {
        private final byte[] bytes;

        Blob(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /**
     * A piece.
     *
     * @param text its text, ▁ for spaces
     * @param score log-probability, or minus its rank for BPE
     * @param type what it is for
     */
    public record Piece(String text, float score, PieceType type) {
        /** A copy of another type. */
        public Piece withType(PieceType value) {
            return new Piece(text, score, value);
        }
    }

    /**
     * Fields of {@code TrainerSpec} that matter after training.
     *
     * @param raw the message as in the file
     * @param kind segmentation
     * @param byteFallback whether unknown characters become byte pieces
     * @param unknownSurface what an unknown id is decoded to
     * @param bos the piece that begins a text
     * @param eos the piece that ends a text
     * @param pad the piece that pads
     * @param spaceAsSuffix whether the dummy space goes behind the text
     */
    public record Trainer(
            Blob raw,
            Kind kind,
            boolean byteFallback,
            String unknownSurface,
            String bos,
            String eos,
            String pad,
            boolean spaceAsSuffix) {}

    /**
     * {@code NormalizerSpec}.
     *
     * @param raw the message as in the file
     * @param charsMap precompiled character map; empty for none
     * @param addDummyPrefix whether a space goes before (or behind) the text
     * @param removeExtraSpaces whether spaces at the ends and repeated ones vanish
     * @param escapeSpaces whether spaces become ▁
     */
    public record Normalizer(
            Blob raw, Blob charsMap, boolean addDummyPrefix, boolean removeExtraSpaces, boolean escapeSpaces) {}

    /** Copies the list. */
    public SentencePieceModel {
        pieces = List.copyOf(pieces);
    }

    /**
     * Reads a model file.
     *
     * @throws TokenizerException if it is none, is damaged, or defines pieces that contradict one another
     */
    public static SentencePieceModel read(Path file) {
        byte[] data;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new TokenizerException(file + ": a SentencePiece model of more than 256 MiB");
            }
            data = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
        }
        return parse(data, file.toString());
    }

    /** As {@link #read} from memory; {@code where} begins messages. */
    public static SentencePieceModel parse(byte[] data, String where) {
        if (new String(data, 0, Math.min(64, data.length), StandardCharsets.UTF_8)
                .startsWith("version https://git-lfs")) {
            throw new TokenizerException(
                    where + ": only the pointer of a file in Git LFS; fetch the file (git lfs pull)");
        }
        ModelParser parser = new ModelParser(where);
        parser.read(data);
        return parser.build();
    }

    /** The id of the first piece with this text, by the library's order: control, unknown and byte pieces first. */
    public Optional<Integer> id(String text) {
        Optional<Integer> found = Optional.empty();
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).text().equals(text)) {
                if (isReserved(pieces.get(id).type())) {
                    return Optional.of(id);
                }
                found = found.isEmpty() ? Optional.of(id) : found;
            }
        }
        return found;
    }

    static boolean isReserved(PieceType type) {
        return type == PieceType.CONTROL || type == PieceType.UNKNOWN || type == PieceType.BYTE;
    }

    /** The id of the piece for unknown text. */
    public int unknownId() {
        for (int id = 0; id < pieces.size(); id++) {
            if (pieces.get(id).type() == PieceType.UNKNOWN) {
                return id;
            }
        }
        throw new IllegalStateException("checked when read");
    }

    /** The byte that a piece {@code <0xNN>} stands for; −1 for any other text. */
    public static int byteOf(String text) {
        if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
            return -1;
        }
        for (int i = 3; i < 5; i++) {
            char digit = text.charAt(i);
            if (!HexFormat.isHexDigit(digit) || Character.isLowerCase(digit)) {
                return -1;
            }
        }
        return HexFormat.fromHexDigits(text, 3, 5);
    }

    /** The text of a piece for an id that has none; decoding shows nothing for it. */
    public static String fillerText(int id) {
        return FILLER + id + ">";
    }

    /** Whether a piece's text is a {@link #fillerText}. */
    public static boolean isFiller(String text) {
        return text.startsWith(FILLER) && text.endsWith(">");
    }

    /** The same model with other pieces. */
    public SentencePieceModel withPieces(List<Piece> value) {
        return new SentencePieceModel(value, trainer, normalizer, denormalizer);
    }

    /** The same model with a dummy prefix or without. */
    public SentencePieceModel withDummyPrefix(boolean value) {
        byte[] raw = new ProtoWriter().raw(normalizer.raw.bytes).flag(3, value).toBytes();
        Normalizer changed = new Normalizer(
                new Blob(raw), normalizer.charsMap, value, normalizer.removeExtraSpaces, normalizer.escapeSpaces);
        return new SentencePieceModel(pieces, trainer, changed, denormalizer);
    }

    /** The same model with another text for unknown ids. */
    public SentencePieceModel withUnknownSurface(String value) {
        byte[] raw = new ProtoWriter()
                .raw(trainer.raw.bytes)
                .bytes(44, value.getBytes(StandardCharsets.UTF_8))
                .toBytes();
        Trainer changed = new Trainer(
                new Blob(raw),
                trainer.kind,
                trainer.byteFallback,
                value,
                trainer.bos,
                trainer.eos,
                trainer.pad,
                trainer.spaceAsSuffix);
        return new SentencePieceModel(pieces, changed, normalizer, denormalizer);
    }

    /** The same model with each piece replaced. */
    public SentencePieceModel mapPieces(UnaryOperator<Piece> change) {
        return withPieces(pieces.stream().map(change).toList());
    }

    /** As a model file; samples for self-tests are left out. */
    public byte[] toBytes() {
        ProtoWriter out = new ProtoWriter();
        for (Piece piece : pieces) {
            ProtoWriter message = new ProtoWriter()
                    .bytes(1, piece.text.getBytes(StandardCharsets.UTF_8))
                    .float32(2, piece.score);
            if (piece.type != PieceType.NORMAL) {
                message.number(3, piece.type.number);
            }
            out.bytes(1, message.toBytes());
        }
        out.bytes(2, trainer.raw.bytes).bytes(3, normalizer.raw.bytes);
        denormalizer.ifPresent(d -> out.bytes(5, d.raw.bytes));
        return out.toBytes();
    }

    /** Collects fields; a message that comes twice is merged, as protobuf demands. */
    private static final class ModelParser {
        private final String where;
        private final List<Piece> pieces = new ArrayList<>();
        private final ProtoWriter trainerRaw = new ProtoWriter();
        private final ProtoWriter normalizerRaw = new ProtoWriter();
        private final ProtoWriter denormalizerRaw = new ProtoWriter();
        private boolean hasDenormalizer;

        ModelParser(String where) {
            this.where = where;
        }

        void read(byte[] data) {
            ProtoReader reader = new ProtoReader(data, 0, data.length, where);
            for (int field = reader.next(); field != 0; field = reader.next()) {
                switch (field) {
                    case 1 -> piece(data, reader.message());
                    case 2 -> trainerRaw.raw(bytes(data, reader));
                    case 3 -> normalizerRaw.raw(bytes(data, reader));
                    case 5 -> {
                        denormalizerRaw.raw(bytes(data, reader));
                        hasDenormalizer = true;
                    }
                    default -> reader.skip();
                }
            }
        }

        private static byte[] bytes(byte[] data, ProtoReader reader) {
            int length = reader.length();
            return Arrays.copyOfRange(data, reader.position() - length, reader.position());
        }

        private String text(byte[] data, ProtoReader reader) {
            int length = reader.length();
            return new String(data, reader.position() - length, length, StandardCharsets.UTF_8);
        }

        private void piece(byte[] data, ProtoReader reader) {
            String text = "";
            float score = 0;
            PieceType type = PieceType.NORMAL;
            for (int field = reader.next(); field != 0; field = reader.next()) {
                switch (field) {
                    case 1 -> text = text(data, reader);
                    case 2 -> score = reader.float32();
                    case 3 -> {
                        int number = reader.number();
                        for (PieceType candidate : PieceType.values()) {
                            type = candidate.number == number ? candidate : type;
                        }
                    }
                    default -> reader.skip();
                }
            }
            if (text.isEmpty()) {
                throw new TokenizerException(where + ": piece " + pieces.size() + " has no text");
            }
            if (Float.isNaN(score)) {
                throw new TokenizerException(where + ": the score of piece " + pieces.size() + " is not a number");
            }
            if (pieces.size() == MAX_PIECES) {
                throw new TokenizerException(where + ": more than " + MAX_PIECES + " pieces");
            }
            pieces.add(new Piece(text, score, type));
        }

        private Trainer trainer() {
            byte[] data = trainerRaw.toBytes();
            Kind kind = Kind.UNIGRAM;
            boolean byteFallback = false;
            boolean suffix = false;
            String unknown = " \u2047 ";
            String bos = "<s>";
            String eos = "</s>";
            String pad = "<pad>";
            ProtoReader reader = new ProtoReader(data, 0, data.length, where);
            for (int field = reader.next(); field != 0; field = reader.next()) {
                switch (field) {
                    case 3 -> kind = kind(reader.number());
                    case 24 -> suffix = reader.flag();
                    case 35 -> byteFallback = reader.flag();
                    case 44 -> unknown = text(data, reader);
                    case 46 -> bos = text(data, reader);
                    case 47 -> eos = text(data, reader);
                    case 48 -> pad = text(data, reader);
                    default -> reader.skip();
                }
            }
            // The library takes an empty name for the default, and a C string for the surface.
            return new Trainer(
                    new Blob(data),
                    kind,
                    byteFallback,
                    unknown.indexOf(0) < 0 ? unknown : unknown.substring(0, unknown.indexOf(0)),
                    bos.isEmpty() ? "<s>" : bos,
                    eos.isEmpty() ? "</s>" : eos,
                    pad.isEmpty() ? "<pad>" : pad,
                    suffix);
        }

        private Kind kind(int number) {
            return switch (number) {
                case 1 -> Kind.UNIGRAM;
                case 2 -> Kind.BPE;
                case 3 -> Kind.WORD;
                case 4 -> Kind.CHAR;
                default ->
                    throw new TokenizerException(where + ": model type " + number + " is none of SentencePiece's");
            };
        }

        private Normalizer normalizer(byte[] data) {
            byte[] charsMap = {};
            boolean prefix = true;
            boolean remove = true;
            boolean escape = true;
            ProtoReader reader = new ProtoReader(data, 0, data.length, where);
            for (int field = reader.next(); field != 0; field = reader.next()) {
                switch (field) {
                    case 2 -> charsMap = bytes(data, reader);
                    case 3 -> prefix = reader.flag();
                    case 4 -> remove = reader.flag();
                    case 5 -> escape = reader.flag();
                    default -> reader.skip();
                }
            }
            return new Normalizer(new Blob(data), new Blob(charsMap), prefix, remove, escape);
        }

        SentencePieceModel build() {
            if (pieces.isEmpty()) {
                throw new TokenizerException(where + ": not a SentencePiece model: it has no pieces");
            }
            SentencePieceModel model = new SentencePieceModel(
                    pieces,
                    trainer(),
                    normalizer(normalizerRaw.toBytes()),
                    hasDenormalizer ? Optional.of(normalizer(denormalizerRaw.toBytes())) : Optional.empty());
            SentencePieceChecks.check(model, where);
            return model;
        }
    }
}
