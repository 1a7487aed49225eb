package dev.decanter.compress.statistics;

import dev.decanter.runtime.Tensor;

/** Sees a value of the graph, once for each sample and in the order of the samples. */
@FunctionalInterface
public interface Observer {
    /**
     * The value that sample {@code index} gives.
     *
     * @param value of the type that the graph says; valid during the call only
     */
    void sample(int index, Tensor value);
}
