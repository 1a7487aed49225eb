package dev.decanter.export.models;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Keys and values of earlier tokens, [batch, heads, tokens, headDim] for each layer. In a stateful model they are variables
 * that {@code beam_idx} reorders; in a stateless one they come in as {@code past_key_values.N.key} and leave as
 * {@code present.N.key}.
 */
final class KvCache {
    private final GraphBuilder g;
    private final boolean stateful;
    private final Map<String, Output> past = new HashMap<>();
    private final List<Node> parameters = new ArrayList<>();
    private final List<Node> results = new ArrayList<>();
    private final List<Node> sinks = new ArrayList<>();

    private KvCache(GraphBuilder g, boolean stateful) {
        this.g = g;
        this.stateful = stateful;
    }

    /**
     * A cache for all layers.
     *
     * @param beamIdx i32 [batch], for a stateful model; empty for a stateless one
     * @param batch the batch size, a list of one
     */
    static KvCache build(GraphBuilder g, DecoderConfig config, Optional<Output> beamIdx, Output batch) {
        KvCache cache = new KvCache(g, beamIdx.isPresent());
        PartialShape shape = PartialShape.of(-1, config.kvHeads(), -1, config.headDim());
        for (int layer = 0; layer < config.layers(); layer++) {
            for (String part : List.of("key", "value")) {
                String name = pastName(layer, part);
                String present = presentName(layer, part);
                cache.past.put(
                        name,
                        beamIdx.map(beams -> cache.variable(name, present, shape, beams, batch))
                                .orElseGet(() -> cache.parameter(name, shape)));
            }
        }
        return cache;
    }

    private static String pastName(int layer, String part) {
        return "past_key_values." + layer + "." + part;
    }

    private static String presentName(int layer, String part) {
        return "present." + layer + "." + part;
    }

    private Output parameter(String name, PartialShape shape) {
        Node parameter = Node.of(new Op.Parameter(ElementType.F32, shape), name);
        parameters.add(parameter);
        return parameter.output().named(name);
    }

    /** Empty before the first inference, reordered by beam on every one. */
    private Output variable(String name, String present, PartialShape shape, Output beams, Output batch) {
        long heads = shape.dim(1).size();
        long width = shape.dim(3).size();
        Output size = g.concat("Concat", 0, batch, g.longs(heads), g.longs(0), g.longs(width));
        Output empty = g.node(
                "Broadcast", new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), g.floats(Shape.SCALAR, 0), size);
        Output value = g.node("ReadValue", new Op.ReadValue(name + present, ElementType.F32, shape), empty)
                .named(name);
        return g.node("Gather", new GatherScatterOp.Gather(0), value, beams, g.scalar(0));
    }

    /** What came before this inference: [batch, heads, past tokens, headDim]. */
    Output past(int layer, String part) {
        return Objects.requireNonNull(past.get(pastName(layer, part)));
    }

    /** The past followed by {@code fresh}, kept for the next inference. */
    Output append(GraphBuilder module, int layer, String part, Output fresh) {
        String present = presentName(layer, part);
        Output all =
                module.concat("aten::cat/Concat", -2, past(layer, part), fresh).named(present);
        if (stateful) {
            sinks.add(g.node("Assign", new Op.Assign(pastName(layer, part) + present), all)
                    .node());
        } else {
            results.add(Node.of(new Op.Result(List.of(present)), present, all));
        }
        return all;
    }

    /** The inputs of a stateless model. */
    List<Node> parameters() {
        return parameters;
    }

    /** The outputs of a stateless model. */
    List<Node> results() {
        return results;
    }

    /** The writes of a stateful model. */
    List<Node> sinks() {
        return sinks;
    }
}
