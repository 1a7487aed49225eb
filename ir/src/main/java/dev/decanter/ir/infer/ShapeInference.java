package dev.decanter.ir.infer;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Types and shapes of an op's outputs from those of its inputs, as OpenVINO's operation specifications define them. Works
 * on partial shapes when a graph is built and on static shapes with values when it runs.
 */
public final class ShapeInference {
    private ShapeInference() {}

    /** Whether outputs of {@code op} follow from its inputs; not so for unknown ops and ops with graphs inside. */
    public static boolean canInfer(Op op) {
        return !(op instanceof Op.Opaque || op instanceof SubGraphOp);
    }

    /** Outputs of a graph's node; throws {@link dev.decanter.ir.IrException} naming the layer if inputs do not fit. */
    public static List<OutputSpec> infer(Op op, String name, List<Output> inputs) {
        if (op instanceof ExtensionOp extension) {
            return extension.infer(inputs);
        }
        List<InputSpec> specs = new ArrayList<>(inputs.size());
        for (Output input : inputs) {
            specs.add(new InputSpec(input.elementType(), input.shape(), Optional.empty()));
        }
        return inferSpecs(op, name, specs);
    }

    /** Outputs for these inputs; throws {@link dev.decanter.ir.IrException} naming the layer if they do not fit. */
    public static List<OutputSpec> inferSpecs(Op op, String name, List<InputSpec> inputs) {
        if (inputs.isEmpty() && op instanceof Op.Parameter parameter) {
            return List.of(new OutputSpec(parameter.elementType(), parameter.shape()));
        }
        throw new IrException("layer \"" + name + "\": no shape inference for " + op.type());
    }
}
