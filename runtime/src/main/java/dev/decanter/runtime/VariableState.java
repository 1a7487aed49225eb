package dev.decanter.runtime;

/** A state variable of one {@link InferRequest}, for example the keys of one layer's KV cache. */
public interface VariableState {
    /** The variable's id in the model. */
    String name();

    /** A copy of the current value, which the caller closes; empty state is what the model's initial value gives. */
    Tensor state();

    /** Sets the value; type and shape must fit the variable. The tensor is copied. */
    void state(Tensor value);

    /**
     * Keeps only the first {@code size} entries along {@code axis}; does nothing if there are not more. This is how a KV
     * cache goes back to a common prefix; devices do it without copying where they can.
     */
    void trim(int axis, long size);

    /** Back to the state before the first inference. */
    void reset();
}
