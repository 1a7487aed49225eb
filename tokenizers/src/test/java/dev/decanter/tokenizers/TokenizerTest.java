package dev.decanter.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenizerTest {
    @TempDir
    Path target;

    private Tokenizer llama2 = load("llama2");
    private Tokenizer llama3 = load("llama3");

    private static Tokenizer load(String name) {
        try {
            return TestFiles.throughDisk(TestFiles.golden(name), Files.createTempDirectory(name));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeAll
    void filesAreThere() {
        assertThat(llama2.vocabularySize()).isEqualTo(560);
    }

    @AfterAll
    void close() {
        llama2.close();
        llama3.close();
    }

    @Test
    void padsBatchesOnTheChosenSide() {
        List<String> texts = List.of("Hello there", "a");
        long[] longer = llama3.encodeToIds("Hello there");
        TokenizedInputs left = llama3.encode(texts);
        assertThat(left.inputIds().shape()).isEqualTo(Shape.of(2, longer.length));
        assertThat(left.attentionMask().toLongs()).startsWith(1, 1).contains(0);
        long[] mask = left.attentionMask().toLongs();
        assertThat(mask[longer.length]).isZero();
        assertThat(mask[2 * longer.length - 1]).isOne();
        long[] right = llama3.encode(texts, EncodeOptions.DEFAULT.withSide(EncodeOptions.Side.RIGHT))
                .attentionMask()
                .toLongs();
        assertThat(right[longer.length]).isOne();
        assertThat(right[2 * longer.length - 1]).isZero();
    }

    @Test
    void truncatesToTheMaxLengthWithSpecialTokens() {
        long[] all = llama2.encodeToIds("Hello, world!");
        TokenizedInputs cut = llama2.encode(List.of("Hello, world!"), EncodeOptions.DEFAULT.withMaxLength(4));
        long[] ids = cut.inputIds().toLongs();
        assertThat(ids).hasSize(4).startsWith(1);
        assertThat(ids[3]).isEqualTo(all[all.length - 1]);
        TokenizedInputs plain = llama2.encode(
                List.of("Hello, world!"), EncodeOptions.DEFAULT.withMaxLength(4).withAddSpecialTokens(false));
        assertThat(plain.inputIds().toLongs()).hasSize(4).doesNotContain(1);
        TokenizedInputs padded = llama2.encode(
                List.of("a"), EncodeOptions.DEFAULT.withMaxLength(8).withPadToMaxLength(true));
        assertThat(padded.attentionMask().toLongs()).containsExactly(0, 0, 0, 0, 0, 0, 1, 1);
        assertThatThrownBy(() -> llama2.encode(
                        List.of("a"),
                        new EncodeOptions(true, EncodeOptions.Side.DEFAULT, java.util.OptionalInt.empty(), true)))
                .isInstanceOf(TokenizerException.class);
    }

    @Test
    void knowsIdsTokensAndTemplate() {
        assertThat(llama3.bosTokenId()).hasValue(400);
        assertThat(llama3.bosToken()).contains("<|begin_of_text|>");
        assertThat(llama3.eosToken()).contains("<|eot_id|>");
        assertThat(llama3.padTokenId()).isEmpty();
        assertThat(llama3.chatTemplate().orElseThrow()).startsWith("{% set loop_messages = messages %}");
        assertThat(llama2.vocabulary()).hasSize(560).startsWith("<unk>", "<s>", "</s>", "<0x00>");
        assertThat(llama3.vocabulary().get(257)).isEqualTo(" t");
        assertThat(llama2.rtInfo().text("processed_post_processor_template"))
                .contains("{\"single\": {\"ids\": [1, -1], \"type_ids\": [0, 0]}, "
                        + "\"pair\": {\"ids\": [1, -1, 1, -2], \"type_ids\": [0, 0, 1, 1]}}");
    }

    @Test
    void aLoneSurrogateBecomesAQuestionMark() {
        assertThat(llama3.encodeToIds("a\uD800b")).isEqualTo(llama3.encodeToIds("a?b"));
    }

    @Test
    void idsBeyondTheVocabularyHaveNoTextAndNegativeOnesAreRefused() {
        long[] ids = llama3.encodeToIds("Hi", false);
        long[] more = java.util.Arrays.copyOf(ids, ids.length + 2);
        more[ids.length] = 409;
        more[ids.length + 1] = Long.MAX_VALUE;
        assertThat(llama3.decode(more)).isEqualTo("Hi");
        assertThatThrownBy(() -> llama3.decode(new long[] {-1}))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("id -1 is negative");
        assertThatThrownBy(() -> llama3.encode(List.of())).isInstanceOf(TokenizerException.class);
    }

    @Test
    void aFolderWithoutATokenizerIsNamed() {
        assertThatThrownBy(() -> Tokenizer.load(target))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("has no openvino_tokenizer.xml");
    }

    @Test
    void withoutADetokenizerOnlyEncodes() {
        TokenizerConverter.convert(TestFiles.golden("gpt2"), target, ConversionOptions.DEFAULT.withDetokenizer(false));
        try (Tokenizer tokenizer = Tokenizer.load(target)) {
            assertThat(tokenizer.encodeToIds("a")).isNotEmpty();
            assertThatThrownBy(() -> tokenizer.decode(new long[] {1}))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageContaining("has no openvino_detokenizer.xml");
        }
    }

    @Test
    void servesSeveralThreads() throws Exception {
        List<String> texts = List.of("Hello, world!", "the quick river ran", "🚀 emoji", "");
        List<long[]> expected = texts.stream().map(llama2::encodeToIds).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int at = i % texts.size();
                tasks.add(() -> java.util.Arrays.equals(llama2.encodeToIds(texts.get(at)), expected.get(at))
                        && llama2.decode(expected.get(at)).equals(texts.get(at)));
            }
            for (Future<Boolean> done : threads.invokeAll(tasks)) {
                assertThat(done.get()).isTrue();
            }
        }
    }

    @Test
    void byteLevelTextComesBackAsItWas() {
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            String text = randomText(random, random.nextInt(40));
            assertThat(llama3.decode(llama3.encodeToIds(text, false), false)).isEqualTo(text);
        }
    }

    private static String randomText(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            int point = switch (random.nextInt(4)) {
                case 0 -> random.nextInt(0x80);
                case 1 -> random.nextInt(0x3000);
                case 2 -> 0x1F300 + random.nextInt(0x400);
                default -> random.nextInt(0x110000);
            };
            text.appendCodePoint(point >= 0xD800 && point <= 0xDFFF ? ' ' : point);
        }
        return text.toString();
    }

    @Test
    void streamedTextIsTheDecodedText() {
        Random random = new Random(7);
        for (Tokenizer tokenizer : List.of(llama2, llama3)) {
            for (int i = 0; i < 150; i++) {
                long[] ids = random.longs(1 + random.nextInt(24), 0, tokenizer.vocabularySize() + 3)
                        .toArray();
                boolean skip = random.nextBoolean();
                StreamingDetokenizer stream = tokenizer.streamingDetokenizer(skip);
                StringBuilder text = new StringBuilder();
                for (long id : ids) {
                    text.append(stream.push(id));
                }
                text.append(stream.flush());
                assertThat(text.toString()).as(java.util.Arrays.toString(ids)).isEqualTo(tokenizer.decode(ids, skip));
            }
        }
    }

    @Test
    void aStreamDoesNotShowPartsOfCharactersAndCanBeUsedAgain() {
        StreamingDetokenizer stream = llama3.streamingDetokenizer();
        for (int round = 0; round < 2; round++) {
            StringBuilder text = new StringBuilder();
            for (long id : llama3.encodeToIds("x 👨‍👩‍👧 你好", false)) {
                String fresh = stream.push(id);
                assertThat(fresh).doesNotContain("\uFFFD");
                text.append(fresh);
            }
            assertThat(text.append(stream.flush()).toString()).isEqualTo("x 👨‍👩‍👧 你好");
        }
    }
}
