/**
 * Micro-benchmarks of kernels and pipelines.
 */
@NullMarked
package dev.decanter.bench;

import org.jspecify.annotations.NullMarked;
