package dev.decanter.runtime.spi;

import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.util.List;

/** Runs a compiled model, one inference at a time; has the states. Not for use by two threads at once. */
public interface Execution extends AutoCloseable {
    /**
     * Runs the model.
     *
     * @param inputs one tensor for each Parameter, in order; types and shapes have been checked against the model
     * @return one tensor for each Result, in order; valid until the next call
     */
    List<Tensor> infer(List<Tensor> inputs);

    /** The state variables, in the order of the model's ReadValue layers. */
    List<VariableState> states();

    @Override
    void close();
}
