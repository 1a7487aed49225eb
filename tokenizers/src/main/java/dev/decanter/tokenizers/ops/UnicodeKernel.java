package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.InferenceException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Normalization forms and case: NormalizeUnicode, CaseFold, and CharsMapNormalization with a built-in form. */
final class UnicodeKernel extends NormalizationKernel {
    private static final char METASPACE = '\u2581';

    private final UnaryOperator<String> rewrite;
    private final boolean asciiUnchanged;

    private UnicodeKernel(boolean hasSkips, UnaryOperator<String> rewrite, boolean asciiUnchanged) {
        super(hasSkips);
        this.rewrite = rewrite;
        this.asciiUnchanged = asciiUnchanged;
    }

    /** Inputs: strings, skips (optional); attribute normalization_form. */
    static UnicodeKernel normalizeUnicode(Node node) {
        Constants.requireInputs(node, 3, 4);
        UnaryOperator<String> form = form(node, Constants.attribute(node, "normalization_form", "NFD"));
        return new UnicodeKernel(node.inputs().size() == 4, form, true);
    }

    /**
     * Lower case of each character by itself, as Rust's {@code char::to_lowercase}; with an empty encoding of ASCII letters only,
     * or their upper case.
     */
    static UnicodeKernel caseFold(Node node) {
        Constants.requireInputs(node, 3, 4);
        String encoding = Constants.attribute(node, "encoding", "utf-8");
        boolean lower = Constants.flag(node, "lower", true);
        if (!encoding.isEmpty() && !encoding.equals("utf-8")) {
            throw new InferenceException(
                    "layer " + node + ": encoding=\"" + encoding + "\" is neither utf-8 nor empty");
        }
        if (!lower && !encoding.isEmpty()) {
            throw new InferenceException(
                    "layer " + node + ": upper case is defined for an empty encoding (ASCII) only");
        }
        UnaryOperator<String> rewrite = !encoding.isEmpty()
                ? UnicodeText::lowerCase
                : lower ? UnicodeKernel::asciiLower : UnicodeKernel::asciiUpper;
        return new UnicodeKernel(node.inputs().size() == 4, rewrite, false);
    }

    private static String asciiLower(String text) {
        StringBuilder out = new StringBuilder(text);
        for (int i = 0; i < out.length(); i++) {
            char c = out.charAt(i);
            out.setCharAt(i, c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
        }
        return out.toString();
    }

    private static String asciiUpper(String text) {
        StringBuilder out = new StringBuilder(text);
        for (int i = 0; i < out.length(); i++) {
            char c = out.charAt(i);
            out.setCharAt(i, c >= 'a' && c <= 'z' ? (char) (c - 32) : c);
        }
        return out.toString();
    }

    /** Inputs: strings, skips (optional), precompiled charsmap (optional). */
    static UnicodeKernel charsMap(Node node) {
        Constants.requireInputs(node, 3, 4, 5);
        int inputs = node.inputs().size();
        boolean hasSkips =
                inputs == 5 || (inputs == 4 && node.input(3).elementType() == dev.decanter.ir.ElementType.BOOLEAN);
        Optional<CharsMap> map = inputs == 5 || (inputs == 4 && !hasSkips)
                ? Optional.of(new CharsMap(Constants.bytes(node, inputs - 1)))
                : Optional.empty();
        boolean fold = Constants.flag(node, "case_fold", false);
        boolean nmt = Constants.flag(node, "nmt", false);
        boolean prefix = Constants.flag(node, "add_dummy_prefix", false);
        boolean collapse = Constants.flag(node, "remove_extra_whitespaces", true);
        boolean escape = Constants.flag(node, "escape_whitespaces", false);
        UnaryOperator<String> form = form(node, Constants.attribute(node, "normalization_form", ""));
        UnaryOperator<String> rewrite = text -> {
            String out = form.apply(nmt ? UnicodeText.nmt(text) : text);
            out = map.isPresent() ? map.get().apply(out) : out;
            out = fold ? UnicodeText.lowerCase(out) : out;
            out = collapse ? collapse(out) : out;
            out = prefix && !out.isEmpty() ? " " + out : out;
            return escape ? out.replace(' ', METASPACE) : out;
        };
        return new UnicodeKernel(hasSkips, rewrite, map.isEmpty() && !fold && !nmt && !prefix && !collapse && !escape);
    }

    private static UnaryOperator<String> form(Node node, String name) {
        Optional<java.text.Normalizer.Form> form = switch (name.toLowerCase(Locale.ROOT)) {
            case "", "identity" -> Optional.empty();
            case "nfc" -> Optional.of(java.text.Normalizer.Form.NFC);
            case "nfd" -> Optional.of(java.text.Normalizer.Form.NFD);
            case "nfkc" -> Optional.of(java.text.Normalizer.Form.NFKC);
            case "nfkd" -> Optional.of(java.text.Normalizer.Form.NFKD);
            default -> throw new InferenceException("layer " + node + ": unknown normalization_form \"" + name + "\"");
        };
        return form.isEmpty() ? UnaryOperator.identity() : text -> UnicodeText.normalize(text, form.orElseThrow());
    }

    private static String collapse(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean afterSpace = out.isEmpty() || out.charAt(out.length() - 1) == ' ';
            if (c != ' ' || !afterSpace) {
                out.append(c);
            }
        }
        if (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
            out.setLength(out.length() - 1);
        }
        return out.toString();
    }

    @Override
    Normalizer normalizer() {
        return (text, from, to, out) -> {
            // A form changes neither ASCII nor, here, bytes that are no text.
            if ((asciiUnchanged && Utf8.isAscii(text, from, to)) || !Utf8.isValid(text, from, to)) {
                out.append(text, from, to);
                return false;
            }
            String old = new String(text, from, to - from, StandardCharsets.UTF_8);
            String rewritten = rewrite.apply(old);
            out.append(rewritten.getBytes(StandardCharsets.UTF_8));
            return !rewritten.equals(old);
        };
    }
}
