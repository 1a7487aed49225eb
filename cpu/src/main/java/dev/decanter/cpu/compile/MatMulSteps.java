package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockPacker;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.CodeTable;
import dev.decanter.cpu.kernels.Decompression;
import dev.decanter.cpu.kernels.Gather;
import dev.decanter.cpu.kernels.Int8Weights;
import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.MatMul;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.cpu.machine.MachineCode;
import dev.decanter.cpu.machine.MachineRows;
import dev.decanter.cpu.machine.MachineStrips;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
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
        private final WeightMemory memory;
        private final IdentityHashMap<Op.Constant, List<Packed>> packs = new IdentityHashMap<>();

        private record Packed(WeightSource source, List<PackedWeights> weights) {}

        private record PackedBlocks(WeightSource source, int group, List<BlockWeights> weights) {}

        private final IdentityHashMap<Op.Constant, List<PackedBlocks>> blocks = new IdentityHashMap<>();

        private record PackedInt8(ChannelWeight weight, Int8Weights weights) {}

        private final List<PackedInt8> int8 = new ArrayList<>();

        Packs(ThreadTeam team, WeightMemory memory) {
            this.team = team;
            this.memory = memory;
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
            return Int8Weights.pack(team, memory, weight.source(first, count), weight.quantization(first));
        }

        /** Packs some rows of a weight. */
        PackedWeights pack(ChannelWeight weight, int first, int count) {
            Packer.Source rows = weight.source(first, count);
            return weight.isBytes()
                    ? Packer.packQuantized(team, memory, rows, weight.quantization(first))
                    : Packer.pack(team, memory, rows);
        }

        /** The matrices of a source, in order. */
        List<PackedWeights> pack(WeightSource source) {
            List<Packed> known = packs.computeIfAbsent(source.data(), _ -> new ArrayList<>(1));
            for (Packed packed : known) {
                if (packed.source.equals(source)) {
                    return packed.weights;
                }
            }
            List<PackedWeights> weights = new ArrayList<>(source.matrices());
            for (WeightSource.Matrix matrix : source.load()) {
                weights.add(pack(matrix.where(), matrix.quantization()));
            }
            known.add(new Packed(source, weights));
            return weights;
        }

        /** The kernels that multiply by what {@link #packBlocks} packs. */
        BlockKernels blockKernels() {
            return MachineCode.kernels().orElseGet(BlockKernels::portable);
        }

        /** A layer's matrix for activations that are quantized in groups, with its bias. */
        BlockWeights packBlocks(FusedOp.Linear layer, int group) {
            BlockWeights plain = packBlocks(layer.weight(), group).getFirst();
            return layer.bias().isEmpty() ? plain : plain.withBias(memory, floats(layer.bias()));
        }

        /** The matrices of a source, in order, for activations that are quantized in groups. */
        List<BlockWeights> packBlocks(WeightSource source, int group) {
            List<PackedBlocks> known = blocks.computeIfAbsent(source.data(), _ -> new ArrayList<>(1));
            for (PackedBlocks packed : known) {
                if (packed.source.equals(source) && packed.group == group) {
                    return packed.weights;
                }
            }
            List<BlockWeights> weights = new ArrayList<>(source.matrices());
            PanelLayout layout = blockKernels().layout();
            for (WeightSource.Matrix matrix : source.load()) {
                Quantization quantization = matrix.quantization().orElseThrow();
                weights.add(BlockPacker.pack(team, memory, matrix.where(), quantization, group, layout));
            }
            known.add(new PackedBlocks(source, group, weights));
            return weights;
        }

        private PackedWeights pack(Packer.Source where, Optional<Quantization> quantization) {
            return quantization.isEmpty()
                    ? Packer.pack(team, memory, where)
                    : Packer.packQuantized(team, memory, where, quantization.get());
        }
    }

    /** Rows of a table that stays where and as the file has it. Input indices [...]. */
    static Step embedding(WeightSource table) {
        WeightSource.Matrix matrix = table.load().getFirst();
        Packer.Source where = matrix.where();
        Optional<Quantization> quantization = matrix.quantization();
        RowKernels kernels = MachineRows.orPortable();
        return frame -> {
            Tensor indices = frame.in(0);
            long[] dims = java.util.Arrays.copyOf(
                    indices.shape().dims(), indices.shape().rank() + 1);
            dims[dims.length - 1] = table.inputs();
            Tensor y = frame.out(0, ElementType.F32, Shape.of(dims));
            long count = indices.shape().elements();
            var type = indices.elementType() == ElementType.I32 ? Gather.IndexType.I32 : Gather.IndexType.I64;
            Gather.rows(frame.team(), kernels, where, quantization, indices.memory(), 0, type, count, y.memory(), 0);
        };
    }

    /** The f32 numbers of a constant that stays as the file has it. */
    static Step decompress(Compressed source) {
        long[] dims = source.data().shape().dims();
        MemorySegment data = source.data().data().segment();
        Optional<CodeTable> table = source.table();
        var scale = new Decompression.Operand(source.scales(1, 0), strides(source, source.scale()));
        var zero = new Decompression.Operand(source.zeroPoints(1, 0), strides(source, source.zeroPoint()));
        return frame -> {
            Tensor y = frame.out(0, ElementType.F32, source.shape());
            Decompression.apply(frame.team(), data, source.format(), table, dims, scale, zero, y.memory());
        };
    }

    private static long[] strides(Compressed source, Optional<Op.Constant> entries) {
        return entries.map(source::strides)
                .orElseGet(() -> new long[source.data().shape().rank()]);
    }

    /** x [..., K] · W[N, K]ᵀ + bias. */
    static Step linear(Packs packs, FusedOp.Linear op) {
        PackedWeights plain = packs.pack(op.weight()).getFirst();
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
            Linear.apply(frame.team(), MachineStrips.kernels(), weights, x.memory(), 0, k, rows, y.memory(), 0, n);
        };
    }

    /** x [X..., M, K] · W[B..., N, K]ᵀ, leading dimensions broadcast. */
    static Step batchedLinear(Packs packs, WeightSource source) {
        List<PackedWeights> weights = packs.pack(source);
        int k = source.inputs();
        int n = source.outputs();
        return frame -> {
            Tensor x = frame.in(0);
            Shape given = x.shape();
            if (given.dim(-1) != k) {
                throw new dev.decanter.runtime.InferenceException(
                        "the input's last dimension is " + given.dim(-1) + ", the weights' is " + k);
            }
            int m = Math.toIntExact(given.dim(-2));
            Batches batches = Batches.of(given, source.batch());
            Tensor y = frame.out(0, ElementType.F32, batches.shape(m, n));
            for (long b = 0; b < batches.count(); b++) {
                long from = batches.left(b) * m * k * Float.BYTES;
                PackedWeights w = weights.get((int) batches.right(b));
                long to = b * m * n * Float.BYTES;
                Linear.apply(frame.team(), MachineStrips.kernels(), w, x.memory(), from, k, m, y.memory(), to, n);
            }
        };
    }

    /** Leading dimensions of a product, with the strides by which its operands follow, in matrices. */
    static final class Batches {
        private final long[] dims;
        private final long[] left;
        private final long[] right;

        private Batches(int rank) {
            dims = new long[rank];
            left = new long[rank];
            right = new long[rank];
        }

        static Batches of(Shape x, Shape weights) {
            int rank = Math.max(x.rank() - 2, weights.rank());
            Batches all = new Batches(rank);
            long nextLeft = 1;
            long nextRight = 1;
            for (int i = 1; i <= rank; i++) {
                long l = i <= x.rank() - 2 ? x.dim(-2 - i) : 1;
                long r = i <= weights.rank() ? weights.dim(-i) : 1;
                if (l != r && l != 1 && r != 1) {
                    throw new dev.decanter.runtime.InferenceException(
                            "batch dimensions of " + x + " do not fit those of the weights, " + weights);
                }
                all.dims[rank - i] = l == 1 ? r : l;
                all.left[rank - i] = l == 1 ? 0 : nextLeft;
                all.right[rank - i] = r == 1 ? 0 : nextRight;
                nextLeft *= l;
                nextRight *= r;
            }
            return all;
        }

        long count() {
            return Shape.of(dims).elements();
        }

        /** The shape of the product, of matrices [m, n]. */
        Shape shape(int m, int n) {
            long[] all = java.util.Arrays.copyOf(dims, dims.length + 2);
            all[dims.length] = m;
            all[dims.length + 1] = n;
            return Shape.of(all);
        }

        /** Which matrix of x product {@code batch} reads. */
        long left(long batch) {
            return index(batch, left);
        }

        /** Which weight product {@code batch} reads. */
        long right(long batch) {
            return index(batch, right);
        }

        private long index(long batch, long[] strides) {
            long at = 0;
            for (int d = dims.length - 1; d >= 0; d--) {
                at += batch % dims[d] * strides[d];
                batch /= dims[d];
            }
            return at;
        }
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
