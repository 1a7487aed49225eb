/**
 * The kernels of the CPU device: they know memory, sizes and numbers, nothing of graphs.
 *
 * <p><b>Conventions.</b> A tensor is a {@link java.lang.foreign.MemorySegment} and a byte offset; it may lie anywhere
 * (mapped file, native, heap), at any alignment, and need not be larger than what the sizes say. Strides count
 * elements. Activations are f32. Outputs never overlap inputs unless the method says that it works in place. The first
 * parameter of whatever is worth splitting is the {@link dev.decanter.cpu.kernels.ThreadTeam}. Sizes are trusted to fit
 * each other (the compiler has checked them); memory is not: a segment that is too small throws
 * {@link java.lang.IndexOutOfBoundsException}.
 *
 * <p><b>How they are built.</b> A kernel copies strips of its operands from segments into small heap buffers
 * ({@code Scratch}), works on those, and copies results back. Plain loops over arrays and the Vector API on arrays
 * compile well always, whereas loops over segments slow down as soon as one JVM has seen several kinds of segment. The
 * innermost loops exist twice, {@code Vector…} and {@code Scalar…}; a façade ({@code Tiles}, {@code Rows}) picks by
 * {@link dev.decanter.cpu.kernels.VectorSupport}. The scalar twin is the oracle of the vector one's tests. Only packed
 * weights, whose memory is always native, are read by vectors from their segment. Loop bodies are kept short: see
 * bench/RESULTS.md for what happens beyond C2's limits.
 *
 * <p><b>Numbers.</b> Sums are f32, multiply-add where there are vectors. A result depends neither on the number of
 * threads nor on the width of vectors; it does differ in the last bits between one row and several rows of the same
 * multiplication, because these sum in different orders.
 */
@NullMarked
package dev.decanter.cpu.kernels;

import org.jspecify.annotations.NullMarked;
