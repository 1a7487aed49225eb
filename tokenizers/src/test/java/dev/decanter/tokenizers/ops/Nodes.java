package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Runs one op on constant inputs, as the runtime would. */
final class Nodes {
    private Nodes() {}

    static List<Tensor> run(String type, Map<String, String> attributes, List<Tensor> inputs, int outputs) {
        Kernel kernel = kernel(type, attributes, inputs, outputs);
        List<Tensor> out = kernel.evaluate(inputs);
        if (out.size() != outputs) {
            throw new AssertionError(type + " gave " + out.size() + " outputs, not " + outputs);
        }
        return out;
    }

    static Kernel kernel(String type, Map<String, String> attributes, List<Tensor> inputs, int outputs) {
        List<Output> sources = new ArrayList<>();
        for (Tensor tensor : inputs) {
            OutputSpec spec = new OutputSpec(tensor.elementType(), PartialShape.of(tensor.shape()));
            Op op = tensor.elementType() == ElementType.STRING
                    ? new Op.Parameter(ElementType.STRING, PartialShape.of(tensor.shape()))
                    : Op.Constant.of(tensor.elementType(), tensor.shape(), tensor.memory());
            sources.add(Node.of(op, "input" + sources.size(), List.of(), List.of(spec))
                    .output());
        }
        OutputSpec any = new OutputSpec(ElementType.DYNAMIC, PartialShape.DYNAMIC);
        Node node =
                Node.of(new Op.Opaque(type, "extension", attributes), type, sources, Collections.nCopies(outputs, any));
        return new TokenizerOperations().kernel(node).orElseThrow();
    }

    static Tensor ints(int... values) {
        return Tensors.of(values);
    }

    static Tensor scalar(int value) {
        return Tensors.of(new int[] {value}, Shape.SCALAR);
    }

    static Tensor text(String value) {
        return Tensors.of(value.getBytes(StandardCharsets.UTF_8));
    }

    static List<Tensor> strings(String... values) {
        return Strings.of(List.of(values)).tensors();
    }

    /** One row for each list of pieces. */
    static List<Tensor> ragged(List<List<String>> rows) {
        List<String> pieces = new ArrayList<>();
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = pieces.size();
            pieces.addAll(rows.get(row));
            ends[row] = pieces.size();
        }
        List<Tensor> tensors = new ArrayList<>(List.of(ints(begins), ints(ends)));
        tensors.addAll(Strings.of(pieces).tensors());
        return tensors;
    }

    @SafeVarargs
    static List<Tensor> join(List<Tensor>... parts) {
        List<Tensor> all = new ArrayList<>();
        for (List<Tensor> part : parts) {
            all.addAll(part);
        }
        return all;
    }

    static List<String> texts(List<Tensor> outputs, int at) {
        Strings strings = Strings.read(outputs, at);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < strings.size(); i++) {
            texts.add(strings.text(i));
        }
        return texts;
    }
}
