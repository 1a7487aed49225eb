package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Elementwise;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Functions of f32 elements. */
final class ElementwiseSteps {
    private ElementwiseSteps() {}

    /** A kernel's function with its parameters. */
    private record Function(dev.decanter.cpu.kernels.UnaryOp op, float alpha, float beta) {
        static Optional<Function> of(dev.decanter.cpu.kernels.UnaryOp op) {
            return Optional.of(new Function(op, 1, 0));
        }
    }

    /** The kernel of {@code op}; none for those that only the reference has. */
    private static Optional<Function> function(UnaryOp op) {
        return switch (op) {
            case UnaryOp.Abs _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.ABS);
            case UnaryOp.Ceiling _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.CEILING);
            case UnaryOp.Cos _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.COS);
            case UnaryOp.Erf _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.ERF);
            case UnaryOp.Exp _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.EXP);
            case UnaryOp.Floor _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.FLOOR);
            case UnaryOp.Log _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.LOG);
            case UnaryOp.Negative _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.NEGATE);
            case UnaryOp.Relu _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.RELU);
            case UnaryOp.Sigmoid _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.SIGMOID);
            case UnaryOp.Sin _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.SIN);
            case UnaryOp.Sqrt _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.SQRT);
            case UnaryOp.Swish _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.SWISH);
            case UnaryOp.Tanh _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.TANH);
            case UnaryOp.GeluV2 _ -> Function.of(dev.decanter.cpu.kernels.UnaryOp.GELU);
            case UnaryOp.Gelu gelu ->
                Function.of(
                        gelu.approximationMode() == UnaryOp.GeluMode.ERF
                                ? dev.decanter.cpu.kernels.UnaryOp.GELU
                                : dev.decanter.cpu.kernels.UnaryOp.GELU_TANH);
            case UnaryOp.Elu elu ->
                Optional.of(new Function(dev.decanter.cpu.kernels.UnaryOp.ELU, (float) elu.alpha(), 0));
            case UnaryOp.Clamp clamp ->
                Optional.of(
                        new Function(dev.decanter.cpu.kernels.UnaryOp.CLAMP, (float) clamp.min(), (float) clamp.max()));
            default -> Optional.empty();
        };
    }

    /** The kernel of a gate's activation, which has no parameters; none for other functions. */
    static Optional<dev.decanter.cpu.kernels.UnaryOp> gate(UnaryOp op) {
        return switch (op) {
            case UnaryOp.Swish _, UnaryOp.Sigmoid _, UnaryOp.Relu _, UnaryOp.GeluV2 _, UnaryOp.Gelu _ ->
                function(op).map(Function::op);
            default -> Optional.empty();
        };
    }

    static Step unary(Node node, UnaryOp op) {
        Optional<Function> function = function(op);
        if (function.isEmpty()) {
            return Lowering.reference(node);
        }
        Function f = function.get();
        return frame -> {
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.F32, x.shape());
            long n = x.shape().elements();
            Elementwise.unary(frame.team(), f.op, f.alpha, f.beta, x.memory(), 0, n, y.memory(), 0);
        };
    }

    private static dev.decanter.cpu.kernels.BinaryOp kernel(BinaryOp.Arithmetic op) {
        return switch (op) {
            case BinaryOp.Add _ -> dev.decanter.cpu.kernels.BinaryOp.ADD;
            case BinaryOp.Subtract _ -> dev.decanter.cpu.kernels.BinaryOp.SUBTRACT;
            case BinaryOp.Multiply _ -> dev.decanter.cpu.kernels.BinaryOp.MULTIPLY;
            case BinaryOp.Divide _ -> dev.decanter.cpu.kernels.BinaryOp.DIVIDE;
            case BinaryOp.Power _ -> dev.decanter.cpu.kernels.BinaryOp.POWER;
            case BinaryOp.Maximum _ -> dev.decanter.cpu.kernels.BinaryOp.MAXIMUM;
            case BinaryOp.Minimum _ -> dev.decanter.cpu.kernels.BinaryOp.MINIMUM;
            case BinaryOp.SquaredDifference _ -> dev.decanter.cpu.kernels.BinaryOp.SQUARED_DIFFERENCE;
            case BinaryOp.Mod _ -> dev.decanter.cpu.kernels.BinaryOp.MOD;
            case BinaryOp.FloorMod _ -> dev.decanter.cpu.kernels.BinaryOp.FLOOR_MOD;
        };
    }

    static Step binary(Node node, BinaryOp.Arithmetic op) {
        if (op.autoBroadcast() != AutoBroadcast.NUMPY) {
            return Lowering.reference(node);
        }
        var kernel = kernel(op);
        return frame -> {
            Shape a = frame.shape(0);
            Shape b = frame.shape(1);
            Shape shape = broadcast(a, b);
            Tensor left = frame.in(0);
            Tensor right = frame.in(1);
            Tensor y = frame.out(0, ElementType.F32, shape);
            binary(frame.team(), kernel, left, right, shape, y.memory());
        };
    }

    /** {@code y = a + b}, of the shape to which both are broadcast. */
    static void add(ThreadTeam team, Tensor a, Tensor b, Shape shape, MemorySegment y) {
        binary(team, dev.decanter.cpu.kernels.BinaryOp.ADD, a, b, shape, y);
    }

    private static void binary(
            ThreadTeam team,
            dev.decanter.cpu.kernels.BinaryOp kernel,
            Tensor a,
            Tensor b,
            Shape shape,
            MemorySegment y) {
        long[] left = strides(a.shape(), shape);
        long[] right = strides(b.shape(), shape);
        Elementwise.binary(team, kernel, shape.dims(), a.memory(), 0, left, b.memory(), 0, right, y, 0);
    }

    /** The shape of what is made of two tensors element by element. */
    static Shape broadcast(Shape a, Shape b) {
        if (a.equals(b)) {
            return a;
        }
        int rank = Math.max(a.rank(), b.rank());
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            long left = i < rank - a.rank() ? 1 : a.dim(i - rank + a.rank());
            long right = i < rank - b.rank() ? 1 : b.dim(i - rank + b.rank());
            if (left != right && left != 1 && right != 1) {
                throw new InferenceException("shapes " + a + " and " + b + " do not broadcast");
            }
            dims[i] = left == 1 ? right : left;
        }
        return Shape.of(dims);
    }

    /** Elements between neighbours along each dimension of {@code shape}, 0 where {@code operand} repeats. */
    private static long[] strides(Shape operand, Shape shape) {
        long[] strides = new long[shape.rank()];
        long step = 1;
        for (int i = operand.rank() - 1; i >= 0; i--) {
            strides[shape.rank() - operand.rank() + i] = operand.dim(i) == 1 ? 0 : step;
            step *= operand.dim(i);
        }
        return strides;
    }

    /** Inputs gate, up of one shape. */
    static Step swishMultiply() {
        return frame -> {
            Tensor gate = frame.in(0);
            Tensor up = frame.in(1);
            Shape shape = gate.shape();
            if (!shape.equals(up.shape())) {
                throw new InferenceException("gate " + shape + " and up " + up.shape() + " differ");
            }
            int n = Math.toIntExact(shape.dim(-1));
            int rows = Math.toIntExact(shape.elements(0, shape.rank() - 1));
            Tensor y = frame.out(0, ElementType.F32, shape);
            Elementwise.gated(
                    frame.team(),
                    dev.decanter.cpu.kernels.UnaryOp.SWISH,
                    1,
                    rows,
                    n,
                    gate.memory(),
                    0,
                    n,
                    up.memory(),
                    0,
                    n,
                    y.memory(),
                    0,
                    n);
        };
    }
}
