package dev.decanter.compress.aware;

import dev.decanter.compress.aware.Products.View;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The leading right singular vectors of a large matrix M, by a block Krylov method (Musco and Musco, 2015): the space
 * that a few random vectors span under powers of MᵀM, with a basis kept orthogonal, in which MᵀM is small enough to be
 * taken apart. What quantization leaves behind is noise with a flat spectrum, on which the plain power method would
 * hardly converge. Exact for matrices that the space exhausts.
 */
final class LeadingVectors {
    private static final int EXTRA = 8;
    private static final int MAX_BASIS = 480;
    private static final double TOLERANCE = 1e-4;
    private static final int CHECK_EVERY = 4;
    private static final double LEFT_OVER = 1e-4;

    private final View matrix;
    private final float[] weights;
    private final int rows;
    private final int columns;
    private final int rank;
    private final int width;
    private final int limit;

    /** Basis vectors as rows, [limit, columns]. */
    private final float[] basis;

    /** M times the basis vectors as rows, [limit, rows]. */
    private final float[] images;

    private int size;

    private LeadingVectors(View matrix, float[] weights, int rows, int columns, int rank) {
        this.matrix = matrix;
        this.weights = weights;
        this.rows = rows;
        this.columns = columns;
        this.rank = rank;
        width = rank + EXTRA;
        limit = Math.min(columns, Math.max(MAX_BASIS, 4 * width));
        basis = new float[limit * columns];
        images = new float[limit * rows];
    }

    /**
     * Of M = {@code matrix}·diag({@code weights}).
     *
     * @param matrix [rows, columns]
     * @return [rank, columns], orthonormal rows, those of the largest singular values first
     */
    static float[] of(View matrix, float[] weights, int rows, int columns, int rank) {
        return new LeadingVectors(matrix, weights, rows, columns, rank).run();
    }

    private float[] run() {
        SplittableRandom random = new SplittableRandom(1);
        float[] block = new float[width * columns];
        for (int i = 0; i < block.length; i++) {
            block[i] = (float) random.nextGaussian();
        }
        double[] before = new double[rank];
        for (int step = 1; ; step++) {
            int added = extend(block);
            boolean full = added == 0 || size == limit;
            if (full || step % CHECK_EVERY == 0) {
                SmallMatrix.Eigen eigen = SmallMatrix.eigen(moments(), size);
                if (full || converged(eigen.values(), before)) {
                    return vectors(eigen);
                }
                before = Arrays.copyOf(eigen.values(), rank);
            }
            block = powers(size - added, added);
        }
    }

    private boolean converged(double[] values, double[] before) {
        for (int i = 0; i < rank; i++) {
            if (values[i] - before[i] > TOLERANCE * values[i]) {
                return false;
            }
        }
        return true;
    }

    /** Makes a block orthogonal to the basis, adds what is new in it, and returns how many vectors that are. */
    private int extend(float[] block) {
        int count = block.length / columns;
        int start = size;
        double[] norms = new double[count];
        for (int i = 0; i < count; i++) {
            norms[i] = Math.sqrt(dot(block, i * columns, block, i * columns));
        }
        for (int pass = 0; pass < 2 && start > 0; pass++) {
            float[] shares = new float[count * start];
            View known = View.of(basis, columns);
            Products.add(count, start, columns, 1, View.of(block, columns), known.transposed(), View.of(shares, start));
            Products.add(count, columns, start, -1, View.of(shares, start), known, View.of(block, columns));
        }
        for (int i = 0; i < count && size < limit; i++) {
            for (int pass = 0; pass < 2; pass++) {
                for (int j = start; j < size; j++) {
                    double share = dot(block, i * columns, basis, j * columns);
                    for (int c = 0; c < columns; c++) {
                        block[i * columns + c] -= (float) (share * basis[j * columns + c]);
                    }
                }
            }
            double norm = Math.sqrt(dot(block, i * columns, block, i * columns));
            // What is left of a vector within the space is rounding, which would not be orthogonal to anything.
            if (norm > LEFT_OVER * norms[i]) {
                for (int c = 0; c < columns; c++) {
                    basis[size * columns + c] = (float) (block[i * columns + c] / norm);
                }
                size++;
            }
        }
        multiply(start, size - start);
        return size - start;
    }

    private double dot(float[] a, int aStart, float[] b, int bStart) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += (double) a[aStart + c] * b[bStart + c];
        }
        return sum;
    }

    /** Images of basis vectors: rows of (M·diag(weights)·basisᵀ)ᵀ. */
    private void multiply(int start, int count) {
        float[] weighted = new float[count * columns];
        for (int i = 0; i < weighted.length; i++) {
            weighted[i] = basis[start * columns + i] * weights[i % columns];
        }
        // The large matrix on the left, so that it is the one that is cut into tasks.
        float[] product = new float[rows * count];
        Products.add(rows, count, columns, 1, matrix, View.of(weighted, columns).transposed(), View.of(product, count));
        for (int i = 0; i < count; i++) {
            for (int r = 0; r < rows; r++) {
                images[(start + i) * rows + r] = product[r * count + i];
            }
        }
    }

    /** MᵀM times basis vectors, by way of their images. */
    private float[] powers(int start, int count) {
        float[] product = new float[columns * count];
        View known = new View(images, start * rows, rows, 1);
        Products.add(columns, count, rows, 1, matrix.transposed(), known.transposed(), View.of(product, count));
        float[] block = new float[count * columns];
        for (int i = 0; i < count; i++) {
            for (int c = 0; c < columns; c++) {
                block[i * columns + c] = product[c * count + i] * weights[c];
            }
        }
        return block;
    }

    /** MᵀM within the space: products of the images. */
    private double[] moments() {
        int n = size;
        double[] moments = new double[n * n];
        IntStream.range(0, n).parallel().forEach(i -> {
            for (int j = 0; j <= i; j++) {
                double sum = 0;
                for (int r = 0; r < rows; r++) {
                    sum += (double) images[i * rows + r] * images[j * rows + r];
                }
                moments[i * n + j] = sum;
            }
        });
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                moments[j * n + i] = moments[i * n + j];
            }
        }
        return moments;
    }

    private float[] vectors(SmallMatrix.Eigen eigen) {
        float[] result = new float[rank * columns];
        for (int k = 0; k < Math.min(rank, size); k++) {
            for (int i = 0; i < size; i++) {
                double share = eigen.vectors()[k][i];
                for (int c = 0; c < columns; c++) {
                    result[k * columns + c] += (float) (share * basis[i * columns + c]);
                }
            }
        }
        return result;
    }
}
