package dev.decanter.runtime.reference;

import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.BitSet;
import java.util.List;

/**
 * Products and norms; attention is in {@link AttentionOps}, convolutions in {@link ConvolutionOps}, quantization in
 * {@link FakeOps}.
 */
final class NeuralOps {
    private NeuralOps() {}

    static List<Tensor> evaluate(NeuralOp op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.getFirst();
        return List.of(
                switch (op) {
                    case NeuralOp.MatMul product -> MatMulOps.matMul(product, inputs, allocator);
                    case NeuralOp.Softmax softmax -> softmax(softmax.axis(), false, data, allocator);
                    case NeuralOp.SoftmaxV1 softmax -> softmax(softmax.axis(), false, data, allocator);
                    case NeuralOp.LogSoftmax softmax -> softmax(softmax.axis(), true, data, allocator);
                    case NeuralOp.Mvn mvn -> mvn(mvn, inputs, allocator);
                    case NeuralOp.ScaledDotProductAttention attention ->
                        AttentionOps.attention(attention, inputs, allocator);
                    case NeuralOp.Convolution c ->
                        ConvolutionOps.convolution(
                                new ConvolutionOps.Window(
                                        c.strides(), c.padsBegin(), c.padsEnd(), c.dilations(), c.autoPad()),
                                false,
                                inputs,
                                allocator);
                    case NeuralOp.GroupConvolution c ->
                        ConvolutionOps.convolution(
                                new ConvolutionOps.Window(
                                        c.strides(), c.padsBegin(), c.padsEnd(), c.dilations(), c.autoPad()),
                                true,
                                inputs,
                                allocator);
                    case NeuralOp.FakeQuantize quantize -> FakeOps.quantize(quantize, inputs, allocator);
                    case NeuralOp.FakeConvert convert -> FakeOps.convert(convert, inputs, allocator);
                });
    }

    /** A lane of nothing but −∞ gives NaN, as the formula does. */
    private static Tensor softmax(long namedAxis, boolean logarithm, Tensor data, Allocator allocator) {
        Values.isFloat(data, "the input");
        Shape shape = data.shape();
        int axis = Values.axis(namedAxis, shape.rank());
        Tensor out = allocator.allocate(data.elementType(), shape);
        Elements from = Elements.of(data);
        Elements to = Elements.of(out);
        long size = shape.dim(axis);
        long inner = shape.elements(axis + 1, shape.rank());
        long outer = shape.elements(0, axis);
        double[] lane = new double[Math.toIntExact(size)];
        for (long l = 0; l < outer * inner; l++) {
            long start = l / inner * size * inner + l % inner;
            double max = Double.NEGATIVE_INFINITY;
            from.read(start, inner, lane, lane.length);
            for (double x : lane) {
                max = Math.max(max, x);
            }
            double sum = 0;
            for (double x : lane) {
                sum += Math.exp(x - max);
            }
            for (int i = 0; i < lane.length; i++) {
                double centred = lane[i] - max;
                to.putDouble(start + i * inner, logarithm ? centred - Math.log(sum) : Math.exp(centred) / sum);
            }
        }
        return out;
    }

    private static Tensor mvn(NeuralOp.Mvn op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Values.isFloat(data, "the input");
        Shape shape = data.shape();
        BitSet axes = Values.axes(Values.longs(inputs.get(1), "the axes"), shape.rank());
        Tensor out = allocator.allocate(data.elementType(), shape);
        Elements from = Elements.of(data);
        Elements to = Elements.of(out);
        Shape outer = ReduceOps.pick(shape, axes, false);
        Shape inner = ReduceOps.pick(shape, axes, true);
        long[] strides = Walk.strides(shape);
        long[] innerStrides = ReduceOps.pick(strides, axes, true);
        long size = inner.elements();
        Walk.strided(outer, 0, ReduceOps.pick(strides, axes, false)).rows((_, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                Walk block = Walk.strided(inner, at[0] + i * step[0], innerStrides);
                double mean = sum(block, from, 0, false) / size;
                double scale = 1;
                if (op.normalizeVariance()) {
                    double variance = sum(block, from, mean, true) / size;
                    scale = switch (op.epsMode()) {
                        case INSIDE_SQRT -> Math.sqrt(variance + op.eps());
                        case OUTSIDE_SQRT -> Math.sqrt(variance) + op.eps();
                    };
                }
                double divisor = scale;
                block.rows((_, place, pace, length) -> {
                    for (long j = 0; j < length; j++) {
                        long p = place[0] + j * pace[0];
                        to.putDouble(p, (from.doubleAt(p) - mean) / divisor);
                    }
                });
            }
        });
        return out;
    }

    /** Sum over a block of the elements less {@code centre}, or of their squares. */
    private static double sum(Walk block, Elements from, double centre, boolean squared) {
        double[] sum = {0};
        block.rows((_, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                double x = from.doubleAt(at[0] + i * step[0]) - centre;
                sum[0] += squared ? x * x : x;
            }
        });
        return sum[0];
    }
}
