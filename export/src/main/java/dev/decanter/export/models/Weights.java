package dev.decanter.export.models;

import dev.decanter.export.WeightFormat;
import dev.decanter.export.checkpoint.Checkpoint;
import dev.decanter.export.checkpoint.PackedMatrix;
import dev.decanter.export.checkpoint.QuantizationConfig;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.WeightData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A checkpoint's tensors as constants of a graph, by the checkpoint's own names.
 *
 * <p>Packed matrices of GPTQ and AWQ become the subgraphs that NNCF leaves of compressed weights, with the checkpoint's codes,
 * zero points and scales. Where a matrix has its inputs in another order ({@code desc_act}), a Gather puts the activation in
 * that order; matrices that read the same activation in the same order share it.
 */
public final class Weights {
    private final Checkpoint checkpoint;
    /** From the type that the checkpoint has to the one that the IR gets. */
    private final UnaryOperator<ElementType> stored;

    private final Optional<QuantizationConfig> quantization;
    private final Map<String, Output> matrices = new HashMap<>();
    private final Map<Reordering, Output> reordered = new HashMap<>();
    private int packedMatrices;

    private record Reordering(Output activation, List<Integer> order) {}

    /**
     * Weights in a storage format.
     *
     * @param checkpoint must stay open until the graph is written
     * @param format of the weights that are not packed
     * @param quantization how packed weights are packed
     */
    public Weights(Checkpoint checkpoint, WeightFormat format, Optional<QuantizationConfig> quantization) {
        this(checkpoint, type -> format.elementType(), quantization);
    }

    private Weights(
            Checkpoint checkpoint, UnaryOperator<ElementType> stored, Optional<QuantizationConfig> quantization) {
        this.checkpoint = checkpoint;
        this.stored = stored;
        this.quantization = quantization;
    }

    /** Weights in the precision that they have in the checkpoint: what compresses them should not see them rounded. */
    public static Weights asTheyAre(Checkpoint checkpoint) {
        return new Weights(checkpoint, UnaryOperator.identity(), Optional.empty());
    }

    /** How many packed matrices were carried over so far. */
    public int packedMatrices() {
        return packedMatrices;
    }

    /**
     * A matrix [rows, columns] as f32, stored in the export's format. Asked for again, the same node.
     *
     * @param kind what reads it, for example {@code ov_ext::linear}
     */
    Output matrix(GraphBuilder g, String kind, String name, long rows, long columns) {
        Output known = matrices.get(name);
        if (known == null) {
            Shape shape = Shape.of(rows, columns);
            CheckpointTensor tensor = checkpoint.take(name, shape);
            ElementType type = stored.apply(tensor.elementType());
            Output constant = constant(g, tensor, shape, type);
            known = type == ElementType.F32 ? constant : g.decompress(kind + "/Convert", constant);
            matrices.put(name, known);
        }
        return known;
    }

    /** {@code x · Wᵀ} with the weight W [out, in] of a module, packed or not. */
    Output product(GraphBuilder g, String kind, Output x, String module, long out, long in) {
        if (quantization.isEmpty() || !PackedMatrix.isPacked(checkpoint, module)) {
            return g.matMul(kind, x, matrix(g, kind, module + ".weight", out, in), true);
        }
        PackedMatrix matrix = PackedMatrix.take(checkpoint, quantization.get(), module, (int) out, (int) in);
        packedMatrices++;
        Output ordered = matrix.inputOrder().map(order -> reorder(g, x, order)).orElse(x);
        return g.matMul(kind, ordered, decompressed(g, kind, matrix, "self." + module + ".weight", out, in), true);
    }

    private Output reorder(GraphBuilder g, Output x, int[] order) {
        return reordered.computeIfAbsent(
                new Reordering(x, Arrays.stream(order).boxed().toList()),
                key -> g.gather("aten::index_select", x, g.ints(order), g.scalar(-1)));
    }

    /** {@code (codes − zero points) · scales}: [out, groups, inputs of a group] made [out, in], or [out, in] with one group. */
    private static Output decompressed(
            GraphBuilder g, String kind, PackedMatrix matrix, String name, long out, long in) {
        boolean grouped = matrix.groups() > 1;
        Shape shape = grouped ? Shape.of(out, matrix.groups(), matrix.groupLength()) : Shape.of(out, in);
        Shape each = grouped ? Shape.of(out, matrix.groups(), 1) : Shape.of(out, 1);
        ElementType type = matrix.scaleType();
        Output codes = g.constant(name, matrix.codeType(), shape, matrix.codes());
        Output value = g.ofWeight(name + "/convert", new ShapeOp.Convert(type), codes);
        if (matrix.zeroPoints().isPresent()) {
            String zeroName = name + "/zero_point";
            Output zero = g.constant(
                    zeroName, matrix.codeType(), each, matrix.zeroPoints().get());
            zero = g.ofWeight(zeroName + "/convert", new ShapeOp.Convert(type), zero);
            value = g.ofWeight(zeroName + "/subtract", new BinaryOp.Subtract(), value, zero);
        }
        Output scale = g.constant(name + "/scale", type, each, matrix.scales());
        value = g.ofWeight(name + "/fq_weights_1", new BinaryOp.Multiply(), value, scale);
        if (grouped) {
            value = g.ofWeight(name + "/reshape", new ShapeOp.Reshape(false), value, g.longs(out, in));
        }
        return type == ElementType.F32 ? value : g.decompress(kind + "/Convert", value);
    }

    /** A vector of {@code size} elements as f32, with dimensions of 1 before it up to {@code rank}; stored as f32 always. */
    Output vector(GraphBuilder g, String name, int rank, long size) {
        long[] dims = new long[rank];
        Arrays.fill(dims, 1);
        dims[rank - 1] = size;
        return constant(g, checkpoint.take(name, Shape.of(size)), Shape.of(dims), ElementType.F32);
    }

    /**
     * Whether a module has a bias to add: if the architecture has one, or if AutoGPTQ, which gives one to every packed
     * matrix, wrote another than zeros.
     */
    boolean hasBias(String module, long size, boolean expected) {
        String name = module + ".bias";
        if (expected || !PackedMatrix.isPacked(checkpoint, module) || !checkpoint.has(name)) {
            return expected;
        }
        MemorySegment values = new WeightData(checkpoint.take(name, Shape.of(size)), ElementType.F32).segment();
        for (float value : values.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)) {
            if (value != 0) {
                return true;
            }
        }
        checkpoint.leaveOut(name);
        return false;
    }

    /** Says that the weight of {@code copy}, where the checkpoint has it, is that of {@code original} under another name. */
    void tie(String copy, String original) {
        checkpoint.takeTied(copy + ".weight", original + ".weight");
    }

    private Output constant(GraphBuilder g, CheckpointTensor tensor, Shape shape, ElementType type) {
        return g.constant("self." + tensor.name(), type, shape, new WeightData(tensor, type));
    }
}
