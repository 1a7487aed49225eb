package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompt and log-probabilities before the answer, against the logits that PyTorch gives at every position. */
class EchoTest {
    private static final String MODEL = "llama-gqa";

    /** The log-probability of every token of the prompt but the first. */
    private static double[] golden(JsonNode one) {
        long[] ids = TestData.longs(one.get("input_ids"));
        byte[] file;
        try {
            file = Files.readAllBytes(TestData.checkpoint(MODEL)
                    .resolveSibling(one.get("prompt_logits_file").asText()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteBuffer values = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int header = 10 + values.getShort(8);
        int vocabulary = one.get("logits_last").size();
        double[] scores = new double[ids.length];
        for (int i = 1; i < ids.length; i++) {
            double sum = 0;
            for (int v = 0; v < vocabulary; v++) {
                sum += Math.exp(values.getFloat(header + ((i - 1) * vocabulary + v) * Float.BYTES));
            }
            scores[i] = values.getFloat(header + ((i - 1) * vocabulary + (int) ids[i]) * Float.BYTES) - Math.log(sum);
        }
        return scores;
    }

    private static void assertScores(List<Float> actual, double[] expected) {
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual.get(i)).isCloseTo(expected[i], within(2e-4));
        }
    }

    @ParameterizedTest
    @CsvSource({"REFERENCE, true", "REFERENCE, false", "CPU, true", "CPU, false"})
    void scoresThePrompt(String device, boolean stateful) {
        GenerationConfig score = GenerationConfig.builder()
                .echo(true)
                .logprobs(1)
                .maxNewTokens(0)
                .build();
        List<JsonNode> cases = new ArrayList<>();
        TestData.golden(MODEL).get("cases").forEach(cases::add);
        try (LLMPipeline pipeline = TestData.exact(TestData.exported(MODEL, stateful), device)) {
            for (JsonNode one : cases) {
                long[] prompt = TestData.longs(one.get("input_ids"));
                for (int time = 0; time < 2; time++) {
                    GenerationResult result = pipeline.generate(prompt, score);
                    assertThat(result.best().ids()).isEqualTo(prompt);
                    assertScores(result.best().logprobs(), golden(one));
                    assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
                    assertThat(result.metrics().numGeneratedTokens()).isZero();
                }
            }
            long[][] prompts = cases.stream()
                    .map(one -> TestData.longs(one.get("input_ids")))
                    .toArray(long[][]::new);
            List<GenerationResult> batch =
                    pipeline.generate(prompts, score.toBuilder().maxNewTokens(5).build());
            for (int p = 0; p < prompts.length; p++) {
                GeneratedSequence both = batch.get(p).best();
                int length = prompts[p].length;
                assertThat(Arrays.copyOf(both.ids(), length)).isEqualTo(prompts[p]);
                assertThat(Arrays.copyOfRange(both.ids(), length, length + 5))
                        .isEqualTo(Arrays.copyOf(TestData.longs(cases.get(p).at("/greedy/new_ids")), 5));
                assertScores(both.logprobs().subList(0, length), golden(cases.get(p)));
                double sum = both.logprobs().subList(length, length + 5).stream()
                        .mapToDouble(Float::doubleValue)
                        .sum();
                assertThat(both.score()).isCloseTo(sum, within(1e-5));
            }
        }
    }

    @org.junit.jupiter.api.Test
    void longPromptsAreScoredInParts() {
        long[] prompt = new long[150];
        Arrays.setAll(prompt, i -> 3 + (i * 37L) % 500);
        GenerationConfig config = GenerationConfig.builder()
                .echo(true)
                .logprobs(1)
                .maxNewTokens(1)
                .build();
        GenerationConfig next = GenerationConfig.builder()
                .maxNewTokens(1)
                .keepPromptLogits(true)
                .build();
        try (LLMPipeline pipeline = TestData.exact(TestData.exported(MODEL, true), "CPU")) {
            List<Float> scores = pipeline.generate(prompt, config).best().logprobs();
            assertThat(scores).hasSize(151);
            for (int i : new int[] {1, 63, 64, 65, 127, 128, 149}) {
                float[] logits = pipeline.generate(Arrays.copyOf(prompt, i), next)
                        .promptLogits()
                        .orElseThrow();
                double norm = LogitTransforms.logSumExp(logits, new float[logits.length]);
                assertThat((double) scores.get(i)).isCloseTo(logits[(int) prompt[i]] - norm, within(1e-3));
            }
        }
    }

    @org.junit.jupiter.api.Test
    void thePromptsTextIsStreamedToo() {
        GenerationConfig config = GenerationConfig.builder()
                .echo(true)
                .applyChatTemplate(false)
                .maxNewTokens(6)
                .build();
        String prompt = "Hello, who are you?";
        StringBuilder streamed = new StringBuilder();
        try (LLMPipeline pipeline = TestData.exact(TestData.exported(MODEL, true), "CPU")) {
            GenerationResult result = pipeline.generate(prompt, config, text -> {
                streamed.append(text);
                return StreamingStatus.RUNNING;
            });
            assertThat(streamed).hasToString(result.text());
            assertThat(result.text()).startsWith(prompt);
            assertThat(result.best().logprobs()).isEmpty();
            assertThat(result.text())
                    .isEqualTo(pipeline.tokenizer()
                            .orElseThrow()
                            .decode(result.best().ids()));
        }
    }
}
