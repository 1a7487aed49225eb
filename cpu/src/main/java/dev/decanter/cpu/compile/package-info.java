/**
 * From graph to plan: passes fuse nodes and choose layouts, the planner assigns buffers, steps call kernels. Knows nodes;
 * {@link dev.decanter.cpu.kernels} does not.
 */
@NullMarked
package dev.decanter.cpu.compile;

import org.jspecify.annotations.NullMarked;
