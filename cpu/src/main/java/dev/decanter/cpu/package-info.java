/**
 * The CPU device: compiles a model to vectorised kernels. Found through {@link java.util.ServiceLoader}, never named.
 */
@NullMarked
package dev.decanter.cpu;

import org.jspecify.annotations.NullMarked;
