package dev.decanter.compress.ptq;

import dev.decanter.compress.RangeEstimator;
import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.ShapeOp;
import java.util.Arrays;
import java.util.List;

/** Puts FakeQuantize layers on activations, and i8 codes with scales in the place of weights. */
final class QuantizerInsertion {
    private QuantizerInsertion() {}

    /** Quantizes an activation: for all its readers where the point is an output, for the one layer otherwise. */
    static void activation(QuantizerPoint point, QuantizerRange range) {
        Output value = point.value();
        List<Input> readers = List.copyOf(value.consumers());
        String name = point.name();
        Shape shape = Shape.SCALAR;
        if (point.perChannel()) {
            long[] dims = new long[value.shape().rank()];
            Arrays.fill(dims, 1);
            dims[1] = range.low().length;
            shape = Shape.of(dims);
        }
        ElementType type = value.elementType();
        Node quantizer = Node.of(
                new NeuralOp.FakeQuantize(range.levels(), AutoBroadcast.NUMPY),
                name,
                value,
                limit(type, name + "/input_low", shape, range.low()),
                limit(type, name + "/input_high", shape, range.high()),
                limit(type, name + "/output_low", shape, range.low()),
                limit(type, name + "/output_high", shape, range.high()));
        if (point.output()) {
            readers.forEach(r -> r.node().replaceInput(r.index(), quantizer.output()));
        } else {
            point.node().replaceInput(point.port(), quantizer.output());
        }
    }

    private static Output limit(ElementType type, String name, Shape shape, float[] values) {
        double[] numbers = new double[values.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = values[i];
        }
        return Constants.numbers(type, name, shape, numbers).output();
    }

    /** The range of a weight, by output channel or of all of it; reads the weight once. */
    static QuantizerRange range(
            Weight weight, Channels channels, RangeEstimator estimator, boolean halved, boolean narrow) {
        float[] max = estimator.kind() == RangeEstimator.Kind.PERCENTILE
                ? upperQuantiles(weight, channels, estimator.outlierProbability())
                : magnitudes(weight, channels);
        return halved ? QuantizerRange.halved(max) : QuantizerRange.symmetric(max, max, true, narrow);
    }

    private static float[] magnitudes(Weight weight, Channels channels) {
        float[] max = new float[channels.count()];
        FloatData.forEach(weight.data(), (first, values, count) -> {
            for (int i = 0; i < count; i++) {
                int channel = channels.channel(first + i);
                max[channel] = Math.max(max[channel], Math.abs(values[i]));
            }
        });
        return max;
    }

    private static float[] upperQuantiles(Weight weight, Channels channels, double outliers) {
        float[] all = FloatData.all(weight.data());
        float[] quantiles = new float[channels.count()];
        float[] values = new float[Math.toIntExact(channels.reduced())];
        for (int c = 0; c < quantiles.length; c++) {
            long outer = c / channels.inner();
            long inner = c % channels.inner();
            for (int r = 0; r < values.length; r++) {
                values[r] = all[(int) ((outer * channels.reduced() + r) * channels.inner() + inner)];
            }
            quantiles[c] = Statistics.quantile(values, 1 - outliers);
        }
        return quantiles;
    }

    /** Codes → Convert → Multiply for a weight; its value stands in for the weight. */
    static Node weight(Weight weight, Channels channels, QuantizerRange range) {
        String name = weight.constant().name();
        ElementType type = weight.consumer().input(weight.port()).elementType();
        double[] steps = new double[channels.count()];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = range.step(i);
        }
        Node codes = Node.of(FloatData.codes(weight.data(), channels, range), name);
        Node converted = Node.of(new ShapeOp.Convert(type), name + "/convert", codes.output());
        Node scale = Constants.numbers(type, name + "/scale", channels.shape(), steps);
        return Node.of(
                new BinaryOp.Multiply(AutoBroadcast.NUMPY),
                weight.consumer().name() + "/fq_weights_" + weight.port(),
                converted.output(),
                scale.output());
    }
}
