package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** StringTensorUnpack and StringTensorPack of version {@code extension}, as files up to 2024 have them. */
final class StringTensorKernels {
    private StringTensorKernels() {}

    /** A string tensor, or packed strings in u8, to begins, ends and UTF-8. A lone surrogate becomes a question mark. */
    static Kernel unpack(Node node) {
        Constants.requireInputs(node, 1);
        requireMode(node);
        if (Constants.isConstant(node, 0) && node.input(0).elementType() == ElementType.U8) {
            List<Tensor> fixed =
                    Constants.PackedStrings.read(Constants.bytes(node, 0)).tensors();
            return inputs -> fixed;
        }
        return inputs -> {
            Tensor input = inputs.getFirst();
            return input.elementType() == ElementType.STRING
                    ? Strings.of(input.strings()).tensors()
                    : Constants.PackedStrings.read(Tensors.bytes(input)).tensors();
        };
    }

    static Kernel pack(Node node) {
        Constants.requireInputs(node, 3);
        requireMode(node);
        return inputs -> {
            Strings strings = Strings.read(inputs, 0);
            List<String> texts = new ArrayList<>(strings.size());
            for (int i = 0; i < strings.size(); i++) {
                texts.add(new String(strings.chars, strings.begins[i], strings.length(i), StandardCharsets.UTF_8));
            }
            return List.of(Tensor.ofStrings(Shape.of(texts.size()), texts));
        };
    }

    private static void requireMode(Node node) {
        String mode = Constants.attribute(node, "mode", "begins_ends");
        if (!mode.equals("begins_ends")) {
            throw new InferenceException(
                    "layer " + node + ": mode \"" + mode + "\" is not supported, only begins_ends");
        }
    }
}
