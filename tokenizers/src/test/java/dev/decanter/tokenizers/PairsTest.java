package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.tokenizers.EncodeOptions.Side;
import dev.decanter.tokenizers.EncodeOptions.Truncation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pairs of texts, by graphs of one input that are changed when they are loaded and by graphs written for two. */
class PairsTest {
    private static final List<Truncation> STRATEGIES =
            List.of(Truncation.LONGEST_FIRST, Truncation.ONLY_FIRST, Truncation.ONLY_SECOND);

    @TempDir
    Path target;

    private Tokenizer load(String name, ConversionOptions options) {
        Path folder = target.resolve(name + options.numberOfInputs());
        TokenizerConverter.convert(TestFiles.golden(name), folder, options);
        return Tokenizer.load(folder);
    }

    @ParameterizedTest
    @MethodSource("dev.decanter.tokenizers.TestFiles#goldenNames")
    void givesTheLibrarysPairs(String name) {
        JsonNode golden = TestFiles.json(TestFiles.golden(name).resolve("golden.json"));
        try (Tokenizer one = load(name, ConversionOptions.DEFAULT);
                Tokenizer two = load(name, ConversionOptions.DEFAULT.withNumberOfInputs(2))) {
            assertThat(golden.path("pairs")).isNotEmpty();
            for (JsonNode c : golden.path("pairs")) {
                TextPair pair =
                        new TextPair(c.path("a").textValue(), c.path("b").textValue());
                for (Tokenizer tokenizer : List.of(one, two)) {
                    TokenizedInputs inputs = tokenizer.encodePairs(List.of(pair));
                    assertThat(inputs.inputIds().toLongs()).isEqualTo(TestFiles.ids(c.path("ids")));
                    assertThat(inputs.attentionMask().toLongs()).containsOnly(1);
                    inputs.tokenTypeIds()
                            .ifPresent(
                                    types -> assertThat(types.toLongs()).isEqualTo(TestFiles.ids(c.path("type_ids"))));
                }
                assertThat(one.encodePairs(List.of(pair)).tokenTypeIds()).isPresent();
            }
            for (JsonNode c : golden.path("strings")) {
                String text = c.path("text").textValue();
                assertThat(two.encodeToIds(text)).isEqualTo(TestFiles.ids(c.path("ids")));
                assertThat(two.encodeToIds(text, false)).isEqualTo(TestFiles.ids(c.path("ids_no_special")));
            }
        }
    }

    /** How many ids of each text stay: the rules of the tokenizers library, written down from its source. */
    private static int[] kept(int lengthA, int lengthB, int max, int added, Truncation truncation) {
        // no more ids of either text than a row has are looked at
        int a = Math.min(lengthA, max + added);
        int b = Math.min(lengthB, max + added);
        if (a + b <= max) {
            return new int[] {a, b};
        }
        if (truncation == Truncation.ONLY_FIRST) {
            return new int[] {max - b, b};
        }
        if (truncation == Truncation.ONLY_SECOND) {
            return new int[] {a, max - a};
        }
        int shorter = Math.min(a, b);
        int longer = shorter > max ? shorter : Math.max(shorter, max - shorter);
        if (shorter + longer > max) {
            shorter = max / 2;
            longer = shorter + max % 2;
        }
        return a > b ? new int[] {longer, shorter} : new int[] {shorter, longer};
    }

    private static long[] cut(long[] ids, int length, boolean left) {
        return left ? Arrays.copyOfRange(ids, ids.length - length, ids.length) : Arrays.copyOf(ids, length);
    }

    /** BERT: [CLS] A [SEP] B [SEP]. */
    @Test
    void truncatesPairsAsTheLibraryDoes() {
        Random random = new Random(11);
        try (Tokenizer one = load("bert", ConversionOptions.DEFAULT.withLeftSide(false));
                Tokenizer two = load(
                        "bert", ConversionOptions.DEFAULT.withLeftSide(false).withNumberOfInputs(2))) {
            for (int i = 0; i < 400; i++) {
                String a = "ab cd é ".repeat(random.nextInt(5)) + "x".repeat(random.nextInt(3));
                String b = "hello 12 ".repeat(random.nextInt(5));
                long[] idsA = one.encodeToIds(a, false);
                long[] idsB = one.encodeToIds(b, false);
                Truncation truncation = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
                boolean left = random.nextBoolean();
                boolean special = random.nextBoolean();
                int added = special ? 3 : 0;
                int max = added + random.nextInt(random.nextBoolean() ? 5 : 24) + 1;
                EncodeOptions options = EncodeOptions.DEFAULT
                        .withMaxLength(max)
                        .withTruncation(truncation)
                        .withTruncationSide(left ? Side.LEFT : Side.RIGHT)
                        .withAddSpecialTokens(special);
                int row = max;
                int surplus = Math.min(idsA.length, row) + Math.min(idsB.length, row) + added - max;
                boolean impossible =
                        (truncation == Truncation.ONLY_FIRST && surplus > 0 && Math.min(idsA.length, row) <= surplus)
                                || (truncation == Truncation.ONLY_SECOND
                                        && surplus > 0
                                        && Math.min(idsB.length, row) <= surplus);
                for (Tokenizer tokenizer : List.of(one, two)) {
                    if (impossible) {
                        assertThatThrownBy(() -> tokenizer.encodePairs(List.of(new TextPair(a, b)), options))
                                .isInstanceOf(DecanterException.class)
                                .hasMessageContaining("choose longest_first or a greater max length");
                        continue;
                    }
                    int[] kept = kept(idsA.length, idsB.length, max - added, added, truncation);
                    long[] wantedA = cut(idsA, kept[0], left);
                    long[] wantedB = cut(idsB, kept[1], left);
                    LongStream wanted = special
                            ? LongStream.concat(
                                    LongStream.concat(LongStream.of(2), Arrays.stream(wantedA)),
                                    LongStream.concat(
                                            LongStream.of(3),
                                            LongStream.concat(Arrays.stream(wantedB), LongStream.of(3))))
                            : LongStream.concat(Arrays.stream(wantedA), Arrays.stream(wantedB));
                    TokenizedInputs got = tokenizer.encodePairs(List.of(new TextPair(a, b)), options);
                    assertThat(got.inputIds().toLongs()).isEqualTo(wanted.toArray());
                    assertThat(Arrays.stream(got.tokenTypeIds().orElseThrow().toLongs())
                                    .sum())
                            .isEqualTo(wantedB.length + (special ? 1 : 0));
                }
            }
        }
    }

    @Test
    void padsBatchesOfPairsWithTheirTypes() {
        List<TextPair> pairs = List.of(new TextPair("a", "b c"), new TextPair("hello there", "you"));
        try (Tokenizer one = load("bert", ConversionOptions.DEFAULT);
                Tokenizer two = load("bert", ConversionOptions.DEFAULT.withNumberOfInputs(2))) {
            for (Tokenizer tokenizer : List.of(one, two)) {
                List<long[]> rows = new ArrayList<>();
                for (TextPair pair : pairs) {
                    rows.add(tokenizer.encodePairs(List.of(pair)).inputIds().toLongs());
                }
                EncodeOptions options = EncodeOptions.DEFAULT
                        .withMaxLength(20)
                        .withPadToMaxLength(true)
                        .withSide(Side.RIGHT);
                TokenizedInputs inputs = tokenizer.encodePairs(pairs, options);
                assertThat(inputs.inputIds().shape()).isEqualTo(Shape.of(2, 20));
                for (int row = 0; row < 2; row++) {
                    long[] ids = Arrays.copyOfRange(inputs.inputIds().toLongs(), 20 * row, 20 * row + 20);
                    long[] types = Arrays.copyOfRange(
                            inputs.tokenTypeIds().orElseThrow().toLongs(), 20 * row, 20 * row + 20);
                    long[] mask = Arrays.copyOfRange(inputs.attentionMask().toLongs(), 20 * row, 20 * row + 20);
                    assertThat(ids).isEqualTo(Arrays.copyOf(rows.get(row), 20));
                    assertThat(Arrays.stream(mask).sum()).isEqualTo(rows.get(row).length);
                    assertThat(types[rows.get(row).length - 1]).isOne();
                    assertThat(types[19]).isZero();
                }
            }
        }
    }

    @Test
    void limitsAreCheckedAgainstWhatIsAdded() {
        List<TextPair> pair = List.of(new TextPair("a", "b"));
        try (Tokenizer tokenizer = load("bert", ConversionOptions.DEFAULT);
                Tokenizer both = load(
                        "bert", ConversionOptions.DEFAULT.withNumberOfInputs(2).withMaxLength(6))) {
            assertThatThrownBy(() -> tokenizer.encodePairs(pair, EncodeOptions.DEFAULT.withMaxLength(2)))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessage("max length 2 is less than the 3 special tokens that are added to each pair");
            assertThatThrownBy(() -> tokenizer.encode(List.of("a"), EncodeOptions.DEFAULT.withMaxLength(1)))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessage("max length 1 is less than the 2 special tokens that are added to each text");
            assertThatThrownBy(() -> tokenizer.encode(
                            List.of("a"), EncodeOptions.DEFAULT.withTruncation(Truncation.ONLY_SECOND)))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContaining("needs pairs");
            assertThatThrownBy(() -> tokenizer.encodePairs(List.of()))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContaining("the list of pairs is empty");
            String words = "hello there you";
            assertThat(both.encodeToIds(words)).hasSize(6);
            assertThat(both.encodePairs(List.of(new TextPair(words, words)))
                            .inputIds()
                            .toLongs())
                    .hasSize(6);
            long[] all = both.encode(List.of(words), EncodeOptions.DEFAULT.withTruncation(Truncation.NONE))
                    .inputIds()
                    .toLongs();
            assertThat(all).isEqualTo(tokenizer.encodeToIds(words)).hasSizeGreaterThan(6);
        }
    }

    /** The template of one text comes first in that of two, or one graph cannot serve both. */
    @Test
    void aTemplateThatOneGraphCannotServeIsRefused() throws Exception {
        Path folder = target.resolve("whisper");
        Folders.copy(TestFiles.golden("gpt2"), folder, "tokenizer_config.json");
        JsonNode json = TestFiles.json(TestFiles.golden("gpt2").resolve("tokenizer.json"));
        ((com.fasterxml.jackson.databind.node.ObjectNode) json)
                .set(
                        "post_processor",
                        TestFiles.parse("{\"type\": \"TemplateProcessing\", \"single\":"
                                + " [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}},"
                                + " {\"SpecialToken\": {\"id\": \"x\", \"type_id\": 0}}], \"pair\":"
                                + " [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}},"
                                + " {\"Sequence\": {\"id\": \"B\", \"type_id\": 1}},"
                                + " {\"SpecialToken\": {\"id\": \"x\", \"type_id\": 1}}],"
                                + " \"special_tokens\": {\"x\": {\"id\": \"x\", \"ids\": [5], \"tokens\": [\"x\"]}}}"));
        Folders.write(folder.resolve("tokenizer.json"), json.toString());
        assertThatThrownBy(() -> TokenizerConverter.convert(
                        folder, target.resolve("out"), ConversionOptions.DEFAULT.withNumberOfInputs(2)))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("convert it with one input");
        try (Tokenizer tokenizer = TestFiles.throughDisk(folder, target.resolve("out"))) {
            TokenizedInputs inputs = tokenizer.encodePairs(List.of(new TextPair("a", "a")));
            long[] a = tokenizer.encodeToIds("a", false);
            assertThat(inputs.inputIds().toLongs()).containsExactly(a[0], a[0], 5);
            assertThat(inputs.tokenTypeIds().orElseThrow().toLongs()).containsExactly(0, 1, 1);
        }
    }

    @Test
    void aTokenizerWithoutATemplateTakesNoPairs() {
        Path folder = target.resolve("bare");
        TokenizerConverter.convert(TestFiles.golden("gpt2"), folder, ConversionOptions.DEFAULT);
        Model model = IrReader.read(folder.resolve(TokenizerConverter.TOKENIZER));
        model.rtInfo(RtInfo.Section.EMPTY);
        Path bare = target.resolve("bare2");
        IrWriter.write(model, bare.resolve(TokenizerConverter.TOKENIZER));
        try (Tokenizer tokenizer = Tokenizer.load(bare)) {
            assertThatThrownBy(() -> tokenizer.encodePairs(List.of(new TextPair("a", "b"))))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContainingAll("bare2", "takes no pairs", "processed_post_processor_template");
        }
    }
}
