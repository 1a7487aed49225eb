package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code pre_tokenizer} of a tokenizer.json as steps. */
final class PreTokenizerParser {
    static final String GPT2_PATTERN =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private final List<Step> steps = new ArrayList<>();
    private boolean byteLevel;
    private boolean charsWritten;

    private PreTokenizerParser() {}

    /**
     * @param steps in order
     * @param byteLevel whether the model's vocabulary is in GPT-2's characters for bytes
     * @param charsWritten whether the steps make those characters, so that the vocabulary stays in them
     * @param firstPrefix what comes before a text that does not begin with it or a space; empty for nothing
     */
    record Result(List<Step> steps, boolean byteLevel, boolean charsWritten, String firstPrefix) {
        /** The same with GPT-2's characters made at the end. */
        Result withCharsWritten() {
            if (charsWritten) {
                return this;
            }
            List<Step> all = new ArrayList<>(steps);
            all.add(new Step.BytesToChars());
            return new Result(all, byteLevel, true, firstPrefix);
        }
    }

    static Result parse(JsonAt preTokenizer) {
        PreTokenizerParser parser = new PreTokenizerParser();
        if (preTokenizer.present()) {
            parser.add(preTokenizer);
        }
        if (parser.charsWritten && parser.byteLevel) {
            parser.steps.add(new Step.BytesToChars());
        }
        return new Result(parser.steps, parser.byteLevel || parser.charsWritten, parser.charsWritten, "");
    }

    private void add(JsonAt json) {
        String type = json.at("type").text();
        if (type.equals("Sequence")) {
            json.at("pretokenizers").items().forEach(this::add);
            return;
        }
        // What follows ByteLevel sees its characters, not the text's.
        if (byteLevel) {
            steps.add(new Step.BytesToChars());
            charsWritten = true;
            byteLevel = false;
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
            case "CharDelimiterSplit", "Delimiter" ->
                split(PcreRegex.quote(json.at("delimiter").text()), "remove");
            case "FixedLength" -> {
                int length = json.at("length").integer(5);
                if (length < 1) {
                    throw json.at("length").error(length + " is not positive");
                }
                split("[\\s\\S]{1," + length + "}", "isolate");
            }
            case "UnicodeScripts" -> steps.add(new Step.Split(CharClasses.scriptRuns(), "remove", true));
            case "Metaspace" -> addMetaspace(json);
            default -> throw json.error("unknown pre-tokenizer " + type);
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
        String behaviour = behaviour(json.at("behavior"), json.at("behavior").text());
        boolean invert = json.at("invert").flag(false);
        if (pattern.isEmpty()) {
            // It matches between all characters; inverted, the characters are what matches.
            steps.add(new Step.Split("[\\s\\S]", invert && behaviour.equals("remove") ? "remove" : "isolate", false));
        } else {
            steps.add(new Step.Split(pattern, behaviour, invert));
        }
    }

    private void addByteLevel(JsonAt json) {
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
        steps.add(Step.Replace.by(" ", mark));
        if (scheme.equals("always")) {
            steps.add(Step.Replace.by("\\A(?=[\\s\\S])(?!" + PcreRegex.quote(mark) + ")", mark));
        }
        if (scheme.equals("first")) {
            steps.add(new Step.FirstPrefix(mark));
        }
        if (json.at("split").flag(true)) {
            split(PcreRegex.quote(mark), "mergedwithnext");
        }
    }
}
