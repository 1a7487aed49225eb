package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several prompts, and several answers to one, in one call are what they are one at a time. */
class BatchTest {
    static Stream<Arguments> runs() {
        return GoldenModelsTest.runs();
    }

    /** Prompts of six lengths. */
    private static long[][] prompts(String model) {
        List<long[]> prompts = new ArrayList<>();
        for (JsonNode one : TestData.golden(model).get("cases")) {
            long[] ids = TestData.longs(one.get("input_ids"));
            prompts.add(ids);
            prompts.add(Arrays.copyOf(ids, ids.length / 2));
            prompts.add(Arrays.copyOf(ids, 1 + prompts.size() / 3));
        }
        return prompts.toArray(long[][]::new);
    }

    private static List<GeneratedSequence> alone(LLMPipeline pipeline, long[] prompt, GenerationConfig config) {
        try (LLMSession fresh = pipeline.newSession()) {
            return fresh.generate(prompt, config).sequences();
        }
    }

    private static void assertSame(List<GeneratedSequence> actual, List<GeneratedSequence> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i).tokenIds()).isEqualTo(expected.get(i).tokenIds());
            assertThat(actual.get(i).text()).isEqualTo(expected.get(i).text());
            assertThat(actual.get(i).finishReason()).isEqualTo(expected.get(i).finishReason());
            assertThat(actual.get(i).score())
                    .isCloseTo(expected.get(i).score(), org.assertj.core.api.Assertions.within(1e-3));
        }
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void promptsOfDifferentLengths(String model, String device, boolean stateful) {
        long[][] prompts = prompts(model);
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported(model, stateful), device)) {
            boolean fast = device.equals("CPU");
            GenerationConfig plain =
                    GenerationConfig.builder().maxNewTokens(fast ? 16 : 6).build();
            List<Long> first = alone(pipeline, prompts[0], plain).getFirst().tokenIds();
            // some answers end early, at a token that the first one has in the middle
            GenerationConfig ending = plain.toBuilder()
                    .eosTokenId(first.get(3))
                    .repetitionPenalty(1.2f)
                    .build();
            GenerationConfig sampled = plain.toBuilder()
                    .doSample(true)
                    .topK(50)
                    .seed(11)
                    .numReturnSequences(2)
                    .build();
            GenerationConfig beams =
                    ending.toBuilder().numBeams(3).numReturnSequences(2).build();
            for (GenerationConfig config : fast ? List.of(plain, ending, sampled, beams) : List.of(ending)) {
                List<GenerationResult> results = pipeline.generate(prompts, config);
                assertThat(results).hasSize(prompts.length);
                for (int p = 0; p < prompts.length; p++) {
                    assertSame(results.get(p).sequences(), alone(pipeline, prompts[p], config));
                    PerfMetrics metrics = results.get(p).metrics();
                    assertThat(metrics.numInputTokens()).isEqualTo(prompts[p].length);
                    assertThat(metrics.numReusedTokens()).isZero();
                }
            }
        }
    }

    @ParameterizedTest(name = "stateful {0}")
    @ValueSource(booleans = {true, false})
    void theCacheAfterwardsIsRight(boolean stateful) {
        long[][] prompts = prompts("llama-gqa");
        GenerationConfig greedy = GenerationConfig.builder().maxNewTokens(6).build();
        GenerationConfig three =
                greedy.toBuilder().doSample(true).numReturnSequences(3).build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", stateful), "CPU")) {
            List<GeneratedSequence> expected = alone(pipeline, prompts[0], greedy);
            pipeline.generate(prompts, greedy);
            GenerationResult afterBatch = pipeline.generate(prompts[0], greedy);
            assertSame(afterBatch.sequences(), expected);
            assertThat(afterBatch.metrics().numReusedTokens()).isZero();

            pipeline.generate(prompts[0], three);
            GenerationResult afterFork = pipeline.generate(prompts[0], greedy);
            assertSame(afterFork.sequences(), expected);
            assertThat(afterFork.metrics().numReusedTokens()).isEqualTo(prompts[0].length - 1);
        }
    }

    @ParameterizedTest(name = "{0} answers, stateful {1}")
    @CsvSource({"1, true", "1, false", "3, true", "3, false"})
    void aFailedCallLeavesAUsableCache(int answers, boolean stateful) {
        long[][] prompts = prompts("llama-gqa");
        GenerationConfig greedy = GenerationConfig.builder().maxNewTokens(6).build();
        GenerationConfig failing = greedy.toBuilder()
                .doSample(true)
                .numReturnSequences(answers)
                .logitsProcessor(() -> (_, tokens) -> {
                    if (tokens.generated() == 3) {
                        throw new IllegalStateException("on purpose");
                    }
                })
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", stateful), "CPU")) {
            List<GeneratedSequence> expected = alone(pipeline, prompts[0], greedy);
            for (long[][] call : List.of(new long[][] {prompts[0]}, prompts)) {
                assertThatThrownBy(() -> pipeline.generate(call, failing))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("on purpose");
                assertSame(pipeline.generate(prompts[0], greedy).sequences(), expected);
            }
        }
    }

    @Test
    void moreAnswersDoNotChangeTheFirstOnes() {
        long[] prompt = prompts("llama-gqa")[0];
        GenerationConfig one = GenerationConfig.builder()
                .maxNewTokens(8)
                .doSample(true)
                .seed(40)
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            List<GeneratedSequence> expected = new ArrayList<>();
            for (int k = 0; k < 4; k++) {
                expected.addAll(
                        alone(pipeline, prompt, one.toBuilder().seed(40 + k).build()));
            }
            expected.sort(Comparator.comparingDouble(GeneratedSequence::score).reversed());
            GenerationResult four = pipeline.generate(
                    prompt, one.toBuilder().numReturnSequences(4).build());
            assertSame(four.sequences(), expected);
            assertThat(four.metrics().numGeneratedTokens()).isEqualTo(32);
            assertThat(four.sequences().stream()
                            .map(GeneratedSequence::tokenIds)
                            .distinct())
                    .hasSize(4);
        }
    }

    @Test
    void textsAndConversations() {
        GenerationConfig config = GenerationConfig.builder().maxNewTokens(8).build();
        List<String> texts = List.of("Hello, who are you?", "Hi", "One two three four five six seven");
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            List<GenerationResult> answers = pipeline.generate(texts, config);
            List<GenerationResult> chats = pipeline.generateChats(
                    texts.stream().map(text -> new ChatHistory().user(text)).toList(), config);
            for (int i = 0; i < texts.size(); i++) {
                GenerationResult alone = pipeline.generate(texts.get(i), config);
                assertSame(answers.get(i).sequences(), alone.sequences());
                assertSame(chats.get(i).sequences(), alone.sequences());
            }
        }
    }

    @Test
    void refuses() {
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            GenerationConfig two = GenerationConfig.builder()
                    .maxNewTokens(2)
                    .doSample(true)
                    .numReturnSequences(2)
                    .build();
            assertThatThrownBy(() -> pipeline.generate(new long[] {1}, two, _ -> StreamingStatus.RUNNING))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("only one answer can be streamed");
            assertThatThrownBy(() -> pipeline.generate(List.of(), two))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("there are no prompts");
            assertThatThrownBy(() -> pipeline.generate(new long[][] {{1}, {}}, two))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("no tokens");
        }
    }
}
