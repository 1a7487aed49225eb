package dev.decanter.compress.ptq;

import dev.decanter.ir.Output;
import java.util.function.Consumer;

/**
 * A wish to hear of a value for every sample.
 *
 * @param value the value, a float tensor of known rank
 * @param reduction what of it
 * @param axis the axis that is kept; -1 for none: one number
 * @param listener hears the numbers of a sample; the array is its own
 */
record Probe(Output value, Reduction reduction, int axis, Consumer<float[]> listener) {
    enum Reduction {
        MIN,
        MAX,
        ABS_MAX,
        MEAN,
        /** The value itself, whole. */
        ALL,
        /** The value's shape, as floats. */
        SHAPE
    }
}
