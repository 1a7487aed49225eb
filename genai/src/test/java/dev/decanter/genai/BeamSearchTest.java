package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Beam search against plain loops, on a model of random logits that knows what each row holds. */
class BeamSearchTest {
    private static final String[] WORDS = {"", "a", "b", " c", "d", "ef", "g ", "h", "i", "jk", "l", "m"};

    /** Logits that depend on all tokens before them, so that a row out of place is noticed. */
    private static final class RandomModel implements LanguageModel {
        final int vocabulary;
        final long seed;
        final List<Integer> rowsOfSteps = new ArrayList<>();
        List<List<Long>> cache = List.of();

        RandomModel(int vocabulary, long seed) {
            this.vocabulary = vocabulary;
            this.seed = seed;
        }

        float[] logits(List<Long> tokens) {
            long hash = seed;
            for (long token : tokens) {
                hash = (hash ^ token) * 0x9E3779B97F4A7C15L;
                hash ^= hash >>> 29;
            }
            Random random = new Random(hash);
            float[] logits = new float[vocabulary];
            for (int i = 0; i < vocabulary; i++) {
                logits[i] = (float) (1.5 * random.nextGaussian());
            }
            return logits;
        }

        @Override
        public int rows() {
            return length() == 0 ? 0 : cache.size();
        }

        @Override
        public int length() {
            return cache.isEmpty() ? 0 : cache.getFirst().size();
        }

        @Override
        public StepLogits step(Step step) {
            List<List<Long>> next = new ArrayList<>();
            for (int r = 0; r < step.rows(); r++) {
                List<Long> row = new ArrayList<>(length() == 0 ? List.of() : cache.get(step.parents()[r]));
                for (int i = 0; i < step.count(); i++) {
                    row.add(i < step.padding()[r] ? -1 : step.ids()[r][i]);
                }
                next.add(row);
            }
            cache = next;
            rowsOfSteps.add(next.size());
            return new StepLogits() {
                @Override
                public int rows() {
                    return next.size();
                }

                @Override
                public int positions() {
                    return step.positions();
                }

                @Override
                public int vocabulary() {
                    return vocabulary;
                }

                @Override
                public void copyTo(int row, int position, float[] target) {
                    List<Long> all = next.get(row);
                    List<Long> before = all.subList(0, all.size() - step.positions() + position + 1);
                    float[] logits =
                            logits(before.stream().filter(token -> token >= 0).toList());
                    System.arraycopy(logits, 0, target, 0, vocabulary);
                }
            };
        }

        @Override
        public int trim(int length) {
            throw new AssertionError("beam search does not go back");
        }

        @Override
        public void close() {}
    }

    /** Words of a vocabulary that needs no context. */
    private record Words() implements TextStream {
        @Override
        public String push(long id) {
            return id < WORDS.length ? WORDS[(int) id] : "";
        }

        @Override
        public String flush() {
            return "";
        }

        @Override
        public TextStream copy() {
            return this;
        }
    }

    private static List<GenerationResult> run(
            LanguageModel model, GenerationConfig config, Streamer streamer, long[]... prompts) {
        List<Integer> limits =
                Stream.of(prompts).map(_ -> config.maxNewTokens().orElseThrow()).toList();
        Decoder decoder = Decoder.of(new DecodingTask(
                model,
                Optional.empty(),
                config,
                LogitsFactories.of(config),
                List.of(prompts),
                limits,
                0,
                Words::new,
                streamer,
                new Stopwatch(),
                1));
        assertThat(decoder).isInstanceOf(BeamSearch.class);
        List<GenerationResult> results = decoder.run();
        assertThat(decoder.cached()).isEqualTo(prompts.length > 1 ? new long[0] : prompts[0]);
        return results;
    }

    private static List<GeneratedSequence> run(LanguageModel model, GenerationConfig config, long[] prompt) {
        return run(model, config, Streamer.NONE, prompt).getFirst().sequences();
    }

    private static void assertSame(List<GeneratedSequence> actual, List<PlainBeamSearch.Found> expected) {
        assertThat(actual.stream().map(GeneratedSequence::tokenIds))
                .isEqualTo(expected.stream().map(PlainBeamSearch.Found::tokens).toList());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i).score()).isCloseTo(expected.get(i).score(), within(1e-4));
        }
    }

    private static List<PlainBeamSearch.Found> plain(RandomModel model, GenerationConfig config, long... prompt) {
        Function<List<Long>, float[]> logits = model::logits;
        List<Long> ids = Arrays.stream(prompt).boxed().toList();
        return new PlainBeamSearch(config, logits, ids, config.maxNewTokens().orElseThrow()).run();
    }

    /** Anything that a configuration may say about beams. */
    private static GenerationConfig random(Random choice, int vocabulary) {
        int groups = 1 + choice.nextInt(3);
        int beams = groups * (1 + choice.nextInt(3));
        GenerationConfigBuilder config = GenerationConfig.builder()
                .numBeams(Math.max(2, beams))
                .maxNewTokens(1 + choice.nextInt(10))
                .lengthPenalty(new float[] {-1, 0, 0.5f, 1, 2}[choice.nextInt(5)])
                .stopCriteria(List.of(StopCriteria.values()).get(choice.nextInt(3)));
        if (beams > 1 && groups > 1) {
            config.numBeamGroups(groups).diversityPenalty(0.1f + choice.nextInt(3));
        }
        config.numReturnSequences(1 + choice.nextInt(Math.max(2, beams)));
        for (int i = choice.nextInt(4); i > 0; i--) {
            config.stopTokenId(choice.nextInt(vocabulary));
        }
        if (choice.nextInt(3) == 0) {
            config.noRepeatNgramSize(1 + choice.nextInt(3));
        }
        if (choice.nextInt(4) == 0) {
            config.repetitionPenalty(1.3f);
        }
        if (choice.nextInt(4) == 0) {
            config.minNewTokens(1);
        }
        return config.ignoreEos(choice.nextInt(8) == 0).build();
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 40, 200})
    void equalsPlainLoops(int vocabulary) {
        Random choice = new Random(vocabulary);
        for (int i = 0; i < 100; i++) {
            GenerationConfig config = random(choice, vocabulary);
            RandomModel model = new RandomModel(vocabulary, i);
            long[] prompt = choice.longs(1 + choice.nextInt(6), 0, Math.min(vocabulary, 6))
                    .toArray();
            assertSame(run(new RandomModel(vocabulary, i), config, prompt), plain(model, config, prompt));
        }
    }

    @Test
    void promptsOfOneCallAreWhatTheyAreAlone() {
        Random choice = new Random(5);
        for (int i = 0; i < 60; i++) {
            GenerationConfig config = random(choice, 30);
            long[][] prompts = {{1, 2, 3, 4}, {5}, {2, 2}, {1, 2, 3, 4}};
            RandomModel model = new RandomModel(30, i);
            List<GenerationResult> results = run(model, config, Streamer.NONE, prompts);
            for (int p = 0; p < prompts.length; p++) {
                assertSame(results.get(p).sequences(), plain(model, config, prompts[p]));
            }
        }
    }
}
