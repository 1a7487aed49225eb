package dev.decanter.runtime.spi;

import dev.decanter.ir.Node;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Runs ops that Decanter's op set does not have (in a {@link Node} with {@link dev.decanter.ir.op.Op.Opaque}), for example
 * those of OpenVINO Tokenizers. Found by {@link java.util.ServiceLoader} or given to {@code Core}.
 */
public interface OperationExtension {
    /** A kernel for this node, which reads its attributes and constant inputs once; empty if the op is not ours. */
    Optional<Kernel> kernel(Node node);

    /** Computes a node's outputs. Shared by all requests: must be safe for several threads. */
    @FunctionalInterface
    interface Kernel {
        /** Outputs in order, in memory of their own; inputs must not be changed or kept. */
        List<Tensor> evaluate(List<Tensor> inputs);
    }
}
