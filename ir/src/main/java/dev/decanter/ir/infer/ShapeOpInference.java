package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ShapeOp;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Conversions, descriptions and generators; ops that lay data out anew or cut it have classes of their own. */
final class ShapeOpInference {
    private ShapeOpInference() {}

    static List<OutputSpec> infer(ShapeOp op, Call call) {
        return switch (op) {
            case ShapeOp.Convert convert -> convert(convert.destinationType(), call, 1);
            case ShapeOp.ConvertLike _ -> {
                call.arity(2, 2);
                yield convert(call.type(1), call, 2);
            }
            case ShapeOp.ShapeOf shapeOf -> shapeOf(shapeOf.outputType(), call);
            case ShapeOp.ShapeOfV1 _ -> shapeOf(ElementType.I64, call);
            case ShapeOp.Reshape reshape -> LayoutInference.reshape(reshape, call);
            case ShapeOp.Squeeze _ -> LayoutInference.squeeze(call, false);
            case ShapeOp.SqueezeV15 squeeze -> LayoutInference.squeeze(call, squeeze.allowAxisSkip());
            case ShapeOp.Unsqueeze _ -> LayoutInference.unsqueeze(call);
            case ShapeOp.Transpose _ -> LayoutInference.transpose(call);
            case ShapeOp.Broadcast broadcast -> LayoutInference.broadcast(broadcast.mode(), call);
            case ShapeOp.BroadcastV1 broadcast -> LayoutInference.broadcast(broadcast.mode(), call);
            case ShapeOp.Tile _ -> LayoutInference.tile(call);
            case ShapeOp.Pad pad -> LayoutInference.pad(pad.padMode(), true, call);
            case ShapeOp.PadV1 pad -> LayoutInference.pad(pad.padMode(), false, call);
            case ShapeOp.Concat concat -> CutInference.concat(concat.axis(), call);
            case ShapeOp.Split split -> CutInference.split(split.numSplits(), call);
            case ShapeOp.VariadicSplit _ -> CutInference.variadicSplit(call);
            case ShapeOp.Slice _ -> CutInference.slice(call);
            case ShapeOp.StridedSlice slice -> CutInference.stridedSlice(slice, call);
            case ShapeOp.Range range -> range(range.outputType(), call);
            case ShapeOp.Select select -> ElementwiseInference.select(select, call);
            case ShapeOp.NonZero nonZero -> nonZero(nonZero.outputType(), call);
            case ShapeOp.CumSum _ -> cumSum(call);
            case ShapeOp.Reverse _ -> {
                call.arity(1, 2);
                yield Call.one(call.type(0), call.shape(0));
            }
            case ShapeOp.OneHot oneHot -> oneHot(oneHot.axis(), call);
        };
    }

    private static List<OutputSpec> convert(ElementType destination, Call call, int inputs) {
        call.arity(inputs, inputs);
        if (call.type(0) == ElementType.STRING || destination == ElementType.STRING) {
            throw call.error("strings cannot be converted to numbers or back");
        }
        return Call.one(destination, call.shape(0));
    }

    private static void indexType(ElementType type, Call call) {
        if (type != ElementType.I32 && type != ElementType.I64) {
            throw call.error("output_type must be i32 or i64, not " + type.irName());
        }
    }

    private static List<OutputSpec> shapeOf(ElementType type, Call call) {
        call.arity(1, 1);
        indexType(type, call);
        PartialShape data = call.shape(0);
        return Call.one(type, Call.shapeOf(data.hasRank() ? Dimension.of(data.rank()) : Dimension.DYNAMIC));
    }

    private static List<OutputSpec> range(ElementType type, Call call) {
        call.arity(3, 3);
        if (!type.isFloat() && !type.isInteger()) {
            throw call.error("output_type must be a number, not " + type.irName());
        }
        for (int i = 0; i < 3; i++) {
            call.numeric(i);
        }
        Long start = call.scalar(0, "start");
        Long stop = call.scalar(1, "stop");
        Long step = call.scalar(2, "step");
        if (step != null && step == 0) {
            throw call.error("step is 0");
        }
        Dimension length = Dimension.DYNAMIC;
        if (start != null && stop != null && step != null) {
            length = Dimension.of(rangeLength(start, stop, step, call));
        } else if (step != null && step == 1) {
            length = rangeBounds(call.bounds(0), call.bounds(1));
        }
        return Call.one(type, Call.shapeOf(length));
    }

    private static long rangeLength(long start, long stop, long step, Call call) {
        if (step > 0 ? start >= stop : start <= stop) {
            return 0;
        }
        try {
            return Math.ceilDiv(Math.subtractExact(stop, start), step);
        } catch (ArithmeticException e) {
            throw call.error("the range from " + start + " to " + stop + " overflows");
        }
    }

    private static Dimension rangeBounds(@Nullable ValueBounds start, @Nullable ValueBounds stop) {
        if (start == null || stop == null || start.size() != 1 || stop.size() != 1) {
            return Dimension.DYNAMIC;
        }
        long least = Math.max(0, ValueBounds.saturatedSubtract(stop.lower(0), start.upper(0)));
        long most = Math.max(0, ValueBounds.saturatedSubtract(stop.upper(0), start.lower(0)));
        return new Dimension(least, most);
    }

    private static List<OutputSpec> nonZero(ElementType type, Call call) {
        call.arity(1, 1);
        indexType(type, call);
        PartialShape data = call.shape(0);
        Dimension rank = data.hasRank() ? Dimension.of(data.rank()) : Dimension.DYNAMIC;
        Dimension most = Broadcasting.ONE;
        if (data.hasRank()) {
            for (Dimension dim : data.dims()) {
                most = most.times(dim);
            }
        } else {
            most = Dimension.DYNAMIC;
        }
        return Call.one(type, Call.shapeOf(rank, new Dimension(0, most.max())));
    }

    private static List<OutputSpec> cumSum(Call call) {
        call.arity(1, 2);
        call.numeric(0);
        call.integer(1, "axis");
        Long axis = call.scalar(1, "axis");
        if (axis != null && call.shape(0).hasRank()) {
            call.axis(axis, call.shape(0).rank());
        }
        return Call.one(call.type(0), call.shape(0));
    }

    private static List<OutputSpec> oneHot(long axis, Call call) {
        call.arity(4, 4);
        call.integer(0, "indices");
        call.integer(1, "depth");
        ElementType type = call.sameType(2, 4);
        Long depth = call.scalar(1, "depth");
        call.scalar(2, "the on value");
        call.scalar(3, "the off value");
        if (depth != null && depth < 0) {
            throw call.error("depth is negative: " + depth);
        }
        PartialShape indices = call.shape(0);
        if (!indices.hasRank()) {
            return Call.one(type, PartialShape.DYNAMIC);
        }
        int rank = indices.rank() + 1;
        int at = call.axis(axis, rank);
        Dimension[] dims = new Dimension[rank];
        for (int i = 0; i < rank; i++) {
            if (i == at) {
                dims[i] = depth == null ? Dimension.DYNAMIC : Dimension.of(depth);
            } else {
                dims[i] = indices.dim(i < at ? i : i - 1);
            }
        }
        return Call.one(type, Call.shapeOf(dims));
    }
}
