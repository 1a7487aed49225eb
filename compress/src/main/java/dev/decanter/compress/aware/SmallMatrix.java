package dev.decanter.compress.aware;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Symmetric matrices of a few hundred rows, in f64: eigenvalues by Householder's reduction to a tridiagonal matrix and the
 * QL algorithm with implicit shifts (Golub and Van Loan, "Matrix Computations", 8.3), and what follows from them.
 */
final class SmallMatrix {
    private static final int MAX_STEPS = 100;
    private static final double PRECISION = 0x1p-52;

    private final int n;

    /** Rows of the transposed matrix of eigenvectors while it is built, so that inner loops run along rows. */
    private final double[][] q;

    private final double[] diagonal;
    private final double[] off;

    private SmallMatrix(double[] a, int n) {
        this.n = n;
        q = new double[n][n];
        for (int i = 0; i < n; i++) {
            q[i][i] = 1;
        }
        diagonal = new double[n];
        off = new double[n];
        tridiagonal(a);
        iterate();
    }

    /**
     * What a symmetric matrix is made of.
     *
     * @param values eigenvalues, largest first
     * @param vectors the eigenvectors in the order of the values
     */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Eigen(double[] values, double[][] vectors) {}

    /** Takes {@code a} [n, n] apart; {@code a} is overwritten. */
    static Eigen eigen(double[] a, int n) {
        SmallMatrix matrix = new SmallMatrix(a, n);
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -matrix.diagonal[i]))
                .mapToInt(i -> i)
                .toArray();
        double[] values =
                Arrays.stream(order).mapToDouble(i -> matrix.diagonal[i]).toArray();
        double[][] vectors = Arrays.stream(order).mapToObj(i -> matrix.q[i]).toArray(double[][]::new);
        return new Eigen(values, vectors);
    }

    /** The pseudo-inverse of a symmetric, positive semidefinite {@code a} [n, n], which is overwritten. */
    static double[] pseudoInverse(double[] a, int n) {
        Eigen eigen = eigen(a, n);
        double least = 1e-12 * Math.max(eigen.values[0], 0);
        double[] inverse = new double[n * n];
        for (int k = 0; k < n && eigen.values[k] > least; k++) {
            double[] vector = eigen.vectors[k];
            for (int i = 0; i < n; i++) {
                double factor = vector[i] / eigen.values[k];
                for (int j = 0; j < n; j++) {
                    inverse[i * n + j] += factor * vector[j];
                }
            }
        }
        return inverse;
    }

    /** Reflects columns below the first off-diagonal away, one after the other; the reflections gather in {@link #q}. */
    private void tridiagonal(double[] a) {
        double[] v = new double[n];
        double[] p = new double[n];
        for (int k = 0; k < n - 2; k++) {
            double norm = 0;
            for (int i = k + 1; i < n; i++) {
                norm += a[k * n + i] * a[k * n + i];
            }
            norm = Math.sqrt(norm);
            if (norm == 0) {
                continue;
            }
            double alpha = -Math.copySign(norm, a[k * n + k + 1]);
            System.arraycopy(a, k * n + k + 1, v, k + 1, n - k - 1);
            v[k + 1] -= alpha;
            double square = norm * norm - alpha * a[k * n + k + 1];
            if (square == 0) {
                continue;
            }
            reflect(a, v, p, k, 1 / square);
            // Rows of the transposed Q: H_k from the left.
            Arrays.fill(p, 0);
            for (int i = k + 1; i < n; i++) {
                addTo(p, q[i], v[i] / square);
            }
            for (int i = k + 1; i < n; i++) {
                addTo(q[i], p, -v[i]);
            }
            a[k * n + k + 1] = alpha;
            a[(k + 1) * n + k] = alpha;
        }
        for (int i = 0; i < n; i++) {
            diagonal[i] = a[i * n + i];
            off[i] = i + 1 < n ? a[i * n + i + 1] : 0;
        }
    }

    /** A − v·wᵀ − w·vᵀ on the rows and columns after {@code k}. */
    private void reflect(double[] a, double[] v, double[] p, int k, double factor) {
        double share = 0;
        for (int i = k + 1; i < n; i++) {
            double sum = 0;
            for (int j = k + 1; j < n; j++) {
                sum += a[i * n + j] * v[j];
            }
            p[i] = sum * factor;
            share += v[i] * p[i];
        }
        share *= factor / 2;
        for (int i = k + 1; i < n; i++) {
            p[i] -= share * v[i];
        }
        for (int i = k + 1; i < n; i++) {
            for (int j = k + 1; j < n; j++) {
                a[i * n + j] -= v[i] * p[j] + p[i] * v[j];
            }
        }
    }

    private void addTo(double[] target, double[] source, double factor) {
        for (int j = 0; j < n; j++) {
            target[j] += factor * source[j];
        }
    }

    private void iterate() {
        for (int l = 0; l < n; l++) {
            for (int step = 0; ; step++) {
                int m = l;
                while (m < n - 1
                        && Math.abs(off[m]) > PRECISION * (Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]))) {
                    m++;
                }
                if (m == l) {
                    break;
                }
                if (step == MAX_STEPS) {
                    throw new IllegalStateException("eigenvalue " + l + " of " + n + " did not converge");
                }
                chase(l, m);
            }
        }
    }

    /** One QL step with Wilkinson's shift on rows {@code l} to {@code m}. */
    private void chase(int l, int m) {
        double g = (diagonal[l + 1] - diagonal[l]) / (2 * off[l]);
        g = diagonal[m] - diagonal[l] + off[l] / (g + Math.copySign(Math.hypot(g, 1), g));
        double s = 1;
        double c = 1;
        double p = 0;
        for (int i = m - 1; i >= l; i--) {
            double f = s * off[i];
            double b = c * off[i];
            double r = Math.hypot(f, g);
            off[i + 1] = r;
            if (r == 0) {
                diagonal[i + 1] -= p;
                off[m] = 0;
                return;
            }
            s = f / r;
            c = g / r;
            g = diagonal[i + 1] - p;
            r = (diagonal[i] - g) * s + 2 * c * b;
            p = s * r;
            diagonal[i + 1] = g + p;
            g = c * r - b;
            double[] upper = q[i];
            double[] lower = q[i + 1];
            for (int k = 0; k < n; k++) {
                double value = lower[k];
                lower[k] = s * upper[k] + c * value;
                upper[k] = c * upper[k] - s * value;
            }
        }
        diagonal[l] -= p;
        off[l] = g;
        off[m] = 0;
    }
}
