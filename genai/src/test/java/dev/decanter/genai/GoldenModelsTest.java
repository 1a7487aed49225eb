package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exported models generate exactly what Transformers generates, on every device, with and without state. */
class GoldenModelsTest {
    private static final List<String> MODELS =
            List.of("llama-gqa", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3");

    static Stream<Arguments> runs() {
        return MODELS.stream()
                .flatMap(model -> Stream.of("REFERENCE", "CPU")
                        .flatMap(device ->
                                Stream.of(true, false).map(stateful -> Arguments.of(model, device, stateful))));
    }

    /** Fast products and caches of half the size choose the same tokens. */
    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3"})
    void greedyTokensInTheFastMode(String model) {
        JsonNode golden = TestData.golden(model);
        GenerationConfig greedy = GenerationConfig.builder().maxNewTokens(32).build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported(model, true), "CPU")) {
            for (JsonNode one : golden.get("cases")) {
                assertThat(pipeline.generate(TestData.longs(one.get("input_ids")), greedy)
                                .best()
                                .ids())
                        .isEqualTo(TestData.longs(one.at("/greedy/new_ids")));
            }
        }
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void greedyAnswersAreTransformers(String model, String device, boolean stateful) {
        JsonNode golden = TestData.golden(model);
        try (LLMPipeline pipeline = TestData.exact(TestData.exported(model, stateful), device)) {
            GenerationConfig greedy = GenerationConfig.builder()
                    .maxNewTokens(32)
                    .keepPromptLogits(true)
                    .build();
            for (JsonNode one : golden.get("cases")) {
                long[] prompt = TestData.longs(one.get("input_ids"));
                GenerationResult result = pipeline.generate(prompt, greedy);
                assertThat(result.best().ids()).isEqualTo(TestData.longs(one.at("/greedy/new_ids")));
                assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
                assertThat(result.promptLogits().orElseThrow())
                        .containsExactly(TestData.floats(one.get("logits_last")), within(2e-4f));

                GenerationConfig raw =
                        greedy.toBuilder().applyChatTemplate(false).build();
                GenerationResult ofText =
                        pipeline.generate(one.get("prompt_text").asText(), raw);
                assertThat(ofText.tokenIds()).isEqualTo(result.tokenIds());
                assertThat(ofText.text()).isEqualTo(result.text());
            }
        }
    }

    private static GenerationConfig config(JsonNode params) {
        GenerationConfigBuilder config = GenerationConfig.builder()
                .maxNewTokens(params.get("max_new_tokens").intValue())
                .minNewTokens(params.path("min_new_tokens").asInt(0))
                .repetitionPenalty((float) params.path("repetition_penalty").asDouble(1))
                .numBeams(params.path("num_beams").asInt(1))
                .numReturnSequences(params.path("num_return_sequences").asInt(1))
                .lengthPenalty((float) params.path("length_penalty").asDouble(1))
                .stopCriteria(
                        params.path("early_stopping").asBoolean(false) ? StopCriteria.EARLY : StopCriteria.HEURISTIC);
        if (params.has("eos_token_id")) {
            config.eosTokenId(params.get("eos_token_id").longValue());
        }
        if (params.has("no_repeat_ngram_size")) {
            config.noRepeatNgramSize(params.get("no_repeat_ngram_size").intValue());
        }
        return config.build();
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void otherDecodingIsTransformers(String model, String device, boolean stateful) {
        JsonNode golden = TestData.golden(model);
        try (LLMPipeline pipeline = TestData.exact(TestData.exported(model, stateful), device)) {
            for (JsonNode expected : golden.get("generation")) {
                for (JsonNode one : golden.get("cases")) {
                    if (one.get("id").equals(expected.get("case"))) {
                        long[] prompt = TestData.longs(one.get("input_ids"));
                        same(pipeline.generate(prompt, config(expected.get("params"))), expected);
                    }
                }
            }
        }
    }

    private static void same(GenerationResult result, JsonNode expected) {
        String id = expected.get("id").asText();
        assertThat(result.sequences()).as(id).hasSize(expected.get("sequences").size());
        for (int i = 0; i < result.sequences().size(); i++) {
            GeneratedSequence sequence = result.sequences().get(i);
            assertThat(sequence.ids())
                    .as(id)
                    .isEqualTo(TestData.longs(expected.get("sequences").get(i)));
            if (expected.has("sequences_scores")) {
                double score = expected.get("sequences_scores").get(i).doubleValue();
                assertThat(sequence.score()).as(id).isCloseTo(score, within(1e-4));
            }
        }
    }
}
