package dev.decanter.runtime.spi;

/** A model compiled by a {@link Device}: immutable, shared by any number of executions. */
public interface Executable extends AutoCloseable {
    /** A new execution with states and buffers of its own. */
    Execution newExecution();

    /** Frees what compiling allocated; executions must not be used afterwards. */
    @Override
    void close();
}
