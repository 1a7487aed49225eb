package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionException;
import java.util.stream.IntStream;

/**
 * The upper triangular U with H⁻¹ = Uᵀ·U of a symmetric positive definite H, which is what GPTQ walks along. H is taken
 * apart from its end as R·Rᵀ with R upper triangular, and then U = R⁻¹: a third of the work of inverting H and factoring
 * the inverse, with the same result, and in place.
 */
final class HessianFactor {
    private static final int BLOCK = 128;
    private static final int STRIP = 256;

    private final float[] h;
    private final int n;

    private HessianFactor(float[] h, int n) {
        this.h = h;
        this.n = n;
    }

    /**
     * Replaces {@code h} [n, n] by U; what is below the diagonal is left undefined.
     *
     * @throws CompressionException if {@code h} is not positive definite
     */
    static void replace(float[] h, int n) {
        HessianFactor factor = new HessianFactor(h, n);
        factor.decompose();
        factor.invert();
    }

    private void decompose() {
        for (int end = n; end > 0; ) {
            int start = (end - 1) / BLOCK * BLOCK;
            float[] transposed = diagonal(start, end);
            panel(start, end, transposed);
            int width = end - start;
            int limit = start;
            IntStream.range(0, (limit + STRIP - 1) / STRIP).parallel().forEach(strip -> {
                int row = strip * STRIP;
                int height = Math.min(STRIP, limit - row);
                Products.addHere(
                        height,
                        limit - row,
                        width,
                        -1,
                        at(row, start),
                        at(row, start).transposed(),
                        at(row, row));
            });
            end = start;
        }
    }

    private Products.View at(int row, int column) {
        return new Products.View(h, row * n + column, n, 1);
    }

    /** Takes a block on the diagonal apart, in f64; returns it transposed, [column, row] within the block. */
    private float[] diagonal(int start, int end) {
        int size = end - start;
        double[] block = new double[size * size];
        for (int i = 0; i < size; i++) {
            for (int j = i; j < size; j++) {
                block[i * size + j] = h[(start + i) * n + start + j];
            }
        }
        float[] transposed = new float[size * size];
        for (int c = size - 1; c >= 0; c--) {
            double pivot = block[c * size + c];
            if (!(pivot > 0)) {
                throw new CompressionException("the second moments of the inputs are not positive definite at channel "
                        + (start + c) + "; raise the damping of --gptq or use more calibration samples");
            }
            double root = Math.sqrt(pivot);
            for (int i = 0; i <= c; i++) {
                double value = i == c ? root : block[i * size + c] / root;
                block[i * size + c] = value;
                h[(start + i) * n + start + c] = (float) value;
                transposed[c * size + i] = (float) value;
            }
            for (int i = 0; i < c; i++) {
                double value = block[i * size + c];
                for (int k = i; k < c; k++) {
                    block[i * size + k] -= value * block[k * size + c];
                }
            }
        }
        return transposed;
    }

    /** The rows above a block on the diagonal. */
    private void panel(int start, int end, float[] transposed) {
        int size = end - start;
        IntStream.range(0, start).parallel().forEach(row -> {
            int at = row * n + start;
            for (int c = size - 1; c >= 0; c--) {
                float value = h[at + c] / transposed[c * size + c];
                h[at + c] = value;
                for (int k = 0; k < c; k++) {
                    h[at + k] -= value * transposed[c * size + k];
                }
            }
        });
    }

    private void invert() {
        float[] product = new float[n * Math.min(BLOCK, n)];
        for (int start = 0; start < n; start += BLOCK) {
            int end = Math.min(start + BLOCK, n);
            int size = end - start;
            float[] inverse = inverse(start, size);
            int first = start;
            java.util.Arrays.fill(product, 0);
            IntStream.range(0, (start + STRIP - 1) / STRIP).parallel().forEach(strip -> {
                int row = strip * STRIP;
                int height = Math.min(STRIP, first - row);
                // Rows of U begin at the diagonal; what lies left of it within the strip must not take part.
                clearBelow(row, height);
                Products.View target = new Products.View(product, row * size, size, 1);
                Products.addHere(height, size, first - row, 1, at(row, row), at(row, first), target);
            });
            IntStream.range(0, (start + STRIP - 1) / STRIP).parallel().forEach(strip -> {
                int row = strip * STRIP;
                int height = Math.min(STRIP, first - row);
                for (int r = row; r < row + height; r++) {
                    java.util.Arrays.fill(h, r * n + first, r * n + first + size, 0);
                }
                Products.View left = new Products.View(product, row * size, size, 1);
                Products.addHere(height, size, size, -1, left, Products.View.of(inverse, size), at(row, first));
            });
        }
    }

    private void clearBelow(int row, int height) {
        for (int r = row + 1; r < row + height; r++) {
            java.util.Arrays.fill(h, r * n + row, r * n + r, 0);
        }
    }

    /** Inverts a triangle on the diagonal in place, in f64, and returns it. */
    private float[] inverse(int start, int size) {
        double[] inverse = new double[size * size];
        for (int j = 0; j < size; j++) {
            inverse[j * size + j] = 1.0 / h[(start + j) * n + start + j];
            for (int i = j - 1; i >= 0; i--) {
                double sum = 0;
                for (int k = i + 1; k <= j; k++) {
                    sum += h[(start + i) * n + start + k] * inverse[k * size + j];
                }
                inverse[i * size + j] = -sum / h[(start + i) * n + start + i];
            }
        }
        float[] result = new float[size * size];
        for (int i = 0; i < size; i++) {
            for (int j = i; j < size; j++) {
                result[i * size + j] = (float) inverse[i * size + j];
                h[(start + i) * n + start + j] = result[i * size + j];
            }
        }
        return result;
    }
}
