/**
 * Hugging Face checkpoints to IR folders, one class per architecture, and compression of the weights on the way.
 */
@NullMarked
package dev.decanter.export;

import org.jspecify.annotations.NullMarked;
