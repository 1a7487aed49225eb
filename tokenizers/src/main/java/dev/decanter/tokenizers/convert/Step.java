package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.ByteLevel;
import dev.decanter.tokenizers.ops.CharsMap;
import dev.decanter.tokenizers.ops.PcreRegex;
import dev.decanter.tokenizers.ops.UnicodeText;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;

/** What happens to text on its way to pieces, each an op of the tokenizer graph. */
sealed interface Step {
    /** Rewrites the text of pieces. */
    sealed interface Rewrite extends Step {
        /** The same on a string, for the contents of added tokens that are to be found in normalized text. */
        String apply(String text);
    }

    /**
     * Replaces all matches of a pattern.
     *
     * @param pattern PCRE2
     * @param replacement with {@code $1} for groups, {@code $$} for a dollar
     */
    record Replace(String pattern, String replacement) implements Rewrite {
        /** Replaces matches by just this text. */
        static Replace by(String pattern, String text) {
            return new Replace(pattern, text.replace("\\", "\\\\").replace("$", "$$"));
        }

        @Override
        public String apply(String text) {
            Matcher matcher = PcreRegex.compile(pattern).matcher(text);
            return matcher.replaceAll(replacement.replace("$$", "\\$"));
        }
    }

    /** A normalization form, for example {@code nfc}. */
    record Form(String name) implements Rewrite {
        @Override
        public String apply(String text) {
            return UnicodeText.normalize(text, name);
        }
    }

    /** SentencePiece's precompiled character map, in base 64. */
    record Precompiled(String base64) implements Rewrite {
        byte[] blob() {
            return Base64.getDecoder().decode(base64);
        }

        @Override
        public String apply(String text) {
            return new CharsMap(blob()).apply(text);
        }
    }

    /** SentencePiece's cleaning of controls and spaces. */
    record Nmt() implements Rewrite {
        @Override
        public String apply(String text) {
            return UnicodeText.nmt(text);
        }
    }

    /** Lower case, character by character. */
    record LowerCase() implements Rewrite {
        @Override
        public String apply(String text) {
            return UnicodeText.lowerCase(text);
        }
    }

    /**
     * Cuts pieces.
     *
     * @param pattern PCRE2
     * @param behaviour as the RegexSplit op names it
     * @param invert whether what the pattern does not match counts as the match
     */
    record Split(String pattern, String behaviour, boolean invert) implements Step {}

    /** Bytes to GPT-2's characters. */
    record BytesToChars() implements Rewrite {
        @Override
        public String apply(String text) {
            return ByteLevel.chars(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * Puts a mark before pieces that begin where their texts began, unless they begin with it.
     *
     * @param mark the text
     */
    record FirstPrefix(String mark) implements Step {}
}
