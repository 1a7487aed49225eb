package dev.decanter.cpu.kernels;

import java.util.Arrays;

/**
 * Convolution in groups of few output channels, depthwise above all, for which a product would be mostly padding: each
 * tap of a channel is added to a run of points at a time. Sums of codes are formed in f32, exactly, since they are short.
 */
public final class GroupedConvolution {
    /** Output channels of a group from which on a product is faster. */
    public static final int MOST_OUTPUTS = 7;

    private static final int POINTS = 1024;
    private static final long EXACT = 1 << 24;

    private final float[] weights;
    private final float[] factors;
    private final float[] offsets;
    private final int zero;
    private final boolean codes;

    private GroupedConvolution(float[] weights, float[] factors, float[] offsets, boolean codes, int zero) {
        this.weights = weights;
        this.factors = factors;
        this.offsets = offsets;
        this.codes = codes;
        this.zero = zero;
    }

    /** Whether sums of {@code depth} products of codes by bytes are exact here. */
    public static boolean isExact(int depth) {
        return depth * 255L * 255 <= EXACT;
    }

    /**
     * A convolution of f32 data.
     *
     * @param source all weights, [G·O, C·taps]
     * @param quantization scales and zero points by row if the weights are bytes
     * @param bias G·O values, or none
     */
    public static GroupedConvolution of(Packer.Source source, Quantization quantization, float[] bias) {
        float[] factors = new float[source.outputs()];
        float[] weights = read(source, quantization, factors);
        float[] offsets = bias.length == 0 ? new float[factors.length] : bias.clone();
        return new GroupedConvolution(weights, factors, offsets, false, 0);
    }

    /** A convolution of codes by bytes, otherwise as {@link #of(Packer.Source, Quantization, float[])}. */
    public static GroupedConvolution of(
            Packer.Source source, Quantization quantization, QuantizerLevels levels, float[] bias) {
        GroupedConvolution plain = of(source, quantization, bias);
        for (int row = 0; row < plain.factors.length; row++) {
            plain.factors[row] = (float) (plain.factors[row] * levels.scale());
        }
        return new GroupedConvolution(
                plain.weights, plain.factors, plain.offsets, true, Math.toIntExact(levels.zero()));
    }

    /** The numbers less zero points, not scaled; the scales go to {@code factors}. */
    private static float[] read(Packer.Source s, Quantization q, float[] factors) {
        boolean bytes = s.format().quantized();
        float[] weights = new float[Math.multiplyExact(s.outputs(), s.inputs())];
        for (int row = 0; row < s.outputs(); row++) {
            factors[row] = bytes ? q.scales().at(row, 0) : 1;
            float zeroPoint = bytes ? q.zeroPoints().at(row, 0) : 0;
            for (int k = 0; k < s.inputs(); k++) {
                int i = row * s.inputs() + k;
                weights[i] = Scalars.read(s.data(), s.offset(), s.format(), i) - zeroPoint;
            }
        }
        return weights;
    }

    /** Convolves {@code groups} groups. */
    public void apply(ThreadTeam team, Convolution.Operands o, int groups) {
        int points = o.window().points();
        for (int first = 0; first < points; first += POINTS) {
            int start = first;
            Convolution.Places places = Convolution.Places.of(o.window(), first, Math.min(POINTS, points - first));
            team.runRange((long) o.batch() * groups, 1, (from, end) -> {
                for (long i = from; i < end; i++) {
                    group(o, i, (int) (i % groups), places, start);
                }
            });
        }
    }

    private void group(Convolution.Operands o, long index, int group, Convolution.Places places, int first) {
        Scratch scratch = Scratch.current();
        int count = places.count();
        float[] line = scratch.floats(Scratch.A, places.size());
        float[] seen = scratch.floats(Scratch.B, count);
        float[] sums = scratch.floats(Scratch.SUM, o.outputs() * count);
        Arrays.fill(sums, 0, o.outputs() * count, 0);
        int taps = places.taps();
        int depth = o.channels() * taps;
        for (int c = 0; c < o.channels(); c++) {
            long at = (index * o.channels() + c) * o.window().plane() + places.from();
            if (codes) {
                Codes.read(o.x(), at, 1, places.size(), zero, line, 0, 1);
            } else {
                Mem.read(o.x(), at * Float.BYTES, line, 0, places.size());
            }
            for (int t = 0; t < taps; t++) {
                for (int p = 0; p < count; p++) {
                    int place = places.of()[p * taps + t];
                    seen[p] = place < 0 ? 0 : line[place - places.from()];
                }
                for (int out = 0; out < o.outputs(); out++) {
                    float weight = weights[(group * o.outputs() + out) * depth + c * taps + t];
                    int to = out * count;
                    for (int p = 0; p < count; p++) {
                        sums[to + p] += weight * seen[p];
                    }
                }
            }
        }
        for (int out = 0; out < o.outputs(); out++) {
            int row = group * o.outputs() + out;
            for (int p = 0; p < count; p++) {
                sums[out * count + p] = sums[out * count + p] * factors[row] + offsets[row];
            }
            long to = (index * o.outputs() + out) * o.window().points() + first;
            Mem.write(sums, out * count, count, o.y(), to * Float.BYTES);
        }
    }
}
