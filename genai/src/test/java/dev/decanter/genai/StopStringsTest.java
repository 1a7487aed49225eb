package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.tokenizers.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stop strings against what a model with a real tokenizer says: cut out of its own text at random, across tokens. */
class StopStringsTest {
    private static final List<String> PROMPTS =
            List.of("Hello, who are you?", "Count: one two", "😀 ça va? Привет", "x");

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "llama3-rope-tied", "qwen2"})
    void textIdsAndStreamAgreeAtEveryCut(String model) {
        Random random = new Random(17);
        GenerationConfig plain = GenerationConfig.builder()
                .maxNewTokens(40)
                .applyChatTemplate(false)
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported(model, true), "CPU")) {
            Tokenizer tokenizer = pipeline.tokenizer().orElseThrow();
            List<GenerationResult> free = pipeline.generate(PROMPTS, plain);
            int stopped = 0;
            for (int round = 0; round < 12; round++) {
                String of = free.get(round % PROMPTS.size()).text();
                int at = of.offsetByCodePoints(0, random.nextInt(Math.max(1, of.codePointCount(0, of.length()) - 4)));
                String stop = of.substring(
                        at,
                        of.offsetByCodePoints(at, Math.min(1 + random.nextInt(4), of.codePointCount(at, of.length()))));
                boolean include = random.nextBoolean();
                GenerationConfig config = plain.toBuilder()
                        .stopString(stop)
                        .includeStopString(include)
                        .build();
                List<GenerationResult> batch = pipeline.generate(PROMPTS, config);
                for (int p = 0; p < PROMPTS.size(); p++) {
                    String text = free.get(p).text();
                    int found = text.indexOf(stop);
                    StringBuilder streamed = new StringBuilder();
                    GenerationResult one = pipeline.generate(PROMPTS.get(p), config, piece -> {
                        streamed.append(piece);
                        return StreamingStatus.RUNNING;
                    });
                    assertThat(one.text())
                            .isEqualTo(found < 0 ? text : text.substring(0, include ? found + stop.length() : found))
                            .isEqualTo(streamed.toString());
                    assertThat(one.finishReason()).isEqualTo(found < 0 ? FinishReason.LENGTH : FinishReason.STOP);
                    assertThat(batch.get(p).text()).isEqualTo(one.text());
                    assertThat(batch.get(p).tokenIds()).isEqualTo(one.tokenIds());
                    assertThat(batch.get(p).finishReason()).isEqualTo(one.finishReason());
                    List<Long> ids = one.tokenIds();
                    assertThat(ids).isEqualTo(free.get(p).tokenIds().subList(0, ids.size()));
                    assertThat(tokenizer.decode(one.best().ids())).startsWith(one.text());
                    if (found >= 0) {
                        stopped++;
                        List<Long> fewer = new ArrayList<>(ids);
                        if (!fewer.isEmpty()) {
                            fewer.removeLast();
                            long[] array =
                                    fewer.stream().mapToLong(Long::longValue).toArray();
                            assertThat(tokenizer.decode(array).startsWith(one.text()))
                                    .isFalse();
                        }
                    }
                }
            }
            assertThat(stopped).isGreaterThanOrEqualTo(12);
        }
    }
}
