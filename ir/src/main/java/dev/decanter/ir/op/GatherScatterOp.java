package dev.decanter.ir.op;

import dev.decanter.ir.ElementType;

/** Ops that pick or place elements by index. */
public sealed interface GatherScatterOp extends Op {
    /** Inputs data, indices, axis; negative indices count from the end, an index out of range gives 0. */
    @OpType(value = "Gather", opset = "opset8")
    record Gather(@Attribute(absent = "0") long batchDims) implements GatherScatterOp {}

    /** As {@link Gather}, without negative indices. */
    @OpType(value = "Gather", opset = "opset7")
    record GatherV7(@Attribute(absent = "0") long batchDims) implements GatherScatterOp {}

    /** As {@link GatherV7}, without batch dimensions. */
    @OpType("Gather")
    record GatherV1() implements GatherScatterOp {}

    @OpType(value = "GatherElements", opset = "opset6")
    record GatherElements(long axis) implements GatherScatterOp {}

    @OpType(value = "GatherND", opset = "opset8")
    record GatherND(@Attribute(absent = "0") long batchDims) implements GatherScatterOp {}

    /** As {@link GatherND}, but flattens the batch dimensions of its output into one. */
    @OpType(value = "GatherND", opset = "opset5")
    record GatherNDV5(@Attribute(absent = "0") long batchDims) implements GatherScatterOp {}

    /** Inputs data, indices, updates, axis. */
    @OpType(value = "ScatterUpdate", opset = "opset3")
    record ScatterUpdate() implements GatherScatterOp {}

    /** Inputs data, indices, updates. */
    @OpType(value = "ScatterNDUpdate", opset = "opset3")
    record ScatterNDUpdateV3() implements GatherScatterOp {}

    /** Inputs data, indices, updates. */
    @OpType(value = "ScatterNDUpdate", opset = "opset4")
    record ScatterNDUpdateV4() implements GatherScatterOp {}

    enum Reduction {
        NONE,
        SUM,
        SUB,
        PROD,
        MIN,
        MAX,
        MEAN
    }

    /** Inputs data, indices, updates. */
    @OpType(value = "ScatterNDUpdate", opset = "opset15")
    record ScatterNDUpdate(@Attribute(absent = "none") Reduction reduction) implements GatherScatterOp {}

    /** Inputs data, indices, updates, axis. */
    @OpType(value = "ScatterElementsUpdate", opset = "opset3")
    record ScatterElementsUpdateV3() implements GatherScatterOp {}

    /**
     * Inputs data, indices, updates, axis.
     *
     * @param useInitVal whether the data's own value takes part in the reduction
     */
    @OpType(value = "ScatterElementsUpdate", opset = "opset12")
    record ScatterElementsUpdate(
            @Attribute(absent = "none") Reduction reduction,
            @Attribute(absent = "true") boolean useInitVal) implements GatherScatterOp {}

    enum TopKMode {
        MAX,
        MIN
    }

    enum TopKSort {
        NONE,
        VALUE,
        INDEX
    }

    /** Inputs data, k; outputs values, indices. */
    @OpType(value = "TopK", opset = "opset11")
    record TopK(
            long axis,
            TopKMode mode,
            TopKSort sort,
            @Attribute(absent = "i32") ElementType indexElementType,
            @Attribute(absent = "false") boolean stable)
            implements GatherScatterOp {}

    /** Inputs data, k; outputs values, indices. */
    @OpType(value = "TopK", opset = "opset3")
    record TopKV3(
            long axis,
            TopKMode mode,
            TopKSort sort,
            @Attribute(absent = "i32") ElementType indexElementType) implements GatherScatterOp {}
}
