package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;

/** The {@code decoder} of a tokenizer.json as steps of the detokenizer graph. */
final class DecoderParser {
    /** A character that no text has: marks what only the first piece of a text must know. */
    private static final String MARK = "\\x{FDD0}";

    private static final String MARK_TEXT = "\uFDD0";

    private final List<Step.Rewrite> pieces = new ArrayList<>();
    private final List<Step.Rewrite> texts = new ArrayList<>();
    private boolean byteLevel;
    private boolean byteFallback;
    private boolean fused;

    private DecoderParser() {}

    /**
     * @param byteLevel whether tokens are GPT-2's characters for bytes
     * @param pieces rewrites of each token, in order
     * @param byteFallback whether {@code <0x00>} … are bytes, which comes after the rewrites of tokens
     * @param texts rewrites of the whole text, in order
     */
    record Result(boolean byteLevel, List<Step.Rewrite> pieces, boolean byteFallback, List<Step.Rewrite> texts) {}

    static Result parse(JsonAt decoder) {
        DecoderParser parser = new DecoderParser();
        if (decoder.present()) {
            parser.add(decoder);
        } else {
            // Without a decoder, tokens are joined by spaces.
            parser.pieces.add(Step.Replace.by("\\A", " "));
            parser.texts.add(Step.Replace.by("\\A ", ""));
        }
        return new Result(parser.byteLevel, parser.pieces, parser.byteFallback, parser.texts);
    }

    private void add(JsonAt json) {
        String type = json.at("type").text();
        switch (type) {
            case "Sequence" -> json.at("decoders").items().forEach(this::add);
            case "ByteLevel" -> {
                if (fused || byteFallback || !pieces.isEmpty()) {
                    throw json.error("decoder ByteLevel after other decoders is not supported");
                }
                byteLevel = true;
                fused = true;
            }
            case "ByteFallback" -> {
                if (fused) {
                    throw json.error("decoder ByteFallback after Fuse or ByteLevel is not supported");
                }
                byteFallback = true;
            }
            case "Fuse" -> fused = true;
            case "Replace" -> {
                String pattern = NormalizerParser.pattern(json.at("pattern"));
                rewrite(json, Step.Replace.by(pattern, json.at("content").text()));
            }
            case "Strip" -> addStrip(json);
            case "Metaspace" -> addMetaspace(json);
            case "WordPiece" -> addWordPiece(json);
            default -> throw json.error("decoder " + type + " is not supported yet");
        }
    }

    private void rewrite(JsonAt json, Step.Rewrite step) {
        if (!fused && byteFallback) {
            throw json.error("a decoder between ByteFallback and Fuse is not supported");
        }
        (fused ? texts : pieces).add(step);
    }

    private void addStrip(JsonAt json) {
        String content = PcreRegex.quote(json.at("content").text());
        int start = json.at("start").integer(0);
        int stop = json.at("stop").integer(0);
        if (start > 0) {
            rewrite(json, Step.Replace.by("\\A(?:" + content + "){1," + start + "}", ""));
        }
        if (stop > 0) {
            rewrite(json, Step.Replace.by("(?:" + content + "){1," + stop + "}\\z", ""));
        }
    }

    /** The mark becomes a space, but in a text's first token it vanishes unless nothing was put before texts. */
    private void addMetaspace(JsonAt json) {
        String mark = PcreRegex.quote(json.at("replacement").text("\u2581"));
        boolean legacyPrefix = json.at("add_prefix_space").flag(true);
        String scheme = json.at("prepend_scheme").text(legacyPrefix ? "always" : "never");
        if (fused) {
            throw json.error("decoder Metaspace after Fuse or ByteLevel is not supported");
        }
        if (scheme.equals("never")) {
            pieces.add(Step.Replace.by(mark, " "));
            return;
        }
        // Marks after the first of a piece stay recognizable until the pieces are one text.
        pieces.add(Step.Replace.by("(?<=" + mark + ")" + mark, MARK_TEXT));
        pieces.add(Step.Replace.by(mark, " "));
        texts.add(Step.Replace.by("\\A " + MARK + "*", ""));
        texts.add(Step.Replace.by(MARK, " "));
        fused = true;
    }

    private void addWordPiece(JsonAt json) {
        if (fused) {
            throw json.error("decoder WordPiece after Fuse or ByteLevel is not supported");
        }
        String prefix = json.at("prefix").text("##");
        String quoted = PcreRegex.quote(prefix);
        // Every token has a space or, in place of its prefix, a mark before it; the first token has them taken back.
        pieces.add(Step.Replace.by("\\A(?!" + quoted + ")", " "));
        pieces.add(Step.Replace.by("\\A" + quoted, MARK_TEXT));
        if (json.at("cleanup").flag(true)) {
            pieces.add(new Step.Replace(" ([.?!,]|n't|'m|'s|'ve|'re)", "$1"));
            pieces.add(new Step.Replace(" ' ", "'"));
            pieces.add(new Step.Replace(" do not", " don't"));
        }
        texts.add(Step.Replace.by("\\A ", ""));
        texts.add(Step.Replace.by("\\A" + MARK, prefix));
        texts.add(Step.Replace.by(MARK, ""));
        fused = true;
    }
}
