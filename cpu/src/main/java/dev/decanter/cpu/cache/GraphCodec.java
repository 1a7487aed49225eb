package dev.decanter.cpu.cache;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.SourceFile;
import dev.decanter.ir.op.Op;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * A graph as bytes, ops that only this device has included: ops are records, and are written component by component
 * ({@link RecordWriter}). Constants of mapped files are written as places in these files unless they are short.
 * {@code rt_info} of layers and ports is left out, since nothing that comes after reads it.
 */
final class GraphCodec {
    private static final int NO_NODE = -1;

    private GraphCodec() {}

    /**
     * Writes a graph.
     *
     * @param own name and {@code rt_info} of the model
     * @param files those that constants may lie in
     * @throws Unkeepable if something in it has no form in bytes
     */
    static void write(Model graph, RtInfo.Section own, List<SourceFile> files, DataOutputStream out)
            throws IOException {
        List<Node> nodes = graph.topologicalOrder();
        IdentityHashMap<Node, Integer> numbers = new IdentityHashMap<>();
        RecordWriter values = new RecordWriter(files);
        values.write(graph.name());
        values.write(own);
        values.write(nodes.size());
        for (Node node : nodes) {
            numbers.put(node, numbers.size());
            values.write(node.op());
            values.write(node.name());
            values.write(node.inputs().size());
            for (Output input : node.inputs()) {
                values.write(numbers.getOrDefault(input.node(), NO_NODE));
                values.write(input.index());
            }
            values.write(node.outputs().size());
            for (Output output : node.outputs()) {
                values.write(output.elementType());
                values.write(output.shape());
                values.write(List.copyOf(output.names()));
            }
        }
        for (List<Node> list : List.of(graph.parameters(), graph.results(), graph.sinks())) {
            values.write(list.stream().map(numbers::get).toList());
        }
        values.finish(out);
    }

    /**
     * Reads a graph.
     *
     * @param files those that it was written with, in the same order
     * @throws IOException if the bytes are not those of a graph
     */
    static Model read(DataInputStream in, List<SourceFile> files) throws IOException {
        RecordReader values = new RecordReader(in, files);
        String name = values.read(String.class);
        RtInfo.Section info = values.read(RtInfo.Section.class);
        int count = values.read(Integer.class);
        List<Node> nodes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            nodes.add(node(values, nodes));
        }
        Model model = new Model(name, list(values, nodes), list(values, nodes), list(values, nodes));
        model.rtInfo(info);
        return model;
    }

    private static Node node(RecordReader values, List<Node> before) throws IOException {
        Op op = values.read(Op.class);
        String name = values.read(String.class);
        List<Output> inputs = new ArrayList<>();
        for (int i = values.read(Integer.class); i > 0; i--) {
            int number = values.read(Integer.class);
            inputs.add(before.get(number).output(values.read(Integer.class)));
        }
        List<OutputSpec> specs = new ArrayList<>();
        List<List<?>> names = new ArrayList<>();
        for (int i = values.read(Integer.class); i > 0; i--) {
            specs.add(new OutputSpec(values.read(ElementType.class), values.read(PartialShape.class)));
            names.add(values.read(List.class));
        }
        Node node = Node.of(op, name, inputs, specs);
        for (int i = 0; i < names.size(); i++) {
            for (Object tensorName : names.get(i)) {
                node.output(i).named((String) tensorName);
            }
        }
        return node;
    }

    private static List<Node> list(RecordReader values, List<Node> nodes) throws IOException {
        List<Node> list = new ArrayList<>();
        for (Object number : values.read(List.class)) {
            list.add(nodes.get((Integer) number));
        }
        return list;
    }

    /** The byte before a value, which says what it is. */
    static final class Kind {
        static final byte NO = 0;
        static final byte YES = 1;
        static final byte INT = 2;
        static final byte LONG = 3;
        static final byte FLOAT = 4;
        static final byte DOUBLE = 5;
        static final byte STRING = 6;
        static final byte ENUM = 7;
        static final byte LIST = 8;
        static final byte FLOATS = 9;
        static final byte MAP = 10;
        static final byte EMPTY = 11;
        static final byte PRESENT = 12;
        static final byte RECORD = 13;
        static final byte SHAPE = 14;
        static final byte PARTIAL_SHAPE = 15;
        static final byte UNRANKED = 16;
        static final byte DATA = 17;

        private Kind() {}
    }

    /** A graph with something that has no form in bytes; the message says what. */
    static final class Unkeepable extends IOException {
        private static final long serialVersionUID = 1;

        Unkeepable(String what) {
            super(what);
        }
    }

    /** Whether records and constants of this class may be written and, above all, made when a file names them. */
    static boolean isOurs(String type) {
        return type.startsWith("dev.decanter.ir.") || type.startsWith("dev.decanter.cpu.");
    }
}
