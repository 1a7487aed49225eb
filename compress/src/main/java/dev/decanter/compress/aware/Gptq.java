package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.GptqParameters;
import dev.decanter.compress.ScaleEstimationParameters;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.WeightConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * GPTQ: columns are quantized one after the other, and what each loses is made up for by those that are left, along the
 * inverse of the second moments of the inputs. See gptq.py of NNCF, whose order of columns is that of the file.
 */
final class Gptq {
    /** NNCF estimates scales within GPTQ with these, whatever is set for scale estimation by itself. */
    static final ScaleEstimationParameters ESTIMATION = new ScaleEstimationParameters(32, 5, 10, -1);

    private static final int TILE_ROWS = 64;

    /**
     * What becomes of a weight.
     *
     * @param parameters scales and zero points
     * @param codes as {@link GroupQuantizer#codes} gives them
     */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Result(GroupParameters parameters, byte[] codes) {
        /** Of stacked experts, one after the other. */
        static Result stacked(List<Result> parts) {
            if (parts.size() == 1) {
                return parts.getFirst();
            }
            int size = parts.getFirst().codes.length;
            byte[] codes = new byte[parts.size() * size];
            for (int i = 0; i < parts.size(); i++) {
                System.arraycopy(parts.get(i).codes, 0, codes, i * size, size);
            }
            return new Result(
                    DataAwareStages.stacked(
                            parts.stream().map(Result::parameters).toList()),
                    codes);
        }
    }

    private final float[] w;
    private final int rows;
    private final int columns;
    private final int length;
    private final int groups;
    private final Levels levels;
    private final float[] factor;
    private final int block;
    private final float[] scales;
    private final float[] zeroPoints;
    private final Optional<ActivationSummary> estimateFrom;
    private final ScaleEstimation estimation;

    private Gptq(
            float[] w,
            int rows,
            int columns,
            WeightConfig config,
            float[] factor,
            Optional<ActivationSummary> estimateFrom,
            int block) {
        this.w = w;
        this.rows = rows;
        this.columns = columns;
        this.factor = factor;
        this.block = block;
        this.estimateFrom = estimateFrom;
        length = config.groupLength(columns);
        groups = config.groups(columns);
        levels = new Levels(config.mode());
        scales = new float[rows * groups];
        zeroPoints = new float[rows * groups];
        estimation = new ScaleEstimation(config, ESTIMATION);
    }

    /**
     * What several layers with the same input share.
     *
     * @param upper U of {@link HessianFactor}
     * @param dead which channels never have any input
     */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    record Moments(float[] upper, boolean[] dead) {
        /**
         * Of a Hessian [columns, columns], symmetric, 2·x·xᵀ averaged over the samples; overwritten.
         *
         * @throws CompressionException if it is not positive definite in spite of the damping
         */
        static Moments of(float[] hessian, int columns, GptqParameters settings) {
            boolean[] dead = new boolean[columns];
            double sum = 0;
            for (int i = 0; i < columns; i++) {
                int at = i * columns + i;
                dead[i] = hessian[at] == 0;
                if (dead[i]) {
                    hessian[at] = 1;
                }
                sum += hessian[at];
            }
            float damping = (float) (settings.dampPercent() * sum / columns);
            for (int i = 0; i < columns; i++) {
                hessian[i * columns + i] += damping;
            }
            HessianFactor.replace(hessian, columns);
            return new Moments(hessian, dead);
        }
    }

    /**
     * Quantizes a weight; what dequantizes to the outcome replaces {@code w}.
     *
     * @param w [rows, columns], overwritten
     * @param estimateFrom the layer's inputs, to estimate the scales of 4-bit integers from instead of the groups' extremes
     */
    static Result quantize(
            float[] w,
            int rows,
            int columns,
            WeightConfig config,
            Moments moments,
            Optional<ActivationSummary> estimateFrom,
            GptqParameters settings) {
        for (int i = 0; i < rows * columns; i++) {
            if (moments.dead[i % columns]) {
                w[i] = 0;
            }
        }
        boolean integers = config.mode().isInteger() && config.mode().bits() == 4;
        Gptq gptq = new Gptq(
                w,
                rows,
                columns,
                config,
                moments.upper,
                integers ? estimateFrom : Optional.empty(),
                settings.blockSize());
        gptq.run();
        int[] zeros = new int[config.mode().hasZeroPoint() ? gptq.zeroPoints.length : 0];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (int) gptq.zeroPoints[i];
        }
        GroupParameters parameters = new GroupParameters(rows, gptq.groups, gptq.scales, zeros);
        return new Result(parameters, GroupQuantizer.codes(w, rows, columns, config, parameters));
    }

    private void run() {
        float[] errors = new float[rows * Math.min(block, columns)];
        int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
        for (int start = 0; start < columns; start += block) {
            int first = start;
            int count = Math.min(block, columns - start);
            IntStream.range(0, tiles).parallel().forEach(tile -> {
                int row = tile * TILE_ROWS;
                int height = Math.min(TILE_ROWS, rows - row);
                parameters(row, height, first, count);
                float[] work = new float[count];
                for (int r = row; r < row + height; r++) {
                    walk(r, first, count, work, errors);
                }
            });
            int next = start + count;
            if (next < columns) {
                Products.add(
                        rows,
                        columns - next,
                        count,
                        -1,
                        Products.View.of(errors, count),
                        new Products.View(factor, start * columns + next, columns, 1),
                        new Products.View(w, next, columns, 1));
            }
        }
    }

    /** Scales of the groups that begin in a block, from weights that only earlier blocks have changed. */
    private void parameters(int row, int height, int start, int count) {
        int begin = (start + length - 1) / length;
        for (int group = begin; group * length < start + count; group++) {
            int channel = group * length;
            if (estimateFrom.isPresent()) {
                ScaleEstimation.Group result = estimation.group(
                        w, row * columns + channel, columns, height, estimateFrom.get(), channel, length);
                for (int r = 0; r < height; r++) {
                    scales[(row + r) * groups + group] = result.best[r];
                    zeroPoints[(row + r) * groups + group] = result.zeroPoints[r];
                }
            } else {
                for (int r = row; r < row + height; r++) {
                    levels.parameters(w, r * columns + channel, length, scales, zeroPoints, r * groups + group);
                }
            }
        }
    }

    /** Quantizes a row's columns within a block and hands the errors on to the columns behind them in the block. */
    private void walk(int row, int start, int count, float[] work, float[] errors) {
        System.arraycopy(w, row * columns + start, work, 0, count);
        for (int i = 0; i < count; i++) {
            int column = start + i;
            int diagonal = column * columns + column;
            int group = row * groups + column / length;
            float quantized = levels.of(work[i], scales[group], zeroPoints[group]) * scales[group];
            float error = (work[i] - quantized) / factor[diagonal];
            for (int j = i + 1; j < count; j++) {
                work[j] -= error * factor[diagonal + j - i];
            }
            work[i] = quantized;
            errors[row * count + i] = error;
        }
        System.arraycopy(work, 0, w, row * columns + start, count);
    }

    /** The Hessian of inputs: twice the mean over the samples of x·xᵀ; for callers that have inputs, not moments. */
    static float[] hessian(float[] x, int tokens, int channels, int samples) {
        float[] hessian = new float[channels * channels];
        Products.View inputs = Products.View.of(x, channels);
        Products.add(
                channels,
                channels,
                tokens,
                2f / samples,
                inputs.transposed(),
                inputs,
                Products.View.of(hessian, channels));
        return hessian;
    }
}
