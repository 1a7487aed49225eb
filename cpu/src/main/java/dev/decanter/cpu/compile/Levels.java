package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.ir.Constants;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.NeuralOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The constant range of a FakeQuantize: one for the tensor, or one for each channel.
 *
 * @param each the range of each channel; one for all
 * @param axis along which channels lie, counted from the last axis, which is 1; 1 for one range
 */
record Levels(List<QuantizerLevels> each, int axis) {

    static Optional<Levels> match(Node node, NeuralOp.FakeQuantize op) {
        boolean usual = op.autoBroadcast() != AutoBroadcast.PDPD
                && op.levels() >= 2
                && op.levels() - 1 <= QuantizerLevels.MOST_STEPS
                && Graphs.isF32(node.input(0));
        if (!usual) {
            return Optional.empty();
        }
        int channels = 1;
        int axis = 1;
        List<double[]> ends = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            Output end = node.input(i);
            Optional<double[]> numbers = Constants.numbers(end);
            if (numbers.isEmpty() || !Graphs.isF32(end) || raisesRank(end, node.input(0))) {
                return Optional.empty();
            }
            ends.add(numbers.get());
            int size = numbers.get().length;
            if (size == 1) {
                continue;
            }
            int along = axisOf(end.shape().toShape());
            if (along == 0 || (channels > 1 && (channels != size || axis != along))) {
                return Optional.empty();
            }
            channels = size;
            axis = along;
        }
        return channels(ends, channels, (int) op.levels() - 1, axis);
    }

    private static Optional<Levels> channels(List<double[]> ends, int channels, int steps, int axis) {
        List<QuantizerLevels> each = new ArrayList<>();
        for (int c = 0; c < channels; c++) {
            float low = at(ends.get(0), c);
            float high = at(ends.get(1), c);
            float outLow = at(ends.get(2), c);
            float outHigh = at(ends.get(3), c);
            if (!(low < high) || !Float.isFinite(high - low) || !Float.isFinite(outHigh - outLow)) {
                return Optional.empty();
            }
            each.add(new QuantizerLevels(low, high, outLow, outHigh, steps));
        }
        return each.isEmpty() ? Optional.empty() : Optional.of(new Levels(each, axis));
    }

    private static float at(double[] ends, int channel) {
        return (float) ends[ends.length == 1 ? 0 : channel];
    }

    private static boolean raisesRank(Output end, Output x) {
        int rank = end.shape().rank();
        return rank > 0 && (!x.shape().hasRank() || rank > x.shape().rank());
    }

    /** The one axis that is not 1 long, from the last; 0 if there are several. */
    private static int axisOf(Shape shape) {
        int axis = 0;
        for (int i = 1; i <= shape.rank(); i++) {
            if (shape.dim(-i) != 1) {
                if (axis != 0) {
                    return 0;
                }
                axis = i;
            }
        }
        return axis;
    }
}
