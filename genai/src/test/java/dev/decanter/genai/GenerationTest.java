package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loop, on a model that says what a test tells it to. */
class GenerationTest {
    private static final String[] VOCABULARY = {"", "Hel", "lo", " wor", "ld", "!", "ST", "OP", " end", "\uD83D\uDE00"};
    private static final long[] PROMPT = {1, 2, 3};

    private static final TextStream WORDS = new TextStream() {
        @Override
        public String push(long id) {
            return VOCABULARY[(int) id];
        }

        @Override
        public String flush() {
            return "";
        }

        @Override
        public TextStream copy() {
            return this;
        }
    };

    private final List<String> pieces = new ArrayList<>();

    private GenerationResult run(GenerationConfig config, Streamer streamer, int... script) {
        ScriptedModel model = new ScriptedModel(VOCABULARY.length, script);
        Decoder generation = decoder(model, config, streamer, PROMPT);
        GenerationResult result = generation.run().getFirst();
        assertThat(generation.cached()).hasSize(model.length());
        return result;
    }

    private static Decoder decoder(ScriptedModel model, GenerationConfig config, Streamer streamer, long[]... prompts) {
        List<Integer> limits = Arrays.stream(prompts)
                .map(prompt -> NewTokenLimit.of(prompt.length, config, OptionalInt.empty()))
                .toList();
        return Decoder.of(new DecodingTask(
                model,
                Optional.empty(),
                config,
                LogitsFactories.of(config),
                List.of(prompts),
                limits,
                0,
                () -> WORDS,
                streamer,
                new Stopwatch(),
                1));
    }

    private GenerationResult run(GenerationConfig config, int... script) {
        return run(
                config,
                text -> {
                    pieces.add(text);
                    return StreamingStatus.RUNNING;
                },
                script);
    }

    private static GenerationConfigBuilder config() {
        return GenerationConfig.builder().eosTokenId(0);
    }

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @Test
    void stopsAtTheEndToken() {
        GenerationResult result = run(config().build(), 1, 2, 0);
        assertThat(result.text()).isEqualTo("Hello");
        assertThat(result.tokenIds()).containsExactly(1L, 2L, 0L);
        assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(pieces).containsExactly("Hel", "lo", "");
        assertThat(result.metrics().numInputTokens()).isEqualTo(3);
        assertThat(result.metrics().numGeneratedTokens()).isEqualTo(3);
        assertThat(result.metrics().raw().tokenIntervals()).hasSize(2);
        assertThat(result.metrics().raw().inference()).hasSize(3);
    }

    @Test
    void goesOnWhenTheEndTokenIsIgnored() {
        GenerationResult result = run(config().ignoreEos(true).maxNewTokens(4).build(), 1, 0, 2, 0);
        assertThat(result.tokenIds()).containsExactly(1L, 0L, 2L, 0L);
        assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void maxLengthCountsThePrompt() {
        assertThat(run(config().maxLength(5).build(), 1).tokenIds()).hasSize(2);
        assertThatThrownBy(() -> run(config().maxLength(3).build(), 1))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("max_length 3");
    }

    @Test
    void findsAStopStringAcrossTokens() {
        GenerationResult result =
                run(config().stopString("STOP").maxNewTokens(9).build(), 1, 2, 6, 7, 8);
        assertThat(result.text()).isEqualTo("Hello");
        assertThat(result.tokenIds()).containsExactly(1L, 2L);
        assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(pieces).containsExactly("Hel", "lo", "", "");
    }

    @Test
    void keepsTheStopStringIfAskedTo() {
        GenerationResult result = run(
                config().stopString("lo w")
                        .includeStopString(true)
                        .maxNewTokens(9)
                        .build(),
                1,
                2,
                3,
                4);
        assertThat(result.text()).isEqualTo("Hello w");
        assertThat(result.tokenIds()).containsExactly(1L, 2L, 3L);
        assertThat(String.join("", pieces)).isEqualTo("Hello w");
    }

    @Test
    void keepsTheTokenOfWhichAPartIsLeft() {
        GenerationResult result = run(config().stopString("or").maxNewTokens(9).build(), 1, 2, 3, 4);
        assertThat(result.text()).isEqualTo("Hello w");
        assertThat(result.tokenIds()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void releasesWhatWasHeldBackInVain() {
        GenerationResult result = run(config().stopString("STOPPED").build(), 1, 6, 7, 8, 6, 0);
        assertThat(result.text()).isEqualTo("HelSTOP endST");
        assertThat(pieces).containsExactly("Hel", "", "", "STOP end", "", "", "ST");
    }

    @Test
    void streamerStopsAndCancels() {
        GenerationResult stopped = run(
                config().build(), text -> text.equals("lo") ? StreamingStatus.STOP : StreamingStatus.RUNNING, 1, 2, 3);
        assertThat(stopped.text()).isEqualTo("Hello");
        assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
        GenerationResult cancelled = run(config().build(), _ -> StreamingStatus.CANCEL, 1, 2, 3);
        assertThat(cancelled.tokenIds()).containsExactly(1L);
        assertThat(cancelled.finishReason()).isEqualTo(FinishReason.CANCEL);
    }

    @Test
    void interruptCancelsBetweenTokens() {
        GenerationResult result = run(
                config().build(),
                text -> {
                    if (text.equals("lo")) {
                        Thread.currentThread().interrupt();
                    }
                    return StreamingStatus.RUNNING;
                },
                1,
                2,
                3);
        assertThat(result.tokenIds()).containsExactly(1L, 2L);
        assertThat(result.finishReason()).isEqualTo(FinishReason.CANCEL);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void whatIsHeldBackAtACancelIsNeitherStreamedNorReturned() {
        GenerationResult result = run(
                config().stopString("STOP").build(),
                text -> {
                    pieces.add(text);
                    return pieces.size() == 2 ? StreamingStatus.CANCEL : StreamingStatus.RUNNING;
                },
                1,
                6,
                7);
        assertThat(result.text()).isEqualTo("Hel").isEqualTo(String.join("", pieces));
        assertThat(result.tokenIds()).containsExactly(1L, 6L);
    }

    @Test
    void everyRowEndsByItselfAndIsNotRunAnyMore() {
        GenerationConfig config = config().stopString("STOP").maxLength(9).build();
        int[][] scripts = {{1, 2, 0}, {1, 6, 7, 8}, {3, 4, 5, 5, 5, 5, 5, 5}, {1, 6, 8, 8, 0}};
        long[][] prompts = {{1}, {2, 3}, {4, 5, 6, 7}, {8}};
        ScriptedModel model = new ScriptedModel(VOCABULARY.length, scripts);
        Decoder decoder = decoder(model, config, Streamer.NONE, prompts);
        List<GenerationResult> results = decoder.run();
        assertThat(results.stream().map(GenerationResult::text))
                .containsExactly("Hello", "Hel", " world!!!", "HelST end end");
        assertThat(results.stream().map(GenerationResult::tokenIds))
                .containsExactly(
                        List.of(1L, 2L, 0L), List.of(1L), List.of(3L, 4L, 5L, 5L, 5L), List.of(1L, 6L, 8L, 8L, 0L));
        assertThat(results.stream().map(GenerationResult::finishReason))
                .containsExactly(FinishReason.STOP, FinishReason.STOP, FinishReason.LENGTH, FinishReason.STOP);
        assertThat(results.stream().map(result -> result.metrics().numGeneratedTokens()))
                .containsExactly(3L, 3L, 5L, 5L);
        // rows 0 and 1 end with their third token
        assertThat(model.steps).containsExactly(4, 4, 4, 2, 2);
        assertThat(decoder.cached()).isEmpty();
        for (int p = 0; p < prompts.length; p++) {
            ScriptedModel single = new ScriptedModel(VOCABULARY.length, scripts[p]);
            GenerationResult alone =
                    decoder(single, config, Streamer.NONE, prompts[p]).run().getFirst();
            assertThat(results.get(p).sequences()).isEqualTo(alone.sequences());
        }
    }

    @Test
    void anInterruptCancelsAllRows() {
        GenerationConfig config = config().logitsProcessor(() -> (_, tokens) -> {
                    if (tokens.generated() == 1 && tokens.promptLength() == 1) {
                        Thread.currentThread().interrupt();
                    }
                })
                .build();
        ScriptedModel model = new ScriptedModel(VOCABULARY.length, new int[] {1}, new int[] {2});
        List<GenerationResult> results = decoder(model, config, Streamer.NONE, new long[] {4}, new long[] {4, 5})
                .run();
        assertThat(results.stream().map(GenerationResult::finishReason))
                .containsExactly(FinishReason.CANCEL, FinishReason.CANCEL);
        assertThat(results.stream().map(result -> result.tokenIds().size())).containsExactly(2, 2);
    }

    @Test
    void refusesAnAnswerWithoutAnEnd() {
        GenerationConfig endless = GenerationConfig.builder().build();
        assertThatThrownBy(() -> NewTokenLimit.of(3, endless, OptionalInt.empty()))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("nothing would end the answer");
        assertThat(NewTokenLimit.of(3, endless, OptionalInt.of(10))).isEqualTo(7);
    }

    @Test
    void refusesWhatDoesNotFitTheContext() {
        GenerationConfig config = config().maxNewTokens(10).build();
        assertThat(NewTokenLimit.of(6, config, OptionalInt.of(16))).isEqualTo(10);
        assertThatThrownBy(() -> NewTokenLimit.of(7, config, OptionalInt.of(16)))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("context is 16 tokens")
                .hasMessageContaining("at most 9");
        assertThatThrownBy(() -> NewTokenLimit.of(16, config().build(), OptionalInt.of(16)))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("context is 16 tokens");
        assertThat(NewTokenLimit.of(6, config().build(), OptionalInt.of(16))).isEqualTo(10);
        assertThatThrownBy(() -> NewTokenLimit.of(0, config, OptionalInt.empty()))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("no tokens");
    }

    @Test
    void stopTextFindsWhateverTheCuts() {
        String text = "aab aabc xaabcy";
        for (int size = 1; size <= text.length(); size++) {
            StopText stop = new StopText(new java.util.LinkedHashSet<>(Arrays.asList("aabcy", "zz")), false);
            StringBuilder out = new StringBuilder();
            for (int at = 0; at < text.length(); at += size) {
                out.append(stop.push(text.substring(at, Math.min(text.length(), at + size))));
            }
            out.append(stop.flush());
            assertThat(out).hasToString("aab aabc x");
            assertThat(stop.found()).isTrue();
        }
    }
}
