package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.genai.lm.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Beam search against plain loops, on a model of random logits that knows what each row holds. */
class BeamSearchTest {
    private static final String[] WORDS = {"", "a", "b", " c", "d", "ef", "g ", "h", "i", "jk", "l", "m"};

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

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
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
        int kept = prompts.length > 1 ? 0 : Math.min(prompts[0].length, model.length());
        assertThat(decoder.cached()).isEqualTo(Arrays.copyOf(prompts[0], kept));
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
        Predicate<List<Long>> stops = tokens ->
                config.stopStrings().stream().anyMatch(stop -> text(tokens).contains(stop));
        List<Long> ids = Arrays.stream(prompt).boxed().toList();
        int limit = config.maxNewTokens().orElseThrow();
        return new PlainBeamSearch(config, model::logits, stops, ids, limit).run();
    }

    private static String text(List<Long> tokens) {
        return tokens.stream().map(token -> new Words().push(token)).collect(Collectors.joining());
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

    @Test
    void stopStringsEndBeamsAcrossTokens() {
        int stopped = 0;
        for (int i = 0; i < 150; i++) {
            GenerationConfig config = GenerationConfig.builder()
                    .numBeams(4)
                    .numReturnSequences(3)
                    .maxNewTokens(9)
                    .stopString("b c")
                    .stopString("ij")
                    .includeStopString(i % 2 == 0)
                    .build();
            RandomModel model = new RandomModel(WORDS.length, i);
            List<GeneratedSequence> found = run(model, config, new long[] {1});
            List<PlainBeamSearch.Found> expected = plain(model, config, 1);
            assertThat(found).hasSameSizeAs(expected);
            for (int s = 0; s < found.size(); s++) {
                GeneratedSequence sequence = found.get(s);
                String all = text(expected.get(s).tokens());
                int end = Stream.of("b c", "ij")
                        .mapToInt(all::indexOf)
                        .filter(at -> at >= 0)
                        .min()
                        .orElse(all.length());
                boolean stop = end < all.length();
                int kept = !stop || !config.includeStopString() ? end : end + (all.startsWith("ij", end) ? 2 : 3);
                assertThat(sequence.text()).isEqualTo(all.substring(0, kept));
                assertThat(sequence.score()).isCloseTo(expected.get(s).score(), within(1e-4));
                assertThat(sequence.finishReason()).isEqualTo(stop ? FinishReason.STOP : FinishReason.LENGTH);
                stopped += stop ? 1 : 0;
            }
        }
        assertThat(stopped).isGreaterThan(20);
    }

    @Test
    void beamsForkFromOneRowAndEndedGroupsAreNotRun() {
        GenerationConfig config = GenerationConfig.builder()
                .numBeams(6)
                .numBeamGroups(3)
                .diversityPenalty(1)
                .maxNewTokens(4)
                .build();
        RandomModel model = new RandomModel(50, 3);
        run(model, config, new long[] {1, 2});
        assertThat(model.rowsOfSteps).containsExactly(1, 6, 6, 6);

        GenerationConfig early = config.toBuilder()
                .maxNewTokens(12)
                .stopTokenIds(LongStream.range(0, 25).boxed().toList())
                .stopCriteria(StopCriteria.EARLY)
                .build();
        RandomModel ending = new RandomModel(50, 4);
        run(ending, early, new long[] {1, 2});
        assertThat(ending.rowsOfSteps.getLast()).isLessThan(6);
        assertThat(ending.rowsOfSteps).hasSizeLessThan(12);
    }

    @Test
    void tellsLogprobsTextPromptAndLogits() {
        GenerationConfig config = GenerationConfig.builder()
                .numBeams(3)
                .maxNewTokens(5)
                .lengthPenalty(0)
                .logprobs(1)
                .keepPromptLogits(true)
                .build();
        RandomModel model = new RandomModel(12, 8);
        List<String> streamed = new ArrayList<>();
        Streamer streamer = piece -> {
            streamed.add(piece);
            return StreamingStatus.RUNNING;
        };
        GenerationResult result =
                run(model, config, streamer, new long[] {1, 2}).getFirst();
        GeneratedSequence best = result.best();
        assertThat(streamed).containsExactly(best.text());
        assertThat(best.text()).isEqualTo(text(best.tokenIds()));
        assertThat(best.logprobs()).hasSize(5);
        assertThat(best.logprobs().stream().mapToDouble(Float::doubleValue).sum())
                .isCloseTo(best.score(), within(1e-5));
        assertThat(result.promptLogits().orElseThrow()).isEqualTo(model.logits(List.of(1L, 2L)));
        assertThat(result.metrics().numGeneratedTokens()).isEqualTo(5);

        GenerationConfig penalized = config.toBuilder().repetitionPenalty(1.5f).build();
        int differ = 0;
        for (int seed = 0; seed < 20; seed++) {
            GeneratedSequence other =
                    run(new RandomModel(12, seed), penalized, new long[] {1, 2}).getFirst();
            double own =
                    other.logprobs().stream().mapToDouble(Float::doubleValue).sum();
            assertThat(own).as("by the model's own logits").isGreaterThan(other.score() - 1e-5);
            differ += own > other.score() + 1e-3 ? 1 : 0;
        }
        assertThat(differ).isPositive();
    }

    @Test
    void echoPutsThePromptFirst() {
        GenerationConfig config = GenerationConfig.builder()
                .numBeams(2)
                .numReturnSequences(2)
                .maxNewTokens(3)
                .echo(true)
                .build();
        RandomModel model = new RandomModel(12, 9);
        List<PlainBeamSearch.Found> expected = plain(model, config, 5, 6);
        List<GeneratedSequence> found = run(model, config, new long[] {5, 6});
        for (int i = 0; i < 2; i++) {
            List<Long> ids = new ArrayList<>(List.of(5L, 6L));
            ids.addAll(expected.get(i).tokens());
            assertThat(found.get(i).tokenIds()).isEqualTo(ids);
            assertThat(found.get(i).text()).isEqualTo(text(ids));
        }
    }

    @Test
    void whatRanWhenInterruptedIsTheAnswer() {
        GenerationConfig config =
                GenerationConfig.builder().numBeams(3).maxNewTokens(50).build();
        RandomModel model = new RandomModel(12, 10);
        model.interruptAtStep = 4;
        List<String> streamed = new ArrayList<>();
        Streamer streamer = piece -> {
            streamed.add(piece);
            return StreamingStatus.RUNNING;
        };
        GeneratedSequence best =
                run(model, config, streamer, new long[] {1}).getFirst().best();
        assertThat(best.finishReason()).isEqualTo(FinishReason.CANCEL);
        assertThat(best.tokenIds()).hasSize(4);
        assertThat(streamed).isEmpty();
        assertThat(Thread.interrupted()).isTrue();

        Thread.currentThread().interrupt();
        RandomModel idle = new RandomModel(12, 10);
        assertThat(run(idle, config, new long[] {1}).getFirst().tokenIds()).isEmpty();
        assertThat(idle.rowsOfSteps).isEmpty();
    }

    @Test
    void deadEndsAreToldAndFewerAnswersGiven() {
        GenerationConfig config = GenerationConfig.builder()
                .numBeams(3)
                .numReturnSequences(3)
                .maxNewTokens(10)
                .noRepeatNgramSize(1)
                .build();
        assertThatThrownBy(() -> run(new RandomModel(5, 1), config, new long[] {0, 1}))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("no_repeat_ngram_size");
        GenerationConfig ending = config.toBuilder().stopTokenId(4).build();
        assertThat(run(new RandomModel(5, 1), ending, new long[] {0, 1}))
                .isNotEmpty()
                .allMatch(sequence -> sequence.tokenIds().getLast() == 4);
    }

    @Test
    void aLogitThatIsNoNumberIsAnError() {
        RandomModel model = new RandomModel(12, 10);
        model.broken = true;
        GenerationConfig config =
                GenerationConfig.builder().numBeams(3).maxNewTokens(5).build();
        assertThatThrownBy(() -> run(model, config, new long[] {1}))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("not a finite number");
    }
}
