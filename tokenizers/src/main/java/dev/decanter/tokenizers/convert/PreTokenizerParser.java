package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code pre_tokenizer} of a tokenizer.json as steps. */
final class PreTokenizerParser {
    static final String GPT2_PATTERN =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    /** A character that no text has: stands at a text's beginning while normalizers run. */
    static final String START = "\uFDD1";

    private final List<Step> steps = new ArrayList<>();
    private final boolean normalized;
    private boolean byteLevel;
    private boolean bytesWritten;
    private String firstPrefix = "";

    private PreTokenizerParser(boolean normalized) {
        this.normalized = normalized;
    }

    /**
     * @param steps in order
     * @param byteLevel whether the model's vocabulary is in GPT-2's characters for bytes
     * @param charsWritten whether the steps make those characters, so that the vocabulary stays in them
     * @param firstPrefix what comes before a text that does not begin with it or a space; empty for nothing. With
     *     normalizers the steps expect {@link #START} before the text in its place
     */
    record Result(List<Step> steps, boolean byteLevel, boolean charsWritten, String firstPrefix) {}

    /** {@code normalized}: whether normalizers run before. */
    static Result parse(JsonAt preTokenizer, boolean normalized) {
        PreTokenizerParser parser = new PreTokenizerParser(normalized);
        if (preTokenizer.present()) {
            parser.add(preTokenizer);
        }
        return new Result(parser.steps, parser.byteLevel, parser.bytesWritten, parser.firstPrefix);
    }

    private void add(JsonAt json) {
        String type = json.at("type").text();
        if (type.equals("Sequence")) {
            json.at("pretokenizers").items().forEach(this::add);
            return;
        }
        // What follows ByteLevel sees its characters, not the text's.
        if (byteLevel && !bytesWritten) {
            steps.add(new Step.BytesToChars());
            bytesWritten = true;
        }
        switch (type) {
            case "ByteLevel" -> addByteLevel(json);
            case "Split" -> addSplit(json);
            case "Digits" ->
                split(CharClasses.NUMBER, json.at("individual_digits").flag(false) ? "isolate" : "contiguous");
            case "Punctuation" ->
                split(
                        CharClasses.PUNCTUATION,
                        behaviour(json.at("behavior"), json.at("behavior").text("Isolated")));
            case "Whitespace" -> {
                String word = "[" + CharClasses.WORD + "]+|[^" + CharClasses.WORD + "\\s]+";
                steps.add(new Step.Split(word, "remove", true));
            }
            case "WhitespaceSplit" -> split("\\s", "remove");
            case "BertPreTokenizer" -> {
                split("\\s", "remove");
                split(CharClasses.PUNCTUATION, "isolate");
            }
            case "CharDelimiterSplit" ->
                split(PcreRegex.quote(json.at("delimiter").text()), "remove");
            case "Metaspace" -> addMetaspace(json);
            default -> throw json.error("pre-tokenizer " + type + " is not supported yet");
        }
    }

    private void split(String pattern, String behaviour) {
        steps.add(new Step.Split(pattern, behaviour, false));
    }

    private static String behaviour(JsonAt json, String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "removed" -> "remove";
            case "isolated" -> "isolate";
            case "contiguous" -> "contiguous";
            case "mergedwithprevious" -> "mergedwithprevious";
            case "mergedwithnext" -> "mergedwithnext";
            default -> throw json.error("unknown behavior \"" + name + "\"");
        };
    }

    private void addSplit(JsonAt json) {
        String pattern = NormalizerParser.pattern(json.at("pattern"));
        // An empty pattern cuts between all characters.
        String effective = pattern.isEmpty() ? "(?s)." : pattern;
        String behaviour = behaviour(json.at("behavior"), json.at("behavior").text());
        steps.add(new Step.Split(effective, behaviour, json.at("invert").flag(false)));
    }

    private void addByteLevel(JsonAt json) {
        if (byteLevel) {
            throw json.error("a second ByteLevel pre-tokenizer is not supported");
        }
        if (json.at("add_prefix_space").flag(true)) {
            steps.add(Step.Replace.by("\\A(?=[^ ])", " "));
        }
        if (json.at("use_regex").flag(true)) {
            split(GPT2_PATTERN, "isolate");
        }
        byteLevel = true;
    }

    private void addMetaspace(JsonAt json) {
        String mark = json.at("replacement").text("\u2581");
        boolean legacyPrefix = json.at("add_prefix_space").flag(true);
        String scheme = json.at("prepend_scheme").text(legacyPrefix ? "always" : "never");
        switch (scheme) {
            case "always", "first", "never" -> {}
            default -> throw json.at("prepend_scheme").error("unknown prepend_scheme \"" + scheme + "\"");
        }
        if (scheme.equals("first")) {
            if (!steps.isEmpty()) {
                throw json.error("prepend_scheme first after another pre-tokenizer is not supported");
            }
            firstPrefix = mark;
            if (normalized) {
                steps.add(Step.Replace.by(START + "(?=[ " + mark + "]|\\z)", ""));
                steps.add(Step.Replace.by(START, mark));
            }
        }
        steps.add(Step.Replace.by(" ", mark));
        if (scheme.equals("always")) {
            steps.add(Step.Replace.by("\\A(?=[\\s\\S])(?!" + PcreRegex.quote(mark) + ")", mark));
        }
        if (json.at("split").flag(true)) {
            split(PcreRegex.quote(mark), "mergedwithnext");
        }
    }
}
