package dev.decanter.ir.file;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.op.SubGraphOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** XML text to {@link RawGraph}. Elements that it does not know are skipped, as OpenVINO does. */
final class GraphParser {
    private static final List<String> LAYER_ATTRIBUTES = List.of("name", "type", "version");

    private final XmlCursor xml;
    private int layerCount;
    private int edgeCount;

    private GraphParser(XmlCursor xml) {
        this.xml = xml;
    }

    static RawGraph parse(XmlCursor xml) {
        if (!xml.nextChild()) {
            throw xml.error("is not an OpenVINO IR: it is empty");
        }
        if (!xml.name().equals("net")) {
            throw xml.error(
                    "is not an OpenVINO IR: its root element is <" + Limits.oneLine(xml.name()) + ">, not <net>");
        }
        Map<String, String> attributes = xml.attributes();
        checkVersion(attributes.get("version"));
        RawGraph graph = new GraphParser(xml).graph(attributes.getOrDefault("name", ""), 0);
        while (xml.nextChild()) {
            xml.skip();
        }
        return graph;
    }

    private static void checkVersion(@org.jspecify.annotations.Nullable String text) {
        if (text == null) {
            throw new IrException("is not an OpenVINO IR: <net> has no version");
        }
        long version = Limits.number(text, "IR version");
        if (version < 10) {
            throw new IrException(
                    "IR version " + version
                            + " is older than 10 and not supported: convert the original model again with OpenVINO 2022.1 or newer");
        }
        if (version > 11) {
            throw new IrException("IR version " + version + " is not known; 10 and 11 are supported");
        }
    }

    private RawGraph graph(String name, int depth) {
        List<RawGraph.Layer> layers = new ArrayList<>();
        List<RawGraph.Edge> edges = new ArrayList<>();
        Map<String, RtInfo> rtInfo = new LinkedHashMap<>();
        boolean hasLayers = false;
        while (xml.nextChild()) {
            switch (xml.name()) {
                case "layers" -> {
                    hasLayers = true;
                    layers(layers, depth);
                }
                case "edges" -> edges(edges);
                case "rt_info" -> rtInfoEntries(rtInfo, 0);
                // the older tools' account of themselves: kept, but among the newer
                case "meta_data", "quantization_parameters" -> rtInfo.put(xml.name(), rtInfoValue(0));
                default -> xml.skip();
            }
        }
        if (!hasLayers) {
            throw xml.error("a graph has no <layers>");
        }
        return new RawGraph(name, layers, edges, new RtInfo.Section(rtInfo));
    }

    private void layers(List<RawGraph.Layer> out, int depth) {
        while (xml.nextChild()) {
            if (!xml.name().equals("layer")) {
                xml.skip();
                continue;
            }
            if (++layerCount > Limits.LAYERS) {
                throw xml.error("there are more than " + Limits.LAYERS + " layers");
            }
            out.add(layer(depth));
        }
    }

    private RawGraph.Layer layer(int depth) {
        Map<String, String> attributes = xml.attributes();
        long id = Limits.number(required(attributes, "id", "a layer"), "layer id");
        // texts for messages are made when something is wrong: cold code makes thousands of them slowly
        for (String name : LAYER_ATTRIBUTES) {
            if (!attributes.containsKey(name)) {
                String given = attributes.get("name");
                throw missing(name, given == null ? "layer " + id : "layer " + id + " " + Limits.quote(given));
            }
        }
        try {
            return layer(id, attributes, new LayerContent(), depth);
        } catch (IrException e) {
            String where = "layer " + id + " " + Limits.quote(attributes.getOrDefault("name", "")) + " ("
                    + Limits.oneLine(attributes.getOrDefault("type", "")) + ", "
                    + Limits.oneLine(attributes.getOrDefault("version", "")) + "): ";
            throw new IrException(where + e.getMessage(), e);
        }
    }

    /** What is collected while a layer's children are read. */
    private static final class LayerContent {
        final Map<String, String> data = new LinkedHashMap<>();
        final List<RuntimeAttribute> runtimeAttributes = new ArrayList<>();
        final List<RawGraph.Port> inputs = new ArrayList<>();
        final List<RawGraph.Port> outputs = new ArrayList<>();
        final Map<String, RawGraph> bodies = new LinkedHashMap<>();
        final Map<String, List<SubGraphOp.Link>> links = new HashMap<>();
    }

    private RawGraph.Layer layer(long id, Map<String, String> attributes, LayerContent content, int depth) {
        while (xml.nextChild()) {
            switch (xml.name()) {
                case "data" -> {
                    content.data.putAll(xml.attributes());
                    xml.skip();
                }
                case "rt_info" -> runtimeAttributes(content.runtimeAttributes);
                case "input" -> ports(content.inputs);
                case "output" -> ports(content.outputs);
                case "body", "then_body", "else_body" -> body(content.bodies, depth);
                case "port_map", "then_port_map", "else_port_map", "back_edges" ->
                    links(content.links.computeIfAbsent(xml.name(), _ -> new ArrayList<>()));
                default -> xml.skip();
            }
        }
        List<RawGraph.Body> bodies = new ArrayList<>();
        content.bodies.forEach((element, graph) -> {
            String portMap = element.replace("body", "port_map");
            bodies.add(new RawGraph.Body(
                    element,
                    graph,
                    portMap,
                    content.links.getOrDefault(portMap, List.of()),
                    element.equals("body") ? content.links.getOrDefault("back_edges", List.of()) : List.of()));
        });
        return new RawGraph.Layer(
                id,
                attributes.getOrDefault("name", ""),
                attributes.getOrDefault("type", ""),
                attributes.getOrDefault("version", ""),
                TensorNames.split(attributes.getOrDefault("output_names", "")),
                content.data,
                content.runtimeAttributes,
                content.inputs,
                content.outputs,
                bodies);
    }

    private void body(Map<String, RawGraph> out, int depth) {
        if (depth == Limits.BODY_DEPTH) {
            throw xml.error("graphs are nested deeper than " + Limits.BODY_DEPTH);
        }
        String element = xml.name();
        if (out.containsKey(element)) {
            throw xml.error("there are two <" + element + ">");
        }
        out.put(element, graph(xml.attributes().getOrDefault("name", ""), depth + 1));
    }

    private void links(List<SubGraphOp.Link> out) {
        while (xml.nextChild()) {
            out.add(new SubGraphOp.Link(xml.name(), xml.attributes()));
            xml.skip();
        }
    }

    private void ports(List<RawGraph.Port> out) {
        while (xml.nextChild()) {
            if (xml.name().equals("port")) {
                out.add(port());
            } else {
                xml.skip();
            }
        }
    }

    private RawGraph.Port port() {
        Map<String, String> attributes = xml.attributes();
        long id = Limits.number(required(attributes, "id", "a port"), "port id");
        String precision = attributes.get("precision");
        ElementType type = precision == null ? ElementType.DYNAMIC : ElementType.fromPrecision(precision.strip());
        List<Dimension> dims = new ArrayList<>();
        List<RuntimeAttribute> runtimeAttributes = new ArrayList<>();
        while (xml.nextChild()) {
            switch (xml.name()) {
                case "dim" -> dims.add(dimension(id, dims.size()));
                case "rt_info" -> runtimeAttributes(runtimeAttributes);
                default -> xml.skip();
            }
        }
        // a port without dims is a scalar or of dynamic rank: files do not tell them apart, inference does
        PartialShape shape = dims.isEmpty() ? PartialShape.DYNAMIC : PartialShape.of(dims);
        List<String> names = TensorNames.split(attributes.getOrDefault("names", ""));
        return new RawGraph.Port(id, new OutputSpec(type, shape), names, runtimeAttributes);
    }

    private Dimension dimension(long port, int index) {
        if (index >= Limits.RANK) {
            throw xml.error("port " + port + " has more than " + Limits.RANK + " dimensions");
        }
        long size = Limits.number(xml.text(), () -> "dimension " + index + " of port " + port + ":");
        if (size < -1) {
            throw xml.error("dimension " + index + " of port " + port + " is negative: " + size);
        }
        return size == -1 ? Dimension.DYNAMIC : Dimension.of(size);
    }

    private void runtimeAttributes(List<RuntimeAttribute> out) {
        while (xml.nextChild()) {
            if (xml.name().equals("attribute")) {
                Map<String, String> values = xml.attributes();
                String name = required(values, "name", "an rt_info attribute");
                String version = values.getOrDefault("version", "0");
                values.remove("name");
                values.remove("version");
                out.add(new RuntimeAttribute(name, version, values));
            }
            xml.skip();
        }
    }

    private void edges(List<RawGraph.Edge> out) {
        while (xml.nextChild()) {
            if (!xml.name().equals("edge")) {
                xml.skip();
                continue;
            }
            if (++edgeCount > Limits.EDGES) {
                throw xml.error("there are more than " + Limits.EDGES + " edges");
            }
            Map<String, String> attributes = xml.attributes();
            out.add(new RawGraph.Edge(
                    edgeEnd(attributes, "from-layer"),
                    edgeEnd(attributes, "from-port"),
                    edgeEnd(attributes, "to-layer"),
                    edgeEnd(attributes, "to-port")));
            xml.skip();
        }
    }

    private long edgeEnd(Map<String, String> attributes, String name) {
        return Limits.number(required(attributes, name, "an edge"), () -> name + " of an edge");
    }

    private String required(Map<String, String> attributes, String name, String where) {
        String value = attributes.get(name);
        if (value == null) {
            throw missing(name, where);
        }
        return value;
    }

    private IrException missing(String name, String where) {
        return xml.error(where + " has no " + name);
    }

    private void rtInfoEntries(Map<String, RtInfo> out, int depth) {
        while (xml.nextChild()) {
            String key = xml.name();
            String name = xml.attributes().get("name");
            if (key.equals("info") && name != null) {
                key = name;
            }
            out.put(key, rtInfoValue(depth + 1));
        }
    }

    /**
     * An element's {@code value}, else a section of its children and attributes; attributes other than these two occur
     * in the older tools' files only ({@code <unset unset_cli_parameters="…"/>}).
     */
    private RtInfo rtInfoValue(int depth) {
        if (depth > Limits.RT_INFO_DEPTH) {
            throw xml.error("rt_info is nested deeper than " + Limits.RT_INFO_DEPTH);
        }
        Map<String, String> attributes = xml.attributes();
        String value = attributes.get("value");
        if (value != null) {
            xml.skip();
            return new RtInfo.Leaf(value);
        }
        if (xml.name().equals("info")) {
            attributes.remove("name");
        }
        Map<String, RtInfo> entries = new LinkedHashMap<>();
        attributes.forEach((name, text) -> entries.put(name, new RtInfo.Leaf(text)));
        rtInfoEntries(entries, depth);
        return new RtInfo.Section(entries);
    }
}
