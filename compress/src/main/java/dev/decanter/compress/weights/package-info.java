/** Weights as matrices, the formulas of quantization, which weights are compressed, and the subgraphs that undo it. */
@NullMarked
package dev.decanter.compress.weights;

import org.jspecify.annotations.NullMarked;
