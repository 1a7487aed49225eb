package dev.decanter.ir.op;

/** Reduces the axes named by the second input (i32 or i64, negative counts from the end; none given reduces nothing). */
public sealed interface ReduceOp extends Op {
    /** Whether reduced axes stay, with size 1. */
    boolean keepDims();

    @OpType("ReduceMean")
    record ReduceMean(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceSum")
    record ReduceSum(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceMax")
    record ReduceMax(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceMin")
    record ReduceMin(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceProd")
    record ReduceProd(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceLogicalAnd")
    record ReduceLogicalAnd(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType("ReduceLogicalOr")
    record ReduceLogicalOr(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType(value = "ReduceL1", opset = "opset4")
    record ReduceL1(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}

    @OpType(value = "ReduceL2", opset = "opset4")
    record ReduceL2(@Attribute(absent = "false") boolean keepDims) implements ReduceOp {}
}
