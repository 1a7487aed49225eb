package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockLinear;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Products of activations that are quantized as they come, by weights of integers. */
final class BlockSteps {
    private BlockSteps() {}

    /** Inputs x [..., K][, weight of a normalization [K][, what is added]]; an output for each part, or the gate's one[, the sum]. */
    static Step linear(MatMulSteps.Packs packs, FusedOp.BlockLinear op) {
        BlockWeights[] weights = op.parts().stream()
                .map(part -> packs.packBlocks(part, op.group()))
                .toArray(BlockWeights[]::new);
        int k = op.parts().getFirst().weight().inputs();
        int outputs = op.products();
        BlockKernels kernels = packs.blockKernels();
        return frame -> {
            Shape given = op.adds() ? ElementwiseSteps.broadcast(frame.shape(0), frame.shape(2)) : frame.shape(0);
            int rows = rows(given, k);
            BlockLinear.Product[] products = new BlockLinear.Product[outputs];
            for (int i = 0; i < outputs; i++) {
                int n = weights[i].outputs();
                Tensor y = frame.out(i, ElementType.F32, withLast(given, n));
                products[i] = new BlockLinear.Product(weights[i], y.memory(), 0, n);
            }
            QuantizedRows x = frame.quantized();
            quantize(frame, x, rows, k, op);
            if (op.gate().isEmpty()) {
                BlockLinear.apply(frame.team(), kernels, x, products);
                return;
            }
            UnaryOp gate = op.gate().get();
            BlockLinear.Product y = products[0];
            BlockLinear.gated(
                    frame.team(), kernels, weights[0], weights[1], gate, 1, x, y.y(), y.yOffset(), y.yStride());
        };
    }

    private static void quantize(Frame frame, QuantizedRows x, int rows, int k, FusedOp.BlockLinear op) {
        MemorySegment in = frame.in(0).memory();
        if (op.norm().isEmpty()) {
            x.quantize(frame.team(), in, 0, k, rows, k, op.group());
            return;
        }
        float eps = op.norm().get();
        MemorySegment weight = frame.in(1).memory();
        if (!op.adds()) {
            x.quantizeRms(frame.team(), in, 0, weight, 0, eps, rows, k, op.group());
            return;
        }
        Tensor residual = frame.in(2);
        Shape shape = ElementwiseSteps.broadcast(frame.shape(0), residual.shape());
        MemorySegment sum = frame.out(op.products(), ElementType.F32, shape).memory();
        if (residual.shape().equals(frame.shape(0))) {
            MemorySegment added = residual.memory();
            x.quantizeAddRms(frame.team(), in, 0, added, 0, sum, 0, weight, 0, eps, rows, k, op.group());
        } else {
            ElementwiseSteps.add(frame.team(), frame.in(0), residual, shape, sum);
            x.quantizeRms(frame.team(), sum, 0, weight, 0, eps, rows, k, op.group());
        }
    }

    private static int rows(Shape x, int k) {
        if (x.dim(-1) != k) {
            throw new InferenceException("the input's last dimension is " + x.dim(-1) + ", the weight's is " + k);
        }
        return Math.toIntExact(x.elements(0, x.rank() - 1));
    }

    private static Shape withLast(Shape shape, int size) {
        long[] dims = shape.dims();
        dims[dims.length - 1] = size;
        return Shape.of(dims);
    }

    /** x [X..., M, K] · W[B..., N, K]ᵀ, leading dimensions broadcast. Matrices that multiply the same rows run at once. */
    static Step batched(MatMulSteps.Packs packs, FusedOp.BlockBatchedLinear op) {
        WeightSource source = op.weight();
        List<BlockWeights> weights = packs.packBlocks(source, op.group());
        int k = source.inputs();
        int n = source.outputs();
        BlockKernels kernels = packs.blockKernels();
        return frame -> {
            Tensor x = frame.in(0);
            Shape given = x.shape();
            rows(given, k);
            int m = Math.toIntExact(given.dim(-2));
            MatMulSteps.Batches batches = MatMulSteps.Batches.of(given, source.batch());
            Tensor y = frame.out(0, ElementType.F32, batches.shape(m, n));
            long count = batches.count();
            List<BlockLinear.Product> products = new ArrayList<>();
            for (long b = 0; b < count; b++) {
                BlockWeights w = weights.get((int) batches.right(b));
                products.add(new BlockLinear.Product(w, y.memory(), b * m * n * Float.BYTES, n));
                if (b + 1 == count || batches.left(b + 1) != batches.left(b)) {
                    long from = batches.left(b) * m * k * Float.BYTES;
                    frame.quantized().quantize(frame.team(), x.memory(), from, k, m, k, op.group());
                    BlockLinear.apply(
                            frame.team(), kernels, frame.quantized(), products.toArray(BlockLinear.Product[]::new));
                    products.clear();
                }
            }
        };
    }
}
