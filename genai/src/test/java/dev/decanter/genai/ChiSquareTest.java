package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is drawn has the distribution that the parameters define: fixed seeds, exact probabilities, chi-square tests. */
class ChiSquareTest {
    private static final int DRAWS = 20_000;

    /** Draws by the way that generation takes. */
    private static int[] drawn(float[] logits, GenerationConfig config) {
        SequenceState state = new SequenceState(config, LogitsFactories.of(config), new long[] {0}, DRAWS);
        Sampler sampler = new Sampler(config, state, 0);
        int[] counts = new int[logits.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.next(logits.clone())]++;
        }
        return counts;
    }

    /**
     * Pearson's test. Outcomes of which fewer than 5 are expected count as one.
     *
     * @param probabilities by token, which sum to 1
     */
    static void assertDistributed(int[] counts, double[] probabilities) {
        int draws = Arrays.stream(counts).sum();
        double statistic = 0;
        int cells = 0;
        double rareExpected = 0;
        int rareCounted = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = probabilities[i] * draws;
            if (expected == 0) {
                assertThat(counts[i]).as("token %d, which is impossible", i).isZero();
            } else if (expected < 5) {
                rareExpected += expected;
                rareCounted += counts[i];
            } else {
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
                cells++;
            }
        }
        if (rareExpected >= 5) {
            statistic += (rareCounted - rareExpected) * (rareCounted - rareExpected) / rareExpected;
            cells++;
        }
        assertThat(cells).isGreaterThan(1);
        // Wilson and Hilferty: exceeded once in a thousand seeds
        double freedom = cells - 1;
        double root = 1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom));
        assertThat(statistic).as("chi-square of %d cells", cells).isLessThan(freedom * root * root * root);
    }

    static Stream<Arguments> goldenParameters() {
        return Stream.of("llama-gqa", "llama3-rope-tied").flatMap(model -> {
            JsonNode golden = TestData.golden(model);
            float[] logits = TestData.floats(golden.at("/cases/0/logits_last"));
            return StreamSupport.stream(golden.get("sampling").spliterator(), false)
                    .map(one -> Arguments.of(model, one.get("params").toString(), one, logits));
        });
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("goldenParameters")
    void drawsAsTransformersWould(String model, String name, JsonNode expected, float[] logits) {
        JsonNode params = expected.get("params");
        GenerationConfigBuilder config = GenerationConfig.builder()
                .doSample(true)
                .seed(1234)
                .temperature((float) params.get("temperature").asDouble())
                .topP((float) params.path("top_p").asDouble(1))
                .minP((float) params.path("min_p").asDouble(0));
        if (params.has("top_k")) {
            config.topK(params.get("top_k").intValue());
        }
        int[] counts = drawn(logits, config.build());
        assertThat(Arrays.stream(counts).filter(c -> c > 0).count())
                .isLessThanOrEqualTo(expected.get("kept").longValue());
        // the golden file has the likeliest; all others together are one outcome more
        int[] listed = new int[expected.get("top_ids").size() + 1];
        double[] probabilities = new double[listed.length];
        double sum = 0;
        for (int i = 0; i < listed.length - 1; i++) {
            listed[i] = counts[expected.get("top_ids").get(i).intValue()];
            probabilities[i] = expected.get("top_probs").get(i).doubleValue();
            sum += probabilities[i];
        }
        listed[listed.length - 1] = DRAWS - Arrays.stream(listed).sum();
        boolean all = expected.get("kept").intValue() == listed.length - 1;
        probabilities[listed.length - 1] = all ? 0 : 1 - sum;
        assertDistributed(listed, probabilities);
    }

    static Stream<Arguments> parameters() {
        return Stream.of(
                parameters("plain", c -> c),
                parameters("temperature 0.5", c -> c.temperature(0.5f)),
                parameters("temperature 2.5", c -> c.temperature(2.5f)),
                parameters("top-k 2", c -> c.topK(2)),
                parameters("top-k 17", c -> c.topK(17)),
                parameters("top-k above the vocabulary", c -> c.topK(1000)),
                parameters("top-p 0.3", c -> c.topP(0.3f)),
                parameters("top-p 0.95", c -> c.topP(0.95f)),
                parameters("min-p 0.05", c -> c.minP(0.05f)),
                parameters("min-p 0.2", c -> c.minP(0.2f)),
                parameters("top-k and temperature", c -> c.topK(9).temperature(1.7f)),
                parameters("top-k and top-p", c -> c.topK(12).topP(0.7f)),
                parameters("temperature and top-p", c -> c.temperature(1.5f).topP(0.8f)),
                parameters("temperature and min-p", c -> c.temperature(0.6f).minP(0.1f)),
                parameters("min-p and top-p", c -> c.minP(0.1f).topP(0.6f)),
                parameters("all", c -> c.topK(25).temperature(1.3f).minP(0.02f).topP(0.9f)));
    }

    private static Arguments parameters(String name, UnaryOperator<GenerationConfigBuilder> change) {
        return Arguments.of(
                name,
                change.apply(GenerationConfig.builder().doSample(true).seed(99)).build());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("parameters")
    void drawsByTheDefinition(String name, GenerationConfig config) {
        Random random = new Random(5);
        float[] logits = new float[60];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian();
        }
        assertDistributed(drawn(logits, config), exact(logits, config));
    }

    /** Top-k, softmax at the temperature, min-p, top-p, in doubles. */
    private static double[] exact(float[] logits, GenerationConfig config) {
        List<Integer> order = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -logits[i]))
                .limit(config.topK().orElse(logits.length))
                .toList();
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i : order) {
            weights[i] = Math.exp((logits[i] - logits[order.getFirst()]) / (double) config.temperature());
            total += weights[i];
        }
        double[] kept = new double[logits.length];
        double before = 0;
        for (int i : order) {
            double p = weights[i] / total;
            boolean likely = weights[i] >= config.minP();
            if (likely && before <= config.topP()) {
                kept[i] = p;
                before += p;
            }
        }
        double sum = Arrays.stream(kept).sum();
        return Arrays.stream(kept).map(p -> p / sum).toArray();
    }

    @Test
    void answersWithSeedsInARowAreIndependentDraws() {
        float[] logits = {0.5f, 1.5f, -0.5f, 0, 2, -1, 1, 0.25f};
        GenerationConfig config =
                GenerationConfig.builder().doSample(true).seed(7).build();
        int[] counts = new int[logits.length];
        int[] pairs = new int[logits.length * logits.length];
        for (int k = 0; k < DRAWS; k++) {
            SequenceState state = new SequenceState(config, LogitsFactories.of(config), new long[] {0}, 2);
            Sampler sampler = new Sampler(config, state, k);
            int first = sampler.next(logits.clone());
            counts[first]++;
            pairs[first * logits.length + sampler.next(logits.clone())]++;
        }
        double[] exact = exact(logits, config);
        assertDistributed(counts, exact);
        double[] products = new double[pairs.length];
        Arrays.setAll(products, i -> exact[i / exact.length] * exact[i % exact.length]);
        assertDistributed(pairs, products);
    }

    @Test
    void penaltiesShiftTheDistribution() {
        float[] logits = {1, 2, -1, 0.5f};
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .seed(3)
                .presencePenalty(1.5f)
                .frequencyPenalty(-0.5f)
                .penaltyFlavor(PenaltyFlavor.OPENAI)
                .repetitionPenalty(2)
                .build();
        int[] counts = new int[logits.length];
        for (int k = 0; k < DRAWS; k++) {
            SequenceState state = new SequenceState(config, LogitsFactories.of(config), new long[] {3}, 9);
            state.accept(1);
            state.accept(1);
            state.accept(2);
            counts[new Sampler(config, state, k).next(logits.clone())]++;
        }
        // repetition: tokens 1, 2, 3; then minus 1.5 and plus 0.5 for each occurrence, for tokens 1 and 2
        float[] shifted = {1, 2 / 2f - 1.5f + 1, -1 * 2 - 1.5f + 0.5f, 0.5f / 2};
        assertDistributed(counts, exact(shifted, GenerationConfig.builder().build()));
    }
}
