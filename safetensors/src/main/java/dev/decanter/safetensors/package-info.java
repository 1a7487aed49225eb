/** Reads tensors of safetensors files where they lie, and converts them piece by piece. */
@NullMarked
package dev.decanter.safetensors;

import org.jspecify.annotations.NullMarked;
