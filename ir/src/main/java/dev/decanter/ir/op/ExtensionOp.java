package dev.decanter.ir.op;

import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import java.util.List;

/**
 * An op from outside this module, for example one that a device's compiler makes by fusing others. It never appears in
 * files that are written for exchange.
 */
public non-sealed interface ExtensionOp extends Op {
    @Override
    String type();

    @Override
    default String opset() {
        return "extension";
    }

    /** Types and shapes of the outputs for these inputs; throws {@link dev.decanter.ir.IrException} if they do not fit. */
    List<OutputSpec> infer(List<Output> inputs);
}
