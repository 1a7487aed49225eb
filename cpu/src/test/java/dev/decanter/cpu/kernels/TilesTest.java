package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The vector tiles against their plain-loop twins. */
class TilesTest {
    private static final float CLOSE = 2e-5f;

    @Test
    void gemvEqualsItsTwin() {
        Random random = new Random(1);
        for (int n = 4; n <= 64; n += 4) {
            float[] strip = Data.normal(random, n * PackedWeights.PANEL);
            float[] x = Data.normal(random, n + 3);
            float[] got = Data.normal(random, PackedWeights.PANEL);
            float[] expected = got.clone();
            Tiles.gemv(strip, n, x, 3, got, 0);
            ScalarTiles.gemv(strip, n, x, 3, expected, 0);
            assertThat(got).containsExactly(expected, within(CLOSE));
        }
    }

    @Test
    void multiplyEqualsItsTwinForEveryRowCount() {
        Random random = new Random(2);
        int cStep = PackedWeights.PANEL + 5;
        for (int rows = 1; rows <= Tiles.ROWS; rows++) {
            for (int n : new int[] {1, 2, 3, 7, 16, 33}) {
                float[] a = Data.normal(random, 2 + n * Tiles.ROWS);
                float[] b = Data.normal(random, 1 + n * 40);
                float[] got = Data.normal(random, 3 + Tiles.ROWS * cStep);
                float[] expected = got.clone();
                Tiles.multiply(a, 2, b, 1, 40, n, rows, got, 3, cStep);
                ScalarTiles.multiply(a, 2, Tiles.ROWS, b, 1, 40, n, rows, expected, 3, cStep);
                for (int m = 0; m < rows; m++) {
                    for (int j = 0; j < PackedWeights.PANEL; j++) {
                        int i = 3 + m * cStep + j;
                        assertThat(got[i]).isCloseTo(expected[i], within(CLOSE));
                    }
                }
                assertThat(got[2]).isEqualTo(expected[2]);
            }
        }
    }

    @Test
    void rescaleEqualsItsTwin() {
        Random random = new Random(3);
        float[] scale = Data.normal(random, PackedWeights.PANEL);
        float[] zero = Data.normal(random, PackedWeights.PANEL);
        float[] got = Data.normal(random, 5 * PackedWeights.PANEL);
        float[] expected = got.clone();
        Tiles.rescale(got, PackedWeights.PANEL, 3, scale, zero);
        ScalarTiles.rescale(expected, PackedWeights.PANEL, 3, scale, zero);
        assertThat(got).containsExactly(expected);
    }
}
