package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Gather;
import dev.decanter.cpu.kernels.Int8Weights;
import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.MatMul;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/** Products: by packed constant matrices, and of two run-time tensors. */
final class MatMulSteps {
    private MatMulSteps() {}

    /** Packs a weight once, however many layers multiply by it. */
    static final class Packs {
        private final ThreadTeam team;
        private final Arena arena;
        private final IdentityHashMap<Op.Constant, List<Packed>> packs = new IdentityHashMap<>();

        private record Packed(WeightSource source, PackedWeights weights) {}

        private record PackedInt8(ChannelWeight weight, Int8Weights weights) {}

        private final List<PackedInt8> int8 = new ArrayList<>();

        Packs(ThreadTeam team, Arena arena) {
            this.team = team;
            this.arena = arena;
        }

        /** Packs the matrix of a weight of bytes. */
        Int8Weights packInt8(ChannelWeight weight) {
            for (PackedInt8 packed : int8) {
                if (packed.weight.equals(weight)) {
                    return packed.weights;
                }
            }
            Int8Weights weights = packInt8(weight, 0, weight.outputs());
            int8.add(new PackedInt8(weight, weights));
            return weights;
        }

        /** Packs some rows of a weight of bytes. */
        Int8Weights packInt8(ChannelWeight weight, int first, int count) {
            return Int8Weights.pack(team, arena, weight.source(first, count), weight.quantization(first));
        }

        /** Packs some rows of a weight. */
        PackedWeights pack(ChannelWeight weight, int first, int count) {
            Packer.Source rows = weight.source(first, count);
            return weight.isBytes()
                    ? Packer.packQuantized(team, arena, rows, weight.quantization(first))
                    : Packer.pack(team, arena, rows);
        }

        PackedWeights pack(WeightSource source) {
            List<Packed> known = packs.computeIfAbsent(source.data(), _ -> new ArrayList<>(1));
            for (Packed packed : known) {
                if (packed.source.equals(source)) {
                    return packed.weights;
                }
            }
            Packer.Source where = where(source);
            PackedWeights weights = source.scale().isEmpty()
                    ? Packer.pack(team, arena, where)
                    : Packer.packQuantized(team, arena, where, quantization(source));
            known.add(new Packed(source, weights));
            return weights;
        }
    }

    private static Packer.Source where(WeightSource source) {
        return new Packer.Source(
                source.data().data().segment(),
                0,
                format(source.data().elementType()),
                source.outputs(),
                source.inputs(),
                source.inputMajor());
    }

    /** Rows of a table that stays where and as the file has it. Input indices [...]. */
    static Step embedding(WeightSource table) {
        Packer.Source where = where(table);
        Optional<Quantization> quantization = table.scale().map(_ -> quantization(table));
        return frame -> {
            Tensor indices = frame.in(0);
            long[] dims = java.util.Arrays.copyOf(
                    indices.shape().dims(), indices.shape().rank() + 1);
            dims[dims.length - 1] = table.inputs();
            Tensor y = frame.out(0, ElementType.F32, Shape.of(dims));
            long count = indices.shape().elements();
            var type = indices.elementType() == ElementType.I32 ? Gather.IndexType.I32 : Gather.IndexType.I64;
            if (quantization.isPresent()) {
                Gather.quantizedRows(
                        frame.team(), where, quantization.get(), indices.memory(), 0, type, count, y.memory(), 0);
            } else {
                Gather.rows(frame.team(), where, indices.memory(), 0, type, count, y.memory(), 0);
            }
        };
    }

    private static Quantization quantization(WeightSource source) {
        return new Quantization(
                source.groupSize(), entries(source, source.scale()), entries(source, source.zeroPoint()));
    }

    private static Quantization.Entries entries(WeightSource source, Optional<Op.Constant> constant) {
        return constant.map(c -> new Quantization.Entries(
                        c.data().segment(), 0, format(c.elementType()), source.rowStride(c), source.groupStride(c)))
                .orElseGet(Quantization.Entries::none);
    }

    private static WeightFormat format(ElementType type) {
        return switch (type) {
            case F32 -> WeightFormat.F32;
            case F16 -> WeightFormat.F16;
            case BF16 -> WeightFormat.BF16;
            case U8 -> WeightFormat.U8;
            case I8 -> WeightFormat.I8;
            case U4 -> WeightFormat.U4;
            case I4 -> WeightFormat.I4;
            default -> throw new IllegalArgumentException("no kernel for weights of type " + type.irName());
        };
    }

    /** x [..., K] · W[N, K]ᵀ + bias. */
    static Step linear(Packs packs, FusedOp.Linear op) {
        PackedWeights plain = packs.pack(op.weight());
        PackedWeights weights = op.bias().isEmpty() ? plain : plain.withBias(floats(op.bias()));
        int k = weights.inputs();
        int n = weights.outputs();
        return frame -> {
            Tensor x = frame.in(0);
            long[] dims = x.shape().dims();
            if (dims[dims.length - 1] != k) {
                throw new dev.decanter.runtime.InferenceException(
                        "the input's last dimension is " + dims[dims.length - 1] + ", the weight's is " + k);
            }
            dims[dims.length - 1] = n;
            int rows = Math.toIntExact(x.shape().elements(0, dims.length - 1));
            Tensor y = frame.out(0, ElementType.F32, Shape.of(dims));
            Linear.apply(frame.team(), weights, x.memory(), 0, k, rows, y.memory(), 0, n);
        };
    }

    static float[] floats(List<Float> values) {
        float[] out = new float[values.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = values.get(i);
        }
        return out;
    }

    /** Product of two run-time tensors of equal batch dimensions, or of which one has none; others go to the reference. */
    static Step product(Node node, NeuralOp.MatMul op) {
        Step general = Lowering.reference(node);
        return frame -> {
            Shape a = frame.shape(0);
            Shape b = frame.shape(1);
            if (a.rank() < 2 || b.rank() < 2 || !sameBatches(a, b) || a.elements() == 0 || b.elements() == 0) {
                general.run(frame);
                return;
            }
            multiply(frame, op, a, b);
        };
    }

    private static boolean sameBatches(Shape a, Shape b) {
        if (a.elements(0, a.rank() - 2) == 1 || b.elements(0, b.rank() - 2) == 1) {
            return true;
        }
        if (a.rank() != b.rank()) {
            return false;
        }
        for (int i = 0; i < a.rank() - 2; i++) {
            if (a.dim(i) != b.dim(i)) {
                return false;
            }
        }
        return true;
    }

    private static void multiply(Frame frame, NeuralOp.MatMul op, Shape a, Shape b) {
        long m = a.dim(op.transposeA() ? -1 : -2);
        long k = a.dim(op.transposeA() ? -2 : -1);
        long n = b.dim(op.transposeB() ? -2 : -1);
        if (k != b.dim(op.transposeB() ? -1 : -2)) {
            throw new dev.decanter.runtime.InferenceException("inner dimensions of " + a + " and " + b + " differ");
        }
        long batchesA = a.elements(0, a.rank() - 2);
        long batchesB = b.elements(0, b.rank() - 2);
        Shape wider = batchesA == 1 && (batchesB > 1 || b.rank() > a.rank()) ? b : a;
        int rank = Math.max(a.rank(), b.rank());
        long[] dims = new long[rank];
        java.util.Arrays.fill(dims, 1);
        for (int i = 0; i < wider.rank() - 2; i++) {
            dims[rank - wider.rank() + i] = wider.dim(i);
        }
        dims[rank - 2] = m;
        dims[rank - 1] = n;
        Tensor y = frame.out(0, ElementType.F32, Shape.of(dims));
        MatMul.apply(
                frame.team(),
                Math.toIntExact(Math.max(batchesA, batchesB)),
                Math.toIntExact(m),
                Math.toIntExact(n),
                Math.toIntExact(k),
                matrices(frame.in(0), batchesA, m, k, op.transposeA()),
                matrices(frame.in(1), batchesB, k, n, op.transposeB()),
                new MatMul.Matrices(y.memory(), 0, m * n, n, 1));
    }

    /** Strides of rows × columns, which lie as columns × rows if transposed. */
    private static MatMul.Matrices matrices(Tensor x, long batches, long rows, long cols, boolean transposed) {
        long stride = batches == 1 ? 0 : rows * cols;
        return new MatMul.Matrices(x.memory(), 0, stride, transposed ? 1 : cols, transposed ? rows : 1);
    }
}
