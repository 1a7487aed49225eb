package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * RegexNormalization: replaces matches of a pattern. Inputs: strings, skips (optional), pattern, replacement, in which
 * {@code $1} or {@code \1} stands for a group and {@code $$} for a dollar.
 */
final class RegexNormalizationKernel extends NormalizationKernel {
    /** A piece of the replacement: literal bytes, or a group's text where {@code group} is not negative. */
    private static final class Part {
        final byte[] literal;
        final int group;

        Part(byte[] literal, int group) {
            this.literal = literal;
            this.group = group;
        }
    }

    private final Pattern pattern;
    private final byte[] literal;
    private final Optional<CodePoints> characters;
    private final List<Part> replacement;
    private final boolean global;

    private RegexNormalizationKernel(Node node, boolean hasSkips) {
        super(hasSkips);
        String source = Constants.text(node, hasSkips ? 4 : 3);
        pattern = PcreRegex.compile(source);
        literal = literal(source);
        characters = CodePoints.ofClass(source);
        replacement = parts(Constants.text(node, hasSkips ? 5 : 4), pattern);
        global = Constants.flag(node, "global_replace", true);
    }

    static RegexNormalizationKernel of(Node node) {
        Constants.requireInputs(node, 5, 6);
        return new RegexNormalizationKernel(node, node.inputs().size() == 6);
    }

    /** The bytes that the pattern matches if it is free of syntax, else none. */
    private static byte[] literal(String source) {
        for (int i = 0; i < source.length(); i++) {
            if ("\\.^$*+?{}[]|()".indexOf(source.charAt(i)) >= 0) {
                return new byte[0];
            }
        }
        return source.getBytes(StandardCharsets.UTF_8);
    }

    private static List<Part> parts(String text, Pattern pattern) {
        List<Part> parts = new ArrayList<>();
        StringBuilder plain = new StringBuilder();
        int groups = pattern.matcher("").groupCount();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            char next = i + 1 < text.length() ? text.charAt(i + 1) : ' ';
            boolean braced = c == '$' && next == '{' && i + 3 < text.length() && text.charAt(i + 3) == '}';
            char digit = braced ? text.charAt(i + 2) : next;
            if ((c == '$' || c == '\\') && Character.isDigit(digit)) {
                int group = Character.digit(digit, 10);
                if (group > groups) {
                    throw new InferenceException("replacement \"" + text + "\" names group " + group + " of " + groups);
                }
                flush(plain, parts);
                parts.add(new Part(new byte[0], group));
                i += braced ? 3 : 1;
            } else if ((c == '$' && next == '$') || (c == '\\' && i + 1 < text.length())) {
                plain.append(next);
                i++;
            } else {
                plain.append(c);
            }
        }
        flush(plain, parts);
        return parts;
    }

    private static void flush(StringBuilder plain, List<Part> parts) {
        if (!plain.isEmpty()) {
            parts.add(new Part(plain.toString().getBytes(StandardCharsets.UTF_8), -1));
            plain.setLength(0);
        }
    }

    @Override
    Normalizer normalizer() {
        if (literal.length > 0) {
            return this::replaceLiteral;
        }
        if (characters.isPresent() && global && replacement.stream().allMatch(p -> p.group < 0)) {
            return (text, from, to, out) -> replaceCharacters(characters.get(), text, from, to, out);
        }
        TextView view = new TextView();
        Matcher matcher = pattern.matcher(view);
        return (text, from, to, out) -> replaceMatches(view, matcher, text, from, to, out);
    }

    private boolean replaceLiteral(byte[] text, int from, int to, StringsBuilder out) {
        int done = from;
        int last = to - literal.length;
        for (int at = from; at <= last; ) {
            if (text[at] != literal[0]
                    || !java.util.Arrays.equals(text, at, at + literal.length, literal, 0, literal.length)) {
                at++;
                continue;
            }
            out.append(text, done, at);
            for (Part part : replacement) {
                out.append(part.group < 0 ? part.literal : literal);
            }
            at += literal.length;
            done = at;
            if (!global) {
                break;
            }
        }
        out.append(text, done, to);
        return done > from;
    }

    private boolean replaceCharacters(CodePoints set, byte[] text, int from, int to, StringsBuilder out) {
        int done = from;
        for (int at = from; at < to; ) {
            int length = Math.max(1, Utf8.sequence(text, at, to));
            if (set.contains(Chars.at(text, at, to))) {
                out.append(text, done, at);
                replacement.forEach(part -> out.append(part.literal));
                done = at + length;
            }
            at += length;
        }
        out.append(text, done, to);
        return done > from;
    }

    private boolean replaceMatches(TextView view, Matcher matcher, byte[] text, int from, int to, StringsBuilder out) {
        view.show(text, from, to);
        matcher.reset(view);
        int done = from;
        boolean changed = false;
        int last = -1;
        while (matcher.find()) {
            // As Oniguruma's iteration: nothing is matched just behind a match.
            if (matcher.start() == matcher.end() && matcher.end() == last) {
                continue;
            }
            last = matcher.end();
            out.append(text, done, view.byteOffset(matcher.start()));
            for (Part part : replacement) {
                if (part.group < 0) {
                    out.append(part.literal);
                } else if (matcher.start(part.group) >= 0) {
                    out.append(
                            text, view.byteOffset(matcher.start(part.group)), view.byteOffset(matcher.end(part.group)));
                }
            }
            done = view.byteOffset(matcher.end());
            changed = true;
            if (!global) {
                break;
            }
        }
        out.append(text, done, to);
        return changed;
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        try {
            return super.evaluate(inputs);
        } catch (StackOverflowError e) {
            throw new InferenceException(
                    "a tokenizer's regular expression \"" + pattern + "\" recurses too deeply; simplify the pattern",
                    e);
        }
    }
}
