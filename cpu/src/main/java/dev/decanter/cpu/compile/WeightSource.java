package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.BlockPacker;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A constant matrix, or several of one size (experts), as the model stores it: floats of 16 or 32 bits, or
 * {@link Compressed}, grouped along its inputs or not.
 *
 * @param data the stored elements, [N, K] or [K, N], or grouped [N, G, K/G] or [G, K/G, N], after the batch dimensions
 * @param compressed what makes numbers of them; empty where they are floats
 * @param batch dimensions before the matrices; none for one matrix
 * @param outputs N
 * @param inputs K
 * @param inputMajor whether a matrix lies as [K, N]
 * @param groupSize inputs that share a scale; K without groups
 */
record WeightSource(
        Op.Constant data,
        Optional<Compressed> compressed,
        Shape batch,
        int outputs,
        int inputs,
        boolean inputMajor,
        int groupSize) {
    private static final int MAX = 1 << 30;

    /** Looks for a matrix behind {@code value}; {@code inputMajor} says how its two axes are to be read. */
    static Optional<WeightSource> match(Output value, boolean inputMajor) {
        return matchBatch(value, inputMajor).filter(w -> w.batch.rank() == 0);
    }

    /** As {@link #match}, of values of any rank from 2 on: the last two axes are those of the matrices. */
    static Optional<WeightSource> matchBatch(Output value, boolean inputMajor) {
        if (value.elementType() != ElementType.F32) {
            return Optional.empty();
        }
        Node node = value.node();
        if (node.op() instanceof ShapeOp.Transpose && swapsLastTwo(node.input(1))) {
            return matchBatch(node.input(0), !inputMajor);
        }
        Node stored = node.op() instanceof ShapeOp.Convert ? node.input(0).node() : node;
        if (stored.op() instanceof Op.Constant plain && isFloat(plain.elementType())) {
            return of(plain, Optional.empty(), plain.shape(), inputMajor).filter(WeightSource::isAligned);
        }
        return Compressed.match(value)
                .flatMap(c -> of(c.data(), Optional.of(c), c.shape(), inputMajor))
                .filter(WeightSource::isGrouped)
                .filter(WeightSource::isAligned);
    }

    private static boolean swapsLastTwo(Output order) {
        return Constants.integers(order)
                .filter(o -> o.length >= 2)
                .filter(o -> {
                    long[] wanted = new long[o.length];
                    Arrays.setAll(wanted, i -> i);
                    wanted[o.length - 1] = o.length - 2L;
                    wanted[o.length - 2] = o.length - 1L;
                    return Arrays.equals(o, wanted);
                })
                .isPresent();
    }

    private static boolean isFloat(ElementType type) {
        return type == ElementType.F32 || type == ElementType.F16 || type == ElementType.BF16;
    }

    private static Optional<WeightSource> of(
            Op.Constant data, Optional<Compressed> compressed, Shape shape, boolean inputMajor) {
        int rank = shape.rank();
        if (rank < 2 || shape.elements() == 0 || shape.dim(-1) > MAX || shape.dim(-2) > MAX) {
            return Optional.empty();
        }
        int k = (int) shape.dim(inputMajor ? -2 : -1);
        int n = (int) shape.dim(inputMajor ? -1 : -2);
        int group = data.shape().rank() > rank ? (int) data.shape().dim(inputMajor ? -2 : -1) : k;
        Shape batch = Shape.of(Arrays.copyOf(shape.dims(), rank - 2));
        return Optional.of(new WeightSource(data, compressed, batch, n, k, inputMajor, group));
    }

    /** The shape that data in groups has, or data without. */
    private Shape storedShape(boolean grouped) {
        long[] tail = inputMajor ? new long[] {inputs, outputs} : new long[] {outputs, inputs};
        if (grouped) {
            tail = inputMajor ? new long[] {groups(), groupSize, outputs} : new long[] {outputs, groups(), groupSize};
        }
        long[] dims = Arrays.copyOf(batch.dims(), batch.rank() + tail.length);
        System.arraycopy(tail, 0, dims, batch.rank(), tail.length);
        return Shape.of(dims);
    }

    private boolean grouped() {
        return data.shape().rank() == batch.rank() + 3;
    }

    /** Whether groups lie along the inputs, and all elements of a group have the same scale and zero point. */
    private boolean isGrouped() {
        if (!data.shape().equals(storedShape(grouped()))) {
            return false;
        }
        Compressed c = compressed.orElseThrow();
        return c.scale().map(s -> isShared(c.strides(s))).orElse(true)
                && c.zeroPoint().map(z -> isShared(c.strides(z))).orElse(true);
    }

    private boolean isShared(long[] strides) {
        if (strides[strides.length - (inputMajor ? 2 : 1)] != 0) {
            return false;
        }
        // several batch dimensions are one counter, so entries have to follow it evenly
        boolean even = true;
        for (int d = 0; d + 1 < batch.rank(); d++) {
            even &= strides[d] == strides[d + 1] * batch.dim(d + 1) || batch.dim(d) == 1;
        }
        return even;
    }

    /** Whether every matrix begins at a byte. */
    private boolean isAligned() {
        if (batch.elements() == 1) {
            return true;
        }
        boolean even = (long) outputs * inputs * data.elementType().bits() % Byte.SIZE == 0;
        return even
                && compressed
                        .map(c -> c.scale().map(s -> isAligned(c, s)).orElse(true)
                                && c.zeroPoint().map(z -> isAligned(c, z)).orElse(true))
                        .orElse(true);
    }

    private boolean isAligned(Compressed c, Op.Constant entries) {
        return batchStride(c, entries) * entries.elementType().bits() % Byte.SIZE == 0;
    }

    int groups() {
        return inputs / groupSize;
    }

    /**
     * Inputs of a group of activations that are quantized for products by this weight; empty if it is none of integers that
     * kernels have such products for. Says it from types and shapes: the data may have to be computed first.
     *
     * @param wanted inputs of a group where a row has one scale
     */
    OptionalInt blockGroup(int wanted) {
        return compressed
                .filter(c -> c.codebook().isEmpty())
                .flatMap(c -> BlockPacker.group(
                        c.format(),
                        inputs,
                        groupSize,
                        c.zeroPoint()
                                .map(z -> CodeTables.format(z.elementType()).orElseThrow()),
                        wanted))
                .map(OptionalInt::of)
                .orElseGet(OptionalInt::empty);
    }

    /** Number of matrices. */
    int matrices() {
        return Math.toIntExact(batch.elements());
    }

    WeightFormat format() {
        return compressed
                .map(Compressed::format)
                .orElseGet(() -> CodeTables.format(data.elementType()).orElseThrow());
    }

    private long batchStride(Compressed c, Op.Constant entries) {
        return batch.rank() == 0 ? 0 : c.strides(entries)[batch.rank() - 1];
    }

    /**
     * One of the matrices.
     *
     * @param where its elements
     * @param quantization scales and zero points; empty where elements are floats
     */
    record Matrix(Packer.Source where, Optional<Quantization> quantization) {}

    /** All matrices in order. Data that a constant computes is computed here, once. */
    List<Matrix> load() {
        MemorySegment memory = data.data().segment();
        Optional<Quantization> first = compressed.map(this::quantization);
        long bits = (long) outputs * inputs * data.elementType().bits();
        List<Matrix> all = new ArrayList<>(matrices());
        for (int i = 0; i < matrices(); i++) {
            int matrix = i;
            Packer.Source where =
                    new Packer.Source(memory, matrix * bits / Byte.SIZE, format(), outputs, inputs, inputMajor);
            all.add(new Matrix(where, first.map(q -> next(q, matrix))));
        }
        return all;
    }

    /** Scales and zero points of the first matrix. */
    private Quantization quantization(Compressed c) {
        long[] scale = steps(c, c.scale());
        long[] zero = steps(c, c.zeroPoint());
        return new Quantization(groupSize, c.scales(scale[0], scale[1]), c.zeroPoints(zero[0], zero[1]), c.table());
    }

    private Quantization next(Quantization first, int matrix) {
        Compressed c = compressed.orElseThrow();
        return new Quantization(
                groupSize,
                first.scales().from(matrix * steps(c, c.scale())[2]),
                first.zeroPoints().from(matrix * steps(c, c.zeroPoint())[2]),
                first.table());
    }

    /** Entries from one row, group and matrix to the next. */
    private long[] steps(Compressed c, Optional<Op.Constant> entries) {
        return entries.map(e -> new long[] {rowStride(c, e), groupStride(c, e), batchStride(c, e)})
                .orElseGet(() -> new long[3]);
    }

    private long rowStride(Compressed c, Op.Constant entries) {
        return c.strides(entries)[inputMajor ? data.shape().rank() - 1 : batch.rank()];
    }

    private long groupStride(Compressed c, Op.Constant entries) {
        return grouped() ? c.strides(entries)[inputMajor ? batch.rank() : batch.rank() + 1] : 0;
    }
}
