package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class LogitsProcessorTest {
    private static final long[] PROMPT = {4, 5};

    private static SequenceState state(GenerationConfig config) {
        return new SequenceState(config, LogitsFactories.of(config), PROMPT, 10);
    }

    private static GenerationConfigBuilder with(Supplier<LogitsProcessor> factory) {
        return GenerationConfig.builder().logitsProcessor(factory);
    }

    @Test
    void comesAfterThePenaltiesAndInOrder() {
        List<String> seen = new ArrayList<>();
        GenerationConfig config = with(() -> (logits, _) -> {
                    seen.add("first " + logits[4]);
                    logits[4] = 8;
                })
                .logitsProcessor(() -> (logits, _) -> seen.add("second " + logits[4]))
                .repetitionPenalty(2)
                .build();
        float[] logits = {0, 0, 0, 0, 3, 0};
        state(config).apply(logits);
        assertThat(seen).containsExactly("first 1.5", "second 8.0");
        assertThat(logits[4]).isEqualTo(8);
    }

    @Test
    void masksComeBeforeThePenaltiesAndAfterTheMinimum() {
        List<Float> seen = new ArrayList<>();
        GenerationConfig config = GenerationConfig.builder()
                .eosTokenId(0)
                .minNewTokens(1)
                .repetitionPenalty(2)
                .build();
        LogitsProcessor mask = (logits, _) -> {
            seen.add(logits[0]);
            seen.add(logits[4]);
        };
        SequenceState state = new SequenceState(config, new LogitsFactories(List.of(() -> mask), List.of()), PROMPT, 9);
        state.apply(new float[] {1, 1, 1, 1, 6, 1});
        assertThat(seen).containsExactly(Float.NEGATIVE_INFINITY, 6f);
    }

    @Test
    void seesPromptAndAnswer() {
        List<String> seen = new ArrayList<>();
        GenerationConfig config = with(() -> (_, tokens) -> seen.add(tokens.promptLength() + " " + tokens.length() + " "
                        + tokens.generated() + " " + tokens.remaining() + " " + tokens.token(tokens.length() - 1)))
                .build();
        SequenceState state = state(config);
        state.apply(new float[9]);
        state.accept(7);
        state.apply(new float[9]);
        assertThat(seen).containsExactly("2 2 0 10 5", "2 3 1 9 7");
        assertThatThrownBy(() -> state.tokens().token(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    /** Counts what it was told. */
    private static class Counting implements LogitsProcessor {
        final List<Long> told = new ArrayList<>();

        @Override
        public void process(float[] logits, TokenHistory tokens) {
            logits[0] = told.size();
        }

        @Override
        public void accepted(long token) {
            told.add(token);
        }
    }

    @Test
    void aBranchHasProcessorsInTheSameState() {
        List<Counting> made = new ArrayList<>();
        GenerationConfig config = with(() -> {
                    made.add(new Counting());
                    return made.getLast();
                })
                .build();
        SequenceState one = state(config);
        one.accept(8);
        one.accept(9);
        SequenceState other = one.fork();
        other.accept(3);
        assertThat(made).hasSize(2);
        assertThat(made.get(0).told).containsExactly(8L, 9L);
        assertThat(made.get(1).told).containsExactly(8L, 9L, 3L);
        assertThat(one.tokens().length()).isEqualTo(4);
        assertThat(other.tokens().length()).isEqualTo(5);
    }

    @Test
    void aBranchUsesTheProcessorsOwnCopy() {
        AtomicInteger made = new AtomicInteger();
        class Copying extends Counting {
            @Override
            public Optional<LogitsProcessor> copy() {
                Copying copy = new Copying();
                copy.told.addAll(told);
                return Optional.of(copy);
            }
        }
        SequenceState one = state(with(() -> {
                    made.incrementAndGet();
                    return new Copying();
                })
                .build());
        one.accept(8);
        float[] logits = new float[3];
        one.fork().apply(logits);
        assertThat(logits[0]).isEqualTo(1);
        assertThat(made).hasValue(1);
    }

    @Test
    void everyAnswerOfACallHasItsOwn() {
        List<Counting> made = new ArrayList<>();
        GenerationConfig config = with(() -> {
                    made.add(new Counting());
                    return made.getLast();
                })
                .maxNewTokens(5)
                .doSample(true)
                .numReturnSequences(2)
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            List<GenerationResult> results = pipeline.generate(new long[][] {{1, 2}, {3}}, config);
            List<List<Long>> told =
                    made.stream().map(one -> List.copyOf(one.told)).toList();
            List<List<Long>> ids = results.stream()
                    .flatMap(result -> result.sequences().stream())
                    .map(GeneratedSequence::tokenIds)
                    .toList();
            assertThat(told).containsExactlyInAnyOrderElementsOf(ids);
        }
    }

    @Test
    void forcesAnAnswer() {
        GenerationConfig config = with(() -> (logits, tokens) -> {
                    for (int i = 0; i < logits.length; i++) {
                        logits[i] = i == 300 + tokens.generated() ? 0 : Float.NEGATIVE_INFINITY;
                    }
                })
                .maxNewTokens(4)
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            assertThat(pipeline.generate(new long[] {1, 2}, config).tokenIds()).containsExactly(300L, 301L, 302L, 303L);
            assertThat(pipeline.generate(
                                    new long[] {1, 2},
                                    config.toBuilder().doSample(true).topP(0.5f).build())
                            .tokenIds())
                    .containsExactly(300L, 301L, 302L, 303L);
        }
    }

    @Test
    void refusesWhatCannotBeChosenFrom() {
        SequenceState broken =
                state(with(() -> (logits, _) -> logits[2] = Float.NaN).build());
        assertThatThrownBy(() -> broken.apply(new float[4]))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("token 2 NaN");
        SequenceState nothing = state(with(() -> (logits, _) -> java.util.Arrays.fill(logits, Float.NEGATIVE_INFINITY))
                .build());
        assertThatThrownBy(() -> nothing.apply(new float[4]))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("every token is impossible");
    }

    @Test
    void bansRepeatedSequences() {
        GenerationConfig config =
                GenerationConfig.builder().noRepeatNgramSize(2).build();
        SequenceState state = new SequenceState(config, LogitsFactories.of(config), new long[] {1, 2, 3, 1}, 9);
        float[] logits = new float[5];
        state.apply(logits);
        assertThat(logits).containsExactly(0, 0, Float.NEGATIVE_INFINITY, 0, 0);
        state.accept(4);
        state.accept(1);
        float[] later = new float[5];
        state.apply(later);
        assertThat(later).containsExactly(0, 0, Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY);
        GenerationConfig one = GenerationConfig.builder().noRepeatNgramSize(1).build();
        float[] all = new float[5];
        new SequenceState(one, LogitsFactories.of(one), new long[] {3}, 9).apply(all);
        assertThat(all).containsExactly(0, 0, 0, Float.NEGATIVE_INFINITY, 0);
    }
}
