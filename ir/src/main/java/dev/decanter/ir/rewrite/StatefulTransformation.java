package dev.decanter.ir.rewrite;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes a decoder keep its KV cache itself: each pair of a past input and a present output becomes a state variable.
 *
 * <p>As Optimum-Intel does it: the past Parameter becomes a ReadValue whose initial value is an empty cache for the batch
 * of {@code input_ids}, followed by a Gather that reorders the batch by the new input {@code beam_idx}; the present Result
 * becomes an Assign. A variable's id is the past name immediately followed by the present name. Past inputs without a
 * present output (the encoder's keys of a sequence-to-sequence decoder) stay inputs.
 *
 * {@snippet :
 * // inputs input_ids, past_key_values.0.key [?,8,?,64]; outputs logits, present.0.key
 * PassSequence.of(new StatefulTransformation()).run(model);
 * // inputs input_ids, beam_idx; output logits; variable past_key_values.0.keypresent.0.key
 * }
 */
public final class StatefulTransformation implements Pass {
    private static final String PAST = "past_key_values";
    private static final String PRESENT = "present";
    private static final String BEAM = "beam_idx";
    private static final List<String> BATCH_SOURCES =
            List.of("input_ids", "inputs_embeds", "decoder_input_ids", "decoder_inputs_embeds");

    /** A cache input and the output that is its next value. */
    private record Pair(Node past, String pastName, Node present, String presentName) {}

    private final int batchAxis;

    /** For caches whose first dimension is the batch. */
    public StatefulTransformation() {
        this(0);
    }

    /** For caches whose dimension {@code batchAxis} is the batch. */
    public StatefulTransformation(int batchAxis) {
        this.batchAxis = batchAxis;
    }

    /** Throws {@link IrException} if there are pairs but beam_idx exists already or no input gives the batch. */
    @Override
    public boolean run(Model model) {
        List<Pair> pairs = pairs(model);
        if (pairs.isEmpty()) {
            return false;
        }
        if (model.parameter(BEAM).isPresent()) {
            throw new IrException("the model has past_key_values inputs and beam_idx already: it is half stateful");
        }
        Node ids = batchSource(model);
        Node beam = Node.of(
                new Op.Parameter(
                        ElementType.I32,
                        PartialShape.of(List.of(ids.output().shape().dim(0)))),
                BEAM);
        beam.output().named(BEAM);
        Initial initial = new Initial(ids.output(), batchAxis);
        Node axis = Constants.scalar(BEAM + "/axis", batchAxis);
        for (Pair pair : pairs) {
            replace(model, pair, beam, axis, initial);
        }
        model.parameters().add(beam);
        return true;
    }

    private static List<Pair> pairs(Model model) {
        Map<String, Node> presents = new LinkedHashMap<>();
        for (Node result : model.results()) {
            for (String name : Model.tensorNames(result)) {
                if (name.startsWith(PRESENT)) {
                    presents.put(name, result);
                }
            }
        }
        List<Pair> pairs = new ArrayList<>();
        for (Node past : model.parameters()) {
            for (String name : past.output().names()) {
                String wanted = name.startsWith(PAST) ? PRESENT + name.substring(PAST.length()) : "";
                Node present = presents.get(wanted);
                if (present != null) {
                    pairs.add(new Pair(past, name, present, wanted));
                    break;
                }
            }
        }
        return pairs;
    }

    private static Node batchSource(Model model) {
        for (String name : BATCH_SOURCES) {
            Optional<Node> found = model.parameter(name);
            if (found.isPresent()
                    && found.get().output().shape().hasRank()
                    && found.get().output().shape().rank() > 0) {
                return found.get();
            }
        }
        throw new IrException(
                "no input gives the batch size of the empty cache: none is called one of " + BATCH_SOURCES);
    }

    private void replace(Model model, Pair pair, Node beam, Node axis, Initial initial) {
        Output past = pair.past.output();
        PartialShape shape = past.shape();
        if (!shape.hasRank() || shape.rank() <= batchAxis) {
            throw new IrException(
                    "cache input \"" + pair.pastName + "\" of shape " + shape + " has no batch dimension");
        }
        String id = pair.pastName + pair.presentName;
        Node read = Node.of(
                new Op.ReadValue(id, past.elementType(), shape),
                pair.past.name(),
                initial.empty(past.elementType(), shape, pair.pastName));
        Node reordered = Node.of(
                new GatherScatterOp.Gather(0),
                pair.pastName + "/reordered",
                read.output(),
                beam.output(),
                axis.output());
        past.replaceWith(reordered.output());
        read.output().names().addAll(reordered.output().names());
        reordered.output().names().clear();
        Output next = pair.present.input(0);
        next.names().remove(pair.presentName);
        Node assign = Node.of(new Op.Assign(id), pair.present.name(), next);
        pair.present.disconnect();
        model.parameters().remove(pair.past);
        model.results().remove(pair.present);
        model.sinks().add(assign);
    }

    /** Empty caches: the batch of an input, the known sizes, and 0 where the size is not known. */
    private static final class Initial {
        private final int batchAxis;
        private final Output batch;
        private final Map<PartialShape, Output> shapes = new HashMap<>();
        private final Map<ElementType, Output> zeros = new HashMap<>();

        Initial(Output ids, int batchAxis) {
            this.batchAxis = batchAxis;
            Node shape = Node.of(new ShapeOp.ShapeOf(ElementType.I64), "state/ids_shape", ids);
            batch = Node.of(
                            new GatherScatterOp.Gather(0),
                            "state/batch",
                            shape.output(),
                            Constants.vector("state/batch_index", 0).output(),
                            Constants.scalar("state/batch_axis", 0).output())
                    .output();
        }

        Output empty(ElementType type, PartialShape shape, String name) {
            Output sizes = shapes.computeIfAbsent(shape, this::sizes);
            Output zero = zeros.computeIfAbsent(
                    type,
                    t -> Constants.numbers(t, "state/zero_" + t.irName(), Shape.SCALAR, 0)
                            .output());
            return Node.of(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), name + "/initial", zero, sizes)
                    .output();
        }

        private Output sizes(PartialShape shape) {
            List<Output> parts = new ArrayList<>();
            for (int i = 0; i < shape.rank(); i++) {
                Dimension dim = shape.dim(i);
                parts.add(
                        i == batchAxis
                                ? batch
                                : Constants.vector("state/size_" + i, dim.min()).output());
            }
            return Node.of(new ShapeOp.Concat(0), "state/shape", parts).output();
        }
    }
}
