package dev.decanter.tokenizers.convert;

import dev.decanter.runtime.InferenceException;
import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The {@code normalizer} of a tokenizer.json as rewriting steps. */
final class NormalizerParser {
    private static final String CJK = "\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}\\x{2A700}-\\x{2B73F}"
            + "\\x{2B740}-\\x{2B81F}\\x{2B920}-\\x{2CEAF}\\x{F900}-\\x{FAFF}\\x{2F800}-\\x{2FA1F}";

    private final List<Step.Rewrite> steps = new ArrayList<>();

    private NormalizerParser() {}

    static List<Step.Rewrite> parse(JsonAt normalizer) {
        NormalizerParser parser = new NormalizerParser();
        if (normalizer.present()) {
            parser.add(normalizer);
        }
        return parser.steps;
    }

    private void add(JsonAt json) {
        String type = json.at("type").text();
        switch (type) {
            case "Sequence" -> json.at("normalizers").items().forEach(this::add);
            case "NFC", "NFD", "NFKC", "NFKD" -> steps.add(new Step.Form(type.toLowerCase(Locale.ROOT)));
            case "Lowercase" -> steps.add(new Step.LowerCase());
            case "Precompiled" -> addPrecompiled(json.at("precompiled_charsmap"));
            case "Nmt" -> steps.add(new Step.Nmt());
            case "StripAccents" -> steps.add(Step.Replace.by(CharClasses.ACCENT, ""));
            case "Replace" ->
                steps.add(Step.Replace.by(
                        replaced(json.at("pattern")), json.at("content").text()));
            case "ByteLevel" -> steps.add(new Step.BytesToChars());
            case "Prepend" ->
                steps.add(Step.Replace.by("\\A(?=[\\s\\S])", json.at("prepend").text()));
            case "Strip" -> addStrip(json);
            case "BertNormalizer" -> addBert(json);
            default -> throw json.error("unknown normalizer " + type);
        }
    }

    /** A Split's or Replace's {@code {"String": …}} or {@code {"Regex": …}} in PCRE2. */
    static String pattern(JsonAt json) {
        JsonAt literal = json.at("String");
        return literal.present() ? PcreRegex.quote(literal.text()) : OnigurumaPattern.toPcre(json.at("Regex"));
    }

    /** As {@link #pattern}; the library replaces nothing in an empty text, whatever the pattern. */
    static String replaced(JsonAt json) {
        String pattern = pattern(json);
        return PcreRegex.compile(pattern).matcher("").find() ? "(?!\\A\\z)(?:" + pattern + ")" : pattern;
    }

    private void addPrecompiled(JsonAt map) {
        // An empty map, as some converters write, maps nothing.
        if (map.text("").isEmpty()) {
            return;
        }
        Step.Precompiled step = new Step.Precompiled(map.text());
        try {
            step.apply("");
        } catch (IllegalArgumentException | InferenceException e) {
            throw map.error("not a precompiled character map: " + e.getMessage());
        }
        steps.add(step);
    }

    private void addStrip(JsonAt json) {
        if (json.at("strip_left").flag(true)) {
            steps.add(Step.Replace.by("\\A\\s+", ""));
        }
        if (json.at("strip_right").flag(true)) {
            steps.add(Step.Replace.by("(?<!\\s)\\s+\\z", ""));
        }
    }

    private void addBert(JsonAt json) {
        boolean lower = json.at("lowercase").flag(true);
        if (json.at("clean_text").flag(true)) {
            steps.add(Step.Replace.by(CharClasses.CONTROL, ""));
            steps.add(Step.Replace.by("\\s", " "));
        }
        if (json.at("handle_chinese_chars").flag(true)) {
            steps.add(new Step.Replace("([" + CJK + "])", " $1 "));
        }
        if (json.at("strip_accents").flag(lower)) {
            steps.add(new Step.Form("nfd"));
            steps.add(Step.Replace.by(CharClasses.NONSPACING, ""));
        }
        if (lower) {
            steps.add(new Step.LowerCase());
        }
    }
}
