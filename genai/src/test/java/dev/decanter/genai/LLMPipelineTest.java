package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LLMPipelineTest {
    private static final String MODEL = "llama-gqa";

    private static LLMPipeline open(String device, boolean stateful) {
        return new LLMPipeline(TestData.exported(MODEL, stateful), device);
    }

    private static GenerationConfig tokens(int count) {
        return GenerationConfig.builder().maxNewTokens(count).build();
    }

    private static long[] ids(int... values) {
        long[] ids = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            ids[i] = values[i];
        }
        return ids;
    }

    @ParameterizedTest
    @CsvSource({"REFERENCE, true", "REFERENCE, false", "CPU, true", "CPU, false"})
    void aCommonPrefixIsReusedAndChangesNothing(String device, boolean stateful) {
        GenerationConfig config = tokens(12).toBuilder().keepPromptLogits(true).build();
        long[] first = ids(1, 302, 341, 318, 430, 314);
        try (LLMPipeline pipeline = open(device, stateful)) {
            GenerationResult one = pipeline.generate(first, config);
            List<Long> next = new ArrayList<>();
            for (long id : first) {
                next.add(id);
            }
            next.addAll(one.tokenIds());
            next.addAll(List.of(299L, 267L));
            for (List<Long> turn : List.of(next, next.subList(0, 9), next.subList(0, 3), next)) {
                long[] prompt = turn.stream().mapToLong(Long::longValue).toArray();
                GenerationResult again = pipeline.generate(prompt, config);
                assertThat(again.metrics().numReusedTokens()).isPositive();
                try (LLMSession fresh = pipeline.newSession()) {
                    GenerationResult expected = fresh.generate(prompt, config);
                    assertThat(expected.metrics().numReusedTokens()).isZero();
                    assertThat(again.tokenIds()).isEqualTo(expected.tokenIds());
                    assertThat(again.promptLogits().orElseThrow())
                            .containsExactly(
                                    expected.promptLogits().orElseThrow(),
                                    org.assertj.core.api.Assertions.within(1e-4f));
                }
            }
            pipeline.reset();
            assertThat(pipeline.generate(first, config).metrics().numReusedTokens())
                    .isZero();
        }
    }

    @Test
    void streamsExactlyTheText() {
        try (LLMPipeline pipeline = open("CPU", true)) {
            StringBuilder streamed = new StringBuilder();
            GenerationResult result = pipeline.generate("Hello, who are you?", tokens(60), text -> {
                assertThat(text).doesNotEndWith("\uD83D");
                streamed.append(text);
                return StreamingStatus.RUNNING;
            });
            assertThat(streamed).hasToString(result.text());
            assertThat(result.text())
                    .isEqualTo(pipeline.tokenizer()
                            .orElseThrow()
                            .decode(result.best().ids()));
        }
    }

    @Test
    void chatIsTheTemplateEncodedWithoutFurtherTokens() {
        try (LLMPipeline pipeline = open("CPU", true)) {
            ChatHistory history = new ChatHistory().user("Hello, who are you?");
            long[] prompt = TestData.longs(TestData.golden(MODEL).at("/chat/0/ids"));
            List<Long> expected = pipeline.generate(prompt, tokens(8)).tokenIds();
            assertThat(pipeline.generate(history, tokens(8)).tokenIds()).isEqualTo(expected);
            assertThat(pipeline.generate("Hello, who are you?", tokens(8)).tokenIds())
                    .isEqualTo(expected);
        }
    }

    @Test
    void sessionsShareAModelAndNotTheirCaches() {
        try (LLMPipeline pipeline = open("CPU", true);
                LLMSession a = pipeline.newSession();
                LLMSession b = pipeline.newSession()) {
            GenerationResult one = a.generate(ids(1, 302, 341), tokens(8));
            b.generate(ids(1, 9, 8, 7), tokens(8));
            assertThat(a.generate(ids(1, 302, 341), tokens(8)).tokenIds()).isEqualTo(one.tokenIds());
        }
    }

    @Test
    void aSecondCallMeanwhileIsRefused() {
        try (LLMPipeline pipeline = open("CPU", true)) {
            AtomicReference<String> message = new AtomicReference<>("");
            pipeline.generate(ids(1, 2), tokens(2), _ -> {
                try {
                    pipeline.generate(ids(1, 2), tokens(2));
                } catch (GenerationException e) {
                    message.set(String.valueOf(e.getMessage()));
                }
                return StreamingStatus.RUNNING;
            });
            assertThat(message.get()).contains("a generate call is running").contains("newSession");
        }
    }

    @ParameterizedTest
    @CsvSource({"CPU, true", "CPU, false"})
    void beamsLeaveOnlyThePromptBehind(String device, boolean stateful) {
        GenerationConfig beams = tokens(12).toBuilder().numBeams(4).build();
        long[] prompt = ids(1, 302, 341, 318, 430, 314);
        try (LLMPipeline pipeline = open(device, stateful)) {
            GenerationResult first = pipeline.generate(prompt, beams);
            GenerationResult again = pipeline.generate(prompt, beams);
            assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
            assertThat(again.metrics().numReusedTokens()).isEqualTo(5);
            GenerationResult greedy = pipeline.generate(prompt, tokens(12));
            assertThat(greedy.metrics().numReusedTokens()).isEqualTo(5);
            try (LLMSession fresh = pipeline.newSession()) {
                assertThat(fresh.generate(prompt, tokens(12)).tokenIds()).isEqualTo(greedy.tokenIds());
            }
        }
    }

    @Test
    void refusesBeforeRunning() {
        try (LLMPipeline pipeline = open("CPU", true)) {
            assertThatThrownBy(() -> pipeline.generate(new long[256], tokens(1)))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("max_position_embeddings");
            assertThatThrownBy(() -> pipeline.generate(ids(1, -4), tokens(1)))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("-4");
        }
    }

    @Test
    void refusesFoldersWithoutAModel(@TempDir Path folder) {
        assertThatThrownBy(() -> new LLMPipeline(folder, "CPU"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("openvino_model.xml");
        assertThatThrownBy(() -> new LLMPipeline(folder.resolve("no"), "CPU"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("is not a folder");
    }

    @Test
    void idsNeedNoTokenizer(@TempDir Path folder) throws IOException {
        Path exported = TestData.exported(MODEL, true);
        for (String name : List.of("openvino_model.xml", "openvino_model.bin")) {
            Files.copy(exported.resolve(name), folder.resolve(name));
        }
        try (LLMPipeline pipeline = new LLMPipeline(folder, "CPU")) {
            GenerationResult result = pipeline.generate(ids(1, 302), tokens(3));
            assertThat(result.tokenIds()).hasSize(3);
            assertThat(result.text()).isEmpty();
            assertThatThrownBy(() -> pipeline.generate("Hello", tokens(3)))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("openvino_tokenizer.xml");
            assertThatThrownBy(() -> pipeline.generate(new ChatHistory().user("Hello"), tokens(3)))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("chat template");
        }
    }
}
