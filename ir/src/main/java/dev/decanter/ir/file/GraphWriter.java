package dev.decanter.ir.file;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.Input;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.OpRegistry;
import dev.decanter.ir.op.SubGraphOp;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Writes a model as IR version 11, spelled as OpenVINO's own writer does. */
final class GraphWriter {
    /** What OpenVINO accepts as a tag made of an rt_info key; other keys become {@code <info name="…">}. */
    private static final Pattern TAG = Pattern.compile("(?!(?i:xml))[A-Za-z_][A-Za-z0-9_.-]*");

    private static final Set<String> LOOPS = Set.of("TensorIterator", "Loop");

    private final XmlOutput xml;
    private final BlobSink blobs;

    GraphWriter(XmlOutput xml, BlobSink blobs) {
        this.xml = xml;
        this.blobs = blobs;
    }

    void write(Model model) throws IOException {
        xml.start("net");
        xml.attribute("name", model.name());
        xml.attribute("version", 11);
        graph(model);
        xml.end();
    }

    /** Returns the layers' ids. */
    private Map<Node, Integer> graph(Model model) throws IOException {
        List<Node> nodes = fileOrder(model);
        Map<Node, Integer> ids = HashMap.newHashMap(nodes.size());
        Map<Node, String> names = HashMap.newHashMap(nodes.size());
        Set<String> taken = HashSet.newHashSet(nodes.size());
        for (Node node : nodes) {
            ids.put(node, ids.size());
            names.put(node, uniqueName(node.name(), taken));
        }
        xml.start("layers");
        for (Node node : nodes) {
            try {
                layer(node, ids.getOrDefault(node, 0), names.getOrDefault(node, node.name()));
            } catch (IrException e) {
                throw new IrException("layer " + Limits.quote(node.name()) + ": " + e.getMessage(), e);
            }
        }
        xml.end();
        edges(nodes, ids);
        xml.start("rt_info");
        rtInfo(model.rtInfo());
        xml.end();
        return ids;
    }

    /** Parameters, then each layer after those that it reads, then sinks, then Results. */
    static List<Node> fileOrder(Model model) {
        Set<Node> ends = new HashSet<>();
        ends.addAll(model.parameters());
        ends.addAll(model.sinks());
        ends.addAll(model.results());
        List<Node> nodes = new ArrayList<>(model.parameters());
        for (Node node : model.topologicalOrder()) {
            if (ends.contains(node)) {
                continue;
            }
            if (node.op() instanceof Op.Parameter) {
                throw new IrException(
                        "layer " + Limits.quote(node.name()) + " is used, but is not among the model's Parameters");
            }
            nodes.add(node);
        }
        nodes.addAll(model.sinks());
        nodes.addAll(model.results());
        return nodes;
    }

    /** OpenVINO refuses files with a layer name that occurs twice; it numbers them itself, as this does. */
    private static String uniqueName(String name, Set<String> taken) {
        String unique = name;
        for (int i = 0; !taken.add(unique); i++) {
            unique = name + i;
        }
        return unique;
    }

    private void layer(Node node, int id, String name) throws IOException {
        Op op = node.op();
        if (op instanceof ExtensionOp) {
            throw new IrException("op " + op.type() + " exists inside a compiled model only and cannot be written");
        }
        xml.start("layer");
        xml.attribute("id", id);
        xml.attribute("name", name);
        xml.attribute("type", op.type());
        xml.attribute("version", op.opset());
        if (op instanceof Op.Result result && !result.outputNames().isEmpty()) {
            xml.attribute("output_names", TensorNames.join(result.outputNames()));
        }
        Map<String, String> data = data(node);
        if (!data.isEmpty()) {
            xml.empty("data", data);
        }
        runtimeAttributes(node.runtimeAttributes());
        ports(node);
        if (op instanceof SubGraphOp.SubGraph graph) {
            bodies(graph);
        }
        xml.end();
    }

    private Map<String, String> data(Node node) throws IOException {
        Map<String, String> data = new LinkedHashMap<>();
        switch (node.op()) {
            case Op.Parameter parameter -> {
                data.put("shape", parameter.shape().toIr());
                data.put("element_type", parameter.elementType().irName());
            }
            case Op.Constant constant -> {
                data.put("element_type", constant.elementType().irName());
                data.put("shape", dims(constant.shape()));
                data.put("offset", Long.toString(blobs.place(constant.data(), node.name())));
                data.put("size", Long.toString(constant.data().byteSize()));
            }
            default -> data.putAll(OpRegistry.write(node.op()));
        }
        node.extraAttributes().forEach(data::putIfAbsent);
        return data;
    }

    private static String dims(Shape shape) {
        return java.util.Arrays.stream(shape.dims()).mapToObj(Long::toString).collect(Collectors.joining(", "));
    }

    /** Numbered through all of the layer's ports, inputs first. */
    private void ports(Node node) throws IOException {
        int id = 0;
        if (!node.inputs().isEmpty()) {
            xml.start("input");
            for (Output input : node.inputs()) {
                List<RuntimeAttribute> attributes =
                        node.inputRuntimeAttributes().getOrDefault(id, List.of());
                port(id++, input, "", attributes);
            }
            xml.end();
        }
        if (!node.outputs().isEmpty() && !(node.op() instanceof Op.Result)) {
            xml.start("output");
            for (Output output : node.outputs()) {
                port(id++, output, TensorNames.join(output.names()), output.runtimeAttributes());
            }
            xml.end();
        }
    }

    private void port(int id, Output value, String names, List<RuntimeAttribute> attributes) throws IOException {
        xml.start("port");
        xml.attribute("id", id);
        xml.attribute("precision", value.elementType().precision());
        if (!names.isEmpty()) {
            xml.attribute("names", names);
        }
        if (value.shape().hasRank()) {
            for (Dimension dim : value.shape().dims()) {
                xml.text("dim", dim.isStatic() ? Long.toString(dim.size()) : "-1");
            }
        }
        runtimeAttributes(attributes);
        xml.end();
    }

    private void runtimeAttributes(List<RuntimeAttribute> attributes) throws IOException {
        if (attributes.isEmpty()) {
            return;
        }
        xml.start("rt_info");
        for (RuntimeAttribute attribute : attributes) {
            xml.start("attribute");
            xml.attribute("name", attribute.name());
            xml.attribute("version", attribute.version());
            xml.attributes(attribute.values());
            xml.end();
        }
        xml.end();
    }

    private void bodies(SubGraphOp.SubGraph op) throws IOException {
        // ids inside are those of the order in which the graph will be written
        List<Map<Node, Integer>> ids = new ArrayList<>();
        for (SubGraphOp.Body body : op.bodies()) {
            Map<Node, Integer> bodyIds = new HashMap<>();
            fileOrder(body.model()).forEach(node -> bodyIds.put(node, bodyIds.size()));
            ids.add(bodyIds);
        }
        for (int i = 0; i < op.bodies().size(); i++) {
            SubGraphOp.Body body = op.bodies().get(i);
            links(body.portMapElement(), BodyLinks.renumbered(body.portMap(), body, ids.get(i)));
        }
        for (int i = 0; i < op.bodies().size(); i++) {
            SubGraphOp.Body body = op.bodies().get(i);
            if (LOOPS.contains(op.type())) {
                links("back_edges", BodyLinks.renumbered(body.backEdges(), body, ids.get(i)));
            }
        }
        for (SubGraphOp.Body body : op.bodies()) {
            xml.start(body.element());
            graph(body.model());
            xml.end();
        }
    }

    private void links(String element, List<SubGraphOp.Link> links) throws IOException {
        xml.start(element);
        for (SubGraphOp.Link link : links) {
            xml.empty(link.element(), link.attributes());
        }
        xml.end();
    }

    private void edges(List<Node> nodes, Map<Node, Integer> ids) throws IOException {
        record Edge(int fromPort, int toLayer, int toPort) {}
        xml.start("edges");
        for (Node node : nodes) {
            List<Edge> edges = new ArrayList<>();
            for (Output output : node.outputs()) {
                for (Input input : output.consumers()) {
                    Integer to = ids.get(input.node());
                    // consumers outside the model do not count
                    if (to != null) {
                        edges.add(new Edge(node.inputs().size() + output.index(), to, input.index()));
                    }
                }
            }
            edges.sort(java.util.Comparator.comparingInt(Edge::fromPort)
                    .thenComparingInt(Edge::toLayer)
                    .thenComparingInt(Edge::toPort));
            for (Edge edge : edges) {
                xml.start("edge");
                xml.attribute("from-layer", ids.getOrDefault(node, 0));
                xml.attribute("from-port", edge.fromPort());
                xml.attribute("to-layer", edge.toLayer());
                xml.attribute("to-port", edge.toPort());
                xml.end();
            }
        }
        xml.end();
    }

    private void rtInfo(RtInfo.Section section) throws IOException {
        for (Map.Entry<String, RtInfo> entry : section.entries().entrySet()) {
            if (TAG.matcher(entry.getKey()).matches() && !entry.getKey().equals("info")) {
                xml.start(entry.getKey());
            } else {
                xml.start("info");
                xml.attribute("name", entry.getKey());
            }
            switch (entry.getValue()) {
                case RtInfo.Leaf leaf -> xml.attribute("value", leaf.value());
                case RtInfo.Section inner -> rtInfo(inner);
            }
            xml.end();
        }
    }
}
