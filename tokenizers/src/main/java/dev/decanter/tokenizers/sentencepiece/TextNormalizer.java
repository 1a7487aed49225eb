package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.ops.Utf8;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.Normalizer;
import java.util.Optional;

/** {@code Normalizer} of the C++ library, byte for byte. Safe for several threads. */
final class TextNormalizer {
    static final byte[] SPACE_SYMBOL = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};

    private static final byte[] SPACE = {' '};
    private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private final Normalizer spec;
    private final boolean spaceAsSuffix;
    private final Optional<CharacterRules> rules;
    private final ByteTrie userDefined;
    private final byte[] space;

    /** {@code userDefined} are symbols that stay as they are. */
    TextNormalizer(Normalizer spec, boolean spaceAsSuffix, ByteTrie userDefined) {
        this.spec = spec;
        this.spaceAsSuffix = spaceAsSuffix;
        this.userDefined = userDefined;
        rules = spec.charsMap().bytes().length == 0
                ? Optional.empty()
                : Optional.of(new CharacterRules(spec.charsMap().bytes()));
        space = spec.escapeSpaces() ? SPACE_SYMBOL : SPACE;
    }

    /** Whether ▁ stands at a place. */
    static boolean isSpaceSymbol(byte[] text, int at, int end) {
        return end - at >= 3
                && text[at] == SPACE_SYMBOL[0]
                && text[at + 1] == SPACE_SYMBOL[1]
                && text[at + 2] == SPACE_SYMBOL[2];
    }

    /** What the text at a place becomes: bytes {@code from} to {@code to} of {@code source}, for {@code consumed} of the text. */
    private final class Prefix {
        private final byte[] text;
        private final int end;
        private final CharacterRules.Match match = new CharacterRules.Match();
        private byte[] source = SPACE;
        private int from;
        private int to;
        private int consumed;

        Prefix(byte[] text, int end) {
            this.text = text;
            this.end = end;
        }

        void at(int at) {
            int symbol = userDefined.isEmpty() ? 0 : userDefined.longest(text, at, end);
            if (symbol > 0) {
                keep(at, symbol);
                return;
            }
            match.length = 0;
            rules.ifPresent(r -> r.find(text, at, end, match));
            if (match.length > 0) {
                CharacterRules found = rules.orElseThrow();
                found.resolve(match);
                source = found.replacements();
                from = match.from;
                to = match.to;
                consumed = match.length;
                return;
            }
            int length = Utf8.sequence(text, at, end);
            if (length > 0) {
                keep(at, length);
            } else {
                source = REPLACEMENT;
                from = 0;
                to = REPLACEMENT.length;
                consumed = 1;
            }
        }

        private void keep(int at, int length) {
            source = text;
            from = at;
            to = at + length;
            consumed = length;
        }

        boolean isSpace() {
            return to - from == 1 && source[from] == ' ';
        }
    }

    /** Normalizes bytes {@code begin} to {@code end}; the result is empty for a text of nothing but spaces that vanish. */
    ByteBuilder normalize(byte[] text, int begin, int end) {
        ByteBuilder out = new ByteBuilder(end - begin + 16);
        Prefix prefix = new Prefix(text, end);
        int at = begin;
        if (spec.removeExtraSpaces()) {
            while (at < end) {
                prefix.at(at);
                if (!prefix.isSpace()) {
                    break;
                }
                at += prefix.consumed;
            }
        }
        if (at == end) {
            return out;
        }
        if (!spaceAsSuffix && spec.addDummyPrefix()) {
            out.append(space);
        }
        boolean afterSpace = spec.removeExtraSpaces();
        while (at < end) {
            prefix.at(at);
            int from = prefix.from;
            while (afterSpace && from < prefix.to && prefix.source[from] == ' ') {
                from++;
            }
            if (from < prefix.to) {
                append(prefix.source, from, prefix.to, out);
                afterSpace = prefix.source[prefix.to - 1] == ' ';
            }
            at += prefix.consumed;
            if (!spec.removeExtraSpaces()) {
                afterSpace = false;
            }
        }
        if (spec.removeExtraSpaces()) {
            while (out.endsWith(space)) {
                out.shorten(space.length);
            }
        }
        if (spaceAsSuffix && spec.addDummyPrefix()) {
            out.append(space);
        }
        return out;
    }

    private void append(byte[] source, int from, int to, ByteBuilder out) {
        for (int i = from; i < to; i++) {
            if (source[i] == ' ') {
                out.append(space);
            } else {
                out.append(source[i]);
            }
        }
    }
}
