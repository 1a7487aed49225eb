package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

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

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void greedyAnswersAreTransformers(String model, String device, boolean stateful) {
        JsonNode golden = TestData.golden(model);
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported(model, stateful), device)) {
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

    static Stream<Arguments> variants() {
        return runs().filter(run -> run.get()[1].equals("CPU") && run.get()[2].equals(true))
                .map(run -> run.get()[0].toString())
                .flatMap(model -> {
                    List<Arguments> supported = new ArrayList<>();
                    for (JsonNode one : TestData.golden(model).get("generation")) {
                        JsonNode params = one.get("params");
                        if (!params.has("num_beams")) {
                            supported.add(Arguments.of(model, one.get("id").asText(), one));
                        }
                    }
                    return supported.stream();
                });
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("variants")
    void penaltiesAndLimitsAreTransformers(String model, String id, JsonNode expected) {
        GenerationConfigBuilder config = GenerationConfig.builder();
        JsonNode params = expected.get("params");
        config.maxNewTokens(params.get("max_new_tokens").intValue());
        if (params.has("eos_token_id")) {
            config.eosTokenId(params.get("eos_token_id").longValue());
        }
        config.minNewTokens(params.path("min_new_tokens").asInt(0));
        config.repetitionPenalty((float) params.path("repetition_penalty").asDouble(1));
        if (params.has("no_repeat_ngram_size")) {
            config.noRepeatNgramSize(params.get("no_repeat_ngram_size").intValue());
        }
        long[] prompt = new long[0];
        for (JsonNode one : TestData.golden(model).get("cases")) {
            if (one.get("id").equals(expected.get("case"))) {
                prompt = TestData.longs(one.get("input_ids"));
            }
        }
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported(model, true), "CPU")) {
            GenerationResult result = pipeline.generate(prompt, config.build());
            assertThat(result.best().ids()).as(id).isEqualTo(TestData.longs(expected.at("/sequences/0")));
        }
    }
}
