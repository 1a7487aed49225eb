package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.NeuralOp.AutoPad;
import java.util.List;

/** Convolution (weights [O, C, kernel…]) and GroupConvolution (weights [G, O, C, kernel…]). */
final class ConvolutionInference {
    private ConvolutionInference() {}

    /** How the kernel moves over the spatial dimensions; one entry for each of them. */
    record Window(
            List<Long> strides, List<Long> padsBegin, List<Long> padsEnd, List<Long> dilations, AutoPad autoPad) {}

    static List<OutputSpec> infer(Window window, boolean grouped, Call call) {
        call.arity(2, 2);
        ElementType type = call.sameType(0, 2);
        call.numeric(0);
        PartialShape data = call.shape(0);
        PartialShape weights = call.shape(1);
        int extra = grouped ? 1 : 0;
        int spatial = window.strides.size();
        check(window, call, spatial);
        if ((data.hasRank() && data.rank() != spatial + 2)
                || (weights.hasRank() && weights.rank() != spatial + 2 + extra)) {
            throw call.shapeError("data or weights do not have " + spatial + " spatial dimensions", 2);
        }
        Dimension[] dims = Call.dynamic(spatial + 2);
        if (data.hasRank()) {
            dims[0] = data.dim(0);
        }
        if (weights.hasRank()) {
            Dimension groups = grouped ? weights.dim(0) : Broadcasting.ONE;
            dims[1] = groups.times(weights.dim(extra));
            if (data.hasRank() && !data.dim(1).compatible(groups.times(weights.dim(extra + 1)))) {
                throw call.shapeError("channels of data and weights differ", 2);
            }
        }
        for (int i = 0; i < spatial; i++) {
            Dimension size = data.hasRank() ? data.dim(i + 2) : Dimension.DYNAMIC;
            Dimension kernel = weights.hasRank() ? weights.dim(i + 2 + extra) : Dimension.DYNAMIC;
            dims[i + 2] = output(window, call, size, kernel, i);
        }
        return Call.one(type, Call.shapeOf(dims));
    }

    private static void check(Window window, Call call, int spatial) {
        boolean explicit = window.autoPad == AutoPad.EXPLICIT || window.autoPad == AutoPad.NOTSET;
        if (window.dilations.size() != spatial
                || (explicit && (window.padsBegin.size() != spatial || window.padsEnd.size() != spatial))) {
            throw call.error("strides, pads and dilations have different lengths");
        }
        for (int i = 0; i < spatial; i++) {
            if (window.strides.get(i) < 1 || window.dilations.get(i) < 1) {
                throw call.error(
                        "strides " + window.strides + " and dilations " + window.dilations + " must be positive");
            }
        }
    }

    private static Dimension output(Window window, Call call, Dimension size, Dimension kernel, int axis) {
        long stride = window.strides.get(axis);
        boolean unbounded = size.max() == Dimension.UNBOUNDED;
        return switch (window.autoPad) {
            case SAME_UPPER, SAME_LOWER ->
                new Dimension(
                        Math.ceilDiv(size.min(), stride),
                        unbounded ? Dimension.UNBOUNDED : Math.ceilDiv(size.max(), stride));
            case VALID -> slide(call, size, kernel, 0, stride, window.dilations.get(axis));
            case EXPLICIT, NOTSET -> {
                long pads = ValueBounds.saturatedAdd(window.padsBegin.get(axis), window.padsEnd.get(axis));
                yield slide(call, size, kernel, pads, stride, window.dilations.get(axis));
            }
        };
    }

    private static Dimension slide(Call call, Dimension size, Dimension kernel, long pads, long stride, long dilation) {
        long low = places(size.min(), kernel.max(), pads, stride, dilation);
        long high = places(size.max(), kernel.min(), pads, stride, dilation);
        if (high < 1) {
            throw call.shapeError("the kernel is larger than the padded data", 2);
        }
        return new Dimension(Math.max(0, low), high);
    }

    private static long places(long size, long kernel, long pads, long stride, long dilation) {
        if (kernel == Dimension.UNBOUNDED) {
            return 0;
        }
        long reach = ValueBounds.saturatedAdd(
                ValueBounds.saturatedMultiply(Math.max(0, kernel - 1), dilation), kernel == 0 ? 0 : 1);
        long room = ValueBounds.saturatedSubtract(ValueBounds.saturatedAdd(size, pads), reach);
        if (room == Dimension.UNBOUNDED) {
            return room;
        }
        return Math.floorDiv(room, stride) + 1;
    }
}
