package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.FakeQuantizer;
import dev.decanter.cpu.kernels.Int8Linear;
import dev.decanter.cpu.kernels.Int8MatMul;
import dev.decanter.cpu.kernels.Int8Weights;
import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Optional;

/** Quantized activations: rounding to levels, turning into codes, and products of codes. */
final class Int8Steps {
    private Int8Steps() {}

    /** Rounds to levels, in f32; the reference where they are neither one for the tensor nor by channel. */
    static Step fakeQuantize(Node node, NeuralOp.FakeQuantize op) {
        Step general = Lowering.reference(node);
        Optional<Levels> levels = Levels.match(node, op);
        if (levels.isEmpty()) {
            return general;
        }
        List<QuantizerLevels> each = levels.get().each();
        int axis = levels.get().axis();
        return frame -> {
            Shape shape = frame.shape(0);
            if (each.size() > 1 && shape.dim(-axis) != each.size()) {
                general.run(frame);
                return;
            }
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.F32, shape);
            if (each.size() == 1) {
                FakeQuantizer.round(frame.team(), each.getFirst(), x.memory(), 0, shape.elements(), y.memory(), 0);
            } else {
                long inner = shape.elements(shape.rank() - axis + 1, shape.rank());
                long runs = shape.elements(0, shape.rank() - axis + 1);
                FakeQuantizer.roundRuns(frame.team(), each, runs, inner, x.memory(), 0, y.memory(), 0);
            }
        };
    }

    static Step quantize(QuantizerLevels levels) {
        return frame -> {
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.U8, x.shape());
            FakeQuantizer.codes(frame.team(), levels, x.memory(), 0, x.shape().elements(), y.memory(), 0);
        };
    }

    /** Codes [..., K] by bytes W[N, K]ᵀ, plus bias. */
    static Step linear(MatMulSteps.Packs packs, FusedOp.Int8Linear op) {
        Int8Weights weights = packs.packInt8(op.weight());
        Int8Linear.Scaling scaling = Int8Linear.Scaling.of(weights, op.levels(), MatMulSteps.floats(op.bias()));
        int k = weights.inputs();
        int n = weights.outputs();
        return frame -> {
            Tensor x = frame.in(0);
            long[] dims = x.shape().dims();
            if (dims[dims.length - 1] != k) {
                throw new InferenceException(
                        "the input's last dimension is " + dims[dims.length - 1] + ", the weight's is " + k);
            }
            dims[dims.length - 1] = n;
            int rows = Math.toIntExact(x.shape().elements(0, dims.length - 1));
            Tensor y = frame.out(0, ElementType.F32, Shape.of(dims));
            Int8Linear.apply(frame.team(), weights, scaling, x.memory(), 0, k, rows, y.memory(), 0, n);
        };
    }

    /** Codes by codes, their batch dimensions broadcast. */
    static Step product(FusedOp.Int8MatMul op, String layer) {
        float factor = (float) (op.left().scale() * op.right().scale());
        return frame -> {
            Shape a = frame.shape(0);
            Shape b = frame.shape(1);
            Shape shape = op.shape(layer, a, b);
            Tensor y = frame.out(0, ElementType.F32, shape);
            if (shape.elements() == 0) {
                return;
            }
            int m = Math.toIntExact(shape.dim(-2));
            int n = Math.toIntExact(shape.dim(-1));
            int k = Math.toIntExact(a.dim(op.op().transposeA() ? -2 : -1));
            int batches = Math.toIntExact(shape.elements(0, shape.rank() - 2));
            // matrices that all follow each other, or of which there is one, are one call; others a call each
            boolean even = evenly(a, batches) && evenly(b, batches);
            int calls = even ? 1 : batches;
            for (int i = 0; i < calls; i++) {
                var left = matrices(
                        frame.in(0),
                        op.left(),
                        place(shape, a, i),
                        m,
                        k,
                        op.op().transposeA());
                var right = matrices(
                        frame.in(1),
                        op.right(),
                        place(shape, b, i),
                        k,
                        n,
                        op.op().transposeB());
                long to = (long) i * m * n * Float.BYTES;
                Int8MatMul.apply(frame.team(), batches / calls, m, n, k, left, right, factor, y.memory(), to);
            }
        };
    }

    private static boolean evenly(Shape operand, int batches) {
        long own = operand.elements(0, operand.rank() - 2);
        return own == 1 || own == batches;
    }

    /** Which of the operand's matrices the result's matrix {@code index} is made of. */
    private static long place(Shape shape, Shape operand, long index) {
        long place = 0;
        long step = 1;
        long rest = index;
        for (int i = 3; i <= shape.rank(); i++) {
            if (i <= operand.rank()) {
                long dim = operand.dim(-i);
                place += (dim == 1 ? 0 : rest % shape.dim(-i)) * step;
                step *= dim;
            }
            rest /= shape.dim(-i);
        }
        return place;
    }

    private static Int8MatMul.Matrices matrices(
            Tensor x, QuantizerLevels levels, long first, long rows, long cols, boolean transposed) {
        Shape shape = x.shape();
        long size = rows * cols;
        return new Int8MatMul.Matrices(
                x.memory(),
                first * size,
                shape.elements(0, shape.rank() - 2) == 1 ? 0 : size,
                transposed ? 1 : cols,
                transposed ? rows : 1,
                levels.steps(),
                Math.toIntExact(levels.zero()));
    }
}
