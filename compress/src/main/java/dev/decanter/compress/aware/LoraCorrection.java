package dev.decanter.compress.aware;

import dev.decanter.compress.LoraCorrectionParameters;
import dev.decanter.compress.aware.Products.View;
import dev.decanter.compress.weights.LayerPlan.LowRank;
import dev.decanter.compress.weights.WeightConfig;
import java.util.Arrays;

/**
 * Two thin matrices whose product stands in for what quantization took from a weight: first the leading singular vectors
 * of the loss, weighted by the size of the inputs, then in turns either matrix so that the outputs on the calibration data
 * fit best. See lora_correction.py of NNCF.
 */
final class LoraCorrection {
    private final float[] loss;
    private final int rows;
    private final int columns;
    private final int rank;
    private final ActivationSummary x;
    private final boolean regularized;

    /** U, as rows: [rank, columns]. */
    private float[] u;

    /** V, as columns: [rows, rank]. */
    private float[] v;

    private LoraCorrection(float[] loss, int rows, ActivationSummary x, float[] start, int rank, boolean regularized) {
        this.loss = loss;
        this.rows = rows;
        columns = x.channels();
        this.rank = rank;
        this.x = x;
        this.regularized = regularized;
        u = start;
        v = new float[rows * rank];
    }

    /**
     * The adapters of a layer, in f32.
     *
     * @param loss the weight minus what it dequantizes to, [rows, I]
     */
    static LowRank adapters(
            float[] loss, int rows, WeightConfig config, ActivationSummary x, LoraCorrectionParameters settings) {
        int columns = x.channels();
        int rank = Math.min(settings.adapterRank(), Math.min(rows, columns));
        float[] sizes = config.groupSize() == -1 ? ones(columns) : shares(x.maxima(), config.groupLength(columns));
        float[] start = LeadingVectors.of(View.of(loss, columns), sizes, rows, columns, rank);
        LoraCorrection correction = new LoraCorrection(loss, rows, x, start, rank, settings.applyRegularization());
        double[] noise = correction.noise();
        for (int i = 0; i < settings.numIterations(); i++) {
            correction.fitV(noise);
            correction.fitU(noise);
        }
        if (settings.numIterations() == 0) {
            correction.project();
        }
        return new LowRank(rank, correction.u, correction.v);
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Sizes relative to the largest of their group; 1 where a whole group never had any input. */
    private static float[] shares(float[] sizes, int length) {
        float[] shares = sizes.clone();
        for (int start = 0; start < shares.length; start += length) {
            float largest = 0;
            for (int i = start; i < start + length; i++) {
                largest = Math.max(largest, shares[i]);
            }
            for (int i = start; i < start + length; i++) {
                shares[i] = largest > 0 ? shares[i] / largest : 1;
            }
        }
        return shares;
    }

    /** Loss of the outputs of each sample, [S, rows]. */
    private double[] noise() {
        float[] noise = new float[rows * x.samples()];
        Products.add(rows, x.samples(), columns, 1, View.of(loss, columns), x.view(), View.of(noise, x.samples()));
        double[] transposed = new double[noise.length];
        for (int r = 0; r < rows; r++) {
            for (int s = 0; s < x.samples(); s++) {
                transposed[s * rows + r] = noise[r * x.samples() + s];
            }
        }
        return transposed;
    }

    /** The loss as it is along U, for no iterations: V = lossᵀ·U. */
    private void project() {
        Products.add(
                rows,
                rank,
                columns,
                1,
                View.of(loss, columns),
                View.of(u, columns).transposed(),
                View.of(v, rank));
    }

    /** V by least squares from U·V = loss and (x·U)·V = noise, by the normal equations. */
    private void fitV(double[] noise) {
        double[] xu = inputsTimesU();
        double[] gram = new double[rank * rank];
        for (int i = 0; i < rank; i++) {
            for (int j = 0; j < rank; j++) {
                double sum = 0;
                for (int s = 0; s < x.samples(); s++) {
                    sum += xu[s * rank + i] * xu[s * rank + j];
                }
                for (int c = 0; c < columns && regularized; c++) {
                    sum += (double) u[i * columns + c] * u[j * columns + c];
                }
                gram[i * rank + j] = sum;
            }
        }
        double[] inverse = SmallMatrix.pseudoInverse(gram, rank);
        Arrays.fill(v, 0);
        if (regularized) {
            project();
        }
        double[] right = new double[rank];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < rank; k++) {
                double sum = v[r * rank + k];
                for (int s = 0; s < x.samples(); s++) {
                    sum += xu[s * rank + k] * noise[s * rows + r];
                }
                right[k] = sum;
            }
            for (int k = 0; k < rank; k++) {
                double sum = 0;
                for (int j = 0; j < rank; j++) {
                    sum += inverse[k * rank + j] * right[j];
                }
                v[r * rank + k] = (float) sum;
            }
        }
    }

    /** [S, rank]. */
    private double[] inputsTimesU() {
        double[] xu = new double[x.samples() * rank];
        for (int c = 0; c < columns; c++) {
            for (int s = 0; s < x.samples(); s++) {
                for (int k = 0; k < rank; k++) {
                    xu[s * rank + k] += (double) x.means()[c * x.samples() + s] * u[k * columns + c];
                }
            }
        }
        return xu;
    }

    /**
     * U by least squares from U = loss·V⁺ and x·U = noise·V⁺. The normal equations (1 + xᵀx)·U = B have the solution
     * B − xᵀ(1 + x·xᵀ)⁻¹x·B (Woodbury), which needs a matrix of the samples' number only.
     */
    private void fitU(double[] noise) {
        int samples = x.samples();
        float[] pseudo = pseudoInverseOfV();
        double[] target = new double[samples * rank];
        for (int s = 0; s < samples; s++) {
            for (int r = 0; r < rows; r++) {
                for (int k = 0; k < rank; k++) {
                    target[s * rank + k] += noise[s * rows + r] * pseudo[r * rank + k];
                }
            }
        }
        double[] b = new double[columns * rank];
        if (regularized) {
            float[] product = new float[columns * rank];
            View transposed = View.of(loss, columns).transposed();
            Products.add(columns, rank, rows, 1, transposed, View.of(pseudo, rank), View.of(product, rank));
            for (int i = 0; i < b.length; i++) {
                b[i] = product[i];
            }
        }
        double[] gram = gram(regularized ? 1 : 0);
        double[] inverse = SmallMatrix.pseudoInverse(gram, samples);
        // With E = target − x·b the correction is xᵀ(1 + x·xᵀ)⁻¹·E; without the regularization b is zero.
        double[] rest = target;
        for (int s = 0; s < samples; s++) {
            for (int c = 0; c < columns; c++) {
                for (int k = 0; k < rank; k++) {
                    rest[s * rank + k] -= x.means()[c * samples + s] * b[c * rank + k];
                }
            }
        }
        double[] solved = new double[samples * rank];
        for (int s = 0; s < samples; s++) {
            for (int t = 0; t < samples; t++) {
                for (int k = 0; k < rank; k++) {
                    solved[s * rank + k] += inverse[s * samples + t] * rest[t * rank + k];
                }
            }
        }
        for (int c = 0; c < columns; c++) {
            for (int k = 0; k < rank; k++) {
                double sum = b[c * rank + k];
                for (int s = 0; s < samples; s++) {
                    sum += x.means()[c * samples + s] * solved[s * rank + k];
                }
                u[k * columns + c] = (float) sum;
            }
        }
    }

    /** V⁺ = Vᵀ(V·Vᵀ)⁻¹, [rows, rank]. */
    private float[] pseudoInverseOfV() {
        double[] gram = new double[rank * rank];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < rank; i++) {
                for (int j = 0; j < rank; j++) {
                    gram[i * rank + j] += (double) v[r * rank + i] * v[r * rank + j];
                }
            }
        }
        double[] inverse = SmallMatrix.pseudoInverse(gram, rank);
        float[] pseudo = new float[rows * rank];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < rank; i++) {
                double sum = 0;
                for (int j = 0; j < rank; j++) {
                    sum += v[r * rank + j] * inverse[j * rank + i];
                }
                pseudo[r * rank + i] = (float) sum;
            }
        }
        return pseudo;
    }

    /** x·xᵀ over the samples, [S, S], plus a multiple of the identity. */
    private double[] gram(double diagonal) {
        int samples = x.samples();
        double[] gram = new double[samples * samples];
        for (int c = 0; c < columns; c++) {
            for (int s = 0; s < samples; s++) {
                double value = x.means()[c * samples + s];
                for (int t = 0; t < samples; t++) {
                    gram[s * samples + t] += value * x.means()[c * samples + t];
                }
            }
        }
        for (int s = 0; s < samples; s++) {
            gram[s * samples + s] += diagonal;
        }
        return gram;
    }
}
