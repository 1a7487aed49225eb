/**
 * Comparison with llama.cpp: the same random weights as our IR and as GGUF, the same token counts, turn by turn.
 */
@NullMarked
package dev.decanter.bench.peer;

import org.jspecify.annotations.NullMarked;
