package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pieces that single normalizers and pre-tokenizers make, as the {@code tokenizers} library 0.23 makes them. The model has no
 * merges, so the pieces are seen by the {@code |} that a word's last symbol has.
 */
class PreTokenizersTest {
    @TempDir
    Path folder;

    private String pieces(String normalizer, String preTokenizer, String text) throws IOException {
        StringBuilder vocab = new StringBuilder("\"?\": 0, \"?|\": 1");
        int id = 2;
        for (char c : "abcdeé12.,! ▁xyS-".toCharArray()) {
            vocab.append(", \"").append(c).append("\": ").append(id++);
            vocab.append(", \"").append(c).append("|\": ").append(id++);
        }
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"normalizer\": " + normalizer + ", \"pre_tokenizer\": " + preTokenizer
                        + ", \"added_tokens\": [{\"id\": " + id + ", \"content\": \"<S>\", \"special\": true}]"
                        + ", \"decoder\": {\"type\": \"Fuse\"}, \"model\": {\"type\": \"BPE\", \"merges\": [], "
                        + "\"unk_token\": \"?\", \"end_of_word_suffix\": \"|\", \"vocab\": {" + vocab + "}}}");
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, folder.resolve("out"))) {
            return tokenizer.decode(tokenizer.encodeToIds(text), false);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "{\"type\":\"Whitespace\"};ab  c.,d;ab|c|.,|d|",
                "{\"type\":\"WhitespaceSplit\"};ab  c.,d;ab|c.,d|",
                "{\"type\":\"BertPreTokenizer\"};ab c.,d;ab|c|.|,|d|",
                "{\"type\":\"Punctuation\"};a.,b;a|.|,|b|",
                "{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"};a.,b;a|.,|b|",
                "{\"type\":\"Punctuation\",\"behavior\":\"Removed\"};a.,b;a|b|",
                "{\"type\":\"Digits\",\"individual_digits\":true};a12b;a|1|2|b|",
                "{\"type\":\"Digits\"};a12b;a|12|b|",
                "{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"-\"};a--b-c;a|b|c|",
                "{\"type\":\"Split\",\"pattern\":{\"String\":\"-\"},\"behavior\":\"MergedWithPrevious\"};a--b;a-|-|b|",
                "{\"type\":\"Split\",\"pattern\":{\"String\":\"-\"},\"behavior\":\"MergedWithNext\"};a--b;a|-|-b|",
                "{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Isolated\"};abc;a|b|c|",
                "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a[bc]]+\"},\"behavior\":\"Isolated\"};xabcx;x|abc|x|",
                "{\"type\":\"Metaspace\",\"prepend_scheme\":\"always\"};a b<S>c;▁a|▁b|<S>▁c|",
                "{\"type\":\"Metaspace\",\"prepend_scheme\":\"first\"};a b<S>c;▁a|▁b|<S>c|",
                "{\"type\":\"Metaspace\",\"prepend_scheme\":\"first\"};<S>c;<S>c|",
                "{\"type\":\"Metaspace\",\"prepend_scheme\":\"first\",\"split\":false};a b;▁a▁b|",
                "{\"type\":\"Metaspace\",\"prepend_scheme\":\"never\"};a b;a|▁b|",
                "{\"type\":\"Metaspace\"}; a;▁a|",
            })
    void cutLikeTheLibrary(String preTokenizer, String text, String expected) throws IOException {
        assertThat(pieces("null", preTokenizer, text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "{\"type\":\"NFD\"};é;e?",
                "{\"type\":\"NFC\"};é;é|",
                "{\"type\":\"Lowercase\"};AÉ;aé|",
                "{\"type\":\"Strip\"};  a b ;a b|",
                "{\"type\":\"Strip\",\"strip_right\":false};  a b ;a b |",
                "{\"type\":\"Prepend\",\"prepend\":\"x\"};a<S>b;xa|<S>xb|",
                "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"b+\"},\"content\":\"$0\"};abbc;a??c|",
                "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"StripAccents\"}]};é;e|",
            })
    void rewriteLikeTheLibrary(String normalizer, String text, String expected) throws IOException {
        assertThat(pieces(normalizer, "null", text)).isEqualTo(expected);
    }

    /** What a text begins with is decided after normalization; prefix or not, added tokens are found. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {"a b;▁a|▁b|", "\u00A0a;▁a|", " a<S>b;▁a|<S>b|", "<S>b;<S>b|", ";"})
    void prependFirstLooksAtNormalizedText(String text, String expected) throws IOException {
        String metaspace = "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"first\",\"split\":true}";
        assertThat(pieces("{\"type\":\"NFKC\"}", metaspace, text == null ? "" : text))
                .isEqualTo(expected == null ? "" : expected);
    }
}
