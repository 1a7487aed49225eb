package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Convolution;
import dev.decanter.cpu.kernels.GroupedConvolution;
import dev.decanter.cpu.kernels.Int8Linear;
import dev.decanter.cpu.kernels.Int8Weights;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.cpu.kernels.Window;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Convolutions by constant weights, of numbers or of codes. */
final class ConvolutionSteps {
    private ConvolutionSteps() {}

    /** Convolves by as many products as there are groups, or all small groups at once. */
    private interface Kernel {
        void apply(Frame frame, Convolution.Operands operands);
    }

    static Step convolution(MatMulSteps.Packs packs, FusedOp.Convolution op, String layer) {
        Kernel kernel = kernel(packs, op);
        int channels = op.channels();
        int outputs = op.outputs() / op.groups();
        return frame -> {
            Tensor x = frame.in(0);
            Shape shape = op.shape(layer, x.shape());
            Tensor y = frame.out(0, ElementType.F32, shape);
            if (shape.elements() > 0) {
                Window window = window(op, x.shape(), shape);
                int batch = Math.toIntExact(shape.dim(0));
                kernel.apply(frame, new Convolution.Operands(window, batch, channels, outputs, x.memory(), y.memory()));
            }
        };
    }

    private static Kernel kernel(MatMulSteps.Packs packs, FusedOp.Convolution op) {
        ChannelWeight weight = op.weight();
        float[] bias = MatMulSteps.floats(op.bias());
        int groups = op.groups();
        int each = op.outputs() / groups;
        boolean exact = op.levels().isEmpty() || GroupedConvolution.isExact(weight.inputs());
        if (groups > 1 && each <= GroupedConvolution.MOST_OUTPUTS && exact) {
            var source = weight.source(0, op.outputs());
            var quantization = weight.quantization(0);
            GroupedConvolution small = op.levels()
                    .map(levels -> GroupedConvolution.of(source, quantization, levels, bias))
                    .orElseGet(() -> GroupedConvolution.of(source, quantization, bias));
            return (frame, operands) -> small.apply(frame.team(), operands, groups);
        }
        List<float[]> biases = new ArrayList<>();
        for (int g = 0; g < groups; g++) {
            biases.add(bias.length == 0 ? bias : Arrays.copyOfRange(bias, g * each, (g + 1) * each));
        }
        return op.levels().isPresent()
                ? codes(packs, weight, op.levels().get(), biases, each)
                : numbers(packs, weight, biases, each);
    }

    private static Kernel codes(
            MatMulSteps.Packs packs, ChannelWeight weight, QuantizerLevels levels, List<float[]> biases, int each) {
        List<Int8Weights> weights = new ArrayList<>();
        List<Int8Linear.Scaling> scalings = new ArrayList<>();
        for (int g = 0; g < biases.size(); g++) {
            Int8Weights packed = packs.packInt8(weight, g * each, each);
            weights.add(packed);
            scalings.add(Int8Linear.Scaling.of(packed, levels, biases.get(g)));
        }
        return (frame, operands) -> Convolution.apply(frame.team(), operands, weights, scalings);
    }

    private static Kernel numbers(MatMulSteps.Packs packs, ChannelWeight weight, List<float[]> biases, int each) {
        List<PackedWeights> weights = new ArrayList<>();
        for (int g = 0; g < biases.size(); g++) {
            PackedWeights packed = packs.pack(weight, g * each, each);
            weights.add(biases.get(g).length == 0 ? packed : packed.withBias(biases.get(g)));
        }
        return (frame, operands) -> Convolution.apply(frame.team(), operands, weights);
    }

    private static Window window(FusedOp.Convolution op, Shape x, Shape y) {
        long[] in = spatial(x, 2);
        long[] out = spatial(y, 2);
        long[] kernel = spatial(op.kernel(), op.kernel().rank() - in.length);
        long[] strides = values(
                op.op() instanceof NeuralOp.Convolution c
                        ? c.strides()
                        : grouped(op).strides(),
                1,
                in);
        long[] dilations = values(
                op.op() instanceof NeuralOp.Convolution c
                        ? c.dilations()
                        : grouped(op).dilations(),
                1,
                in);
        long[] pads = values(
                op.op() instanceof NeuralOp.Convolution c
                        ? c.padsBegin()
                        : grouped(op).padsBegin(),
                0,
                in);
        NeuralOp.AutoPad auto = op.op() instanceof NeuralOp.Convolution c
                ? c.autoPad()
                : grouped(op).autoPad();
        for (int d = 0; d < in.length; d++) {
            long reach = (kernel[d] - 1) * dilations[d] + 1;
            long needed = Math.max(0, (out[d] - 1) * strides[d] + reach - in[d]);
            pads[d] = switch (auto) {
                case EXPLICIT, NOTSET -> pads[d];
                case VALID -> 0;
                case SAME_UPPER -> needed / 2;
                case SAME_LOWER -> needed - needed / 2;
            };
        }
        return new Window(in, out, kernel, strides, dilations, pads);
    }

    private static NeuralOp.GroupConvolution grouped(FusedOp.Convolution op) {
        return (NeuralOp.GroupConvolution) op.op();
    }

    private static long[] spatial(Shape shape, int from) {
        return Arrays.copyOfRange(shape.dims(), from, shape.rank());
    }

    /** The values of an attribute for each dimension; those that are not given have a default. */
    private static long[] values(List<Long> given, long absent, long[] dims) {
        long[] values = new long[dims.length];
        for (int d = 0; d < values.length; d++) {
            values[d] = d < given.size() ? given.get(d) : absent;
        }
        return values;
    }
}
