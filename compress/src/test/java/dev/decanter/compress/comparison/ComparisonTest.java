package dev.decanter.compress.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.WeightCompression;
import dev.decanter.compress.comparison.ComparisonReport.Answers;
import dev.decanter.compress.comparison.ComparisonReport.Distributions;
import dev.decanter.compress.comparison.ComparisonReport.LayerError;
import dev.decanter.export.Exporter;
import dev.decanter.export.ModelTransform;
import dev.decanter.export.TokenizerExport;
import dev.decanter.export.WeightFormat;
import dev.decanter.ir.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Comparisons of a golden model with itself and with its compressed forms. */
class ComparisonTest {
    /**
     * Texts, of which PyTorch 2.14.1 and Transformers 5.12.1 give for the golden model llama-gqa, in f32, the perplexity below: exp of the
     * mean of −log_softmax(logits in f64)[next id] over the 81 tokens after the first of each.
     */
    private static final String TEXTS = """
            {"text": "The river bends twice before it reaches the mill."}
            "Nobody had opened the small blue box since the winter."

            {"prompt": "Bread needs flour, ", "completion": "water, salt and time."}
            """;

    private static final double PERPLEXITY = 840274.6791767541;

    @TempDir
    static Path folder;

    private static Path base;

    @BeforeAll
    static void export() {
        base = export("base", Exporter.builder().weightFormat(WeightFormat.FP32), "llama-gqa");
    }

    private static Path export(String name, Exporter.Builder exporter, String golden) {
        Path out = folder.resolve(name);
        exporter.tokenizer(TokenizerExport.STANDARD).build().export(golden(golden), out);
        return out;
    }

    private static Path golden(String name) {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(at.resolve("testdata"))) {
            at = at.getParent();
        }
        return at.resolve("testdata/golden").resolve(name).resolve("model");
    }

    private static Path compressed(CompressionMode mode, int groupSize) {
        ModelTransform transform = new ModelTransform() {
            @Override
            public String weightFormat() {
                return mode.label();
            }

            @Override
            public void apply(Model model, Path unfinished) {
                WeightCompression.builder()
                        .mode(mode)
                        .groupSize(groupSize)
                        .build()
                        .compress(model);
            }
        };
        return export(mode.label(), Exporter.builder().transform(transform), "llama-gqa");
    }

    private static Path texts(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private static Comparison.Builder small() {
        return Comparison.builder().device("CPU").mostTokens(400).prompts(3).newTokens(8);
    }

    @Test
    void aModelDoesNotDifferFromItself() {
        ComparisonReport report = small().build().compare(base, base);
        Distributions distributions = report.distributions();
        assertThat(distributions.klMax()).isZero();
        assertThat(distributions.sameTop()).isOne();
        assertThat(distributions.otherPerplexity()).isEqualTo(distributions.basePerplexity());
        assertThat(report.layers()).hasSize(3 * 7 + 1).allSatisfy(layer -> {
            assertThat(layer.relativeError()).isZero();
            assertThat(layer.cosine()).isOne();
        });
        assertThat(report.answers()).hasValue(new Answers(3, 3, 8, 1, 0, 0, 1));
        assertThat(report.base()).isEqualTo(report.other());
    }

    @Test
    void perplexityIsThatOfPyTorch() throws IOException {
        Distributions distributions = small().dataset(texts("three.jsonl", TEXTS))
                .layers(false)
                .prompts(0)
                .build()
                .compare(base, base)
                .distributions();
        assertThat(distributions.texts()).isEqualTo(3);
        assertThat(distributions.tokens()).isEqualTo(81);
        assertThat(distributions.basePerplexity() / PERPLEXITY).isCloseTo(1, within(1e-4));
    }

    @Test
    void fewerBitsDifferMore() {
        ComparisonReport eight = small().build().compare(base, compressed(CompressionMode.INT8_ASYM, -1));
        ComparisonReport four = small().build().compare(base, compressed(CompressionMode.INT4_SYM, 32));
        assertThat(eight.distributions().klMean())
                .isBetween(1e-9, four.distributions().klMean() / 2);
        assertThat(four.distributions().kl90())
                .isLessThanOrEqualTo(four.distributions().kl99());
        assertThat(four.distributions().kl99())
                .isLessThanOrEqualTo(four.distributions().klMax());
        assertThat(four.other().bytes()).isLessThan(eight.other().bytes());
        assertThat(eight.other().bytes()).isLessThan(eight.base().bytes());
        LayerError first = four.layers().getFirst();
        assertThat(first.baseType()).isEqualTo("f32");
        assertThat(first.otherType()).isEqualTo("i4");
        for (int i = 0; i < four.layers().size(); i++) {
            LayerError rough = four.layers().get(i);
            LayerError fine = eight.layers().get(i);
            assertThat(rough.name()).isEqualTo(fine.name());
            assertThat(rough.relativeError()).describedAs(rough.name()).isGreaterThan(fine.relativeError());
            assertThat(fine.cosine()).isGreaterThan(0.9);
        }
        assertThat(four.other().bitwidths().toString()).contains("int4_sym, group size 32");
    }

    @Test
    void layersAreComparedByTheirVectors() {
        LayerError error = LayerErrors.error("l", "f16", "u4", new float[] {3, 4}, new float[] {4, 3});
        assertThat(error.relativeError()).isCloseTo(Math.sqrt(2) / 5, within(1e-12));
        assertThat(error.cosine()).isCloseTo(24.0 / 25, within(1e-12));
    }

    @Test
    void aTextIsCutIntoWindows() throws IOException {
        String text = "The river bends twice before it reaches the mill. ".repeat(10);
        Distributions one = small().dataset(texts("long.txt", text))
                .layers(false)
                .prompts(0)
                .window(64)
                .build()
                .compare(base, base)
                .distributions();
        // each window has a beginning of its own, so that all tokens of the text are predicted
        assertThat(one.texts()).isGreaterThan(3);
        assertThat(one.tokens()).isBetween(63L * (one.texts() - 1) + 1, 63L * one.texts());
    }

    @Test
    void statelessModelsAreTakenAsTheyAre() {
        Path stateless = export(
                "stateless", Exporter.builder().weightFormat(WeightFormat.FP32).stateful(false), "llama-gqa");
        ComparisonReport report = small().prompts(1).mostTokens(100).build().compare(base, stateless);
        assertThat(report.distributions().klMax()).isLessThan(1e-6);
        assertThat(report.layers()).hasSize(22);
    }

    @Test
    void differentTokenizersAreRefused() {
        Path other = export("tied", Exporter.builder(), "llama3-rope-tied");
        assertThatThrownBy(() -> small().build().compare(base, other))
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll(
                        base.toString(), other.toString(), "differ", "compare models of one tokenizer");
    }

    @Test
    void foldersThatHoldNoModelAreRefused() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> small().build().compare(base, empty))
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll(empty.toString(), "has no openvino_model.xml");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "empty.txt | `` | has no text of two tokens",
                "broken.jsonl | {\"text\": \"a b\"}\\n{\"text | :2: is not JSON",
                "odd.jsonl | {\"question\": \"a b\"} | :1: is neither a string nor",
                "chat.jsonl | {\"messages\": 3} | :1: is neither a string nor"
            })
    void datasetsThatCannotBeUsedAreRefused(String name, String content, String message) throws IOException {
        Path file = texts(name, content.replace("\\n", "\n"));
        assertThatThrownBy(() -> small().dataset(file).build().compare(base, base))
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll(file.toString(), message);
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> Comparison.builder().window(1)).hasMessageContaining("--window 1");
        assertThatThrownBy(() -> Comparison.builder().newTokens(0)).hasMessageContaining("--max-new-tokens 0");
        assertThatThrownBy(() -> small().window(100_000).build().compare(base, base))
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll("--window 100000", "context of 256");
    }

    @Test
    void tellsHowFarItIsAndCanBeCancelled() {
        List<String> stages = new ArrayList<>();
        CompressionListener listener = new CompressionListener() {
            @Override
            public void stage(String name) {
                stages.add(name);
            }

            @Override
            public void progress(long done, long total) {
                assertThat(done).isBetween(0L, total);
                if (stages.size() > 2) {
                    throw new CancellationException();
                }
            }
        };
        assertThatThrownBy(() -> small().listener(listener).build().compare(base, base))
                .isInstanceOf(CancellationException.class);
        assertThat(stages)
                .containsExactly(
                        "comparing next-token distributions", "comparing layers", "answering prompts with " + base);
    }
}
