package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ReduceOp;
import java.util.ArrayList;
import java.util.List;

/** Ops that reduce axes. */
final class ReduceInference {
    private ReduceInference() {}

    static List<OutputSpec> infer(ReduceOp op, Call call) {
        call.arity(2, 2);
        switch (op) {
            case ReduceOp.ReduceLogicalAnd _, ReduceOp.ReduceLogicalOr _ -> call.bool(0);
            case ReduceOp.ReduceMean _,
                    ReduceOp.ReduceSum _,
                    ReduceOp.ReduceMax _,
                    ReduceOp.ReduceMin _,
                    ReduceOp.ReduceProd _,
                    ReduceOp.ReduceL1 _,
                    ReduceOp.ReduceL2 _ -> call.numeric(0);
        }
        call.integer(1, "axes");
        return Call.one(call.type(0), shape(call, op.keepDims()));
    }

    private static PartialShape shape(Call call, boolean keepDims) {
        PartialShape data = call.shape(0);
        long count = call.count(1, "axes");
        long[] axes = call.exact(1);
        if (!data.hasRank()) {
            return data;
        }
        int rank = data.rank();
        if (axes == null) {
            if (count == 0) {
                return data;
            }
            if (keepDims) {
                return PartialShape.ofRank(rank);
            }
            return count == 1 && rank > 0 ? PartialShape.ofRank(rank - 1) : PartialShape.DYNAMIC;
        }
        boolean[] reduced = call.axes(axes, rank);
        List<Dimension> dims = new ArrayList<>(rank);
        for (int i = 0; i < rank; i++) {
            if (!reduced[i]) {
                dims.add(data.dim(i));
            } else if (keepDims) {
                dims.add(Broadcasting.ONE);
            }
        }
        return PartialShape.of(dims);
    }
}
