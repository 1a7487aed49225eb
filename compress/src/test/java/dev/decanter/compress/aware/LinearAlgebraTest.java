package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.aware.Products.View;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinearAlgebraTest {
    static List<Tile> tiles() {
        return List.of(new ScalarTile(), new VectorTile());
    }

    @ParameterizedTest
    @MethodSource("tiles")
    void tilesAddProducts(Tile tile) {
        int depth = 37;
        int rows = tile.rows();
        int columns = tile.columns();
        float[] a = new Golden.Numbers(1).normal(3 + depth * rows);
        float[] b = new Golden.Numbers(2).normal(5 + depth * columns);
        int stride = columns + 3;
        float[] c = new Golden.Numbers(3).normal(7 + rows * stride);
        float[] before = c.clone();
        tile.add(depth, a, 3, b, 5, c, 7, stride);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < stride; j++) {
                double sum = before[7 + i * stride + j];
                for (int p = 0; p < depth && j < columns; p++) {
                    sum += (double) a[3 + p * rows + i] * b[5 + p * columns + j];
                }
                assertThat(c[7 + i * stride + j]).isCloseTo((float) sum, within(1e-5f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 97, 300})
    void productsOfTransposedAndShiftedMatrices(int n) {
        int m = n / 2 + 1;
        int k = 2 * n + 1;
        float[] a = new Golden.Numbers(1).normal(m * k);
        float[] b = new Golden.Numbers(2).normal(n * k);
        float[] c = new float[(m + 1) * (n + 2)];
        View target = View.of(c, n + 2).at(1, 2);
        // A is given as its transpose [k, m], B as [n, k].
        Products.add(m, n, k, -0.5f, View.of(a, m).transposed(), View.of(b, k).transposed(), target);
        for (int i = 0; i < m; i += 7) {
            for (int j = 0; j < n; j += 5) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum -= 0.5 * a[p * m + i] * b[j * k + p];
                }
                assertThat(c[(i + 1) * (n + 2) + j + 2]).isCloseTo((float) sum, within(1e-4f));
            }
        }
        assertThat(c[0]).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 128, 129, 400})
    void factorOfTheInverse(int n) {
        float[] h = positiveDefinite(n);
        float[] u = h.clone();
        HessianFactor.replace(u, n);
        // H⁻¹ = Uᵀ·U, so U·H·Uᵀ = 1.
        float[] upper = new float[n * n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(u, i * n + i, upper, i * n + i, n - i);
        }
        float[] product = new float[n * n];
        Products.add(n, n, n, 1, View.of(upper, n), View.of(h, n), View.of(product, n));
        float[] one = new float[n * n];
        Products.add(n, n, n, 1, View.of(product, n), View.of(upper, n).transposed(), View.of(one, n));
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                assertThat(one[i * n + j]).isCloseTo(i == j ? 1 : 0, within(1e-4f));
            }
        }
    }

    private static float[] positiveDefinite(int n) {
        float[] x = new Golden.Numbers(4).normal(2 * n * n);
        float[] h = new float[n * n];
        Products.add(n, n, 2 * n, 1, View.of(x, n).transposed(), View.of(x, n), View.of(h, n));
        for (int i = 0; i < n; i++) {
            h[i * n + i] += 0.1f;
        }
        return h;
    }

    @Test
    void whatIsNotPositiveDefiniteIsRefused() {
        float[] h = positiveDefinite(200);
        h[150 * 200 + 150] = -1;
        assertThatThrownBy(() -> HessianFactor.replace(h, 200))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("not positive definite at channel 1")
                .hasMessageContaining("--gptq");
    }

    @Test
    void leadingVectorsOfALargerMatrix() {
        // Noise with a flat spectrum, as quantization leaves it, against the exact eigenvalues of M·Mᵀ.
        int rows = 150;
        int columns = 700;
        int rank = 4;
        float[] m = new Golden.Numbers(6).normal(rows * columns);
        float[] weights = new float[columns];
        for (int c = 0; c < columns; c++) {
            weights[c] = 1 + c % 3;
        }
        double[] gram = new double[rows * rows];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < rows; j++) {
                for (int c = 0; c < columns; c++) {
                    gram[i * rows + j] += (double) m[i * columns + c] * m[j * columns + c] * weights[c] * weights[c];
                }
            }
        }
        double[] exact = SmallMatrix.eigen(gram, rows).values();
        float[] found = LeadingVectors.of(View.of(m, columns), weights, rows, columns, rank);
        for (int k = 0; k < rank; k++) {
            double square = 0;
            for (int r = 0; r < rows; r++) {
                double sum = 0;
                for (int c = 0; c < columns; c++) {
                    sum += m[r * columns + c] * weights[c] * found[k * columns + c];
                }
                square += sum * sum;
            }
            assertThat(square).isCloseTo(exact[k], within(1e-3 * exact[k]));
        }
    }
}
