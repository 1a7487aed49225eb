package dev.decanter.ir.op;

import dev.decanter.ir.Model;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An op with graphs inside (Loop, TensorIterator, If), kept for reading and writing. Its port maps and back edges are
 * elements with the attributes of the file.
 */
public sealed interface SubGraphOp extends Op {
    /**
     * One element of a {@code port_map} or {@code back_edges}.
     *
     * @param element the element's name: {@code input}, {@code output} or {@code edge}
     * @param attributes its attributes in file order; layer ids are those of {@link Body#layerIds}
     */
    record Link(String element, Map<String, String> attributes) {
        public Link {
            attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
        }
    }

    /**
     * A graph inside.
     *
     * @param element {@code body}, {@code then_body} or {@code else_body}
     * @param model the graph; Parameters and Results are what the links connect
     * @param layerIds the ids by which links name the graph's Parameters and Results: layer id → layer name
     * @param portMapElement the element of the links, for example {@code port_map} or {@code then_port_map}
     * @param portMap connections with the outer ports
     * @param backEdges connections with the next turn
     */
    record Body(
            String element,
            Model model,
            Map<String, String> layerIds,
            String portMapElement,
            List<Link> portMap,
            List<Link> backEdges) {
        public Body {
            layerIds = Collections.unmodifiableMap(new LinkedHashMap<>(layerIds));
            portMap = List.copyOf(portMap);
            backEdges = List.copyOf(backEdges);
        }
    }

    /**
     * Any of the three.
     *
     * @param type {@code Loop}, {@code TensorIterator} or {@code If}
     */
    record SubGraph(String type, String opset, Map<String, String> attributes, List<Body> bodies)
            implements SubGraphOp {
        public SubGraph {
            attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
            bodies = List.copyOf(bodies);
        }
    }
}
