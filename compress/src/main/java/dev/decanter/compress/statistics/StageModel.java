package dev.decanter.compress.statistics;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.op.Op;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A stage as a model of its own: copies of its layers, a Parameter for each input and a Result for each value that leaves it. */
final class StageModel implements AutoCloseable {
    private final StageGraph graph;
    private final Arena arena = Arena.ofShared();
    private final Map<Output, Output> copies = new HashMap<>();
    private final Map<ConstantData, ConstantData> data = new HashMap<>();
    private final Map<Output, String> inputNames = new HashMap<>();
    private final Map<Output, Integer> results = new HashMap<>();
    private final Model model;

    /** Copies the layers as they are now, so weights may have changed since the graph was cut. */
    StageModel(String name, StageGraph graph, StagePlan.Stage stage) {
        this.graph = graph;
        List<Node> parameters = new ArrayList<>();
        for (Output input : stage.inputs()) {
            String inputName = "in" + parameters.size();
            Node parameter = Node.of(
                    new Op.Parameter(input.elementType(), input.shape()),
                    inputName,
                    List.of(),
                    List.of(new OutputSpec(input.elementType(), input.shape())));
            parameter.output().named(inputName);
            parameters.add(parameter);
            inputNames.put(input, inputName);
            copies.put(input, parameter.output());
        }
        for (Node node : graph.order().subList(stage.start(), stage.end())) {
            copy(node);
        }
        List<Node> ends = new ArrayList<>();
        for (List<Output> leaving : List.of(stage.outputs(), stage.observed())) {
            for (Output value : leaving) {
                Output copied = copies.get(value);
                if (copied != null && !results.containsKey(value)) {
                    results.put(value, ends.size());
                    ends.add(Node.of(new Op.Result(), "out" + ends.size(), copied));
                }
            }
        }
        model = new Model(name, parameters, ends, List.of());
    }

    Model model() {
        return model;
    }

    /** The name of the Parameter of each of the stage's inputs. */
    Map<Output, String> inputNames() {
        return inputNames;
    }

    /** The number of the Result of each value that leaves the stage. */
    Map<Output, Integer> results() {
        return results;
    }

    private Node copy(Node node) {
        List<Output> inputs = new ArrayList<>(node.inputs().size());
        for (Output input : node.inputs()) {
            inputs.add(copyOf(StageGraph.resolve(input)));
        }
        List<OutputSpec> specs = node.outputs().stream()
                .map(output -> new OutputSpec(output.elementType(), output.shape()))
                .toList();
        Node made = Node.of(withData(node.op()), node.name(), inputs, specs);
        node.outputs().forEach(output -> copies.put(output, made.output(output.index())));
        return made;
    }

    private Output copyOf(Output value) {
        Output known = copies.get(value);
        if (known != null) {
            return known;
        }
        Node node = value.node();
        if (!graph.isConstant(node)) {
            throw new IllegalStateException("layer " + node + " was put into the graph after it was cut into stages");
        }
        boolean state = node.op() instanceof Op.ReadValue || node.op() instanceof Op.ReadValueV3;
        Node made = copy(state ? StageGraph.zeros(node) : node);
        copies.put(value, made.output(value.index()));
        return made.output(value.index());
    }

    private Op withData(Op op) {
        return op instanceof Op.Constant constant && !constant.data().isInMemory()
                ? new Op.Constant(
                        constant.elementType(), constant.shape(), data.computeIfAbsent(constant.data(), StageData::new))
                : op;
    }

    /** Frees what was computed for constants; the compiled model must be closed before. */
    @Override
    public void close() {
        arena.close();
    }

    /** Computed data that goes with its stage, and not when the collector comes to it. */
    private final class StageData implements ConstantData {
        private final ConstantData source;

        StageData(ConstantData source) {
            this.source = source;
        }

        @Override
        public long byteSize() {
            return source.byteSize();
        }

        @Override
        public void read(long offset, MemorySegment target) {
            source.read(offset, target);
        }

        @Override
        public MemorySegment segment() {
            MemorySegment memory = arena.allocate(Math.max(1, byteSize()), 64).asSlice(0, byteSize());
            source.read(0, memory);
            return memory;
        }
    }
}
