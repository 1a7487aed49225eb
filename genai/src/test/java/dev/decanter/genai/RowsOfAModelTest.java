package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.genai.lm.SharedModel;
import dev.decanter.genai.lm.Step;
import dev.decanter.genai.lm.StepLogits;
import dev.decanter.runtime.Core;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Rows that advance together give the logits that each would give alone. */
class RowsOfAModelTest {
    private static final List<long[]> PROMPTS =
            List.of(new long[] {1, 302, 341, 318, 430}, new long[] {7}, new long[] {1, 90, 12});

    static Stream<Arguments> runs() {
        return GoldenModelsTest.runs();
    }

    private static SharedModel load(String model, String device, boolean stateful) {
        return SharedModel.load(
                TestData.exported(model, stateful).resolve("openvino_model.xml"),
                List.of(),
                Core.create(),
                device,
                Map.of());
    }

    private static float[] row(StepLogits logits, int row) {
        float[] values = new float[logits.vocabulary()];
        logits.copyTo(row, 0, values);
        return values;
    }

    /** The logits of a sequence that is run alone, from an empty cache. */
    private static float[] alone(LanguageModel model, long... ids) {
        model.trim(0);
        return row(model.step(Step.one(ids)), 0);
    }

    private static long[] join(long[] first, long... more) {
        long[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void paddedRowsForkAndEndAsIfAlone(String name, String device, boolean stateful) {
        try (SharedModel shared = load(name, device, stateful);
                LanguageModel batch = shared.newLanguageModel();
                LanguageModel single = shared.newLanguageModel()) {
            StepLogits first = batch.step(Step.prompts(PROMPTS, 0));
            assertThat(batch.rows()).isEqualTo(3);
            assertThat(batch.length()).isEqualTo(5);
            for (int r = 0; r < 3; r++) {
                assertThat(row(first, r)).containsExactly(alone(single, PROMPTS.get(r)), within(1e-4f));
            }
            StepLogits next = batch.step(Step.next(new long[] {20, 21, 22, 23}, new int[] {2, 0, 2, 1}));
            long[][] sequences = {
                join(PROMPTS.get(2), 20), join(PROMPTS.get(0), 21), join(PROMPTS.get(2), 22), join(PROMPTS.get(1), 23)
            };
            for (int r = 0; r < 4; r++) {
                assertThat(row(next, r)).containsExactly(alone(single, sequences[r]), within(1e-4f));
            }
            assertThat(batch.trim(5)).isEqualTo(5);
            assertThat(batch.rows()).isEqualTo(4);
            StepLogits last = batch.step(new Step(new long[][] {{33, 34}}, new int[] {3}, new int[] {0}, 1));
            assertThat(batch.rows()).isEqualTo(1);
            assertThat(row(last, 0)).containsExactly(alone(single, join(PROMPTS.get(1), 33, 34)), within(1e-4f));
            assertThat(batch.trim(0)).isZero();
            assertThat(batch.rows()).isZero();
            assertThat(row(batch.step(Step.one(PROMPTS.get(0))), 0))
                    .containsExactly(alone(single, PROMPTS.get(0)), within(1e-4f));
        }
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("runs")
    void logitsOfSeveralPositionsAreThoseOfOneAfterTheOther(String name, String device, boolean stateful) {
        long[][] more = {{40, 41, 42}, {43, 44, 45}, {46, 47, 48}};
        try (SharedModel shared = load(name, device, stateful);
                LanguageModel together = shared.newLanguageModel();
                LanguageModel single = shared.newLanguageModel()) {
            together.step(Step.prompts(PROMPTS, 0));
            StepLogits several = together.step(new Step(more, new int[] {0, 1, 2}, new int[3], 3));
            assertThat(several.positions()).isEqualTo(3);
            for (int r = 0; r < 3; r++) {
                for (int position = 0; position < 3; position++) {
                    long[] sequence = join(PROMPTS.get(r), Arrays.copyOf(more[r], position + 1));
                    float[] values = new float[several.vocabulary()];
                    several.copyTo(r, position, values);
                    assertThat(values).containsExactly(alone(single, sequence), within(1e-4f));
                }
            }
        }
    }

    @ParameterizedTest(name = "stateful {0}")
    @org.junit.jupiter.params.provider.ValueSource(booleans = {true, false})
    void aStepThatDoesNotFitChangesNothing(boolean stateful) {
        try (SharedModel shared = load("llama-gqa", "CPU", stateful);
                LanguageModel model = shared.newLanguageModel()) {
            model.step(Step.prompts(PROMPTS, 0));
            assertThatThrownBy(() -> model.step(Step.next(new long[] {4}, new int[] {3})))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("continues row 3 of a cache of 3 rows");
            assertThatThrownBy(() -> model.step(new Step(new long[][] {{0, 4}}, new int[] {0}, new int[] {1}, 1)))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("padding behind cached tokens");
            assertThat(model.rows()).isEqualTo(3);
            assertThat(model.length()).isEqualTo(5);
        }
        assertThatThrownBy(() -> new Step(new long[][] {{1}, {1, 2}}, new int[2], new int[2], 1))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("row 1 of a step has 2 ids and row 0 has 1");
        assertThatThrownBy(() -> Step.prompts(List.of(new long[0], new long[] {1}), 0))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("at least one id must be real");
        assertThatThrownBy(() -> Step.one(5).withPositions(2)).isInstanceOf(GenerationException.class);
    }
}
