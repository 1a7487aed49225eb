package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;

/** Element by element, computed in double and rounded once to the type. */
final class UnaryOps {
    private UnaryOps() {}

    static List<Tensor> evaluate(UnaryOp op, List<Tensor> inputs, Allocator allocator) {
        Tensor in = inputs.getFirst();
        Tensor out = allocator.allocate(in.elementType(), in.shape());
        if (Values.isWhole(in.elementType())) {
            whole(op, in, out);
        } else {
            real(function(op, inputs), in, out);
        }
        return List.of(out);
    }

    private static void real(DoubleUnaryOperator function, Tensor in, Tensor out) {
        Elements from = Elements.of(in);
        Elements to = Elements.of(out);
        long count = in.shape().elements();
        double[] values = new double[Elements.CHUNK];
        for (long start = 0; start < count; start += values.length) {
            int size = (int) Math.min(values.length, count - start);
            from.read(start, 1, values, size);
            for (int i = 0; i < size; i++) {
                values[i] = function.applyAsDouble(values[i]);
            }
            to.write(start, values, size);
        }
    }

    private static void whole(UnaryOp op, Tensor in, Tensor out) {
        LongUnaryOperator function = switch (op) {
            case UnaryOp.LogicalNot _ -> {
                Values.type(in, "the input", ElementType.BOOLEAN);
                yield x -> x == 0 ? 1 : 0;
            }
            case UnaryOp.BitwiseNot _ -> in.elementType() == ElementType.BOOLEAN ? x -> x == 0 ? 1 : 0 : x -> ~x;
            case UnaryOp.Floor _, UnaryOp.Ceiling _, UnaryOp.Round _ -> x -> x;
            case UnaryOp.Abs _ -> isUnsigned(in) ? x -> x : Math::abs;
            case UnaryOp.Negative _ -> x -> -x;
            case UnaryOp.Sign _ -> isUnsigned(in) ? x -> x == 0 ? 0 : 1 : Long::signum;
            case UnaryOp.Relu _ -> isUnsigned(in) ? x -> x : x -> Math.max(x, 0);
            case UnaryOp.Clamp clamp when !isUnsigned(in) -> clampWhole(clamp);
            default -> throw new IrException("type " + in.elementType().irName() + " is not supported");
        };
        Elements from = Elements.of(in);
        Elements to = Elements.of(out);
        long count = in.shape().elements();
        for (long i = 0; i < count; i++) {
            to.putLong(i, function.applyAsLong(from.longAt(i)));
        }
    }

    private static boolean isUnsigned(Tensor tensor) {
        return tensor.elementType().irName().startsWith("u") || tensor.elementType() == ElementType.BOOLEAN;
    }

    /** The limits of an integer clamp are its whole numbers within the given ones. */
    private static LongUnaryOperator clampWhole(UnaryOp.Clamp clamp) {
        long min = (long) Math.ceil(clamp.min());
        long max = (long) Math.floor(clamp.max());
        return x -> Math.min(Math.max(x, min), max);
    }

    private static DoubleUnaryOperator function(UnaryOp op, List<Tensor> inputs) {
        return switch (op) {
            case UnaryOp.Abs _ -> Math::abs;
            case UnaryOp.Acos _ -> Math::acos;
            case UnaryOp.Asin _ -> Math::asin;
            case UnaryOp.Atan _ -> Math::atan;
            case UnaryOp.Ceiling _ -> Math::ceil;
            case UnaryOp.Clamp clamp -> x -> Math.min(Math.max(x, clamp.min()), clamp.max());
            case UnaryOp.Cos _ -> Math::cos;
            case UnaryOp.Elu elu -> x -> x > 0 ? x : elu.alpha() * Math.expm1(x);
            case UnaryOp.Erf _ -> SpecialFunctions::erf;
            case UnaryOp.Exp _ -> Math::exp;
            case UnaryOp.Floor _ -> Math::floor;
            case UnaryOp.Gelu gelu ->
                gelu.approximationMode() == UnaryOp.GeluMode.ERF
                        ? SpecialFunctions::geluErf
                        : SpecialFunctions::geluTanh;
            case UnaryOp.GeluV2 _ -> SpecialFunctions::geluErf;
            case UnaryOp.HSigmoid _ -> UnaryOps::hardSigmoid;
            case UnaryOp.HSwish _ -> x -> x * hardSigmoid(x);
            case UnaryOp.Log _ -> Math::log;
            case UnaryOp.Mish _ -> x -> x * Math.tanh(SpecialFunctions.softPlus(x));
            case UnaryOp.Negative _ -> x -> -x;
            case UnaryOp.Relu _ -> x -> Math.max(x, 0);
            case UnaryOp.Round round ->
                round.mode() == UnaryOp.RoundMode.HALF_TO_EVEN ? Math::rint : SpecialFunctions::roundHalfAway;
            case UnaryOp.Sigmoid _ -> SpecialFunctions::sigmoid;
            case UnaryOp.Sign _ -> Math::signum;
            case UnaryOp.Sin _ -> Math::sin;
            case UnaryOp.SoftPlus _ -> SpecialFunctions::softPlus;
            case UnaryOp.Sqrt _ -> Math::sqrt;
            case UnaryOp.Swish _ -> swish(inputs);
            case UnaryOp.Tan _ -> Math::tan;
            case UnaryOp.Tanh _ -> Math::tanh;
            case UnaryOp.LogicalNot _, UnaryOp.BitwiseNot _ ->
                throw new IrException("type " + inputs.getFirst().elementType().irName() + " is not supported");
        };
    }

    private static DoubleUnaryOperator swish(List<Tensor> inputs) {
        double beta = 1;
        if (inputs.size() > 1) {
            if (inputs.get(1).shape().elements() != 1) {
                throw new IrException("beta must be a scalar, not " + inputs.get(1));
            }
            beta = Elements.of(inputs.get(1)).doubleAt(0);
        }
        double factor = beta;
        return x -> x * SpecialFunctions.sigmoid(factor * x);
    }

    private static double hardSigmoid(double x) {
        return Math.min(Math.max(x + 3, 0), 6) / 6;
    }
}
