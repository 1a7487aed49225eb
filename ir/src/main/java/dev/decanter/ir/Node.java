package dev.decanter.ir;

import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A layer: an {@link Op} with its inputs and outputs. The op is immutable; a rewrite changes what a node reads
 * ({@link #replaceInput}) or puts another node in its place ({@link Output#replaceWith}).
 */
public final class Node {
    private final Op op;
    private String name;
    private final List<Output> inputs;
    private final List<Output> outputs;
    private final List<RuntimeAttribute> runtimeAttributes = new ArrayList<>(0);
    private final Map<Integer, List<RuntimeAttribute>> inputRuntimeAttributes = new TreeMap<>();
    private final Map<String, String> extraAttributes = new LinkedHashMap<>(0);

    private Node(Op op, String name, List<Output> inputs, int outputCount) {
        this.op = op;
        this.name = name;
        this.inputs = new ArrayList<>(inputs);
        List<Output> made = new ArrayList<>(outputCount);
        for (int i = 0; i < outputCount; i++) {
            made.add(new Output(this, i));
        }
        this.outputs = Collections.unmodifiableList(made);
        for (int i = 0; i < inputs.size(); i++) {
            inputs.get(i).addConsumer(new Input(this, i));
        }
    }

    /** Makes a node and infers its outputs; throws {@link IrException} if the inputs do not fit the op. */
    public static Node of(Op op, String name, Output... inputs) {
        return of(op, name, List.of(inputs));
    }

    /** Makes a node and infers its outputs; throws {@link IrException} if the inputs do not fit the op. */
    public static Node of(Op op, String name, List<Output> inputs) {
        List<OutputSpec> specs = ShapeInference.infer(op, name, inputs);
        return of(op, name, inputs, specs);
    }

    /** Makes a node with outputs as given, for ops that cannot infer them (a file's unknown op, for example). */
    public static Node of(Op op, String name, List<Output> inputs, List<OutputSpec> specs) {
        Node node = new Node(op, name, inputs, specs.size());
        node.set(specs);
        return node;
    }

    private void set(List<OutputSpec> specs) {
        for (int i = 0; i < specs.size(); i++) {
            outputs.get(i).set(specs.get(i).elementType(), specs.get(i).shape());
        }
    }

    /** Infers the outputs again from the inputs as they are now. */
    public void revalidate() {
        if (ShapeInference.canInfer(op)) {
            refine(ShapeInference.infer(op, name, inputs));
        }
    }

    /** Sets outputs as given; the number of outputs does not change. */
    public void refine(List<OutputSpec> specs) {
        if (specs.size() != outputs.size()) {
            throw new IrException("layer \"" + name + "\" has " + outputs.size() + " outputs, not " + specs.size());
        }
        set(specs);
    }

    public Op op() {
        return op;
    }

    /** The friendly name, as in the file; usually unique, not necessarily. */
    public String name() {
        return name;
    }

    public void rename(String newName) {
        name = newName;
    }

    public List<Output> inputs() {
        return Collections.unmodifiableList(inputs);
    }

    /** The value that input {@code index} reads. */
    public Output input(int index) {
        return inputs.get(index);
    }

    public List<Output> outputs() {
        return outputs;
    }

    public Output output(int index) {
        return outputs.get(index);
    }

    /** The only output; throws {@link IrException} if there are none or several. */
    public Output output() {
        if (outputs.size() != 1) {
            throw new IrException(
                    "layer \"" + name + "\" (" + op.type() + ") has " + outputs.size() + " outputs, not 1");
        }
        return outputs.getFirst();
    }

    /** Makes input {@code index} read {@code source}. Outputs are not inferred again. */
    public void replaceInput(int index, Output source) {
        Input input = new Input(this, index);
        inputs.get(index).removeConsumer(input);
        inputs.set(index, source);
        source.addConsumer(input);
    }

    /** Takes this node off its inputs' lists of consumers; it must not be used afterwards. */
    public void disconnect() {
        for (int i = 0; i < inputs.size(); i++) {
            inputs.get(i).removeConsumer(new Input(this, i));
        }
    }

    /** The layer's {@code rt_info}, changeable. */
    public List<RuntimeAttribute> runtimeAttributes() {
        return runtimeAttributes;
    }

    /** Whether the layer's {@code rt_info} has an attribute of this name. */
    public boolean hasRuntimeAttribute(String attribute) {
        return runtimeAttributes.stream().anyMatch(a -> a.name().equals(attribute));
    }

    /** The {@code rt_info} of input ports that have one, by input number; changeable. */
    public Map<Integer, List<RuntimeAttribute>> inputRuntimeAttributes() {
        return inputRuntimeAttributes;
    }

    /** Attributes of the file's {@code data} element that the op does not define, kept for writing; changeable. */
    public Map<String, String> extraAttributes() {
        return extraAttributes;
    }

    /** For messages: name, type and opset. */
    @Override
    public String toString() {
        return "\"" + name + "\" (" + op.type() + ", " + op.opset() + ")";
    }
}
