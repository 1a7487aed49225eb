package dev.decanter.compress.aware;

import java.util.stream.IntStream;

/**
 * What the searches of AWQ know of a layer's input x: the mean magnitude of each channel, and the sums of x·xᵀ within
 * blocks of channels. With them the squared error of outputs that weights changed by δ give is Σ δᵀ·(x·xᵀ)·δ, block by
 * block. What blocks have in common is left out: rounding errors of different groups do not know of each other, and all of
 * x·xᵀ would be as large as the Hessian of GPTQ.
 */
final class InputMoments {
    /** Channels of a block at most; within a group, so that larger groups have several. */
    private static final int LARGEST_BLOCK = 128;

    private final int channels;
    private final int blocksPerGroup;
    private final int groupLength;
    private final double[] magnitudes;
    private final float[][] sums;
    private long rows;

    InputMoments(int channels, int groupLength) {
        this.channels = channels;
        this.groupLength = groupLength;
        blocksPerGroup = Math.ceilDiv(groupLength, LARGEST_BLOCK);
        magnitudes = new double[channels];
        sums = new float[channels / groupLength * blocksPerGroup][];
        for (int block = 0; block < sums.length; block++) {
            sums[block] = new float[length(block) * length(block)];
        }
    }

    int channels() {
        return channels;
    }

    int blocks() {
        return sums.length;
    }

    /** The first block of a group; the next group's follows its last. */
    int firstBlock(int group) {
        return group * blocksPerGroup;
    }

    /** The first channel of a block. */
    int start(int block) {
        return block / blocksPerGroup * groupLength + block % blocksPerGroup * LARGEST_BLOCK;
    }

    /** How many channels a block has. */
    int length(int block) {
        return Math.min(LARGEST_BLOCK, groupLength - block % blocksPerGroup * LARGEST_BLOCK);
    }

    /** Adds {@code count} rows [count, channels]. */
    void add(float[] x, int count) {
        Products.View all = Products.View.of(x, channels);
        IntStream.range(0, sums.length).parallel().forEach(block -> {
            Products.View part = all.at(0, start(block));
            int length = length(block);
            Products.View target = Products.View.of(sums[block], length);
            Products.addHere(length, length, count, 1, part.transposed(), part, target);
        });
        for (int r = 0; r < count; r++) {
            for (int c = 0; c < channels; c++) {
                magnitudes[c] += Math.abs(x[r * channels + c]);
            }
        }
        rows += count;
    }

    /** The mean magnitude of each channel. */
    float[] magnitudes() {
        float[] means = new float[channels];
        for (int c = 0; c < channels; c++) {
            means[c] = (float) (magnitudes[c] / rows);
        }
        return means;
    }

    /**
     * Adds to {@code errors[r]} what the changes {@code difference} [count, stride] of a block's weights change of row r's
     * output: the mean square over all inputs.
     *
     * @param at where the first row's first weight of the block lies
     * @param scratch [count, {@link #length}] at least; overwritten
     */
    void addErrors(int block, float[] difference, int at, int stride, int count, float[] scratch, double[] errors) {
        int length = length(block);
        java.util.Arrays.fill(scratch, 0, count * length, 0);
        Products.addHere(
                count,
                length,
                length,
                1,
                new Products.View(difference, at, stride, 1),
                Products.View.of(sums[block], length),
                Products.View.of(scratch, length));
        for (int r = 0; r < count; r++) {
            float sum = 0;
            for (int i = 0; i < length; i++) {
                sum += scratch[r * length + i] * difference[at + r * stride + i];
            }
            errors[r] += (double) sum / rows;
        }
    }
}
