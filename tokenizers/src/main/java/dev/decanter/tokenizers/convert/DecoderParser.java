package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.convert.PieceFlags.Scope;
import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;

/** The {@code decoder} of a tokenizer.json as steps of the detokenizer graph. */
final class DecoderParser {
    /** What WordPiece and CTC call cleanup, in the library's order. */
    private static final List<List<String>> CLEANUP = List.of(
            List.of(" .", "."),
            List.of(" ?", "?"),
            List.of(" !", "!"),
            List.of(" ,", ","),
            List.of(" ' ", "'"),
            List.of(" n't", "n't"),
            List.of(" 'm", "'m"),
            List.of(" do not", " don't"),
            List.of(" 's", "'s"),
            List.of(" 've", "'ve"),
            List.of(" 're", "'re"));

    private final List<DecodeStep> steps = new ArrayList<>();
    private final String separator;
    private boolean byteLevel;
    private boolean fallback;
    private boolean fused;
    private boolean apart;

    private DecoderParser(String separator) {
        this.separator = separator;
    }

    /** A step of the detokenizer on the pieces of rows, one of each id, or on their texts once they are joined. */
    sealed interface DecodeStep {
        /** Rewrites pieces. */
        record Pieces(Step.Rewrite rewrite, Scope scope) implements DecodeStep {}

        /** {@code <0x00>} … are bytes. */
        record ByteFallback() implements DecodeStep {}

        /** GPT-2's characters are bytes. */
        record CharsToBytes() implements DecodeStep {}

        /** Pieces of a row become one. */
        record Fuse() implements DecodeStep {}

        /** Bytes that are no text become U+FFFD. */
        record Validate() implements DecodeStep {}
    }

    /**
     * @param byteLevel whether tokens are GPT-2's characters for bytes, to be stored as the bytes
     * @param steps what happens to tokens, in order
     */
    record Result(boolean byteLevel, List<DecodeStep> steps) {
        static final Result NONE = new Result(false, List.of());
    }

    /** {@code separator} is a character that no token has. */
    static Result parse(JsonAt decoder, String separator) {
        DecoderParser parser = new DecoderParser(separator);
        if (decoder.present()) {
            parser.add(decoder);
        } else {
            // Without a decoder, tokens are joined by spaces.
            parser.rewrite(decoder, "\\A", " ", Scope.NOT_FIRST);
        }
        // The graph ends with this step anyway.
        if (!parser.steps.isEmpty() && parser.steps.getLast() instanceof DecodeStep.Validate) {
            parser.steps.removeLast();
        }
        return new Result(parser.byteLevel, parser.steps);
    }

    private void add(JsonAt json) {
        String type = json.at("type").text();
        switch (type) {
            case "Sequence" -> json.at("decoders").items().forEach(this::add);
            case "ByteLevel" -> addByteLevel(json);
            case "ByteFallback" -> {
                steps.add(new DecodeStep.ByteFallback());
                fallback = !fused;
            }
            case "Fuse" -> fuse();
            case "Replace" -> {
                String pattern = NormalizerParser.replaced(json.at("pattern"));
                rewrite(json, pattern, json.at("content").text(), Scope.ALL);
            }
            case "Strip" -> addStrip(json);
            case "Metaspace" -> addMetaspace(json);
            case "WordPiece" -> addWordPiece(json);
            case "BPEDecoder" -> {
                String suffix = PcreRegex.quote(json.at("suffix").text("</w>"));
                rewrite(json, suffix, " ", Scope.NOT_LAST);
                rewrite(json, suffix, "", Scope.LAST);
            }
            case "CTC" -> addCtc(json);
            default -> throw json.error("unknown decoder " + type);
        }
    }

    private void fuse() {
        if (!fused) {
            steps.add(new DecodeStep.Fuse());
            fused = true;
        }
        fallback = false;
        apart = false;
    }

    private void addByteLevel(JsonAt json) {
        if (apart || fallback) {
            throw json.error("decoder ByteLevel after ByteFallback or CTC is not supported without a Fuse between");
        }
        if (steps.isEmpty() && !byteLevel) {
            byteLevel = true;
        } else {
            steps.add(new DecodeStep.CharsToBytes());
        }
        fuse();
        steps.add(new DecodeStep.Validate());
    }

    /** Joined pieces are the first and the last of their row. */
    private void rewrite(JsonAt json, String pattern, String content, Scope scope) {
        if (apart) {
            throw json.error("a decoder after CTC is not supported without a Fuse between");
        }
        if (fallback) {
            // The library joins bytes to tokens first, which is not known here.
            throw json.error("a decoder after ByteFallback is not supported without a Fuse between");
        }
        if (!fused) {
            steps.add(new DecodeStep.Pieces(Step.Replace.by(pattern, content), scope));
        } else if (scope != Scope.NOT_FIRST && scope != Scope.NOT_LAST) {
            steps.add(new DecodeStep.Pieces(Step.Replace.by(pattern, content), Scope.ALL));
        }
    }

    private void addStrip(JsonAt json) {
        String content = PcreRegex.quote(json.at("content").text());
        int start = count(json.at("start"));
        int stop = count(json.at("stop"));
        if (start > 0) {
            rewrite(json, "\\A(?:" + content + "){1," + start + "}", "", Scope.ALL);
        }
        if (stop > 0) {
            rewrite(json, "(?:" + content + "){1," + stop + "}\\z", "", Scope.ALL);
        }
    }

    private static int count(JsonAt json) {
        int count = json.integer(0);
        if (count < 0 || count > 9999) {
            throw json.error(count + " is not between 0 and 9999");
        }
        return count;
    }

    /** The mark becomes a space, but in a text's first token it vanishes unless nothing was put before texts. */
    private void addMetaspace(JsonAt json) {
        String mark = PcreRegex.quote(json.at("replacement").text("\u2581"));
        boolean legacyPrefix = json.at("add_prefix_space").flag(true);
        if (!json.at("prepend_scheme").text(legacyPrefix ? "always" : "never").equals("never")) {
            rewrite(json, mark, "", Scope.FIRST);
        }
        rewrite(json, mark, " ", Scope.ALL);
    }

    private void addWordPiece(JsonAt json) {
        String prefix = json.at("prefix").text("##");
        if (!prefix.isEmpty()) {
            String quoted = PcreRegex.quote(prefix);
            rewrite(json, "\\A(?!" + quoted + ")", " ", Scope.NOT_FIRST);
            rewrite(json, "\\A" + quoted, "", Scope.NOT_FIRST);
        }
        if (json.at("cleanup").flag(true)) {
            cleanUp(json);
        }
    }

    private void cleanUp(JsonAt json) {
        CLEANUP.forEach(pair -> rewrite(json, PcreRegex.quote(pair.get(0)), pair.get(1), Scope.ALL));
    }

    /** Of equal tokens in a row one stays, padding vanishes. Tokens are told apart in the text by a separator. */
    private void addCtc(JsonAt json) {
        boolean separated = !fused;
        if (separated) {
            rewrite(json, "\\z", separator, Scope.ALL);
            fuse();
            String piece = "[^" + separator + "]*" + separator;
            steps.add(new DecodeStep.Pieces(
                    new Step.Replace("(?<![^" + separator + "])(" + piece + ")\\1+", "$1"), Scope.ALL));
        }
        String pad = json.at("pad_token").text("<pad>");
        if (!pad.isEmpty()) {
            rewrite(json, PcreRegex.quote(pad), "", Scope.ALL);
        }
        if (json.at("cleanup").flag(true)) {
            cleanUp(json);
            String delimiter = json.at("word_delimiter_token").text("|");
            if (!delimiter.isEmpty()) {
                rewrite(json, PcreRegex.quote(delimiter), " ", Scope.ALL);
            }
        }
        if (separated) {
            rewrite(json, separator, "", Scope.ALL);
        }
        apart = separated;
    }
}
