package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplingTest {
    private static Sampler sampler(GenerationConfig config, long... prompt) {
        return new Sampler(config, new SequenceState(config, LogitsFactories.of(config), prompt, 1000), 0);
    }

    static Stream<Arguments> goldenDistributions() {
        return Stream.of("llama-gqa", "llama3-rope-tied").flatMap(model -> {
            JsonNode golden = TestData.golden(model);
            float[] logits = TestData.floats(golden.at("/cases/0/logits_last"));
            return StreamSupport.stream(golden.get("sampling").spliterator(), false)
                    .map(one -> Arguments.of(model, one, logits));
        });
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("goldenDistributions")
    void keepsTheTokensThatTransformersKeeps(String model, JsonNode expected, float[] logits) {
        JsonNode params = expected.get("params");
        GenerationConfigBuilder config = GenerationConfig.builder()
                .doSample(true)
                .temperature((float) params.get("temperature").asDouble())
                .topP((float) params.path("top_p").asDouble(1))
                .minP((float) params.path("min_p").asDouble(0));
        if (params.has("top_k")) {
            config.topK(params.get("top_k").intValue());
        }
        Distribution kept = LogitTransforms.distribution(logits, config.build());
        assertThat(kept.size()).isEqualTo(expected.get("kept").intValue());

        double total = 0;
        float[] byToken = new float[logits.length];
        for (int i = 0; i < kept.size(); i++) {
            byToken[kept.id(i)] = kept.probability(i);
            total += kept.probability(i);
        }
        int[] best = LogitTransforms.largest(byToken, expected.get("top_ids").size());
        for (int i = 0; i < best.length; i++) {
            assertThat(best[i]).isEqualTo(expected.get("top_ids").get(i).intValue());
            // Transformers normalizes again after a cut
            assertThat(byToken[best[i]] / total)
                    .isCloseTo(expected.get("top_probs").get(i).doubleValue(), within(2e-6));
        }
    }

    @Test
    void repetitionPenaltyCountsEachTokenOnce() {
        TokenCounts seen = new TokenCounts();
        List.of(0L, 0L, 1L, 9L).forEach(seen::add);
        float[] logits = {3, -2, 5, -1};
        LogitTransforms.repetition(logits, seen, 2);
        assertThat(logits).containsExactly(1.5f, -4, 5, -1);
    }

    @Test
    void presenceAndFrequencyFollowTheSign() {
        TokenCounts answer = new TokenCounts();
        List.of(0L, 0L, 1L).forEach(answer::add);
        float[] logits = {3, -2, 5, -1};
        LogitTransforms.presence(logits, answer, 0.5f, PenaltyFlavor.OPENVINO);
        assertThat(logits).containsExactly(2.5f, -1.5f, 5, -1);
        LogitTransforms.frequency(logits, answer, 1.5f, PenaltyFlavor.OPENVINO);
        assertThat(logits).containsExactly(-0.5f, 0, 5, -1);
    }

    @Test
    void frequencyLooksAtTheSignThatPresenceLeft() {
        GenerationConfig config = GenerationConfig.builder()
                .presencePenalty(1)
                .frequencyPenalty(0.5f)
                .build();
        Sampler sampler = sampler(config, 1);
        assertThat(sampler.next(new float[] {0.25f, 0.1f})).isZero();
        // 0.25 − 1 is negative, hence + 0.5: −0.25, which still is above −0.3
        assertThat(sampler.next(new float[] {0.25f, -0.3f})).isZero();
    }

    @Test
    void greedyTakesTheFirstOfEquals() {
        Sampler sampler = sampler(GenerationConfig.builder().build(), 0);
        assertThat(sampler.next(new float[] {1, 7, 7, 2})).isEqualTo(1);
    }

    @Test
    void stopTokensAreImpossibleBeforeTheMinimum() {
        GenerationConfig config =
                GenerationConfig.builder().eosTokenId(2).minNewTokens(1).build();
        Sampler sampler = sampler(config, 0);
        assertThat(sampler.next(new float[] {0, 1, 9})).isEqualTo(1);
        assertThat(sampler.next(new float[] {0, 1, 9})).isEqualTo(2);
    }

    @Test
    void logprobsAreOfTheModelsOwnLogits() {
        GenerationConfig config =
                GenerationConfig.builder().repetitionPenalty(4).build();
        Sampler sampler = sampler(config, 0);
        assertThat(sampler.next(new float[] {2, 1, 0})).isEqualTo(1);
        double norm = Math.log(Math.exp(2) + Math.exp(1) + 1);
        assertThat(sampler.logprobs().getFirst()).isCloseTo((float) (1 - norm), within(1e-6f));
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void refusesLogitsThatAreNoNumbers(float broken) {
        Sampler sampler = sampler(GenerationConfig.builder().build(), 0);
        assertThatThrownBy(() -> sampler.next(new float[] {0, broken, 1}))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("not a finite number");
    }

    @Test
    void refusesWhenEveryTokenIsImpossible() {
        GenerationConfig config = GenerationConfig.builder()
                .stopTokenIds(List.of(0L, 1L))
                .minNewTokens(1)
                .build();
        Sampler sampler = sampler(config, 0);
        assertThatThrownBy(() -> sampler.next(new float[] {0, 1}))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("every token is impossible");
    }

    @Test
    void theTwisterIsTheStandards() {
        MersenneTwister random = new MersenneTwister(5489);
        int last = 0;
        for (int i = 0; i < 10_000; i++) {
            last = random.next();
        }
        // the value that the C++ standard requires of mt19937's ten-thousandth number
        assertThat(Integer.toUnsignedLong(last)).isEqualTo(4123659995L);
    }

    @Test
    void drawsByProbability() {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .seed(7)
                .temperature(0.8f)
                .build();
        float[] logits = {1, 0.5f, -1, 2, 0};
        Distribution distribution = LogitTransforms.distribution(logits, config);
        MersenneTwister random = new MersenneTwister(config.seed());
        int draws = 20_000;
        int[] counts = new int[logits.length];
        for (int i = 0; i < draws; i++) {
            counts[distribution.draw(random.uniform())]++;
        }
        double chiSquare = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = distribution.probability(i) * draws;
            chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        // 4 degrees of freedom: 18.5 is passed by chance once in a thousand seeds
        assertThat(chiSquare).isLessThan(18.5);
    }

    @Test
    void theSameSeedGivesTheSameTokens() {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .seed(3)
                .topK(40)
                .topP(0.9f)
                .build();
        Random random = new Random(1);
        float[] logits = new float[500];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * 3;
        }
        Sampler first = sampler(config, 0);
        Sampler second = sampler(config, 0);
        for (int i = 0; i < 50; i++) {
            assertThat(first.next(logits.clone())).isEqualTo(second.next(logits.clone()));
        }
    }

    @Test
    void exponentialsAreAccurate() {
        float[] x = new float[2000];
        for (int i = 0; i < x.length; i++) {
            x[i] = -i * 0.05f;
        }
        float[] weights = new float[x.length];
        LogitTransforms.exponentials(x, 0, 1, weights);
        for (int i = 0; i < x.length; i++) {
            double exact = Math.exp(x[i]);
            assertThat((double) weights[i]).isCloseTo(exact, within(exact * 3e-7 + 1e-37));
        }
    }
}
