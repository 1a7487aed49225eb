package dev.decanter.ir.infer;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.List;

/** Ops that work element by element. */
final class ElementwiseInference {
    private ElementwiseInference() {}

    static List<OutputSpec> unary(UnaryOp op, Call call) {
        if (op instanceof UnaryOp.Swish) {
            call.arity(1, 2);
            if (call.has(1)) {
                PartialShape beta = call.shape(1);
                if (beta.hasRank() && beta.rank() != 0) {
                    throw call.error("beta must be a scalar, its shape is " + beta);
                }
                call.sameType(0, 2);
            }
        } else {
            call.arity(1, 1);
        }
        switch (op) {
            case UnaryOp.LogicalNot _ -> call.bool(0);
            case UnaryOp.BitwiseNot _ -> {
                if (call.type(0) != ElementType.BOOLEAN) {
                    call.integer(0, "values");
                }
            }
            case UnaryOp.Gelu _,
                    UnaryOp.GeluV2 _,
                    UnaryOp.HSigmoid _,
                    UnaryOp.HSwish _,
                    UnaryOp.Mish _,
                    UnaryOp.SoftPlus _,
                    UnaryOp.Swish _ -> call.floating(0);
            case UnaryOp.Abs _,
                    UnaryOp.Acos _,
                    UnaryOp.Asin _,
                    UnaryOp.Atan _,
                    UnaryOp.Ceiling _,
                    UnaryOp.Clamp _,
                    UnaryOp.Cos _,
                    UnaryOp.Elu _,
                    UnaryOp.Erf _,
                    UnaryOp.Exp _,
                    UnaryOp.Floor _,
                    UnaryOp.Log _,
                    UnaryOp.Negative _,
                    UnaryOp.Relu _,
                    UnaryOp.Round _,
                    UnaryOp.Sigmoid _,
                    UnaryOp.Sign _,
                    UnaryOp.Sin _,
                    UnaryOp.Sqrt _,
                    UnaryOp.Tan _,
                    UnaryOp.Tanh _ -> call.numeric(0);
        }
        if (op instanceof UnaryOp.Clamp clamp && !(clamp.min() <= clamp.max())) {
            throw call.error("min " + clamp.min() + " is not below max " + clamp.max());
        }
        return Call.one(call.type(0), call.shape(0));
    }

    static List<OutputSpec> binary(BinaryOp op, Call call) {
        call.arity(2, 2);
        ElementType type = call.sameType(0, 2);
        ElementType result = switch (op) {
            case BinaryOp.Arithmetic _ -> {
                call.numeric(0);
                call.numeric(1);
                yield type;
            }
            case BinaryOp.Comparison _ -> ElementType.BOOLEAN;
            case BinaryOp.Logical _ -> {
                call.bool(0);
                call.bool(1);
                yield ElementType.BOOLEAN;
            }
            case BinaryOp.Bitwise _ -> {
                if (type != ElementType.BOOLEAN) {
                    call.integer(0, "values");
                    call.integer(1, "values");
                }
                yield type;
            }
        };
        return Call.one(result, Broadcasting.of(call, op.autoBroadcast(), 0, 1));
    }

    static List<OutputSpec> select(ShapeOp.Select op, Call call) {
        call.arity(3, 3);
        call.bool(0);
        ElementType type = call.sameType(1, 3);
        PartialShape shape = Broadcasting.of(call, op.autoBroadcast(), 1, 2);
        PartialShape condition = call.shape(0);
        PartialShape common = switch (op.autoBroadcast()) {
            case NUMPY -> Broadcasting.merge(shape, condition);
            case NONE -> shape.compatible(condition) ? shape.intersect(condition) : null;
            case PDPD -> Broadcasting.oneWay(shape, condition);
        };
        if (common == null) {
            throw call.shapeError("condition and values cannot be broadcast to a common shape", 3);
        }
        return Call.one(type, common);
    }
}
