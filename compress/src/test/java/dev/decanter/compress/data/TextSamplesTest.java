package dev.decanter.compress.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.GoldenModels;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextSamplesTest {
    /** Has a chat template. */
    private static final String MODEL = "qwen3";

    private static final CalibrationOptions OPTIONS = CalibrationOptions.DEFAULT;

    private static Path model;
    private static Tokenizer tokenizer;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        model = GoldenModels.whole(MODEL);
        tokenizer = Tokenizer.load(model);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static List<long[]> rows(CalibrationDataset data) {
        List<long[]> rows = new ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            assertThat(data.sample(i).keySet()).containsExactly("input_ids");
            rows.add(data.sample(i).get("input_ids").toLongs());
            assertThat(data.sample(i).get("input_ids").shape().dims()).hasSize(2);
            assertThat(data.sample(i).get("input_ids").shape().dim(0)).isEqualTo(1);
        }
        return rows;
    }

    private static String words(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append("word ").append(i * 37 % 101).append(i % 9 == 8 ? ".\n\n" : ", ");
        }
        return text.toString();
    }

    @Test
    void windowsAreDrawnFromTheTokensOfAPlainText() throws IOException {
        String text = words(200);
        Path file = file("a.txt", text);
        long[] all = tokenizer.encodeToIds(text, false);
        List<long[]> rows = rows(CalibrationDataset.text(model, file, OPTIONS));

        assertThat(rows).hasSize(128).allSatisfy(row -> assertThat(row).hasSize(32));
        Set<Integer> starts = new HashSet<>();
        for (long[] row : rows) {
            int start = 0;
            while (!Arrays.equals(row, Arrays.copyOfRange(all, start, start + 32))) {
                start++;
                assertThat(start).isLessThan(all.length);
            }
            starts.add(start);
        }
        assertThat(starts.size()).isGreaterThan(64);
    }

    @Test
    void theSeedDecides() throws IOException {
        Path file = file("a.txt", words(200));
        List<long[]> first = rows(CalibrationDataset.text(model, file, OPTIONS));
        List<long[]> again = rows(CalibrationDataset.text(model, file, OPTIONS));
        List<long[]> other = rows(CalibrationDataset.text(model, file, OPTIONS.withSeed(7)));
        assertThat(first).usingRecursiveComparison().isEqualTo(again);
        assertThat(Arrays.deepEquals(first.toArray(), other.toArray())).isFalse();
    }

    @Test
    void aLongTextIsTokenizedInPiecesOfWholeWords() throws IOException {
        String text = words(8000);
        assertThat(text.length()).isGreaterThan(2 << 15);
        CalibrationDataset data = CalibrationDataset.text(
                model, file("a.txt", text), OPTIONS.withTokens(20000).withSamples(3));
        String read = tokenizer.decode(rows(data).getFirst());
        assertThat(text).contains(read);
    }

    @Test
    void paragraphsAreSamplesIfAskedFor() throws IOException {
        Path file = file("a.txt", "One line\nand another.\n\n  \nThe second paragraph is longer than that.\n\n\nx\n");
        List<long[]> rows = rows(CalibrationDataset.text(
                model, file, OPTIONS.withParagraphs(true).withTokens(6)));
        long[] second = tokenizer.encodeToIds("The second paragraph is longer than that.");
        assertThat(rows.get(0)).containsExactly(Arrays.copyOf(tokenizer.encodeToIds("One line\nand another."), 6));
        assertThat(rows.get(1)).containsExactly(Arrays.copyOf(second, 6));
    }

    @Test
    void jsonLinesAreTextsStringsAndConversations() throws IOException {
        Path file = file("a.jsonl", """
                {"text": "A first text.", "source": "x"}

                "A plain string."
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
                """);
        List<long[]> rows = rows(CalibrationDataset.text(model, file, OPTIONS));
        String chat = ChatTemplate.find(model, Optional.of(tokenizer))
                .orElseThrow()
                .render(new ChatHistory().user("Hi").assistant("Hello"), false);

        assertThat(rows).hasSize(3);
        assertThat(rows.get(0)).containsExactly(tokenizer.encodeToIds("A first text."));
        assertThat(rows.get(1)).containsExactly(tokenizer.encodeToIds("A plain string."));
        assertThat(rows.get(2)).containsExactly(tokenizer.encodeToIds(chat, false));
    }

    @Test
    void aJsonListIsTakenAsWell() throws IOException {
        Path file = file("a.json", "[{\"text\": \"A first text.\"},\n \"A plain string.\"]");
        assertThat(CalibrationDataset.text(model, file, OPTIONS).size()).isEqualTo(2);
    }

    @Test
    void ofManyTextsSomeAreChosenAndLongOnesAreCut() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            lines.append("\"").append(i).append(words(i + 1).replace("\n", " ")).append("\"\n");
        }
        Path file = file("a.jsonl", lines.toString());
        List<long[]> rows =
                rows(CalibrationDataset.text(model, file, OPTIONS.withSamples(9).withTokens(12)));
        List<long[]> other = rows(CalibrationDataset.text(
                model, file, OPTIONS.withSamples(9).withTokens(12).withSeed(1)));
        assertThat(rows).hasSize(9).allSatisfy(row -> assertThat(row.length).isBetween(2, 12));
        assertThat(Arrays.deepEquals(rows.toArray(), other.toArray())).isFalse();
    }

    @Test
    void tooLittleTextIsRefusedWithWhatWasFound() throws IOException {
        Path few = file("few.txt", "Three words only");
        int tokens = tokenizer.encodeToIds("Three words only", false).length;
        refused(few, OPTIONS, few + ": has " + tokens + " tokens, too few for samples of 32");
        Path empty = file("empty.txt", "");
        refused(empty, OPTIONS, empty + ": has 0 tokens");
        Path none = file("none.jsonl", "\n\n");
        refused(none, OPTIONS, none + ": has 0 texts of two tokens or more");
        Path two = file("two.jsonl", "\"A first text.\"\n\"A second text.\"\n\"\"\n");
        refused(
                two,
                OPTIONS.withSamples(5),
                two + ": has 2 texts of two tokens or more, fewer than the 5 samples asked for; give more, or a smaller"
                        + " --num-samples");
        assertThat(CalibrationDataset.text(model, two, OPTIONS).size()).isEqualTo(2);
    }

    @Test
    void brokenFilesAreNamedWithThePlace() throws IOException {
        Path missing = folder.resolve("missing.txt");
        refused(missing, OPTIONS, missing + ": cannot be read: " + missing + " does not exist");
        Path broken = file("broken.jsonl", "\"fine text\"\n{\"text\": \n");
        refused(broken, OPTIONS, broken + ", line ");
        Path number = file("number.jsonl", "\"fine text\"\n17\n");
        refused(number, OPTIONS, number + ", entry 2: is neither a string nor an object");
        Path noRole = file("role.jsonl", "{\"messages\": [{\"content\": \"Hi\"}]}\n");
        refused(noRole, OPTIONS, noRole + ", entry 1: message 0 has no \"role\"");
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {(byte) 0xe9, 'a', (byte) 0xff});
        refused(latin, OPTIONS, latin + ": cannot be read: it is not UTF-8 text");
        Path messages = file("m.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n");
        assertThatThrownBy(() -> TextSamples.of(tokenizer, Optional.empty(), messages, OPTIONS))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("has messages, but the model has no chat template");
        assertThatThrownBy(() -> CalibrationDataset.text(folder, messages, OPTIONS))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(folder + ": has no openvino_tokenizer.xml");
    }

    private static void refused(Path file, CalibrationOptions options, String message) {
        assertThatThrownBy(() -> CalibrationDataset.text(model, file, options))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining(message);
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> OPTIONS.withSamples(0)).hasMessageContaining("--num-samples");
        assertThatThrownBy(() -> OPTIONS.withTokens(1)).hasMessageContaining("--seq-len");
    }

    @Test
    void theModelMakesTextsItself() {
        List<Long> heard = new ArrayList<>();
        CompressionListener listener = new CompressionListener() {
            @Override
            public void progress(long done, long total) {
                heard.add(done);
                assertThat(total).isEqualTo(10);
            }
        };
        CalibrationOptions options = OPTIONS.withSamples(10).withTokens(8);
        List<long[]> rows = rows(CalibrationDataset.generated(model, options, listener));
        Model graph = IrReader.read(model.resolve("openvino_model.xml"));
        List<long[]> again = rows(CalibrationDataset.generated(model, graph, options, CompressionListener.NONE));

        assertThat(rows).hasSize(10).allSatisfy(row -> assertThat(row.length).isGreaterThan(1));
        assertThat(rows.stream().map(Arrays::toString).distinct()).hasSizeGreaterThan(5);
        assertThat(rows).usingRecursiveComparison().isEqualTo(again);
        assertThat(heard).isNotEmpty().last().isEqualTo(10L);
    }

    @Test
    void theModelWithoutTokenizerMakesNone() {
        assertThatThrownBy(() -> CalibrationDataset.generated(
                        GoldenModels.graph(MODEL, true), OPTIONS, CompressionListener.NONE))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("has no openvino_tokenizer.xml");
    }
}
