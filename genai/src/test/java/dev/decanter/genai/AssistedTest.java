package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Drafts change how quickly an answer comes, not what it is. */
class AssistedTest {
    private static final int VOCABULARY = 5;
    private static final long[] PROMPT = {0, 1, 2, 3, 4, 0, 2, 4, 1, 3, 1};

    /** Logits that depend on the last token alone, so that probabilities of answers can be computed. */
    private static final class Markov implements LanguageModel {
        private final float[][] logits;
        private final int goesBack;
        private long[] held = {};

        Markov(float[][] logits, int goesBack) {
            this.logits = logits;
            this.goesBack = goesBack;
        }

        static float[][] random(long seed) {
            Random random = new Random(seed);
            float[][] logits = new float[VOCABULARY][VOCABULARY];
            for (float[] row : logits) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = (float) random.nextGaussian() * 1.5f;
                }
            }
            return logits;
        }

        @Override
        public int rows() {
            return Math.min(1, held.length);
        }

        @Override
        public int length() {
            return held.length;
        }

        @Override
        public StepLogits step(Step step) {
            int before = held.length;
            held = Arrays.copyOf(held, before + step.count());
            System.arraycopy(step.ids()[0], 0, held, before, step.count());
            long[] last = Arrays.copyOfRange(held, held.length - step.positions(), held.length);
            return new StepLogits() {
                @Override
                public int rows() {
                    return 1;
                }

                @Override
                public int positions() {
                    return last.length;
                }

                @Override
                public int vocabulary() {
                    return VOCABULARY;
                }

                @Override
                public void copyTo(int row, int position, float[] target) {
                    System.arraycopy(logits[(int) last[position]], 0, target, 0, VOCABULARY);
                }
            };
        }

        @Override
        public int trim(int wanted) {
            if (wanted < held.length) {
                held = Arrays.copyOf(held, wanted < held.length - goesBack ? 0 : wanted);
            }
            return held.length;
        }

        @Override
        public void close() {}
    }

    private static GenerationResult run(LanguageModel model, Optional<LanguageModel> draft, GenerationConfig config) {
        model.trim(0);
        Decoder decoder = Decoder.of(new DecodingTask(
                model,
                draft.map(CachedModel::new),
                config,
                LogitsFactories.of(config),
                List.of(PROMPT),
                List.of(config.maxNewTokens().orElseThrow()),
                0,
                () -> TextStream.NONE,
                Streamer.NONE,
                new Stopwatch(),
                0));
        GenerationResult result = decoder.run().getFirst();
        assertThat(decoder.cached()).hasSize(model.length());
        return result;
    }

    static Stream<Arguments> sampled() {
        GenerationConfigBuilder base = GenerationConfig.builder().doSample(true).maxNewTokens(3);
        return Stream.of(
                Arguments.of("plain", base.build()),
                Arguments.of("one token", base.numAssistantTokens(1).build()),
                Arguments.of(
                        "cut",
                        base.numAssistantTokens(2)
                                .topK(4)
                                .topP(0.9f)
                                .temperature(0.7f)
                                .build()),
                Arguments.of(
                        "confidence",
                        base.numAssistantTokens(0)
                                .topP(1)
                                .topK(VOCABULARY)
                                .temperature(1)
                                .assistantConfidenceThreshold(0.4f)
                                .build()),
                Arguments.of(
                        "lookup",
                        base.assistantConfidenceThreshold(0)
                                .numAssistantTokens(3)
                                .maxNgramSize(1)
                                .build()));
    }

    /** All 125 answers of three tokens, counted over 20,000 runs, against their probabilities. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("sampled")
    void sampledAnswersHaveTheDistributionOfTheModelAlone(String name, GenerationConfig config) {
        int runs = 20_000;
        float[][] logits = Markov.random(1);
        Markov model = new Markov(logits, 100);
        Markov draft = new Markov(Markov.random(2), 100);
        double[][] next = new double[VOCABULARY][VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            Distribution kept = LogitTransforms.distribution(logits[i], config);
            double total = IntStream.range(0, kept.size())
                    .mapToDouble(kept::probability)
                    .sum();
            for (int k = 0; k < kept.size(); k++) {
                next[i][kept.id(k)] = kept.probability(k) / total;
            }
        }
        int[] counts = new int[VOCABULARY * VOCABULARY * VOCABULARY];
        long accepted = 0;
        for (int seed = 0; seed < runs; seed++) {
            GenerationResult result =
                    run(model, Optional.of(draft), config.toBuilder().seed(seed).build());
            long[] ids = result.best().ids();
            counts[(int) ((ids[0] * VOCABULARY + ids[1]) * VOCABULARY + ids[2])]++;
            accepted += result.metrics().numAcceptedDraftTokens();
        }
        double chiSquare = 0;
        int cells = 0;
        for (int cell = 0; cell < counts.length; cell++) {
            int a = cell / VOCABULARY / VOCABULARY;
            int b = cell / VOCABULARY % VOCABULARY;
            double expected = runs * next[(int) PROMPT[PROMPT.length - 1]][a] * next[a][b] * next[b][cell % VOCABULARY];
            if (expected == 0) {
                assertThat(counts[cell]).isZero();
            } else {
                chiSquare += (counts[cell] - expected) * (counts[cell] - expected) / expected;
                cells++;
            }
        }
        // the mean of the statistic is its degrees of freedom, its variance twice that: 4.5 standard deviations
        double freedom = cells - 1;
        assertThat(chiSquare).isLessThan(freedom + 4.5 * Math.sqrt(2 * freedom));
        assertThat(accepted).as("drafts took part").isGreaterThan(runs / 50);
    }

    @Test
    void greedyAnswersAreThoseOfTheModelAloneForAnyDraft() {
        for (int seed = 0; seed < 60; seed++) {
            Markov model = new Markov(Markov.random(seed), seed % 3 == 0 ? 1 : 100);
            GenerationConfigBuilder config = GenerationConfig.builder()
                    .maxNewTokens(1 + seed % 9)
                    .repetitionPenalty(1 + seed % 4 * 0.3f)
                    .minNewTokens(seed % 3)
                    .eosTokenId(seed % VOCABULARY);
            List<Long> alone = run(model, Optional.empty(), config.build()).tokenIds();
            for (int tokens = 1; tokens < 6; tokens++) {
                GenerationConfig drafted = config.numAssistantTokens(tokens).build();
                Markov draft = new Markov(Markov.random(seed % 2 == 0 ? seed : seed + 1000), 100);
                assertThat(run(model, Optional.of(draft), drafted).tokenIds()).isEqualTo(alone);
                GenerationConfig lookup = drafted.toBuilder().maxNgramSize(2).build();
                assertThat(run(model, Optional.empty(), lookup).tokenIds()).isEqualTo(alone);
            }
        }
    }

    @Test
    void keepsEveryTokenOfADraftByTheSameModel() {
        Markov model = new Markov(Markov.random(4), 100);
        Markov draft = new Markov(Markov.random(4), 100);
        GenerationConfig greedy = GenerationConfig.builder().maxNewTokens(13).build();
        PerfMetrics metrics = run(model, Optional.of(draft), greedy).metrics();
        // the first token comes from the prompt, then 5 of a draft and 1 behind it, twice
        assertThat(metrics.numDraftTokens()).isEqualTo(10);
        assertThat(metrics.numAcceptedDraftTokens()).isEqualTo(10);
        assertThat(metrics.raw().inference()).hasSize(3);
        GenerationConfig sampled = greedy.toBuilder().doSample(true).build();
        assertThat(run(model, Optional.of(draft), sampled).metrics().numAcceptedDraftTokens())
                .isEqualTo(10);
    }

    static Stream<Arguments> pairs() {
        return Stream.of("llama-gqa", "qwen2")
                .flatMap(model -> Stream.of("REFERENCE", "CPU")
                        .flatMap(device ->
                                Stream.of(true, false).map(stateful -> Arguments.of(model, device, stateful))));
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("pairs")
    void goldenAnswersStayWithDraftsAndLookup(String model, String device, boolean stateful) {
        Path folder = TestData.exported(model, stateful);
        GenerationConfig config = GenerationConfig.builder().maxNewTokens(32).build();
        try (LLMPipeline drafted = LLMPipeline.builder(folder)
                        .device(device)
                        .draftModel(new DraftModel(folder, "CPU"))
                        .build();
                LLMPipeline plain = new LLMPipeline(folder, device)) {
            for (JsonNode one : TestData.golden(model).get("cases")) {
                long[] prompt = TestData.longs(one.get("input_ids"));
                long[] expected = TestData.longs(one.at("/greedy/new_ids"));
                GenerationResult result = drafted.generate(prompt, config);
                assertThat(result.best().ids()).isEqualTo(expected);
                assertThat(result.metrics().numAcceptedDraftTokens()).isGreaterThan(20);
                GenerationConfig lookup =
                        config.toBuilder().numAssistantTokens(4).maxNgramSize(3).build();
                assertThat(plain.generate(prompt, lookup).best().ids()).isEqualTo(expected);
                // the cache is as after a run without drafts
                long[] more = Arrays.copyOf(prompt, prompt.length + 9);
                System.arraycopy(expected, 0, more, prompt.length, 9);
                assertThat(drafted.generate(
                                        more,
                                        config.toBuilder().maxNewTokens(20).build())
                                .best()
                                .ids())
                        .isEqualTo(Arrays.copyOfRange(expected, 9, 29));
            }
        }
    }

    @Test
    void refusesWhatCannotBeDrafted() {
        GenerationConfig config =
                GenerationConfig.builder().maxNewTokens(5).numAssistantTokens(3).build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            assertThatThrownBy(() -> pipeline.generate(PROMPT, config))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("nothing to draft with")
                    .hasMessageContaining("max_ngram_size");
            assertThatThrownBy(() -> pipeline.generate(new long[][] {PROMPT, PROMPT}, config))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("one prompt at a time");
        }
        DraftModel other = new DraftModel(TestData.exported("qwen2", true), "CPU");
        Path folder = TestData.exported("llama-gqa", true);
        assertThatThrownBy(() -> LLMPipeline.builder(folder).draftModel(other).build())
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("another tokenizer");
    }
}
