package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.Piece;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Lays a model's pieces out under the ids that a tokenizer class gives them. */
final class SentencePieceLayout {
    private static final String NOT_USED = "NOTUSED";

    private SentencePieceLayout() {}

    /** Pieces by the class's ids, added tokens left out. */
    static List<Piece> pieces(SentencePieceFamily.Ids ids, SentencePieceModel model, Path file) {
        List<Piece> own = model.pieces();
        return switch (ids) {
            case AS_IN_MODEL -> own;
            case FAIRSEQ -> {
                requireStart(own, file, "<unk>", "<s>", "</s>");
                List<Piece> pieces = new ArrayList<>(fairseq(own));
                pieces.addAll(own.subList(3, own.size()));
                yield pieces;
            }
            case CAMEMBERT -> {
                requireStart(own, file, "<unk>");
                List<Piece> pieces = new ArrayList<>(List.of(
                        control("<s>" + NOT_USED),
                        control("<pad>"),
                        control("</s>" + NOT_USED),
                        own.getFirst(),
                        control("<unk>" + NOT_USED)));
                pieces.addAll(own.subList(1, own.size()));
                yield pieces;
            }
        };
    }

    private static List<Piece> fairseq(List<Piece> own) {
        return List.of(own.get(1), control("<pad>"), own.get(2), own.getFirst());
    }

    private static Piece control(String text) {
        return new Piece(text, 0, PieceType.CONTROL);
    }

    private static void requireStart(List<Piece> own, Path file, String... texts) {
        for (int id = 0; id < texts.length; id++) {
            if (id >= own.size() || !own.get(id).text().equals(texts[id])) {
                throw new TokenizerException(file + ": piece " + id + " is "
                        + (id >= own.size() ? "missing" : "\"" + own.get(id).text() + "\"") + " in place of \""
                        + texts[id]
                        + "\", which the tokenizer class counts on");
            }
        }
    }

    /** The model that encodes: the file's own where the class keeps its ids. */
    static SentencePieceModel encoder(SentencePieceFamily family, SentencePieceModel model, List<Piece> pieces) {
        SentencePieceModel laid =
                family.ids() == SentencePieceFamily.Ids.AS_IN_MODEL ? model : model.withPieces(pieces);
        // The class takes "9," apart behind the library; so do scores that make such pieces lose.
        return family == SentencePieceFamily.ALBERT
                ? laid.mapPieces(
                        p -> endsInDigitAndComma(p.text()) ? new Piece(p.text(), p.score() - 100, p.type()) : p)
                : laid;
    }

    private static boolean endsInDigitAndComma(String text) {
        int length = text.length();
        return length >= 2 && text.charAt(length - 1) == ',' && Character.isDigit(text.charAt(length - 2));
    }

    /** The model that decodes: with all added tokens; those that are special are control pieces, which do not show. */
    static SentencePieceModel decoder(
            SentencePieceModel model, List<Piece> pieces, List<AddedToken> added, boolean unknownIsSpecial) {
        List<Piece> all = new ArrayList<>(pieces);
        for (AddedToken token : added) {
            while (all.size() <= token.id()) {
                all.add(control(SentencePieceModel.fillerText(all.size())));
            }
            Piece old = all.get(token.id());
            PieceType type = old.type() == PieceType.UNKNOWN
                    ? PieceType.UNKNOWN
                    : token.special() ? PieceType.CONTROL : PieceType.USER_DEFINED;
            all.set(token.id(), new Piece(token.content(), old.score(), type));
        }
        SentencePieceModel decoder = model.withPieces(all);
        return unknownIsSpecial ? decoder.withUnknownSurface("") : decoder;
    }

    /** Tokens that only the class's code has, with their ids. */
    static Map<String, Integer> ownTokens(SentencePieceFamily family, List<Piece> pieces) {
        Map<String, Integer> tokens = new LinkedHashMap<>();
        switch (family) {
            case XGLM -> {
                for (int i = 0; i < 7; i++) {
                    tokens.put("<madeupword" + i + ">", pieces.size() + i);
                }
            }
            case CHAT_GLM -> {
                int id = pieces.size();
                for (String token : List.of("[MASK]", "[gMASK]", "[sMASK]", "sop", "eop")) {
                    tokens.put(token, id++);
                }
            }
            case CAMEMBERT -> {
                for (int id : List.of(0, 2, 4)) {
                    tokens.put(pieces.get(id).text(), id);
                }
            }
            case CODE_LLAMA -> {
                List<String> infill = List.of("\u2581<PRE>", "\u2581<MID>", "\u2581<SUF>", "\u2581<EOT>");
                for (int id = 0; id < pieces.size(); id++) {
                    if (infill.contains(pieces.get(id).text())) {
                        tokens.put(pieces.get(id).text(), id);
                    }
                }
            }
            default -> {
                // no tokens of its own
            }
        }
        return tokens;
    }

    /** What the class does to text before the library sees it. */
    static List<Step.Rewrite> normalizers(SentencePieceFamily family, JsonAt config) {
        if (family == SentencePieceFamily.DEBERTA_V2
                && config.at("do_lower_case").flag(false)) {
            return List.of(new Step.LowerCase());
        }
        if (family == SentencePieceFamily.DEBERTA_V2
                && config.at("split_by_punct").flag(false)) {
            throw config.at("split_by_punct").error("splitting by punctuation is not supported; set it to false");
        }
        if (family != SentencePieceFamily.ALBERT) {
            return List.of();
        }
        List<Step.Rewrite> steps = new ArrayList<>();
        if (config.at("remove_space").flag(true)) {
            String space = "[\\s\\x{1C}-\\x{1F}]";
            steps.add(Step.Replace.by("\\A" + space + "+|" + space + "+\\z", ""));
            steps.add(Step.Replace.by(space + "+", " "));
        }
        steps.add(Step.Replace.by("``|''", "\""));
        if (!config.at("keep_accents").flag(false)) {
            steps.add(new Step.Form("nfkd"));
            steps.add(Step.Replace.by(combining(), ""));
        }
        if (config.at("do_lower_case").flag(true)) {
            steps.add(new Step.LowerCase());
        }
        return steps;
    }

    /** A class of all characters with a combining class other than zero, which no regular expression names. */
    private static String combining() {
        StringBuilder pattern = new StringBuilder("[");
        int start = -1;
        for (int point = 0x300; point <= Character.MAX_CODE_POINT; point++) {
            boolean combines = isMark(point) && combines(Character.toString(point));
            if (combines && start < 0) {
                start = point;
            } else if (!combines && start >= 0) {
                pattern.append(String.format("\\x{%X}-\\x{%X}", start, point - 1));
                start = -1;
            }
        }
        return pattern.append(']').toString();
    }

    private static boolean isMark(int point) {
        int type = Character.getType(point);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    /** Canonical order moves a mark of any class but zero before one of class 232, or behind one of class 1. */
    private static boolean combines(String mark) {
        return !Normalizer.isNormalized("\u0315" + mark, Normalizer.Form.NFD)
                || !Normalizer.isNormalized(mark + "\u0334", Normalizer.Form.NFD);
    }

    /** The model with special tokens hidden, as they are in {@code decoder}, or shown. */
    static SentencePieceModel shown(SentencePieceModel decoder, boolean skipSpecial) {
        if (skipSpecial) {
            return decoder;
        }
        SentencePieceModel shown =
                decoder.mapPieces(p -> p.type() == PieceType.CONTROL && !SentencePieceModel.isFiller(p.text())
                        ? p.withType(PieceType.USER_DEFINED)
                        : p);
        return shown.trainer().unknownSurface().isEmpty()
                ? shown.withUnknownSurface(shown.pieces().get(shown.unknownId()).text())
                : shown;
    }
}
