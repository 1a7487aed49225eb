package dev.decanter.ir.op;

import dev.decanter.ir.ElementType;
import java.util.List;

/** Ops that move, repeat, cut, join or describe values, and conversions of their type. */
public sealed interface ShapeOp extends Op {
    /** Changes the element type: float to integer truncates towards zero and saturates, NaN becomes 0. */
    @OpType("Convert")
    record Convert(ElementType destinationType) implements ShapeOp {}

    /** Changes the element type to that of the second input. */
    @OpType("ConvertLike")
    record ConvertLike() implements ShapeOp {}

    @OpType(value = "ShapeOf", opset = "opset3")
    record ShapeOf(@Attribute(absent = "i64") ElementType outputType) implements ShapeOp {}

    /** Gives i64. */
    @OpType("ShapeOf")
    record ShapeOfV1() implements ShapeOp {}

    /**
     * Inputs data, shape; −1 in the shape is what remains.
     *
     * @param specialZero whether 0 in the shape copies the data's dimension at that place
     */
    @OpType("Reshape")
    record Reshape(boolean specialZero) implements ShapeOp {}

    /** Inputs data[, axes]; without axes every dimension of size 1 goes; a named axis whose size is not 1 stays. */
    @OpType("Squeeze")
    record Squeeze() implements ShapeOp {}

    /**
     * As {@link Squeeze}.
     *
     * @param allowAxisSkip whether inference leaves the rank open while the size of a named axis is not known (else it
     *     takes it to be 1)
     */
    @OpType(value = "Squeeze", opset = "opset15")
    record SqueezeV15(@Attribute(absent = "false") boolean allowAxisSkip) implements ShapeOp {}

    @OpType("Unsqueeze")
    record Unsqueeze() implements ShapeOp {}

    /** Inputs data, order; an empty order reverses the axes. */
    @OpType("Transpose")
    record Transpose() implements ShapeOp {}

    @OpType("Concat")
    record Concat(long axis) implements ShapeOp {}

    /** Inputs data, axis; equal parts. */
    @OpType("Split")
    record Split(long numSplits) implements ShapeOp {}

    /** Inputs data, axis, lengths; one length may be −1. */
    @OpType("VariadicSplit")
    record VariadicSplit() implements ShapeOp {}

    /** Inputs data, start, stop, step[, axes]; bounds are clamped, negative ones count from the end. */
    @OpType(value = "Slice", opset = "opset8")
    record Slice() implements ShapeOp {}

    /**
     * Inputs data, begin, end[, strides]; entry i of a mask is about entry i of begin and end.
     *
     * @param beginMask 1: begin is ignored, the slice starts where the axis does
     * @param endMask 1: end is ignored
     * @param newAxisMask 1: a new axis of size 1; begin, end and stride are ignored
     * @param shrinkAxisMask 1: the axis goes, only index begin is taken
     * @param ellipsisMask 1 (at most once): as many whole axes as it takes
     */
    @OpType("StridedSlice")
    record StridedSlice(
            List<Long> beginMask,
            List<Long> endMask,
            @Attribute(absent = "") List<Long> newAxisMask,
            @Attribute(absent = "") List<Long> shrinkAxisMask,
            @Attribute(absent = "") List<Long> ellipsisMask)
            implements ShapeOp {
        public StridedSlice {
            beginMask = List.copyOf(beginMask);
            endMask = List.copyOf(endMask);
            newAxisMask = List.copyOf(newAxisMask);
            shrinkAxisMask = List.copyOf(shrinkAxisMask);
            ellipsisMask = List.copyOf(ellipsisMask);
        }
    }

    enum BroadcastMode {
        NUMPY,
        EXPLICIT,
        BIDIRECTIONAL,
        PDPD
    }

    /** Inputs data, target shape[, axes mapping (EXPLICIT)]. */
    @OpType(value = "Broadcast", opset = "opset3")
    record Broadcast(@Attribute(absent = "numpy") BroadcastMode mode) implements ShapeOp {}

    /** Inputs data, target shape[, axes mapping]; knows no BIDIRECTIONAL. */
    @OpType("Broadcast")
    record BroadcastV1(@Attribute(absent = "numpy") BroadcastMode mode) implements ShapeOp {}

    /** Inputs data, repeats; the shorter of shape and repeats is filled with ones on the left. */
    @OpType("Tile")
    record Tile() implements ShapeOp {}

    enum PadMode {
        CONSTANT,
        EDGE,
        REFLECT,
        SYMMETRIC
    }

    /** Inputs data, pads begin, pads end[, value]; negative pads crop. */
    @OpType(value = "Pad", opset = "opset12")
    record Pad(PadMode padMode) implements ShapeOp {}

    /** As {@link Pad}, without negative pads. */
    @OpType("Pad")
    record PadV1(PadMode padMode) implements ShapeOp {}

    /** Inputs start, stop, step (scalars). */
    @OpType(value = "Range", opset = "opset4")
    record Range(ElementType outputType) implements ShapeOp {}

    /** Inputs condition (boolean), then, else. */
    @OpType("Select")
    record Select(@Attribute(absent = "numpy") AutoBroadcast autoBroadcast) implements ShapeOp {
        public Select() {
            this(AutoBroadcast.NUMPY);
        }
    }

    /** Indices of elements that are not 0: [rank, count]. */
    @OpType(value = "NonZero", opset = "opset3")
    record NonZero(@Attribute(absent = "i64") ElementType outputType) implements ShapeOp {}

    /** Inputs data, axis. */
    @OpType(value = "CumSum", opset = "opset3")
    record CumSum(
            @Attribute(absent = "false") boolean exclusive,
            @Attribute(absent = "false") boolean reverse) implements ShapeOp {}

    enum ReverseMode {
        /** The second input lists axes. */
        INDEX,
        /** The second input says of each axis whether it is turned around. */
        MASK
    }

    /** Turns axes around. Inputs data, axes (left out or empty: none). */
    @OpType("Reverse")
    record Reverse(ReverseMode mode) implements ShapeOp {}

    /** Inputs indices, depth, on value, off value. */
    @OpType("OneHot")
    record OneHot(long axis) implements ShapeOp {}
}
