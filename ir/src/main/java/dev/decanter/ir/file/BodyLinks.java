package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.SubGraphOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The port map and back edges of a graph inside a layer. In files they name ports and layers by ids, which writing
 * changes: reading puts ports in the order of inputs and outputs, and keeps layer ids with the names that they stand for.
 */
final class BodyLinks {
    private static final String EXTERNAL = "external_port_id";
    private static final String INTERNAL = "internal_layer_id";
    private static final String FROM = "from-layer";
    private static final String TO = "to-layer";

    private BodyLinks() {}

    /** The body with its links checked: each names a port of {@code layer} and a Parameter or Result inside. */
    static SubGraphOp.Body read(RawGraph.Layer layer, RawGraph.Body body, Model model) {
        Map<String, String> layerIds = layerIds(body, model);
        List<SubGraphOp.Link> portMap = new ArrayList<>();
        for (SubGraphOp.Link link : body.portMap()) {
            SubGraphOp.Link moved = replace(link, EXTERNAL, externalPort(layer, link));
            portMap.add(normalised(moved, INTERNAL, layerIds));
        }
        List<SubGraphOp.Link> backEdges = new ArrayList<>();
        for (SubGraphOp.Link link : body.backEdges()) {
            backEdges.add(normalised(normalised(link, FROM, layerIds), TO, layerIds));
        }
        return new SubGraphOp.Body(body.element(), model, layerIds, body.portMapElement(), portMap, backEdges);
    }

    private static Map<String, String> layerIds(RawGraph.Body body, Model model) {
        Set<String> names = new HashSet<>();
        Stream.concat(model.parameters().stream(), model.results().stream())
                .map(Node::name)
                .forEach(name -> {
                    if (!names.add(name)) {
                        throw new IrException("two Parameters or Results of its <" + body.element() + "> have the name "
                                + Limits.quote(name));
                    }
                });
        Map<String, String> out = new LinkedHashMap<>();
        for (RawGraph.Layer inner : body.graph().layers()) {
            if (inner.type().equals("Parameter") || inner.type().equals("Result")) {
                out.put(Long.toString(inner.id()), inner.name());
            }
        }
        return out;
    }

    private static String attribute(SubGraphOp.Link link, String name) {
        String value = link.attributes().get(name);
        if (value == null) {
            throw new IrException("a link <" + Limits.oneLine(link.element()) + "> has no " + name);
        }
        return value;
    }

    /** The port by its place among all inputs and outputs of the layer, which is its id when written; −1 is no port. */
    private static String externalPort(RawGraph.Layer layer, SubGraphOp.Link link) {
        long id = Limits.number(attribute(link, EXTERNAL), EXTERNAL);
        boolean input = link.element().equals("input");
        List<RawGraph.Port> ports = input ? layer.inputs() : layer.outputs();
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).id() == id) {
                return Integer.toString(input ? i : layer.inputs().size() + i);
            }
        }
        if (id == -1) {
            return "-1";
        }
        throw new IrException(
                "a link <" + Limits.oneLine(link.element()) + "> names port " + id + ", which the layer does not have");
    }

    private static SubGraphOp.Link normalised(SubGraphOp.Link link, String name, Map<String, String> layerIds) {
        String id = Long.toString(Limits.number(attribute(link, name), name));
        if (!layerIds.containsKey(id)) {
            throw new IrException("a link <" + Limits.oneLine(link.element()) + "> names layer " + id
                    + ", which is no Parameter or Result of the graph inside");
        }
        return replace(link, name, id);
    }

    private static SubGraphOp.Link replace(SubGraphOp.Link link, String name, String value) {
        Map<String, String> attributes = new LinkedHashMap<>(link.attributes());
        attributes.put(name, value);
        return new SubGraphOp.Link(link.element(), attributes);
    }

    /** Links with the ids that the inner layers have in the file to be written. */
    static List<SubGraphOp.Link> renumbered(
            List<SubGraphOp.Link> links, SubGraphOp.Body body, Map<Node, Integer> newIds) {
        Map<String, Integer> byName = new HashMap<>();
        Stream.concat(body.model().parameters().stream(), body.model().results().stream())
                .forEach(node -> byName.put(node.name(), newIds.getOrDefault(node, -1)));
        List<SubGraphOp.Link> out = new ArrayList<>();
        for (SubGraphOp.Link link : links) {
            SubGraphOp.Link moved = link;
            for (String name : List.of(INTERNAL, FROM, TO)) {
                String id = link.attributes().get(name);
                if (id != null) {
                    Integer newId = byName.get(body.layerIds().getOrDefault(id, ""));
                    if (newId == null) {
                        throw new IrException("a link <" + link.element() + "> names layer " + id
                                + ", which is no Parameter or Result of the graph inside");
                    }
                    moved = replace(moved, name, Integer.toString(newId));
                }
            }
            out.add(moved);
        }
        return out;
    }
}
