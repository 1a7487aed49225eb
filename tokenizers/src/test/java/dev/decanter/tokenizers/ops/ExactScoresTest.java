package dev.decanter.tokenizers.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.runtime.InferenceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExactScoresTest {
    @Test
    void doublesComeBackToTheLastBit() {
        Random random = new Random(1);
        List<Double> exact =
                new ArrayList<>(List.of(0.0, -9.008880615234377, -109.14508438110352, -3.25, 1e-40, -1e30));
        for (int i = 0; i < 1000; i++) {
            exact.add(random.nextGaussian() * Math.pow(10, random.nextInt(6) - 3));
        }
        float[] rounded = new float[exact.size()];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = exact.get(i).floatValue();
        }
        assertThat(ExactScores.restore(rounded, ExactScores.differences(exact, rounded)))
                .containsExactly(exact.stream().mapToDouble(d -> d).toArray());
    }

    @Test
    void numbersThatAreF32NeedNothing() {
        assertThat(ExactScores.differences(
                        List.of(-1.5, 0.0, -3.5449328422546387), new float[] {-1.5f, 0, -3.5449328f}))
                .isEmpty();
        assertThat(ExactScores.restore(new float[] {-1.5f}, "")).containsExactly(-1.5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "1", "7:1", "-1:1", "0:x", "0:", ":1", "0:9223372036854775807"})
    void brokenDifferencesAreRefused(String text) {
        assertThatThrownBy(() -> ExactScores.restore(new float[] {-2, -3}, text))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("score_differences has \"" + text + "\"");
    }
}
