package dev.decanter.export.models;

import dev.decanter.export.WeightFormat;
import dev.decanter.export.checkpoint.Checkpoint;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.safetensors.CheckpointTensor;
import dev.decanter.safetensors.WeightData;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A checkpoint's tensors as constants of a graph, by the checkpoint's own names. */
public final class Weights {
    private final Checkpoint checkpoint;
    /** From the type that the checkpoint has to the one that the IR gets. */
    private final UnaryOperator<ElementType> stored;

    private final Map<String, Output> matrices = new HashMap<>();

    /**
     * Weights in a storage format.
     *
     * @param checkpoint must stay open until the graph is written
     */
    public Weights(Checkpoint checkpoint, WeightFormat format) {
        this(checkpoint, type -> format.elementType());
    }

    private Weights(Checkpoint checkpoint, UnaryOperator<ElementType> stored) {
        this.checkpoint = checkpoint;
        this.stored = stored;
    }

    /** Weights in the precision that they have in the checkpoint: what compresses them should not see them rounded. */
    public static Weights asTheyAre(Checkpoint checkpoint) {
        return new Weights(checkpoint, UnaryOperator.identity());
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

    /** A vector of {@code size} elements as f32, with dimensions of 1 before it up to {@code rank}; stored as f32 always. */
    Output vector(GraphBuilder g, String name, int rank, long size) {
        long[] dims = new long[rank];
        Arrays.fill(dims, 1);
        dims[rank - 1] = size;
        return constant(g, checkpoint.take(name, Shape.of(size)), Shape.of(dims), ElementType.F32);
    }

    /** Says that {@code copy}, where the checkpoint has it, is the tensor {@code original} under another name. */
    void tie(String copy, String original) {
        checkpoint.takeTied(copy, original);
    }

    private Output constant(GraphBuilder g, CheckpointTensor tensor, Shape shape, ElementType type) {
        return g.constant("self." + tensor.name(), type, shape, new WeightData(tensor, type));
    }
}
