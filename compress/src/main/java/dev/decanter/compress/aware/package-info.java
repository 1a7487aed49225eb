/**
 * Methods that look at a layer's inputs to quantize its weights better: AWQ, scale estimation, GPTQ, low-rank correction.
 * Formulas, constants and the order of stages are NNCF's.
 */
@NullMarked
package dev.decanter.compress.aware;

import org.jspecify.annotations.NullMarked;
