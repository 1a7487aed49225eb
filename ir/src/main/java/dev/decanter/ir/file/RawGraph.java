package dev.decanter.ir.file;

import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.op.SubGraphOp;
import java.util.List;
import java.util.Map;

/** What an XML file says of a graph, element by element, before anything is connected. */
record RawGraph(String name, List<Layer> layers, List<Edge> edges, RtInfo.Section rtInfo) {
    /** One {@code layer}; {@code outputNames} is its attribute of that name. */
    record Layer(
            long id,
            String name,
            String type,
            String version,
            List<String> outputNames,
            Map<String, String> data,
            List<RuntimeAttribute> runtimeAttributes,
            List<Port> inputs,
            List<Port> outputs,
            List<Body> bodies) {
        /** For messages. */
        @Override
        public String toString() {
            return "layer " + id + " " + Limits.quote(name) + " (" + Limits.oneLine(type) + ", "
                    + Limits.oneLine(version) + ")";
        }
    }

    /** One {@code port}; {@code spec} is as complete as the file is. */
    record Port(long id, OutputSpec spec, List<String> names, List<RuntimeAttribute> runtimeAttributes) {}

    record Edge(long fromLayer, long fromPort, long toLayer, long toPort) {}

    /** A graph inside a layer, with the links of the layer's port map and back edges that belong to it. */
    record Body(
            String element,
            RawGraph graph,
            String portMapElement,
            List<SubGraphOp.Link> portMap,
            List<SubGraphOp.Link> backEdges) {}
}
